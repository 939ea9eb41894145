"""The command line as one table of commands: the arguments of each, its help, and the function that runs it."""

import argparse
import gc
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn, TextIO

from oidc_helper import __version__
from oidc_helper.configure.flags import FLAGS, Flag
from oidc_helper.errors import WrongSettings
from oidc_helper.setup.flags import OWN, OwnFlag, is_used_by_plans
from oidc_helper.words import shown

OPERATION = "create-token-with-iam"

Run = Callable[[argparse.Namespace, TextIO], int]
"""Takes the options and the stream for the answer; returns the exit code."""


class Argument(NamedTuple):
    """One argument, with its keywords for argparse.

    Arguments of the same `group` exclude each other; those of the same `title` are listed under it in the help.
    """

    flag: str
    keywords: dict[str, Any]
    group: str = ""
    title: str = ""


class Command(NamedTuple):
    """A command.

    SDKs run the `quiet` commands, and must find nothing but the answer. The command line of one that `becomes_another`
    ends with the words of a program, which writes the output instead. `run` is None for the raw operation, which parses
    its own words.
    """

    name: str
    run: Run | None
    summary: str
    details: str
    arguments: Sequence[Argument] = ()
    quiet: bool = False
    becomes_another: bool = False


def _run(module: str, function: str) -> Run:
    """Import a module of this room when its command runs, so that a command imports only its own module."""

    def run(options: argparse.Namespace, answer: TextIO) -> int:
        loaded = import_module(f"oidc_helper.cli.{module}")
        gc.enable()
        return int(getattr(loaded, function)(options, answer))

    return run


def _profile(help_text: str = "a profile of the configuration", **keywords: object) -> Argument:
    return Argument("profile", {"metavar": "PROFILE", "help": help_text, **keywords})


def _switch(flag: str, help_text: str, group: str = "") -> Argument:
    return Argument(flag, {"action": "store_true", "help": help_text}, group)


def _way(way: str, help_text: str) -> Argument:
    return Argument(f"--{way}", {"action": "store_const", "const": way, "dest": "way", "help": help_text}, "way")


def _value(flag: str, metavar: str, help_text: str) -> Argument:
    return Argument(flag, {"metavar": metavar, "help": help_text})


def _count(flag: str, help_text: str) -> Argument:
    return Argument(flag, {"type": int, "metavar": "NUMBER", "help": help_text})


def _glob(flag: str, help_text: str) -> Argument:
    return Argument(flag, {"metavar": "GLOB", "action": "append", "help": help_text})


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{shown(text)} is no number of seconds")
    return int(text)


def _console_seconds(text: str) -> int:
    if not 900 <= (seconds := _seconds(text)) <= 43_200:
        raise argparse.ArgumentTypeError(f"{shown(text)} is not between 900 and 43200 seconds")
    return seconds


_MIN_TTL = Argument(
    "--min-ttl",
    {
        "type": _seconds,
        "default": 0,
        "metavar": "SECONDS",
        "help": "fetch new credentials if the cached ones end sooner",
    },
)


def _of_settings(flag: Flag) -> Argument:
    """The flag of a key, whose `dest` is its whole name; the flags of a table that takes one key exclude each other."""
    form: dict[str, object] = {"action": "store_true"} if flag.is_switch else {"metavar": flag.metavar}
    title = f"keys of the {flag.section}"
    return Argument(
        flag.name, {**form, "dest": flag.name, "help": flag.meaning}, flag.key.name if flag.key.one_of else "", title
    )


_OF_PLANS = "settings of --plan, which override those of the profile"


def _of_plan(flag: OwnFlag) -> Argument:
    return Argument(
        flag.name,
        {"dest": flag.name, "metavar": flag.metavar, "help": flag.meaning, "choices": flag.choices},
        title=_OF_PLANS,
    )


def _also_of_plan(flag: Flag) -> Argument:
    """A flag of `configure`, which the help shows only if a plan depends on it."""
    same = _of_settings(flag)
    if is_used_by_plans(flag):
        return same._replace(title=_OF_PLANS)
    return same._replace(keywords={**same.keywords, "help": argparse.SUPPRESS}, group="", title=_OF_PLANS)


COMMANDS: tuple[Command, ...] = (
    Command(
        "get",
        _run("credentials", "get"),
        "print credentials as credential_process JSON",
        "Put this into ~/.aws/config, in a profile that has no other credential key:\n\n"
        "  [profile analytics]\n  credential_process = oidc-helper get analytics\n  region = eu-west-1\n\n"
        "It never asks a question: if a person must sign in, it exits with 3 and names the command to run. It\n"
        'starts the sign-in itself only if the profile has sign_in = "when-needed" and there is a terminal.',
        (
            _profile(),
            _switch("--refresh", "fetch new credentials even if the cached ones are fresh", "cache"),
            _switch(
                "--ahead",
                "renew credentials that end soon, and print nothing; get runs this in the background",
                "cache",
            ),
        ),
        quiet=True,
    ),
    Command(
        "login",
        _run("session", "login"),
        "sign in, and fetch everything that get needs",
        "Opens the browser, exchanges the identity token, and stores tokens and credentials, so that the next get\n"
        "answers at once. If you are already signed in, it says so. If it cannot open a browser, it shows a code to\n"
        "enter on another device, or asks for the address that your browser on another machine ends up at.\n\n"
        "A source that needs no person, such as a file, is read again; if its token was exchanged before, the\n"
        "tokens from that exchange stay in use.\n\n"
        "PROFILE may be left out if there is only one identity that people sign in with.",
        (
            _profile(nargs="?"),
            _way("device", "show a code to enter on another device"),
            _way("paste", "sign in with a browser on another machine, and paste the address that it ends up at"),
            _switch("--force", "sign in again, even as another user"),
        ),
    ),
    Command(
        "logout",
        _run("session", "logout"),
        "sign out, here and on the servers",
        "Ends the session at Identity Center and at the identity provider, and deletes their tokens and the\n"
        "credentials of every profile that shares them. If a server cannot be reached, it warns. Credentials that\n"
        "programs already have stay valid until they expire: AWS cannot revoke them.",
        (
            _profile("the profile to sign out of", nargs="?"),
            _switch("--all", "sign out of everything, and delete every record of this configuration"),
        ),
    ),
    Command(
        "status",
        _run("status", "status"),
        "show what is cached, until when, and when to sign in again",
        "Reads no secret and contacts no server; a locked keyring stays locked.",
        (
            _profile("show only this profile", nargs="?"),
            _switch("--json", "print it as JSON", "form"),
            _switch("--check", "print nothing, fetch nothing, and exit with 0, 3, 4 or 6 as get would", "form"),
            Argument(
                "--min-ttl",
                {
                    "type": _seconds,
                    "default": 0,
                    "metavar": "SECONDS",
                    "help": "with --check: credentials that end sooner do not count",
                },
            ),
            _switch("--prompt", "print a few characters for a shell's prompt", "form"),
        ),
    ),
    Command(
        "token",
        _run("credentials", "token"),
        "print the Identity Center access token",
        "For services that accept it as a bearer token:\n\n"
        '  curl -H "Authorization: Bearer $(oidc-helper token analytics)" https://...',
        (_profile(), _switch("--id-token", "print the ID token instead")),
        quiet=True,
    ),
    Command(
        "exec",
        _run("handover", "exec_"),
        "run a command with credentials in its environment",
        "The command takes the place of oidc-helper: signals, terminal and exit code are its own. Without a command,\n"
        "it runs your shell.\n\n"
        "  oidc-helper exec analytics -- terraform plan\n\n"
        "Variables that would lead the command to other credentials are removed. The credentials are not renewed: a\n"
        "program that outlives them needs --endpoint, which fetches new ones before the old ones end.",
        (
            _profile(),
            _MIN_TTL,
            _switch("--endpoint", "give the command a container credentials endpoint instead, for as long as it runs"),
            _switch("--nested", "run it even if the environment already has credentials"),
        ),
        quiet=True,
        becomes_another=True,
    ),
    Command(
        "env",
        _run("handover", "env"),
        "print credentials as variables",
        'In a POSIX shell, eval "$(oidc-helper env analytics)" sets them.',
        (
            _profile(),
            Argument(
                "--format",
                {
                    "choices": ("sh", "fish", "powershell", "cmd", "dotenv", "json"),
                    "default": "sh",
                    "metavar": "FORMAT",
                    "help": "sh (the default), fish, powershell, cmd, dotenv or json",
                },
            ),
            _MIN_TTL,
        ),
        quiet=True,
    ),
    Command(
        "console",
        _run("console", "console"),
        "open the AWS console with the credentials of a profile",
        "Opens the browser at the console of the profile's region. An identity-enhanced role session lands on Athena,\n"
        "since few other services accept it.\n\n"
        "  oidc-helper console dev-admin --service s3\n"
        "  oidc-helper console dev-admin --browser-command 'firefox --new-tab {url}' --container\n\n"
        "The address signs in anybody who opens it within 15 minutes.",
        (
            _profile(),
            _switch("--print", "print the address, and open nothing", "opening"),
            Argument(
                "--service",
                {"metavar": "SERVICE", "help": "land on the home of a service, such as s3"},
                "landing",
            ),
            Argument(
                "--destination",
                {"metavar": "PAGE", "help": "land on a page: a path such as /ec2/home, or a whole address"},
                "landing",
            ),
            Argument(
                "--duration",
                {
                    "type": _console_seconds,
                    "metavar": "SECONDS",
                    "help": "how long to stay signed in with a permission set, 900 to 43200",
                },
            ),
            _switch("--logout", "sign out of the console first; does not work with its multi-session support"),
            Argument(
                "--container",
                {
                    "nargs": "?",
                    "const": "open-url-in-container",
                    "choices": ("open-url-in-container", "granted-containers"),
                    "metavar": "EXTENSION",
                    "help": "open it in a Firefox container, with the extension open-url-in-container (the default) "
                    "or granted-containers",
                },
            ),
            Argument(
                "--browser-command",
                {"metavar": "COMMAND", "help": "open it with this command, in which {url} stands for the address"},
                "opening",
            ),
        ),
    ),
    Command(
        "serve",
        _run("serve", "serve"),
        "run a container credentials endpoint on this machine",
        "As soon as it is ready, it prints the variables that point an SDK to each profile; it runs until it is\n"
        "interrupted. It fetches new credentials before the old ones end. If a person must sign in, programs get an\n"
        "error that says so; after oidc-helper login, they get credentials again. More: man oidc-helper-serve\n\n"
        "It needs the extra serve; without it, the hint is the command that installs it.",
        (
            Argument("profiles", {"metavar": "PROFILE", "nargs": "+", "help": "profiles of the configuration"}),
            Argument("--port", {"type": int, "metavar": "PORT", "help": "the port (default: a free one)"}),
            _value("--bind", "ADDRESS", "the IP address to listen on (default: 127.0.0.1)"),
            _value(
                "--token-file",
                "FILE",
                "also write the token to this file; {profile} in its name stands for the profile",
            ),
            Argument(
                "--fd",
                {
                    "type": int,
                    "nargs": "?",
                    "const": -1,
                    "metavar": "NUMBER",
                    "help": "listen on this file descriptor (default: the one that systemd passed)",
                },
            ),
        ),
    ),
    Command(
        "configure",
        _run("configure", "configure"),
        "make or change a profile",
        "Asks for what it cannot find out, shows what both files would become, and writes both: the configuration\n"
        "and ~/.aws/config. You sign in on the way, so that it finds most answers itself. For an existing profile,\n"
        "Enter keeps the present value.\n\n"
        "Every question has a flag, named like the key of the configuration; see oidc-helper-config(5). Write a list\n"
        "with spaces, and a command as in a shell.\n\n"
        "  oidc-helper configure\n"
        "  oidc-helper configure analytics --role-arn arn:aws:iam::123456789012:role/analytics --dry-run",
        (
            _profile("the profile to make or change", nargs="?"),
            _value("--portal", "URL", "the address of your AWS access portal, to find Identity Center's region"),
            _value("--copy", "PROFILE", "start from the values of another profile"),
            _value("--aws-profile", "NAME", "the name of the AWS profile (default: the profile's)"),
            _switch("--tokens-only", "make a profile that gets tokens but no credentials"),
            _switch("--no-sign-in", "neither sign in nor read an identity token"),
            _switch("--non-interactive", "ask nothing: write, or name all missing flags at once"),
            _switch("--yes", "write without asking for confirmation"),
            _switch("--dry-run", "show what both files would become, and write nothing"),
            *map(_of_settings, FLAGS),
        ),
    ),
    Command(
        "explain",
        _run("explain", "explain"),
        "show the resolved settings of a profile, and where each came from",
        "Names the file and line of each value, in your configuration or the site's, and the variables in force.\n"
        "Mistakes elsewhere in the files follow. Reads no secret and uses no network.",
        (_profile(), _switch("--json", "print it as JSON")),
    ),
    Command(
        "doctor",
        _run("doctor", "doctor"),
        "find out what is broken, and how to mend it",
        "Checks every link of the chain in order, from the installation to the credentials that an SDK would use\n"
        "here. Below a broken link is the command or setting that mends it. It asks no questions, unlocks no\n"
        "keyring, and spends no token without --exchange. It exits with 1 if anything is broken.\n\n"
        "Without PROFILE, it checks the settings and the AWS profile of each profile, and each sign-in once.\n\n"
        "--admin checks AWS's side instead, with an administrator's credentials, and changes nothing there. Below a\n"
        "broken link is the AWS CLI command that mends it.\n\n"
        "--plan prints a script, or a file for Terraform or CloudFormation, that an administrator runs. The script\n"
        "creates what is missing, and ends by printing two lines for the configuration.\n\n"
        "  oidc-helper doctor --plan analytics > plan.sh && less plan.sh && sh plan.sh\n"
        "  oidc-helper doctor --plan --issuer https://example.okta.com/oauth2/default --client-id 0oa1b2c3d4 \\\n"
        "    --identity-center-region eu-west-1 --role-arn arn:aws:iam::123456789012:role/analytics",
        (
            _profile("check the credentials of this profile too", nargs="?"),
            _switch("--exchange", "try CreateTokenWithIAM too, which spends a single-use token or a refresh token"),
            _switch("--json", "print it as JSON"),
            _switch(
                "--anonymize", "replace accounts, people, hosts and other names, so that you can show it to others"
            ),
            _switch("--list", "list the checks, and run none"),
            Argument(
                "--only",
                {"metavar": "ID", "action": "append", "help": "run only the check with this id; may be repeated"},
            ),
            _switch("--admin", "check AWS's side of a profile: Identity Center, IAM, S3 Access Grants"),
            _value("--admin-profile", "AWSPROFILE", "the administrator's AWS profile (default: the environment)"),
            _value(
                "--claims", "FILE", "a file with the claims of the person's identity token, as JSON, or with the token"
            ),
            _switch("--powershell", "quote the commands for PowerShell"),
            _switch("--policy", "print the smallest policy that permits the checks of --admin, and run none"),
            Argument(
                "--plan",
                {
                    "nargs": "?",
                    "const": "shell",
                    "metavar": "LANGUAGE",
                    "help": "print what sets up AWS: shell (the default), terraform or cloudformation",
                },
            ),
            *map(_of_plan, OWN),
            *map(_also_of_plan, FLAGS),
        ),
    ),
    Command(
        "profiles",
        _run("profiles", "profiles"),
        "list what you may use, and make a profile for each",
        "Lists the permission sets of all your accounts, and the roles that account access manager gives you, each\n"
        "with the name of the profile that it has or would get. --write makes these profiles, in the configuration\n"
        "and in ~/.aws/config, and remembers template, filters and region for the next time. Changes that you made\n"
        "by hand in a generated profile stay.\n\n"
        "  oidc-helper profiles --account 'dev-*' --diff\n"
        "  oidc-helper profiles --account 'dev-*' --write\n\n"
        "PROFILE may be left out if all profiles have the same identity and application.",
        (
            _profile("use the identity and application of this profile", nargs="?"),
            _glob("--account", "only accounts whose name or id matches; may be repeated"),
            _glob("--permission-set", "only permission sets and roles whose name matches; may be repeated"),
            _switch("--write", "make a profile for each, and rename those of renamed accounts"),
            _switch("--prune", "remove generated profiles for what you may no longer use"),
            _switch("--diff", "show what --write, with the same options, would change in both files", "answer"),
            _value(
                "--template",
                "TEMPLATE",
                "how to name profiles; {account_id} can be used too (default: {account_name}-{permission_set})",
            ),
            _value("--region", "REGION", "the region of the AWS profiles"),
            _switch("--json", "print the list as JSON", "answer"),
        ),
    ),
    Command(
        OPERATION,
        None,
        "run the raw operation, with the options of the AWS CLI",
        "oidc-helper create-token-with-iam --help lists its options.",
    ),
    Command(
        "emulator",
        _run("emulator", "emulator"),
        "run a local stand-in for the identity provider, Identity Center, its portal, STS and S3 Access Grants",
        "Prints the variables to export and an example configuration, so that you can try this or any other\n"
        "program without AWS. Runs until it is interrupted.\n\n"
        "To try your own identity provider, name it with --issuer, --audience and --email: the emulator then trusts\n"
        "it as AWS trusts a trusted token issuer and an IAM OIDC provider, and the user with that email address may\n"
        "do what Alice may.\n\n"
        "More: oidc-helper help oidc-helper-emulator",
        (
            Argument(
                "--port",
                {
                    "type": int,
                    "default": 0,
                    "metavar": "PORT",
                    "help": "the port (default: a free one, or 7420 with --write)",
                },
            ),
            Argument(
                "--region",
                {
                    "action": "append",
                    "metavar": "REGION",
                    "help": "a region of the Identity Center instance (repeat it; default: eu-west-1)",
                },
            ),
            Argument(
                "--clock-skew",
                {
                    "type": float,
                    "default": 15,
                    "metavar": "MINUTES",
                    "help": "how far the time of a signature may be off (default: 15)",
                },
            ),
            Argument(
                "--portal-rate",
                {
                    "type": float,
                    "default": 0,
                    "metavar": "NUMBER",
                    "help": "requests a second that the portal answers; 20 at AWS (default: 0, no limit)",
                },
            ),
            Argument(
                "--vpc-endpoint",
                {
                    "action": "store_true",
                    "help": "refuse every request, as an instance that requires a VPC endpoint does",
                },
            ),
            _switch("--long-contexts", "issue identity contexts that are as long as STS accepts"),
            Argument(
                "--context-lifetime",
                {
                    "type": _seconds,
                    "metavar": "SECONDS",
                    "help": "how long an identity context is valid (default: as long as its access token)",
                },
            ),
            _switch("--empty", "start with people, groups and accounts only, for an administrator to set up the rest"),
            _count("--accounts", "how many more accounts Alice may use, to try `profiles` in a large organization"),
            _count("--permission-sets", "how many permission sets each of these has (default: 4)"),
            _switch("--https", "use https, with a certificate authority created for this run"),
            _value("--write", "DIRECTORY", "write both configuration files there, to try it with"),
            _value("--issuer", "URL", "your own identity provider, trusted instead of the built-in one"),
            _value("--audience", "CLIENT_ID", "the aud claim of its identity tokens"),
            _value("--email", "ADDRESS", "the email claim of the user who signs in there"),
        ),
    ),
    Command(
        "demo",
        _run("emulator", "demo"),
        "show the whole chain on the emulator, with a real SDK at the end",
        "Works in a temporary home: touches neither your files nor your keyring, and leaves nothing behind.",
    ),
    Command(
        "help",
        _run("help", "show"),
        "show the help of a command, or a page of the manual",
        "The pages of the manual are\n\n"
        "  oidc-helper  all commands, variables, files and exit codes\n"
        "  config       every key of the configuration\n"
        "  setup        what is needed at AWS and at the identity provider\n"
        "  jobs         what people want to do, and the command for it\n"
        "  ci           the settings of each CI system\n"
        "  errors       every message, its cause and its remedy\n\n"
        "and those of create-token-with-iam, oidc-helper-emulator and oidc-helper-serve. man shows them if it is\n"
        "installed. For a message in quotes, help shows its cause and its remedy:\n\n"
        '  oidc-helper help "nobody is signed in as corp"',
        (
            Argument(
                "topic", {"metavar": "TOPIC", "nargs": "*", "help": "a command, a page of the manual, or a message"}
            ),
        ),
    ),
    Command(
        "completion",
        _run("completion", "completion"),
        "print a script that completes commands, options and names in a shell",
        "To try it in bash:  . <(oidc-helper completion bash)\n\n"
        "--install shows what it would add to your shell's startup file, and writes it if you agree.",
        (
            Argument(
                "shell",
                {
                    "metavar": "SHELL",
                    "nargs": "?",
                    "choices": ("bash", "zsh", "fish", "powershell"),
                    "help": "bash, zsh, fish or powershell",
                },
            ),
            _switch("--install", "install the script where the shell finds it"),
            _switch("--yes", "with --install: do not ask"),
            Argument(
                "--names",
                {
                    "choices": ("profiles", "identities", "topics"),
                    "metavar": "KIND",
                    "help": "list profiles, identities or topics, as the script does when you press tab",
                },
            ),
        ),
    ),
    Command("version", _run("help", "version"), "print the version", "The same as oidc-helper --version."),
)

_WIDEST = 100  # columns of prose: longer lines are harder to read
_BECOMING = {command.name for command in COMMANDS if command.becomes_another}

_EXIT_CODES = """exit codes:
  0  done
  1  failed
  2  wrong usage or settings
  3  a person must sign in
  4  no answer in time from the identity provider, AWS or another
     oidc-helper process: try again
  5  refused by the identity provider or AWS: trying again will not help
  6  the store cannot be used

files and variables:
  config.toml in your configuration directory; OIDC_HELPER_CONFIG or --config names another file
  config.toml in the system's, for all users; OIDC_HELPER_SITE_CONFIG names another file, or none
  see oidc-helper(1) and oidc-helper-config(5)
"""


class _Parser(argparse.ArgumentParser):
    """Reports wrong usage in the program's own way; `words` is the command line."""

    words: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        from oidc_helper.cli import habits

        if unknown := re.match(r"argument COMMAND: invalid choice: '?([^' ]*)", message):
            raise habits.no_command(unknown[1], self.words, [command.name for command in COMMANDS])
        if message.endswith("required: PROFILE"):
            raise habits.no_profile(self.prog)
        raise WrongSettings(message, f"{self.prog} --help")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Parse a command line. Raises WrongSettings; SystemExit after --help and --version."""
    first = [command for command in COMMANDS if words[:1] == [command.name]]
    whole = parser(first or COMMANDS)  # the parsers of all commands take 5 ms
    own, program = _split(words)
    whole.words = own
    options, unknown = whole.parse_known_args(_with_numbers(own, first or COMMANDS))
    options.words = program
    unknown = _without_later_words(unknown, options)
    command = f"oidc-helper {options.command}" if options.command else "oidc-helper"
    if unknown[:1] == ["--profile"] and getattr(options, "profile", None):
        raise WrongSettings(f"{command} takes the profile as a plain word", f"{command} {shlex.quote(options.profile)}")
    if unknown:
        from oidc_helper.cli import habits

        known = [action.option_strings[-1] for action in options.parser._actions if action.option_strings]  # noqa: SLF001
        raise habits.no_option(command, unknown[0], known)
    if not options.command:
        if sys.stdout and sys.stdout.isatty():
            whole.print_help()
            raise SystemExit
        raise WrongSettings("a command is missing", "oidc-helper --help")
    return options


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Split off the words of the program that a command becomes, whose options are not ours."""
    plain = 0  # words that are no options: the command, then its profile, which may be empty
    at = 0
    while at < len(words):
        word = words[at]
        if plain and word == "--":
            return words[:at], words[at + 1 :]
        if word in ("--config", "--min-ttl"):
            at += 1
        elif not word.startswith("-"):
            if not plain and word not in _BECOMING:
                break
            if plain == len(("COMMAND", "PROFILE")):
                return words[:at], words[at:]
            plain += 1
        at += 1
    return words, []


def _with_numbers(words: Sequence[str], table: Sequence[Command]) -> list[str]:
    """Insert each number that is left out: argparse would take the next word for it, which may be a profile."""
    defaults = {
        argument.flag: argument.keywords["const"]
        for command in table
        for argument in command.arguments
        if argument.keywords.get("nargs") == "?" and argument.keywords.get("type") is int
    }
    return [
        f"{word}={defaults[word]}" if word in defaults and not following.isdecimal() else word
        for word, following in pairwise([*words, ""])
    ]


def _without_later_words(unknown: list[str], options: argparse.Namespace) -> list[str]:
    """Give a command that takes a list of words also those after its options, which argparse leaves over."""
    lists = [action.dest for action in options.parser._actions if action.nargs in ("+", "*")]  # noqa: SLF001
    if not lists:
        return unknown
    getattr(options, lists[0]).extend(word for word in unknown if not word.startswith("-"))
    return [word for word in unknown if word.startswith("-") and word != "--"]


def before_operation(words: Sequence[str]) -> argparse.Namespace | None:
    """Parse the options before the raw operation; `rest` is its name and its own words. None if it is another command.

    Raises WrongSettings.
    """
    if OPERATION not in words:
        return None
    common = _Parser(prog="oidc-helper", add_help=False, allow_abbrev=False)
    _add_common(common, default=None)
    common.add_argument("rest", nargs=argparse.REMAINDER)
    options, unknown = common.parse_known_args(words)
    return options if options.rest[:1] == [OPERATION] and not unknown else None


def parser(table: Sequence[Command] = COMMANDS) -> _Parser:
    """Build the parser of these commands."""
    whole = _Parser(
        prog="oidc-helper",
        description="AWS credentials from your identity provider, through IAM Identity Center, for every AWS SDK.",
        epilog=_EXIT_CODES,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )
    whole.add_argument(
        "-V", "--version", action="version", version=f"oidc-helper {__version__}", help="print the version and exit"
    )
    _add_common(whole, default=None)
    commands = whole.add_subparsers(metavar="COMMAND", title="commands", dest="command")
    whole.set_defaults(parser=whole)
    for command in table:
        subparser = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.summary,
            epilog=command.details,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )
        _add(command.arguments, subparser)
        _add_common(subparser, default=argparse.SUPPRESS)
        subparser.set_defaults(
            run=command.run, quiet=command.quiet, becomes_another=command.becomes_another, parser=subparser
        )
    return whole


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Leaves texts as they are written, but fits them to the width of a terminal."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if not (sys.stdout and sys.stdout.isatty()):
            return super()._fill_text(text, width, indent)
        from oidc_helper.person import folding

        return "\n".join(folding.filled(text, min(width, _WIDEST))) + "\n"


def _add(arguments: Sequence[Argument], to: argparse.ArgumentParser) -> None:
    titles: dict[str, argparse._ActionsContainer] = {"": to}
    groups: dict[str, argparse._MutuallyExclusiveGroup] = {}
    for argument in arguments:
        if argument.title not in titles:
            titles[argument.title] = to.add_argument_group(argument.title)
        place = titles[argument.title]
        if argument.group:
            if argument.group not in groups:
                groups[argument.group] = place.add_mutually_exclusive_group()
            place = groups[argument.group]
        place.add_argument(argument.flag, **argument.keywords)


def _add_common(to: argparse.ArgumentParser, default: object) -> None:
    """Add the options that may be given before the command or after it."""
    to.add_argument("--config", metavar="FILE", default=default, help="use this configuration file")
    to.add_argument("--debug", action="store_true", default=default, help="trace every call on stderr; shows no secret")
