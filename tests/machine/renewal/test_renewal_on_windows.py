"""Renewal as Windows does it, over stand-ins of the calls that this system lacks."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fakes import windows

from oidc_helper.machine import private_files

Started = list[tuple[list[str], dict[str, Any]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> Started:
    """The processes that were started on Windows: their words, and how."""
    windows.installed(monkeypatch)
    calls: Started = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: calls.append((words, how)))
    return calls


@pytest.fixture
def renewal(monkeypatch: pytest.MonkeyPatch, started: Started) -> ModuleType:
    module = windows.loaded("oidc_helper.machine.renewal")
    monkeypatch.setattr(module, "flock", windows.loaded("oidc_helper.machine.flock"))
    return module


def test_windows_starts_one_detached_process(renewal: ModuleType, started: Started) -> None:
    """It holds none of the caller's streams and no console, and a second call starts none."""
    renewal.start("analytics")
    renewal.start("analytics")

    ((words, how),) = started
    assert words == [sys.executable, "-E", "-P", "-m", "oidc_helper", "get", "--ahead", "analytics"]
    assert (how["stdin"], how["stdout"], how["stderr"]) == (subprocess.DEVNULL,) * 3
    assert how["creationflags"] == windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP


def test_windows_starts_another_one_half_a_minute_later(renewal: ModuleType, started: Started) -> None:
    """What was started failed perhaps, and the credentials are still due."""
    renewal.start("analytics")
    (file,) = private_files.directory("renewals").iterdir()
    os.utime(file, (time.time() - 31,) * 2)

    renewal.start("analytics")

    assert len(started) == 2
    assert file.read_bytes() == b"x"


def test_windows_starts_none_while_another_call_is_at_it(renewal: ModuleType, started: Started) -> None:
    """Two calls at the same moment: one renews."""
    renewal.start("analytics")
    (file,) = private_files.directory("renewals").iterdir()
    os.utime(file, (time.time() - 31,) * 2)
    with file.open("r+b") as opened:
        assert renewal.flock.try_exclusive(opened.fileno())

        renewal.start("analytics")

        assert len(started) == 1


def test_windows_answers_where_nothing_can_be_started(
    renewal: ModuleType, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed start costs nobody an answer."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(8, "Not enough memory")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    renewal.start("analytics")

    assert started == []
