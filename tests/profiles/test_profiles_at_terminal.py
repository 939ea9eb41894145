"""What a person sees: the progress of a long listing, as much of the table as fits, and ctrl-c."""

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from fakes.terminals import AtTerminal, at_terminal
from homes import COMMAND
from profiles.conftest import Site

from oidc_helper.emulator.organization import enlarge

DEVELOPMENT = "111122223333"


@pytest.fixture
def held(site: Site) -> Iterator[threading.Event]:
    """One of 42 accounts is not answered until the event is set."""
    enlarge(site.emulator.directory, 40, 1)
    event = threading.Event()
    site.emulator.fault("ListAccountRoles", until=event, parameters={"accountId": DEVELOPMENT})
    yield event
    event.set()


def typed(site: Site, *words: str, columns: int = 100, **variables: str) -> AbstractContextManager[AtTerminal]:
    return at_terminal(
        [COMMAND, "profiles", *words],
        {**site.home.environment, "PAGER": "", **variables},
        columns=columns,
        directory=site.home.path,
        prints_there=True,
    )


@pytest.mark.parametrize("columns", [80, 40])
def test_a_bar_tells_how_many_accounts_are_left(site: Site, held: threading.Event, columns: int) -> None:
    """It is gone when the table comes."""
    with typed(site, columns=columns) as person:
        person.see("accounts", "41/42", "left")
        held.set()
        done = person.ended()

        assert done.returncode == 0
        assert "(development-Admin)" in person.seen
        *rows, _ = person.seen.rpartition("\x1b")[2].splitlines()
        assert max(map(len, rows)) <= columns


def test_columns_that_do_not_fit_are_left_out(site: Site) -> None:
    """The names last: they are there to be copied."""
    with typed(site, columns=40) as person:
        person.ended()

        assert "(development-ReadOnly)" in person.seen
        assert "@example.com" not in person.seen


def test_a_long_table_goes_through_the_pager(site: Site) -> None:
    enlarge(site.emulator.directory, 20, 3)
    with typed(site, PAGER="sed s/^/paged:/") as person:
        person.ended()

        assert "paged:(workload-0020-ReadOnly)" in person.seen


def test_ctrl_c_leaves_both_files_as_they_were(site: Site, held: threading.Event) -> None:
    before = site.files()
    with typed(site, "--write") as person:
        person.see("41/42")
        person.interrupt()

        assert person.ended().returncode == -signal.SIGINT
    assert site.files() == before
