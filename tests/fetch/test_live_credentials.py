"""While cached credentials live, a renewal that does not come off costs one caller a few seconds, the others a hit."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.arrangements import run_later
from cli.transcript import answer
from homes import Home, file_config

from oidc_helper import names, paths
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.cli import wiring
from oidc_helper.emulator import Emulator
from oidc_helper.fetch import broker
from oidc_helper.machine import pause
from oidc_helper.machine.deadline import Deadline
from oidc_helper.store.kinds import CREDENTIALS

ENTRY = "oidc-helper:credentials:analytics"
NOW = 1_700_000_000


class Silent:
    """AWS, which does not answer until the test is over."""

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.over = threading.Event()
        self.left_s: list[float] = []

    def credentials(self, tokens: Tokens, caller: Callable[[], Credentials]) -> Credentials:
        """Note how much time there was."""
        self.left_s.append(self.deadline.left())
        self.over.wait()
        raise AssertionError


@pytest.fixture
def errand(home: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> wiring.Errand:
    """The fetch of a profile whose cached credentials have 800 s left."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    home.get("analytics")
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    made = wiring.errand("analytics")
    return made._replace(means=made.means._replace(now=lambda: time.time() + 2_800))


@pytest.fixture
def aws(errand: wiring.Errand) -> Iterator[Silent]:
    silent = Silent(errand.deadline)
    yield silent
    silent.over.set()


def fetched(errand: wiring.Errand, aws: Silent) -> str:
    """The answer of a fetch that finds AWS silent."""
    means = errand.means._replace(exchange=lambda: aws)  # type: ignore[arg-type, return-value]
    return broker.fetch(errand.profile, errand.settings.stamp, means).answer


def test_a_renewal_gets_five_seconds_while_credentials_live(errand: wiring.Errand, aws: Silent, home: Home) -> None:
    """AWS was silent, and every caller waited 32 s of the 50 before the live credentials were printed."""
    assert fetched(errand, aws) + "\n" == home.run("get", "analytics").stdout
    assert errand.deadline.left() > 5, "the caller's own deadline stands"
    assert [left_s <= 5 for left_s in aws.left_s] == [True]


def test_a_failed_renewal_is_not_tried_by_the_next_caller(errand: wiring.Errand, aws: Silent) -> None:
    """boto3 asks before each request then: the silent service would be met each time."""
    assert fetched(errand, aws) == fetched(errand, aws)
    assert len(aws.left_s) == 1


@pytest.mark.usefixtures("empty_home")
def test_a_pause_ends() -> None:
    """After half a minute the next caller tries again."""
    pause.begin(ENTRY, NOW)

    assert [pause.lasts(ENTRY, NOW + passed_s) for passed_s in (0, 29, 30)] == [True, True, False]
    assert not pause.lasts(f"{ENTRY}2", NOW)


@pytest.mark.usefixtures("empty_home")
def test_a_pause_of_the_future_is_none() -> None:
    """The clock was ahead when it was noted."""
    pause.begin(ENTRY, NOW + 3_600)

    assert not pause.lasts(ENTRY, NOW)


def test_a_pause_is_nobody_elses_file(empty_home: Path) -> None:
    """A link in its place tells nothing."""
    pause.begin(ENTRY, NOW)
    (file,) = Path(paths.state_directory(), "pauses").iterdir()
    target = empty_home / "target"
    file.rename(target)
    file.symlink_to(target)

    assert not pause.lasts(ENTRY, NOW)


def test_without_a_state_directory_there_is_no_pause(empty_home: Path) -> None:
    """Each caller tries for itself then."""
    (empty_home / ".local").write_text("a file where the directory should be")

    pause.begin(ENTRY, NOW)

    assert not pause.lasts(ENTRY, NOW)


def test_new_settings_end_a_pause(errand: wiring.Errand, home: Home) -> None:
    """What was edited may be what was wrong."""
    old = answer(home.run("get", "analytics"))
    pause.begin(names.entry_name(CREDENTIALS, "analytics"), errand.means.now())
    assert answer(run_later(home, 2_800, "get", "analytics")) == old

    home.configure(home.config.read_text() + "\n# edited\n")

    assert answer(run_later(home, 2_800, "get", "analytics")) != old
