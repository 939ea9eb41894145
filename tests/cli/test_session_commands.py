"""The commands around `get`: sign in and out, look at what there is, try it without AWS."""

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.arrangements import TypedEmulator, keys_of_the_iam_user, typed_emulator
from cli.transcript import answer, complaint, secrets, tells
from fakes import session_keys
from fakes.places import needs
from fakes.secret_service import missing_programs, private_secret_service
from homes import Home, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("forks")

ALICE, BOB = "alice@example.com", "bob@example.com"
NOWHERE = "http://127.0.0.1:1"  # a port that nobody may use without being root
WHO_AM_I = "import boto3; print(boto3.Session(profile_name='analytics').client('sts').get_caller_identity()['Arn'])"


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))
    return home


def said(home: Home, *words: str, **variables: str) -> str:
    """Run a command that must succeed without a word on stderr."""
    done = home.run(*words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def kept_by_the_kernel() -> list[str]:
    return session_keys.descriptions() if kernel.available() else []


def profiles(home: Home) -> dict[str, dict[str, object]]:
    """What status tells to programs, by profile."""
    return {one["name"]: one for one in json.loads(said(home, "status", "--json"))["profiles"]}


def test_login_fetches_all_that_get_needs(ready: Home, emulator: Emulator) -> None:
    """It says who signed in and until when; the next get asks nobody."""
    told = said(ready, "login", "analytics")
    asked = len(emulator.requests)

    assert told.startswith(f"signed in as {ALICE}, until ")
    assert "credentials of analytics" in told
    answer(ready.run("get", "analytics"))
    assert len(emulator.requests) == asked


def test_login_signs_in_another_person(ready: Home, emulator: Emulator) -> None:
    """Who logs in with another identity token is that person from then on, and nothing of the former is served."""
    said(ready, "login", "analytics")
    ready.write_token(emulator.mint(BOB))

    assert said(ready, "login", "analytics").startswith(f"signed in as {BOB}")
    refused = complaint(ready.run("get", "dev-admin"))  # which is alice's only
    assert "permission set" in refused.hint


def test_login_twice_with_one_token_keeps_the_sign_in(ready: Home, emulator: Emulator) -> None:
    """An identity token that was exchanged already is no reason to lose what it brought."""
    said(ready, "login", "analytics")

    assert said(ready, "login", "analytics").startswith(f"already signed in as {ALICE}")
    assert emulator.count("CreateTokenWithIAM") == 1


def test_logout_ends_the_session_for_all_its_profiles(ready: Home, emulator: Emulator) -> None:
    """Neither tokens nor credentials are left, here or at Identity Center; a new identity token starts again."""
    said(ready, "login", "analytics")
    answer(ready.run("get", "dev-admin"))

    assert said(ready, "logout", "analytics") == "signed out of analytics, dev-admin\n"
    assert emulator.count("Logout", ok=True) == 1
    assert json.loads((ready.path / "keyring.json").read_text()) == {}
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())
    assert {complaint(ready.run("get", name)).code for name in ("analytics", "dev-admin")} == {3}
    ready.write_token(emulator.mint(ALICE))
    answer(ready.run("get", "analytics"))


def test_logout_of_nothing_says_so(ready: Home, emulator: Emulator) -> None:
    """Nobody is asked, and it is no failure."""
    assert said(ready, "logout", "analytics") == "nothing was kept of analytics, dev-admin\n"
    assert emulator.requests == []


def test_logout_forgets_though_the_server_cannot_be_reached(ready: Home) -> None:
    """The secrets go all the same, and a warning tells what goes on elsewhere."""
    said(ready, "login", "analytics")

    done = ready.run("logout", "analytics", AWS_ENDPOINT_URL_SSO=NOWHERE)

    assert (done.returncode, done.stdout) == (0, "signed out of analytics, dev-admin\n")
    assert "may go on" in done.stderr
    assert json.loads((ready.path / "keyring.json").read_text()) == {}


def test_logout_all_forgets_every_sign_in(home: Home, emulator: Emulator) -> None:
    """Identities and applications each have their own, and each session ends."""
    other = f'application_arn = "{emulator.directory.second_application_arn}"\n[identity.other]\nsource = "environment"'
    home.configure(file_config(emulator, profiles=f'[profile.second]\n{other}\nvariable = "OTHER"\n'))
    home.write_token(emulator.mint(ALICE))
    said(home, "login", "analytics")
    home.write_token(emulator.mint(ALICE))
    said(home, "token", "second")

    told = said(home, "logout", "--all")

    assert sorted(told.splitlines()) == ["signed out of analytics, dev-admin", "signed out of second"]
    assert emulator.count("Logout", ok=True) == 2
    assert json.loads((home.path / "keyring.json").read_text()) == {}


@pytest.mark.parametrize("now", [None, "[profile.analytics\n"], ids=["gone", "broken"])
def test_logout_all_works_without_a_configuration(ready: Home, now: str | None) -> None:
    """Secrets can be removed though the file that named them cannot be read any more."""
    said(ready, "login", "analytics")
    ready.config.unlink() if now is None else ready.configure(now)

    told = said(ready, "logout", "--all")

    assert "forgot the credentials of analytics" in told
    assert json.loads((ready.path / "keyring.json").read_text()) == {}
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())


def test_logout_all_finds_what_the_index_has_lost(ready: Home) -> None:
    """The kernel's keyring tells itself what it holds, of a profile that nobody knows any more too."""
    said(ready, "get", "analytics")
    (ready.path / ".local/state/oidc-helper/index.json").unlink()
    ready.configure('[identity.other]\nsource = "environment"\nvariable = "OTHER"\n')

    told = said(ready, "logout", "--all")

    assert "forgot the credentials of analytics" in told
    assert not any(str(ready.config) in name for name in kept_by_the_kernel())


def test_status_follows_the_life_of_a_profile(ready: Home) -> None:
    """Nothing, then a failure, then credentials and tokens, then nothing again."""
    first = profiles(ready)["analytics"]
    token = (ready.path / "token").read_text()
    (ready.path / "token").unlink()
    ready.run("get", "analytics")
    failed = profiles(ready)["analytics"]["last_failure"]
    ready.write_token(token)
    answer(ready.run("get", "analytics"))
    signed_in = profiles(ready)
    table = said(ready, "status")
    said(ready, "logout", "analytics")

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


def test_status_opens_no_secret(ready: Home) -> None:
    """A keyring that is locked stays locked, and what is in it is still told."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    ready.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    with private_secret_service() as service:
        ready.environment["DBUS_SESSION_BUS_ADDRESS"] = service.address
        answer(ready.run("get", "analytics"))
        service.lock()

        assert profiles(ready)["analytics"]["tokens"]


def test_token_prints_what_services_take(ready: Home, emulator: Emulator) -> None:
    """The access token, or a JWT with --id-token, of one exchange."""
    access, identity = said(ready, "token", "analytics"), said(ready, "token", "--id-token", "analytics")

    assert access.strip() in emulator._state.tokens
    assert identity.count(".") == 2
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_missing_id_token_is_an_error(home: Home, emulator: Emulator) -> None:
    """Scopes without openid bring none: an empty line would be taken for one."""
    home.configure(file_config(emulator, profiles='[profile.bare]\nscopes = ["sso:account:access"]\n'))
    home.write_token(emulator.mint(ALICE))

    failed = complaint(home.run("token", "--id-token", "bare"))

    assert (failed.code, "openid" in failed.hint) == (5, True)


def test_explain_tells_neither_secrets_nor_anybody(ready: Home, emulator: Emulator) -> None:
    """With keys, proxies and tokens about it prints settings and where each came from, and asks no server."""
    variables = keys_of_the_iam_user(emulator) | {"HTTPS_PROXY": "http://me:pa55word@127.0.0.1:1/?key=5ecret"}
    told = said(ready, "explain", "analytics", **variables)

    described = json.loads(told)
    assert described["settings"]["role_arn"]["value"] == emulator.directory.analytics_role_arn
    assert described["settings"]["identity"]["from"].startswith("defaults (line ")
    assert tells(told, secrets(ready, emulator) | {"pa55word", "5ecret"}) == []
    assert emulator.requests == []


@pytest.fixture
def typed(home: Home) -> Iterator[TypedEmulator]:
    """The running command `emulator`."""
    with typed_emulator(home) as running:
        yield running


def test_the_emulators_words_work_as_told(home: Home, typed: TypedEmulator) -> None:
    """With its exports and its example configuration an SDK is somebody."""
    _, exports, example = typed
    assert set(tomllib.loads(example)) == {"identity", "defaults", "profile"}
    home.configure(example)
    (home.path / "aws").write_text(
        f"[profile analytics]\nregion = eu-west-1\ncredential_process = {sys.executable} -m oidc_helper get analytics\n"
    )

    who = subprocess.run(
        [sys.executable, "-c", WHO_AM_I],
        env={**home.environment, **exports, "AWS_CONFIG_FILE": str(home.path / "aws")},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )

    assert who.stdout.strip() == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_emulator_stops_when_it_is_told(home: Home, typed: TypedEmulator, number: signal.Signals) -> None:
    """A second one finds the port taken; after the signal the first has nothing more to say."""
    process, exports, _ = typed
    port = exports["AWS_ENDPOINT_URL_STS"].rpartition(":")[2]

    taken = complaint(home.run("emulator", "--port", port))
    process.send_signal(number)
    out, err = process.communicate()

    assert (taken.code, port in taken.message, "--port" in taken.hint) == (2, True, True)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_cannot_be_is_refused(home: Home, port: str) -> None:
    """Ports are numbers of 16 bits."""
    failed = complaint(home.run("emulator", "--port", port))

    assert failed.code == 2
    assert port in failed.message


def test_demo_works_in_an_empty_home_and_leaves_nothing(home: Home) -> None:
    """No configuration, no D-Bus, no terminal: boto3 is somebody, the cache asks nobody, nothing stays anywhere."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    (home.path / "json.py").write_text("raise SystemExit('theirs')\n")
    keys = kept_by_the_kernel()

    told = said(home, "demo", TMPDIR=str(temporary))

    assert f"boto3 is arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}" in told
    assert "boto3 is arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_" in told
    assert "0 requests" in told
    assert "credential_process = oidc-helper get analytics" in told
    assert sorted(path.name for path in home.path.iterdir()) == ["json.py", "tmp"]
    assert list(temporary.iterdir()) == []
    assert kept_by_the_kernel() == keys


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_demo_that_is_ended_leaves_nothing_either(home: Home, number: signal.Signals) -> None:
    """Its temporary home goes with it, whatever ends it."""
    temporary = home.path / "tmp"
    temporary.mkdir()
    with home.start("demo", TMPDIR=str(temporary)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        process.communicate()

    assert process.returncode != 0
    assert list(Path(temporary).iterdir()) == []


def test_a_machine_that_caches_nothing_says_so_once(home: Home, emulator: Emulator) -> None:
    """Without keyring and kernel keyring each call signs in; whoever logs in learns why, the second time not again."""
    nowhere = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "OIDC_HELPER_KERNEL_KEYRING": "off"}
    home.configure(file_config(emulator))
    said = []
    for _ in range(2):
        home.write_token(emulator.mint("alice@example.com"))
        said.append(home.run("token", "--debug", "analytics", **nowhere).stderr.count("nothing is cached"))

    assert said == [1, 0]


def test_half_an_identity_provider_is_wrong_usage(home: Home) -> None:
    """Who names another issuer for the emulator says too whom and what it is to trust there."""
    wrong = complaint(home.run("emulator", "--issuer", "https://login.example.com", "--audience", "0oa1b2c3d4"))

    assert (wrong.code, wrong.message) == (2, "--issuer, --audience and --email go together")
