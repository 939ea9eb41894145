"""The commands around `get`: sign in and out, show what is cached, try it without AWS."""

import json
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cli.arrangements import TypedEmulator, keys_of_the_iam_user, run_later, typed_emulator
from cli.transcript import answer, complaint, secrets, tells
from fakes import session_keys
from fakes.browser import BrowserProgram
from fakes.places import needs
from fakes.screens import Screen
from fakes.secret_service import missing_programs, private_secret_service
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator, example_config

ALICE, BOB = "alice@example.com", "bob@example.com"
NOWHERE = "http://127.0.0.1:1"  # a port that nobody may use without being root
WHO_AM_I = "import boto3; print(boto3.Session(profile_name='analytics').client('sts').get_caller_identity()['Arn'])"


def stdout_of(home: Home, *words: str, **variables: str) -> str:
    """The output of a command, which must succeed without a word on stderr."""
    done = home.run(*words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def kept_by_the_kernel() -> list[str]:
    return session_keys.descriptions() if kernel.available() else []


def profiles(home: Home) -> dict[str, dict[str, Any]]:
    """What status tells to programs, by profile."""
    return {one["name"]: one for one in json.loads(stdout_of(home, "status", "--json"))["profiles"]}


def kept(home: Home) -> list[dict[str, object]]:
    """What the index knows of records."""
    index = json.loads((home.path / ".local/state/oidc-helper/index.json").read_text())
    return list(index["entries"].values())


def test_login_fetches_all_that_get_needs(ready: Home, emulator: Emulator) -> None:
    """It says who signed in and until when; the next get asks nobody."""
    output = stdout_of(ready, "login", "analytics")
    asked = len(emulator.requests)

    assert output.startswith(f"signed in as {ALICE}, until ")
    assert "credentials of analytics" in output
    answer(ready.run("get", "analytics"))
    assert len(emulator.requests) == asked


def test_login_alone_takes_the_only_profile(home: Home, emulator: Emulator) -> None:
    """Where there are several, and no person signs in, it lists them."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))

    several = complaint(home.run("login"))
    home.configure(file_config(emulator).partition("[profile.dev-admin]")[0])
    alone = stdout_of(home, "login")

    assert (several.code, several.message) == (2, "login needs the name of a profile")
    assert several.hint.endswith("one of: analytics, dev-admin")
    assert f"signed in as {ALICE}" in alone
    assert "credentials of analytics" in alone


PEOPLE = """
[identity.{name}]
source = "browser"
issuer = "{issuer}"
client_id = "nobody"
[profile.{name}-a]
identity = "{name}"
[profile.{name}-b]
identity = "{name}"
"""


def test_login_alone_offers_a_choice_at_a_terminal(home: Home, emulator: Emulator) -> None:
    """By number or by name; what is neither is asked again."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))

    with at_terminal([COMMAND, "login"], home.environment, directory=home.path) as person:
        person.see("which of these", "1  analytics  identity job (file)", "2  dev-admin", "1 to 2, or a name: ")
        person.type("devadmin\r")
        person.see("there is no 'devadmin'", "did you mean dev-admin?", "1 to 2, or a name: ")
        person.type("2\r")
        done = person.ended()

    assert (done.returncode, done.stderr) == (0, "")
    assert "credentials of dev-admin" in done.stdout


def test_a_choice_that_is_not_made_signs_in_to_nothing(home: Home, emulator: Emulator) -> None:
    """Ctrl-d ends it; nothing was asked of anybody else."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))

    with at_terminal([COMMAND, "login"], home.environment, directory=home.path) as person:
        person.see("1 to 2, or a name: ")
        person.type("\x04")
        done = person.ended()

    assert done.returncode == 3
    assert "nobody chose" in done.stderr
    assert emulator.requests == []


def test_login_alone_takes_the_only_identity_of_people(ready: Home, emulator: Emulator) -> None:
    """A job's identity is no choice; two identities of people are."""
    one = ready.config.read_text() + PEOPLE.format(name="corp", issuer=emulator.issuer)
    ready.configure(one)
    begun = ready.run("login")
    ready.configure(one + PEOPLE.format(name="guest", issuer=emulator.issuer))
    several = complaint(ready.run("login"))

    assert "refused: invalid_client" in begun.stderr  # its sign-in has begun
    assert several.hint.endswith("one of: corp-a, guest-a")


def test_login_signs_in_another_person(ready: Home, emulator: Emulator) -> None:
    """After a login with another person's token, no credentials of the former person are printed."""
    stdout_of(ready, "login", "analytics")
    ready.write_token(emulator.mint(BOB))

    assert stdout_of(ready, "login", "analytics").startswith(f"signed in as {BOB}")
    refused = complaint(ready.run("get", "dev-admin"))  # which is alice's only
    assert "permission set" in refused.hint


def test_login_twice_with_one_token_keeps_the_sign_in(ready: Home, emulator: Emulator) -> None:
    """The tokens of an exchange stay although the identity token cannot be exchanged again."""
    stdout_of(ready, "login", "analytics")

    assert stdout_of(ready, "login", "analytics").startswith(f"already signed in as {ALICE}")
    assert emulator.count("CreateTokenWithIAM") == 1


def test_logout_ends_the_session_for_all_its_profiles(ready: Home, emulator: Emulator) -> None:
    """Neither tokens nor credentials are left, here or at Identity Center; a new identity token starts again."""
    stdout_of(ready, "login", "analytics")
    answer(ready.run("get", "dev-admin"))

    assert stdout_of(ready, "logout", "analytics") == "signed out of analytics, dev-admin\n"
    assert emulator.count("Logout", ok=True) == 1
    assert json.loads((ready.path / "keyring.json").read_text()) == {}
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())
    assert {complaint(ready.run("get", name)).code for name in ("analytics", "dev-admin")} == {3}
    ready.write_token(emulator.mint(ALICE))
    answer(ready.run("get", "analytics"))


def test_logout_of_nothing_says_so(ready: Home, emulator: Emulator) -> None:
    """Nobody is asked, and it is no failure."""
    assert stdout_of(ready, "logout", "analytics") == "nothing was kept of analytics, dev-admin\n"
    assert emulator.requests == []


def test_logout_forgets_though_the_server_cannot_be_reached(ready: Home) -> None:
    """The secrets are deleted all the same, and a warning names the session that may go on."""
    stdout_of(ready, "login", "analytics")

    done = ready.run("logout", "analytics", AWS_ENDPOINT_URL_SSO=NOWHERE)

    assert (done.returncode, done.stdout) == (0, "signed out of analytics, dev-admin\n")
    assert "may go on" in done.stderr
    assert json.loads((ready.path / "keyring.json").read_text()) == {}


def test_logout_goes_on_past_a_vault_out_of_reach(home: Home, emulator: Emulator) -> None:
    """Of each sign-in all that can go is gone, and the error comes last; a logout that reaches the vault ends it."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    with_two_sign_ins(home, emulator)

    done = home.run("logout", "--all", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")

    assert done.returncode == 6
    assert "which this session does not use" in done.stderr
    assert {entry["kind"] for entry in kept(home)} == {"tokens"}
    home.run("logout", "--all")
    assert kept(home) == []


def with_two_sign_ins(home: Home, emulator: Emulator) -> None:
    """Credentials and tokens of two applications are kept."""
    roles = emulator.directory
    second = f'application_arn = "{roles.second_application_arn}"\nrole_arn = "{roles.analytics_role_arn}"'
    home.configure(file_config(emulator, profiles=f"[profile.second]\n{second}\n"))
    for profile in ("analytics", "second"):
        home.write_token(emulator.mint(ALICE))
        home.get(profile)


def test_logout_all_forgets_every_sign_in(home: Home, emulator: Emulator) -> None:
    """Identities and applications each have their own, and each session ends."""
    other = f'application_arn = "{emulator.directory.second_application_arn}"\n[identity.other]\nsource = "environment"'
    home.configure(file_config(emulator, profiles=f'[profile.second]\n{other}\nvariable = "OTHER"\n'))
    home.write_token(emulator.mint(ALICE))
    stdout_of(home, "login", "analytics")
    home.write_token(emulator.mint(ALICE))
    stdout_of(home, "token", "second")

    output = stdout_of(home, "logout", "--all")

    assert sorted(output.splitlines()) == ["signed out of analytics, dev-admin", "signed out of second"]
    assert emulator.count("Logout", ok=True) == 2
    assert json.loads((home.path / "keyring.json").read_text()) == {}


@pytest.mark.parametrize("now", [None, "[profile.analytics\n"], ids=["gone", "broken"])
def test_logout_all_works_without_a_configuration(ready: Home, now: str | None) -> None:
    """Secrets can be deleted even if the file that named them cannot be read any more."""
    stdout_of(ready, "login", "analytics")
    ready.config.unlink() if now is None else ready.configure(now)

    output = stdout_of(ready, "logout", "--all")

    assert "forgot the credentials of analytics" in output
    assert json.loads((ready.path / "keyring.json").read_text()) == {}
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())


def test_logout_all_finds_what_the_index_has_lost(ready: Home) -> None:
    """The kernel keyring lists its own entries, even those of a profile that no configuration names."""
    stdout_of(ready, "get", "analytics")
    (ready.path / ".local/state/oidc-helper/index.json").unlink()
    ready.configure('[identity.other]\nsource = "environment"\nvariable = "OTHER"\n')

    output = stdout_of(ready, "logout", "--all")

    assert "forgot the credentials of analytics" in output
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())


def test_status_follows_the_life_of_a_profile(ready: Home) -> None:
    """It shows nothing, then a failure, then credentials and tokens, then nothing again."""
    first = profiles(ready)["analytics"]
    token = (ready.path / "token").read_text()
    (ready.path / "token").unlink()
    ready.run("get", "analytics")
    failed = profiles(ready)["analytics"]["last_failure"]
    ready.write_token(token)
    answer(ready.run("get", "analytics"))
    signed_in = profiles(ready)
    table = stdout_of(ready, "status")
    stdout_of(ready, "logout", "analytics")

    assert (first["credentials"], first["tokens"], first["last_failure"]) == (None, None, None)
    assert isinstance(failed, dict)
    assert (failed["exit_code"], "does not exist" in failed["message"]) == (3, True)
    assert signed_in["analytics"]["credentials"] is not None
    assert signed_in["dev-admin"]["credentials"] is None
    assert signed_in["dev-admin"]["tokens"] == signed_in["analytics"]["tokens"]
    assert signed_in["analytics"]["last_failure"] is None
    assert ALICE in table
    assert {"analytics", "dev-admin"} <= set(table.split())
    assert profiles(ready)["analytics"] == first


@pytest.mark.parametrize(("columns", "shown"), [(100, "analytics  nobody"), (40, "analytics\n  signed in      nobody")])
def test_status_cuts_no_name_in_a_narrow_terminal(ready: Home, columns: int, shown: str) -> None:
    """Where a table has no room, each profile has lines of its own: a name is there to be typed."""
    with at_terminal([COMMAND, "status"], ready.environment, columns=columns, prints_there=True) as terminal:
        terminal.ended()

    assert f"\n{shown}" in f"\n{terminal.screen}"


def test_a_failure_is_told_on_the_clock_of_the_place(ready: Home) -> None:
    """As everything else that people read; a program gets UTC."""
    ready.run("get", "dev-admin", AWS_ENDPOINT_URL_STS=NOWHERE)

    at = datetime.fromisoformat(str(profiles(ready)["dev-admin"]["last_failure"]["at"]))
    there = at.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert at.utcoffset() == timedelta()
    assert (
        f"dev-admin failed ({there:%Y-%m-%d %H:%M:%S}): "
        in run_later(ready, 7 * 86_400, "status", TZ="<+0545>-05:45").stdout
    )


def test_no_line_of_status_ends_in_blanks(ready: Home) -> None:
    """Seen: a table filled up to its widest row."""
    answer(ready.run("get", "analytics"))

    assert [line for line in stdout_of(ready, "status").splitlines() if line != line.rstrip()] == []


def test_status_names_the_person_and_else_the_identity(ready: Home) -> None:
    """A name of the configuration and an email address are told apart."""
    before = stdout_of(ready, "status")
    answer(ready.run("get", "analytics"))

    assert " nobody (job) " in before
    assert f" {ALICE} " in stdout_of(ready, "status")


def test_status_without_profiles_says_how_to_write_one(home: Home) -> None:
    """Seen: a table of headings only."""
    home.configure("")

    assert stdout_of(home, "status").startswith(
        f"no profile in {home.config} yet; to make one: oidc-helper configure\n"
    )


def test_login_alone_signs_a_person_in_with_the_configuration_of_the_emulator(home: Home, emulator: Emulator) -> None:
    """Of its two identities only one needs a person."""
    emulator.directory.identity_provider.auto_approve = True
    home.environment["BROWSER"] = str(BrowserProgram(home.path).path)
    home.configure(example_config(emulator))

    assert "credentials of personal" in home.run("login").stdout


def test_status_of_one_profile_shows_no_other(ready: Home) -> None:
    """A name that is not there is refused, with the nearest one."""
    answer(ready.run("get", "analytics"))

    table = stdout_of(ready, "status", "analytics").split()
    report = json.loads(stdout_of(ready, "status", "--json", "dev-admin"))
    wrong = complaint(ready.run("status", "analitics"))

    assert "analytics" in table
    assert "dev-admin" not in table
    assert [profile["name"] for profile in report["profiles"]] == ["dev-admin"]
    assert (wrong.code, "did you mean analytics?" in wrong.message) == (2, True)


def test_status_opens_no_secret(ready: Home) -> None:
    """A locked keyring stays locked, and status still shows the tokens in it."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    ready.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    with private_secret_service() as service:
        ready.environment["DBUS_SESSION_BUS_ADDRESS"] = service.address
        answer(ready.run("get", "analytics"))
        service.lock()

        assert profiles(ready)["analytics"]["tokens"]


def test_token_prints_an_access_token_or_an_id_token(ready: Home, emulator: Emulator) -> None:
    """The access token, or a JWT with --id-token, of one exchange."""
    access, identity = stdout_of(ready, "token", "analytics"), stdout_of(ready, "token", "--id-token", "analytics")

    assert access.strip() in emulator._state.tokens
    assert identity.count(".") == 2
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_missing_id_token_is_an_error(home: Home, emulator: Emulator) -> None:
    """Without the scope openid there is none, and an empty line would be taken for one."""
    home.configure(file_config(emulator, profiles='[profile.bare]\nscopes = ["sso:account:access"]\n'))
    home.write_token(emulator.mint(ALICE))

    failed = complaint(home.run("token", "--id-token", "bare"))

    assert (failed.code, "openid" in failed.hint) == (5, True)


def test_explain_shows_no_secret_and_asks_no_server(ready: Home, emulator: Emulator) -> None:
    """Keys and a proxy's password are in the environment: it prints settings and their origins only."""
    variables = keys_of_the_iam_user(emulator) | {"HTTPS_PROXY": "http://me:pa55word@127.0.0.1:1/?key=5ecret"}
    output = stdout_of(ready, "explain", "--json", "analytics", **variables)

    described = json.loads(output)
    assert described["settings"]["role_arn"]["value"] == emulator.directory.analytics_role_arn
    assert described["settings"]["identity"]["from"].startswith("defaults (line ")
    output += stdout_of(ready, "explain", "analytics", **variables)
    assert tells(output, secrets(ready, emulator) | {"pa55word", "5ecret"}) == []
    assert emulator.requests == []


@pytest.fixture
def typed(home: Home) -> Iterator[TypedEmulator]:
    """The running command `emulator`."""
    with typed_emulator(home) as running:
        yield running


def test_exports_and_configuration_of_the_emulator_work_as_printed(home: Home, typed: TypedEmulator) -> None:
    """An SDK gets credentials with them, though the shell names a proxy for the internet."""
    _, exports, example = typed
    assert set(tomllib.loads(example)) == {"identity", "defaults", "profile"}
    home.configure(example)
    (home.path / "aws").write_text(
        f"[profile analytics]\nregion = eu-west-1\ncredential_process = {sys.executable} -m oidc_helper get analytics\n"
    )

    who = subprocess.run(
        [sys.executable, "-c", WHO_AM_I],
        env={**home.environment, "http_proxy": NOWHERE, **exports, "AWS_CONFIG_FILE": str(home.path / "aws")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert who.stdout.strip() == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--portal-rate", "0.001"), ("dev-admin", 4, "TooManyRequestsException")),
        (("--vpc-endpoint",), ("analytics", 5, "certain VPC endpoints or addresses")),
    ],
    ids=["throttled", "outside of the VPC"],
)
def test_the_emulator_is_as_difficult_as_it_is_told_to_be(
    home: Home, options: tuple[str, ...], told: tuple[str, int, str]
) -> None:
    """The portal answers one request in a thousand seconds; Identity Center wants another network."""
    profile, code, words = told
    with typed_emulator(home, *options) as running:
        home.configure(running.example)
        home.environment |= running.exports
        home.run("get", "dev-admin")
        home.run("logout", "--all")
        failed = home.run("get", profile)

    assert (failed.returncode, words in failed.stderr) == (code, True), failed.stderr


def test_the_emulator_issues_long_contexts_that_soon_expire(home: Home) -> None:
    """A context that is over at once is renewed, and its successor is over as well: the reason is told."""
    with typed_emulator(home, "--long-contexts", "--context-lifetime", "0") as running:
        home.configure(running.example)
        home.environment |= running.exports
        refused = complaint(home.run("get", "analytics"))
        answered = home.run("get", "dev-admin")

    assert (refused.code, "InvalidContextAssertion" in refused.message) == (5, True)
    assert answered.returncode == 0


def test_the_emulator_speaks_https_to_those_who_trust_its_authority(home: Home) -> None:
    """What it prints is enough for that; a signal takes the authority's file away again."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    home.environment["TMPDIR"] = str(temporary)
    with typed_emulator(home, "--https") as running:
        home.configure(running.example)
        home.environment |= running.exports
        credentials = [home.get(profile)["SessionToken"] for profile in ("analytics", "dev-admin")]
        running.process.terminate()
        running.process.communicate()

    assert running.exports["AWS_ENDPOINT_URL_STS"].startswith("https://127.0.0.1:")
    assert all(credentials)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("words", [("--clock-skew", "nan"), ("--portal-rate", "-1"), ("--clock-skew", "1e9")])
def test_the_emulator_takes_no_impossible_number(home: Home, words: tuple[str, str]) -> None:
    """The hint names the range."""
    wrong = complaint(home.run("emulator", *words))

    assert (wrong.code, wrong.hint) == (2, f"choose {words[0]} from 0 to 1440")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_emulator(home: Home, typed: TypedEmulator, number: signal.Signals) -> None:
    """A second emulator cannot use its port; after the signal the first prints nothing more."""
    process, exports, _ = typed
    port = exports["AWS_ENDPOINT_URL_STS"].rpartition(":")[2]

    taken = complaint(home.run("emulator", "--port", port))
    process.send_signal(number)
    out, err = process.communicate()

    assert (taken.code, port in taken.message, "--port" in taken.hint) == (2, True, True)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("words", [["get", "--profile", "analytics"], ["analytics"]], ids=" ".join)
def test_habits_of_the_aws_cli_get_the_line_to_type(ready: Home, words: list[str]) -> None:
    """`--profile` is its option, and the name of a profile is no command."""
    wrong = complaint(ready.run(*words))

    assert (wrong.code, wrong.hint) == (2, "oidc-helper get analytics")


def test_an_unreachable_address_is_named_with_its_variable(ready: Home) -> None:
    """A forgotten export of an emulator that has ended."""
    failed = complaint(ready.run("get", "analytics", AWS_ENDPOINT_URL_STS=NOWHERE))

    assert failed.code == 4
    assert failed.hint == "nothing listens there: check AWS_ENDPOINT_URL_STS, or start that server"


def test_many_signals_at_once_stop_the_emulator(typed: TypedEmulator) -> None:
    """Seen: a SIGTERM right after a SIGINT left it waiting, since another thread had got them."""
    for number in [signal.SIGINT, signal.SIGTERM] * 50:
        typed.process.send_signal(number)

    assert typed.process.wait() == 0


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_an_impossible_port_is_refused(home: Home, port: str) -> None:
    """Ports are numbers of 16 bits."""
    failed = complaint(home.run("emulator", "--port", port))

    assert failed.code == 2
    assert port in failed.message


def commands_in(text: str, indent: str) -> list[str]:
    """The lines of commands, without their comments."""
    lines = [line.removeprefix(indent) for line in text.splitlines() if line.startswith(indent)]
    return [line.partition("#")[0].rstrip() for line in lines]


def first_steps() -> list[str]:
    """As README has them."""
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    section = readme.partition("### First steps, without AWS\n")[2].partition("\n## ")[0]
    return commands_in("".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)), "")


def test_demo_works_in_an_empty_home_and_leaves_nothing(home: Home) -> None:
    """No configuration, no D-Bus, no terminal, a proxy: boto3 gets credentials, the cache no request, nothing stays."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    (home.path / "json.py").write_text("raise SystemExit('theirs')\n")
    keys = kept_by_the_kernel()

    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    output = stdout_of(home, "demo", TMPDIR=str(temporary), NO_PROXY="intranet.example.com", **proxies)

    assert f"boto3 is arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}" in output
    assert "boto3 is arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_" in output
    assert "0 requests" in output
    assert "credential_process = oidc-helper get analytics" in output
    assert "in place of these examples" in output
    assert commands_in(output.rpartition("To try it yourself, without AWS\n")[2], "       ") == first_steps()
    assert sorted(path.name for path in home.path.iterdir()) == ["json.py", "tmp"]
    assert list(temporary.iterdir()) == []
    assert kept_by_the_kernel() == keys
    assert [line for line in output.splitlines() if line != line.rstrip()] == []


def test_no_word_of_the_demo_is_cut(home: Home) -> None:
    """Seen: names of parameters that went on at the margin."""
    with at_terminal([COMMAND, "demo"], home.environment, columns=80, prints_there=True) as terminal:
        assert terminal.ended().returncode == 0
        lines = Screen(terminal, 80).lines

    assert "1. boto3 asks who it is, with the AWS profile analytics" in lines
    assert "             received AccessKeyId, SecretAccessKey, SessionToken, Expiration," in lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_demo_that_is_ended_leaves_nothing_either(home: Home, number: signal.Signals) -> None:
    """Whichever signal ends it, its temporary home is deleted."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    with home.start("demo", TMPDIR=str(temporary)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        process.communicate()

    assert process.returncode != 0
    assert list(Path(temporary).iterdir()) == []


def test_the_options_of_an_identity_provider_go_together(home: Home) -> None:
    """An issuer without audience and email address is wrong usage."""
    wrong = complaint(home.run("emulator", "--issuer", "https://login.example.com", "--audience", "0oa1b2c3d4"))

    assert (wrong.code, wrong.message) == (2, "--issuer, --audience and --email go together")
