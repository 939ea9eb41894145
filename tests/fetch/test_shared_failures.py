"""A failure is shared with those alone who would fail likewise, and outlives neither its cause nor a wrong clock."""

import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from cli.arrangements import finished, is_in_line, run_later, wait_until
from cli.transcript import answer, complaint
from homes import Home, file_config

from oidc_helper import settings
from oidc_helper.emulator import Emulator
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, StoreUnusable, TryAgain, WrongSettings
from oidc_helper.fetch import failures
from oidc_helper.settings import Profile
from oidc_helper.store.index import Failure
from oidc_helper.store.store import Store

HOUR = 3_600
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for waiting processes")


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com", lifetime_s=24 * HOUR))
    return home


def last_failure(home: Home) -> Any:
    """What status tells of the first profile."""
    return json.loads(home.run("status", "--json").stdout)["profiles"][0]["last_failure"]


def after_one_that_fails(
    home: Home, emulator: Emulator, error: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]:
    """Let a process fail with the error, and another one, with variables of its own, wait for it meanwhile."""
    going_on = threading.Event()
    emulator.fault("CreateTokenWithIAM", until=going_on, error=error)
    with home.start("get", "analytics") as first:
        assert emulator.wait_for("CreateTokenWithIAM")
        with home.start("get", "analytics", **variables) as second:
            wait_until(lambda: is_in_line(second))
            going_on.set()
            return finished(first), finished(second)


def test_a_failure_noted_while_the_clock_was_ahead_locks_nobody_out(ready: Home, emulator: Emulator) -> None:
    """A machine woke with tomorrow's date, failed, and was set right: `get` works, and status shows no such failure."""
    emulator.fault("AssumeRole", error="AccessDenied")
    assert complaint(run_later(ready, 24 * HOUR - 60, "get", "analytics")).code == 5

    assert last_failure(ready) is None
    answer(ready.run("get", "analytics"))


def test_a_failure_of_the_past_is_nobody_elses(ready: Home, emulator: Emulator) -> None:
    """The next call tries for itself, even in the same moment."""
    emulator.fault("AssumeRole", error="AccessDenied")
    assert complaint(ready.run("get", "analytics")).code == 5

    assert last_failure(ready)["exit_code"] == 5
    answer(ready.run("get", "analytics"))
    assert last_failure(ready) is None


@pytest.mark.parametrize("words", ["analytics", "--all"])
def test_logout_forgets_how_a_profile_failed(ready: Home, emulator: Emulator, words: str) -> None:
    """Nothing of the former sign-in is left, its failures included."""
    emulator.fault("AssumeRole", error="AccessDenied")
    assert complaint(ready.run("get", "analytics")).code == 5
    assert last_failure(ready)

    assert ready.run("logout", words).returncode == 0

    assert last_failure(ready) is None


@ON_LINUX
def test_a_waiter_in_another_environment_tries_for_itself(ready: Home, emulator: Emulator) -> None:
    """What fails with one caller's variables may work with another's, which gets credentials instead of that error."""
    failed, other = after_one_that_fails(ready, emulator, "AccessDeniedException", AWS_RETRY_MODE="standard")

    assert complaint(failed).code == 5
    answer(other)


@ON_LINUX
def test_a_waiter_in_the_same_environment_fails_likewise(ready: Home, emulator: Emulator) -> None:
    """Variables that change nothing for us are no reason to ask again."""
    failed, other = after_one_that_fails(ready, emulator, "AccessDeniedException", SHLVL="7", EDITOR="vi")

    assert complaint(other) == complaint(failed)
    assert emulator.count("CreateTokenWithIAM") == 1


@pytest.fixture
def profile(ready: Home, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """The profile of the home, whose variables are ours too."""
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)
    return settings.load().profile("analytics")


@pytest.mark.parametrize(
    "variable",
    [
        *("AWS_ENDPOINT_URL_STS", "AWS_ACCESS_KEY_ID", "OIDC_HELPER_SITE_CONFIG", "XDG_RUNTIME_DIR"),
        *("HTTPS_PROXY", "https_proxy", "no_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HOME"),
        *("DBUS_SESSION_BUS_ADDRESS", "PYTHON_KEYRING_BACKEND", "BROWSER"),
    ],
)
def test_a_variable_of_ours_makes_other_conditions(
    profile: Profile, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each leads a fetch elsewhere, as somebody else or to other records."""
    before = failures.conditions(profile, "1+1", may_ask=False)
    monkeypatch.setenv(variable, "another")

    assert failures.conditions(profile, "1+1", may_ask=False) != before


def test_edited_settings_and_a_person_at_hand_make_other_conditions(profile: Profile) -> None:
    """The failure of a process without a terminal is none of one that may ask, nor of one with new settings."""
    digests = {
        failures.conditions(profile, stamp, may_ask=may_ask) for stamp in ("1+1", "2+2") for may_ask in (True, False)
    }

    assert len(digests) == 4


def test_a_program_of_the_user_may_read_any_variable(
    home: Home, emulator: Emulator, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where one is run do variables count that mean nothing to us."""
    home.configure(file_config(emulator, identity='source = "command"\ncommand = ["token-of-vault"]'))
    commanded = settings.load().profile("analytics")
    before = [failures.conditions(one, "1+1", may_ask=False) for one in (profile, commanded)]
    monkeypatch.setenv("VAULT_TOKEN", "s.another")
    after = [failures.conditions(one, "1+1", may_ask=False) for one in (profile, commanded)]

    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


@pytest.mark.parametrize(
    ("error", "is_shared"),
    [
        (SignInNeeded("nobody is signed in"), True),
        (TryAgain("STS cannot be reached"), True),
        (Refused("not assigned"), True),
        (StoreUnusable("the keyring is locked"), False),
        (WrongSettings("no such AWS profile"), False),
        (OidcHelperError("the new credentials have already expired"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, OidcHelperError) else "",
)
def test_only_a_failure_that_repeats_is_shared(profile: Profile, error: OidcHelperError, *, is_shared: bool) -> None:
    """A keyring that one session cannot open says nothing about the next one."""
    failures.note(profile, error, Store(), "conditions")
    noted = Store().failure(profile.name)

    assert noted is not None
    assert (failures.shared(None, noted, "conditions") is not None) == is_shared
    assert failures.shared(noted, noted, "conditions") is None
    assert failures.shared(None, noted, "others") is None


def test_a_failure_of_an_older_version_is_not_shared() -> None:
    """It does not tell its conditions."""
    assert failures.shared(None, Failure(1, "what", "hint", 5), "") is None
