"""The end of another process is noticed, whatever the system has for that."""

import ctypes
import errno
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from fakes import windows

from oidc_helper.machine import ending


@pytest.fixture(params=["by a descriptor", "by looking"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    if request.param == "by looking" and sys.platform == "linux":
        monkeypatch.setattr(os, "pidfd_open", refuse)


@pytest.mark.usefixtures("way")
def test_the_end_of_a_process_is_waited_for() -> None:
    """And not a moment less."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        wait = ending.of(process.pid)
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        process.communicate(b"\n")
        waiting.join()


@pytest.mark.usefixtures("way")
def test_a_process_that_has_ended_before_is_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    ending.of(process.pid)()


def test_a_process_of_another_user_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no descriptor for it, as with a program that becomes root."""
    answers = iter([PermissionError, PermissionError, ProcessLookupError])

    def kill(process: int, number: int) -> None:
        assert (process, number) == (4711, 0)
        raise next(answers)

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(ending, "_PAUSE_S", 0)
    monkeypatch.setattr(os, "pidfd_open", lambda _: (_ for _ in ()).throw(OSError), raising=False)
    ending.of(4711)()

    assert list(answers) == []


def test_on_windows_the_system_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in of kernel32: the right to wait alone, and no end to it."""
    calls: list[tuple[object, ...]] = []

    class Call:
        def __init__(self, result: int) -> None:
            self.result = result

        def __call__(self, *words: object) -> int:
            calls.append(words)
            return self.result

    library = SimpleNamespace(OpenProcess=Call(42), WaitForSingleObject=Call(0))
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": library}.__getitem__, raising=False)
    windows.installed(monkeypatch)
    windows.loaded("oidc_helper.machine.ending").of(4711)()

    assert calls == [(0x10_0000, 0, 4711), (42, 0xFFFF_FFFF)]
