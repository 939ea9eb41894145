"""Every message that a user can see, with its cause and its remedy, as one table by exit status.

Messages are written where they are raised; this table repeats them with `…` for the parts that differ from run to run.
The refusals of AWS and of identity providers come from the tables that make their hints. This table makes the page
oidc-helper-errors(7):
`python -m oidc_helper.manual.errors > man/oidc-helper-errors.7`.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from oidc_helper.aws import refusals as aws_refusals
from oidc_helper.oidc import refusals as provider_refusals


class Row(NamedTuple):
    """Messages of one cause, one per line; words in backquotes are literal.

    `codes` are the exit statuses if they differ from the status of the section.
    """

    messages: str
    cause: str
    remedy: str
    codes: tuple[int, ...] = ()

    @property
    def forms(self) -> list[str]:
        """The messages."""
        return self.messages.splitlines()

    def fits(self, message: str) -> bool:
        """Whether `message` is one of these messages."""
        return any(re.fullmatch(_pattern(form), message, re.DOTALL) for form in self.forms)


def _pattern(form: str) -> str:
    return ".*".join(map(re.escape, form.split("…")))


_FAILED = (
    Row(
        "unexpected …, which is a bug",
        "The program has a bug.",
        "Run it again with `--debug`, which shows no secret, and report the trace.",
    ),
    Row(
        "the answer cannot be written: …\nstandard output is closed: the answer has nowhere to go",
        "Standard output leads to a full disk, a closed stream, or a program that does not read.",
        "Check where standard output goes.",
    ),
    Row(
        "the new credentials have already expired",
        "This machine's clock is ahead, or the answer of AWS took longer than the credentials last.",
        "Set the clock; `oidc-helper doctor --only clock` compares it with the servers'.",
    ),
    Row(
        "an endpoint needs …, which oidc-helper does not bring by itself",
        "`serve` and `exec --endpoint` need the extra `serve`.",
        "Install it where oidc-helper is installed: the hint has the command for pipx, uv or pip.",
    ),
    Row(
        "account_access needs botocore … or newer, and … is installed",
        "The installed botocore does not know account access manager.",
        "Upgrade boto3 where oidc-helper is installed.",
    ),
    Row(
        "… cannot be read: …\n… cannot be written: …\n… was replaced and cannot be put back: …",
        "The system does not let the command read or change a file of the configuration, or of AWS's; it changed "
        "no other file.",
        "Do what the hint says about the file, and run the command again.",
        (1, 3),
    ),
    Row(
        "… cannot be run: …\n… does not exist",
        "The program that `exec` was told to run does not exist (status 127) or cannot be started (126).",
        "Give its whole path, or check `PATH`.",
        (126, 127),
    ),
    Row(
        "no browser can be opened: …\nFirefox is not found\nthe program that BROWSER names is not found\n"
        "no browser opened the address within … s\n… cannot be run",
        "`console` has no browser to open on this machine.",
        "Add `--print` and open the address elsewhere, or name a program with `--browser-command`.",
    ),
    Row(
        "boto3 got no credentials: …",
        "The demonstration failed on this machine.",
        "Run `oidc-helper emulator`, and see what `oidc-helper get --debug` says with its settings.",
    ),
)

_WRONG = (
    Row(
        "… is no IP address to listen on\nthere is no port …\nport … of … is taken\nport … of … is for root alone\n"
        "this machine has no address …\nport … of … cannot be used: …",
        "`serve` or the emulator cannot listen on this address or port.",
        "Leave `--port` and `--bind` out, or choose others; port 0 means any free port.",
    ),
    Row(
        "no socket was passed: LISTEN_FDS is not set\n"
        "the socket in LISTEN_FDS is for another process: LISTEN_PID is not ours\n"
        "… sockets were passed, but only one can be served\ndescriptor … is no open socket: …\n"
        "descriptor … is no listening TCP socket, which SDKs need\n--fd has its own address and port",
        "`serve --fd` takes exactly one listening TCP socket, as systemd passes it.",
        "Start it from a `.socket` unit with `ListenStream=127.0.0.1:PORT`, or leave `--fd` out.",
    ),
    Row(
        "each profile has a token of its own, and needs a file of its own\nthe token file … cannot be written: …",
        "`serve --token-file` writes one file for each profile, into a directory that must exist.",
        "Name files that can be written, with `{profile}` in place of the profile's name.",
    ),
    Row(
        "…; the former settings stay in force",
        "`serve` was told to read its settings again, and they have a mistake.",
        "Correct what the message names, and send SIGHUP again.",
    ),
    Row(
        "a command is missing\nthere is no command …\n… does not take …\n… is a profile, not a command\nargument …: …\n"
        "--template …\n--region …",
        "A word of the command line is unknown in its place, or one is missing.",
        "Type what the hint says; `oidc-helper help` lists all commands.",
    ),
    Row(
        "… needs the name of a profile\n… takes the profile as a plain word\nname one profile, or --all\n"
        "completion needs the name of a shell\n--min-ttl is for --check\n"
        "there is no help on …\nthere is no check …\n--admin looks at one profile\n… goes with --admin\n"
        "--exchange does not go with --admin, which spends nothing",
        "The command needs other words after its name.",
        "Type what the hint says.",
    ),
    Row(
        "identity … needs nobody to sign in\nIdentity Center's own sign-in knows no device code",
        "The option chooses a way to sign in that the identity source does not have.",
        "Leave the option out.",
    ),
    Row(
        "no configuration: …\nno configuration at …\nthere is no profile in …",
        "There are no settings yet, or `OIDC_HELPER_CONFIG` or `--config` names a file that does not exist.",
        "Create them with `oidc-helper configure`, or write them as `oidc-helper help config` explains; "
        "`oidc-helper demo` works without any.",
    ),
    Row(
        "no profile …\nno identity …\n… is an identity, not a profile",
        "The configuration has no entry of that name.",
        "Choose one that the hint lists, or add it.",
    ),
    Row(
        "…: … (line …): …\n…: is larger than … bytes\n…: is not UTF-8 text\n…: is nested too deeply\n"
        "…: is not TOML: …\n…: cannot be read: …\n…: is not a regular file\n…: would become larger than … bytes",
        "The configuration has a mistake; the message names the file, key and line. At a terminal, each mistake has a "
        "line of its own. A mistake in one profile or identity stops only what uses it.",
        "Edit the file at that line; `oidc-helper help config` explains every key.",
    ),
    Row(
        "…belongs to another user (…)\n…belongs to user …: a site's configuration belongs to …\n…: others can write …",
        "The configuration names programs to run and servers to send tokens to, so nobody else may have write access.",
        "Run the command in the hint.",
    ),
    Row(
        "profile … has nothing to get credentials for",
        "The profile names an application, but no role, permission set or grant.",
        "Set `role_arn`, or `account_id` and `permission_set`; or use `oidc-helper token`.",
    ),
    Row(
        "the credentials of … are in this environment already\nthe credentials of … last only …, less than --min-ttl",
        "`exec` would run inside another `exec`, or no credentials last as long as `--min-ttl` asks for.",
        "Leave the inner shell or add `--nested`; lower `--min-ttl`, or raise `duration_seconds`.",
    ),
    Row(
        "--destination … is no page of the console\n--service … is no service of the console\n"
        "--browser-command … is no command\n--browser-command: … does not exist\n"
        "the sign-in of … cannot sign out and in again",
        "`console` was given a page or a program that it cannot open, or was told to sign out where it cannot.",
        "Write it as the hint says, or leave `--logout` out.",
    ),
    Row(
        "Azure Pipelines issues identity tokens for … only",
        "Azure Pipelines does not let you choose the audience of its tokens.",
        "Set `audience` to the value in the hint, and use the same one in the application's trusted token issuer.",
    ),
    Row(
        "cmd cannot take the value of …",
        "A value contains characters that cmd would interpret.",
        "Give the profile a name without quotes, `%` and `!`, or use `--format powershell`.",
    ),
    Row(
        "the settings lead back to oidc-helper: …",
        "The caller's credentials, or the command of the identity, come from the very profile that needs them.",
        "Set `caller` to a `web_identity_role_arn` or to an AWS profile with keys of its own, and `command` to another "
        "program. Start `serve` where `AWS_CONTAINER_CREDENTIALS_FULL_URI` does not point to it.",
    ),
    Row(
        "… has no AWS credentials: nothing in …",
        "The profile's `caller` is the environment or an AWS profile without keys; or the administrator has none.",
        "Export `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or set `caller = { web_identity_role_arn = ... }`; "
        "for `doctor --admin`, name an AWS profile with `--admin-profile`.",
    ),
    Row(
        "…'s credentials cannot be obtained from …\n… gave no credentials in time",
        "The AWS profile, container or instance that should give the caller's or the administrator's keys fails. The "
        "exit status tells why: a mistake (2), a sign-in that it needs (3), no answer (4), or a refusal (5).",
        "Try it by itself with the command in the hint, such as `aws sts get-caller-identity --profile NAME`.",
        (2, 3, 4, 5),
    ),
    Row(
        "--claims … holds neither a JSON object nor a JWT",
        "The file that `--claims` names does not contain the claims of an identity token.",
        "Put the claims into the file as a JSON object, or put the identity token itself there.",
    ),
    Row(
        "there is no AWS profile …\nthe AWS configuration cannot be read: …\n"
        "… names the AWS profile …, which is in neither file of AWS…",
        "`caller` or a variable names an AWS profile that AWS's files do not have, or these files have a mistake.",
        "Correct the name, or the file that the message names.",
    ),
    Row(
        "the AWS profile … needs an MFA code (mfa_serial), and nobody is asked for one here",
        "The caller's AWS profile asks for a code at every use.",
        "Name an AWS profile whose keys need no code, such as those that `aws sts get-session-token` gives.",
    ),
    Row(
        "… is not the address of a host\n… leads to … without TLS, and secrets would go there in clear text\n"
        "… cannot be used: …",
        "A variable of the SDKs, such as `AWS_ENDPOINT_URL_STS`, or a key of the AWS profile has an unusable value.",
        "Correct or unset what the message names.",
    ),
    Row(
        "OIDC_HELPER_KERNEL_KEYRING is …",
        "The value is unknown, and would turn the cache off.",
        "Set it to one of the values in the hint, or unset it.",
    ),
    Row(
        "… names a proxy with …://, which cannot be used\n… is not the address of a proxy",
        "The variable that names the proxy has an unknown form; some desktops write `socks://` into `ALL_PROXY`.",
        "Begin it with `socks5h://`, `http://` or `https://`.",
    ),
    Row(
        "…: the certificates in … cannot be read: …\nSSLKEYLOGFILE: … cannot be written: …",
        "`ca_bundle`, or a variable such as `AWS_CA_BUNDLE`, names a file that does not exist or holds no certificate; "
        "or the file that `SSLKEYLOGFILE` names cannot be written.",
        "Correct or unset the key or variable that the message begins with.",
    ),
    Row(
        "the real user is …, the effective one …: credentials belong to one user",
        "The program was started with the rights of another user.",
        "Start it as one user, as `sudo` and `su` do.",
    ),
    Row(
        "missing flags: …\nwrong flags: …\n--portal is not an address\n"
        "another part of the configuration would no longer work: …",
        "The flags of `configure` are not enough, or do not fit; nothing was written.",
        "Correct what the message names, or run it at a terminal without `--non-interactive`, where it asks.",
    ),
    Row(
        "no plan can be made: …\na plan needs …\na plan is for one profile\n"
        "--plan takes …, not …\n--plan does not go with --…\nthese options are for a plan",
        "The options of `doctor --plan` are not enough, or are more than AWS takes.",
        "Name a profile, or give what the message names; `oidc-helper doctor --help` has every option of a plan.",
    ),
    Row(
        "there is no terminal to ask at",
        "The command shows a change and asks whether to make it, but nobody can answer.",
        "Add `--yes`; `configure` takes each answer as a flag, and its hint is a complete example.",
    ),
    Row(
        "… cannot be started: …\n… does not exist\n…: its program …",
        "The program of an identity, a client secret or an AWS profile does not exist or cannot be started; programs "
        "that the desktop or cron starts have another `PATH`.",
        "Give its whole path.",
    ),
    Row(
        "… holds no client_secret",
        "The variable or entry of the keyring that `client_secret` names is empty.",
        "Put the secret there; the hint says how.",
    ),
    Row(
        "AWS profile … has credentials of another kind: …\n…: AWS profile … is not one of oidc-helper's\n"
        "…: AWS profile … gets the credentials of …\n… (lines …): AWS profile … is there … times\n"
        "every program without a profile would get the credentials of the AWS profile default\n"
        "… cannot name an AWS profile\nprofile … would now be called …, and there is an AWS profile of that name\n"
        "… of AWS profile … has control characters, or white space at its ends\n"
        "profile … is gone, and … uses it",
        "Making, renaming or removing this profile would harm something that exists.",
        "Choose another name, or first change by hand what the message names.",
        (1, 2),
    ),
    Row(
        "… is not a regular file\n… belongs to another user\n… is read-only\n"
        "… has a second name, a hard link, that would keep the old text\n… (line …): is not UTF-8 text\n"
        "… (line …): …: no SDK reads that\n… is written in a way that cannot be changed here\n"
        "…: … has no header of its own, and cannot be changed here\n"
        "… has characters that some SDK misreads in credential_process",
        "The command would change a file that cannot be changed safely; it left both files as they were.",
        "Do what the hint says, and run the command again.",
        (2, 3),
    ),
    Row(
        "--issuer, --audience and --email go together\n… is out of range\n"
        "--write is for the emulator's own identity provider\n--empty sets nothing up that … could use\n"
        "--region …\n… is not the emulator's",
        "The emulator cannot run with these options.",
        "Change them as the hint says.",
    ),
)

_SIGN_IN = (
    Row(
        "nobody is signed in as …\nnobody is signed in at Identity Center\na new proof of identity is needed\n"
        "the session at … is over: …\n… (signed in as …)\nAWS refuses new tokens of this session too\n"
        "the caller's role needs an identity token, and there is none\n"
        "the caller of profile … needs an identity token, and none is kept",
        "The sessions at Identity Center and at the identity provider have ended, or never began.",
        "Run the command in the hint; `offline_access` in `scopes` makes sessions last longer.",
    ),
    Row(
        "the session at … was not renewed: …\n"
        "… renews the session without an identity token, which only a sign-in brings",
        "The identity provider wants the person to sign in again, or gives an ID token only when a person signs in.",
        "Run the command in the hint; the provider may have a setting for an ID token at each refresh.",
    ),
    Row(
        "a sign-in did not work … s ago: …",
        "For a minute after a sign-in that failed or was ignored, `get` does not open another browser tab.",
        "Run `oidc-helper login PROFILE`.",
    ),
    Row(
        "nobody finished the sign-in in the browser in time",
        "The person did not finish, or the browser shows an error of the provider, because the redirect URI is not "
        "registered as it was sent.",
        "Register it with the port that the address bar shows, or set `redirect_ports`, `redirect_host` or "
        "`redirect_path` to what is registered.",
    ),
    Row(
        "nobody entered the code in time\nnobody pasted the address in time\n"
        "nobody pasted the address that the browser was sent to\nnobody chose what to sign in to",
        "The person at the terminal did not finish, or gave up.",
        "Run the command in the hint.",
    ),
    Row(
        "a background job cannot ask",
        "The command has a question, but runs in the background of its terminal.",
        "Bring it to the foreground: `fg`.",
    ),
    Row(
        "the address that begins the sign-in was opened twice: another program may have read it",
        "The browser is started with an address that works once; either another program opened it first, or the "
        "browser opens addresses twice.",
        "Sign in again; if it is the browser, use `oidc-helper login --paste`.",
    ),
    Row(
        "… has signed in, not … as before: nothing was changed",
        "The person who signed in is not the one whose tokens and credentials are kept.",
        "Run `oidc-helper login --force PROFILE`, which deletes those of the previous person.",
    ),
    Row(
        "the identity token of … was sent before, and each counts only once\n"
        "the identity token of … was sent before, and each counts only once; its answer could not be kept: …",
        "Identity Center accepts each identity token once.",
        "Wait for a new token in the file, or use a `command` that fetches one.",
        (3, 6),
    ),
    Row(
        "there is no identity token: … does not exist\n… is not a regular file\n… is empty\n… does not hold a JWT: …\n"
        "… holds more than … characters, and no identity token is so long",
        "The file or variable that the identity names, or the output of its command, holds no identity token.",
        "Put a new one there; `oidc-helper explain PROFILE` shows where it is read from.",
    ),
    Row(
        "the identity token of … has no usable exp",
        "The token has no usable expiry time.",
        "Let the identity provider issue tokens with `exp`.",
    ),
    Row(
        "the identity token of … expired … s ago",
        "The identity source gives a token that is no longer valid.",
        "Put a new token there, or check the clock.",
    ),
    Row(
        "… printed more than any identity token or secret\n… failed with exit code …\n… was killed by …\n"
        "… printed something that is not text",
        "The command of the identity, or of its client secret, failed; the last line of its error output follows.",
        "Run it by hand; `oidc-helper explain PROFILE` shows it.",
    ),
    Row(
        "the CI system gives no identity token: …",
        "The job is not allowed identity tokens, or does not run in a CI system that gives any.",
        "Set what the hint says for this CI system; `oidc-helper help ci` has an example for each.",
    ),
)

_AGAIN = (
    Row(
        "the credentials are being fetched\nthere are no credentials with enough time left",
        "A program asked an endpoint of `serve` before its first fetch was over, or while fetches fail.",
        "Ask again in a second; `oidc-helper status` shows the state of each profile.",
    ),
    Row(
        "… cannot be reached (…)\n… did not answer (…)\n… does not answer in time\n… takes no connection in time\n"
        "… breaks the connection off (…)\n"
        "… gives no identity token: HTTP status …: …\n… gives no sign-in token: HTTP status …",
        "The network, a proxy or the server itself has a problem.",
        "Check the network and `HTTPS_PROXY`; `oidc-helper doctor PROFILE` tells which of them it is.",
    ),
    Row(
        "…: … gave an answer that cannot be read\n…: … answered …, and not in AWS's words",
        "A proxy, or the sign-in page of a public network, answers in place of AWS.",
        "Sign in to the network, or check the proxy and the region.",
    ),
    Row(
        "… did not work: …\n… answers with HTTP status …\n… ListRoles gives the same page again and again\n"
        "the listing was given up",
        "The server failed, or gets too many requests.",
        "Try again in a while.",
    ),
    Row(
        "the TLS certificate of … is not trusted…",
        "A proxy intercepts TLS with its own certificate authority, which neither the system nor `AWS_CA_BUNDLE` has.",
        "Set `ca_bundle` in the profile to the certificate of that authority.",
    ),
    Row(
        "the TLS certificate of … is not valid yet\nthe TLS certificate of … has expired",
        "The clock of this machine is wrong, or the server's certificate was not renewed.",
        "Set the clock: `oidc-helper doctor --only clock` compares it with the servers'.",
    ),
    Row(
        "the TLS certificate of … is for another name\nTLS with … breaks off (…)",
        "Something between this machine and the server answers in its place.",
        "Check the network and `HTTPS_PROXY`.",
    ),
    Row(
        "not done within … s\n… did not answer within … s",
        "The deadline of the profile has passed; it ends a command before its callers give up.",
        "Find out with `--debug` what is slow, or raise `deadline_seconds`.",
    ),
    Row(
        "gave up waiting for …",
        "Another process has been doing the same work for longer than this one may wait.",
        "Try again when it is done, or end the process that the message names.",
    ),
    Row(
        "no further process can be started: …\na process of oidc-helper ended without an answer",
        "The machine, or a limit of this user, has no room for one more process.",
        "Close other programs, or raise the limit: `ulimit -u`.",
    ),
    Row(
        "there is not enough memory…",
        "The machine, or the limit of this process, has too little memory.",
        "Close other programs, or raise the limit.",
    ),
    Row(
        "… was changed since it was read",
        "Another program wrote the file in the meantime; none of its changes were overwritten.",
        "Look at the file, then run the command again.",
    ),
    Row(
        "cannot listen on …: …",
        "Other programs use all ports of `redirect_ports`.",
        "End the programs that listen there, or add more ports, here and at the identity provider.",
    ),
)

_REFUSED = (
    Row(
        "… refuses to sign these credentials in: HTTP status …\n… answers with HTTP status … and no sign-in token",
        "AWS's sign-in does not open the console for these credentials, or a proxy answers in its place.",
        "Get new ones with `get --refresh`; ask whether a policy of the network forbids it; check the proxy.",
    ),
    Row(
        "… of the identity token: …\neach region names another one",
        "`configure` found what would not work: a claim of the provider's tokens, or the region of the application.",
        "Correct it at the provider or with the flag in the hint; `--no-sign-in` writes the settings anyway.",
        (1, 5),
    ),
    Row(
        "the administrator sees no instance …\nthere is no such application",
        "`doctor --admin` reads with an administrator of another organization, or `application_arn` is wrong.",
        "Name another AWS profile with `--admin-profile`, or correct `application_arn`.",
    ),
    Row(
        "CreateTokenWithIAM gave no identity context, which a role session needs",
        "The tokens are for the portal only.",
        "Add `sts:identity_context` to the profile's `scopes`, and sign in again.",
    ),
    Row(
        "Identity Center gave no ID token\n… gave no ID token",
        "`openid` is missing from `scopes`: the profile's for Identity Center, the identity's for the provider.",
        'Add it, then run `oidc-helper login PROFILE`; or set `assertion = "access_token"`.',
    ),
    Row(
        "… says that its issuer is …, not …",
        "`issuer` differs from the provider's own name; a slash at the end or `common` for a tenant ID is enough.",
        "Use the provider's spelling for `issuer`, in IAM and in the trusted token issuer.",
    ),
    Row(
        "… redirects to …, which is not followed\n… sends a compressed answer that nobody asked for\n"
        "… answers with HTTP status …\n… sends … and not JSON\n… answers with more than … bytes\n"
        "… gives an answer that makes no sense\n… gives an answer that cannot be used (…)\n"
        "… gives … that is not a list of words",
        "The server at `issuer` is not an OpenID provider, or not at this path.",
        "Check `issuer`: `/.well-known/openid-configuration` below it must be a JSON document.",
        (4, 5),
    ),
    Row(
        "… offers no …",
        "The provider does not have this way to sign in, such as the device code.",
        "Choose another: leave `--device` out, or set another `source`.",
    ),
    Row(
        "… names … as the page for the code, which is not an https address\n"
        "… names … as its …, which is not an https address\n… names an impossible URL",
        "The identity provider's own configuration is wrong: it would send secrets in clear text.",
        "Tell its administrators.",
    ),
    Row(
        "the answer of … cannot be used: …\nthe ID token of … cannot be trusted: …",
        "The identity provider's answer is for another client, another sign-in or another time.",
        "Compare `issuer` and `client_id` with the provider's settings, check the clock, and sign in again.",
        (4, 5),
    ),
    Row(
        "the ID token of … is signed with none of its published keys\n"
        "the ID token of … is signed with …, and the provider's own list has …",
        "The provider signs with a key or an algorithm that it does not publish.",
        "Let it sign the client's ID tokens with RS256, and sign in again.",
    ),
    Row(
        "… answered the refresh token with somebody else's identity token",
        "The identity provider mixed up two sessions; nothing of the answer was kept.",
        "Sign in again, and tell its administrators.",
    ),
    Row(
        "… did not revoke the refresh token: HTTP status …",
        "At `logout`, the identity provider did not end its session; everything on this machine is deleted.",
        "End the session at the provider.",
    ),
)

_STORE = (
    Row(
        "… is locked\n… is locked, and in this session nobody can be asked (…)\n"
        "… is locked or hangs: no answer within … s\nno keyring answers within … s",
        "The keyring needs its password, and nobody is asked while `get` runs.",
        "Unlock the keyring as the hint says, or run `oidc-helper login PROFILE` at the desktop.",
    ),
    Row(
        "the chosen keyring back end cannot be used: …",
        "`PYTHON_KEYRING_BACKEND` or keyringrc.cfg names a back end that is not installed or does not run here.",
        "Install it, correct the name, or unset it.",
    ),
    Row(
        "there is no keyring in this session\nthe kernel keyring …\n…, but nothing of it is kept: …\n"
        "cannot keep the … of …: …",
        "Nothing in this session keeps secrets, as in containers and over SSH without a desktop.",
        "Start a Secret Service, or name a keyring back end with `PYTHON_KEYRING_BACKEND`.",
    ),
    Row(
        "the … of … may lie in …, which this session does not use",
        "The sign-in may be in a keyring that is out of reach from here, as over SSH.",
        "Run the command in the session that has this keyring, or sign in for this one with the command in the hint.",
    ),
    Row(
        "… did not keep what was put there\n… failed (…)\n… cannot be opened\n… has gone\n"
        "… did not accept the password (…)\n"
        "… was not opened, its question was dismissed (…)\n… is not there in a network logon (…)\n"
        "… takes no entry of this length (…)",
        "The keyring is broken, or its back end does not really keep anything.",
        "Choose another keyring back end; `oidc-helper doctor --only vault` tries it.",
    ),
    Row(
        "no keyring holds client_secret",
        "The settings say that the client secret is in the keyring, but it is not.",
        "Store it with the command in the hint, or set `client_secret = { command = [...] }`.",
    ),
    Row(
        "cannot write in …: …\nno lock can be taken, so another process might do the same: …\n"
        "the process before this one may have sent the identity token, and …",
        "The state directory cannot be written, so processes cannot tell each other which tokens were sent.",
        "Make the directory yours and writable, or let `XDG_STATE_HOME` name another.",
    ),
)


# Messages of other programs, which exit with their own status.
_OTHERS = (
    Row(
        "AccessDenied…",
        "S3, Lambda and others answer this to a role session: STS restricts identity-enhanced sessions to services "
        "that support them.",
        "Use a permission set or an S3 access grant.",
    ),
    Row(
        "Fatal Python error: …\nModuleNotFoundError: No module named 'encodings'",
        "The calling program set `PYTHONHOME` for its own Python.",
        "Install with pipx, or begin the line in `~/.aws/config` with `env -u PYTHONHOME -u PYTHONPATH`.",
    ),
    Row(
        "Error when retrieving credentials from custom-process: …",
        "boto3 and the AWS CLI show the message of oidc-helper in this way; other SDKs hide it.",
        "Look the message up on this page; `oidc-helper status` repeats it.",
    ),
    Row(
        "identity resolver timed out after 5s",
        'With `sign_in = "when-needed"`, the Rust SDKs stop waiting after 5 s, but the sign-in goes on.',
        "Finish it and run the program again, or run `oidc-helper login PROFILE` first.",
    ),
)
# Why an identity provider answers with this code; the remedies are in the table that makes the hints.
_BY_PROVIDER: Mapping[str, str] = {
    "access_denied": "The person declined, or may not use the client",
    "account_selection_required": "The provider wants the person to choose an account",
    "consent_required": "The provider wants the person to agree",
    "expired_token": "The code for another device was not entered in time",
    "interaction_required": "The provider wants the person to sign in or to confirm something",
    "invalid_client": "`client_id` is wrong, or the client is confidential",
    "invalid_grant": "The session or the code has ended, was revoked, or belongs to another client",
    "invalid_scope": "The provider does not have such a scope; Cognito and Google have no `offline_access`",
    "invalid_target": "The provider does not know the `audience` of the request",
    "login_required": "The session in the browser is over",
    "server_error": "The provider failed",
    "slow_down": "The provider gets too many requests",
    "temporarily_unavailable": "The provider is overloaded, or in maintenance",
    "unauthorized_client": "The client may not use this grant",
    "unsupported_grant_type": "The provider does not have this grant, such as the device code grant",
    "unsupported_response_type": "The provider, or the client, does not have the authorization code flow",
}


def of_providers() -> Iterator[Row]:
    """The refusals of identity providers."""
    for code, (kind, hint) in provider_refusals.KINDS.items():
        said = provider_refusals.DECLINED.get(code, "… refused")
        yield Row(f"{said}: {code}…", _BY_PROVIDER[code], hint or "run the command in the hint", (kind.exit_code,))
    yield Row("… refused: …", "The provider has an error code of its own", "see what it logs about this sign-in")


def of_aws() -> Iterator[Row]:
    """The refusals of AWS."""
    for (operation, code), remedy in aws_refusals.REMEDIES.items():
        yield Row(f"{operation or '…'} was refused: {code}…", *remedy)
    for reason, remedy in aws_refusals.REASONS.items():
        yield Row(f"… was refused: …: {reason}…", *remedy)
    for words, remedy in (*aws_refusals.DENIALS, *aws_refusals.UNVERIFIED):
        yield Row(f"… was refused: …: …{words}…", *remedy)
    yield Row(
        "… was refused: …",
        "AWS refused for a reason that oidc-helper does not know; AWS's own message follows the error code",
        "look the code up in AWS's API reference of the operation that the message begins with",
    )


class Section(NamedTuple):
    """Rows under a heading; `code` is the exit status of rows without `codes`."""

    heading: str
    code: int
    rows: Sequence[Row]


def table() -> list[Section]:
    """The whole table, by exit status."""
    return [
        Section("1: failed", 1, _FAILED),
        Section("2: wrong usage or settings", 2, _WRONG),
        Section("3: a person must sign in", 3, _SIGN_IN),
        Section("4: no answer, try again", 4, _AGAIN),
        Section("5: refused by the identity provider", 5, [*of_providers(), *_REFUSED]),
        Section("5: refused by AWS", 5, [*of_aws()]),
        Section("6: the store cannot be used", 6, _STORE),
        Section("Messages of other programs", 0, _OTHERS),
    ]


def explained(message: str) -> list[Row]:
    """The rows whose messages match, the longest match first; otherwise the rows that contain the text."""
    words = message.strip().removeprefix("oidc-helper: ")
    rows = [row for section in table() for row in section.rows]
    fitting = [row for row in rows if row.fits(words)] or [row for row in rows if words in row.messages]
    return sorted(fitting, key=_length, reverse=True)


def _length(row: Row) -> int:
    return max(len(form.replace("…", "")) for form in row.forms)


def page(date: str) -> str:
    """The source of the manual page, dated `date`."""
    return "\n".join([*_lines(date), ""])


def _lines(date: str) -> Iterator[str]:
    yield from (f".Dd {date}", ".Dt OIDC-HELPER-ERRORS 7", ".Os", *_BEGINNING.splitlines())
    for section in table():
        yield f".Ss {section.heading}"
        for row in section.rows:
            yield from source_of(row)
            if row is not section.rows[-1]:
                yield ".Pp"
    yield from (".Sh SEE ALSO", ".Xr oidc-helper 1 ,", ".Xr oidc-helper-config 5 ,", ".Xr oidc-helper-setup 7")


def source_of(row: Row) -> Iterator[str]:
    """The lines of a row, in the source of the page."""
    yield ".Bl -tag -width Ds -compact"
    yield from (f".It Sy {_quoted(form)}" for form in row.forms)
    yield from _prose(row.cause)
    yield from _prose(row.remedy)
    yield ".El"


_BEGINNING = """\
.Sh NAME
.Nm oidc-helper-errors
.Nd every message of oidc-helper, its cause and its remedy
.Sh DESCRIPTION
When
.Xr oidc-helper 1
fails, it says in one line on standard error what went wrong, and in another, which begins with
.Ql hint: ,
the command or setting that mends it.
SDKs show both in exceptions of their own, or hide them;
.Ql oidc-helper status
repeats the last failure of each profile,
.Ql oidc-helper doctor
looks for the cause, and
.Ql oidc-helper get --debug PROFILE
traces every call and shows no secret.
.Sh DIAGNOSTICS
Messages are listed under the exit status that comes with them; an ellipsis stands for names, numbers and text of
other programs.
Messages with the same cause are listed together.
.Pp
.Ql oidc-helper create-token-with-iam
has the exit statuses of the AWS CLI, see
.Xr oidc-helper-create-token-with-iam 1 ;
its messages name the wrong option, and its refusals are those of
.Qq CreateTokenWithIAM
below."""


def _quoted(text: str) -> str:
    """A text as one argument of a macro, which would take a single character for punctuation."""
    return f'"{_escaped(text)}"' if len(text) > 1 else rf"\&{text}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace('"', r"\(dq").replace("'", r"\(aq").replace("…", "...")


def _prose(text: str) -> Iterator[str]:
    """Sentences, each on lines of its own, with the words in backquotes set as literals."""
    whole = text[:1].upper() + text[1:]
    for sentence in re.split(r"(?<=\.) (?=[A-Z`])", whole if whole.endswith(".") else f"{whole}."):
        parts = re.split(r"`([^`]*)`([.,:;)]*)", sentence)
        for before, typed, signs in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
            if before.strip():
                yield _escaped(before.strip())
            if typed:
                yield " ".join([f".Ql {_quoted(typed)}", *signs])


if __name__ == "__main__":
    sys.stdout.write(page(f"{datetime.now(UTC):%B %d, %Y}"))
