"""On Windows a site's file is an administrator's, tested over a stand-in of the system's calls."""

import ctypes
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import windows

from oidc_helper.machine import exposure

ADMINISTRATORS, ALICE = "S-1-5-32-544", "S-1-5-21-1-2-3-1001"


class System:
    """advapi32 and kernel32: owners by path, and the memory that was handed out and taken back."""

    def __init__(self, owners: dict[str, str]) -> None:
        self.owners = owners
        self.held: dict[int, object] = {}

    def library(self, name: str, **_: object) -> object:
        functions: dict[str, dict[str, Any]] = {  # which take the types of their arguments as attributes
            "advapi32": {
                "GetNamedSecurityInfoW": partial(self.security),
                "ConvertSidToStringSidW": partial(self.text),
            },
            "kernel32": {"LocalFree": partial(self.free)},
        }
        return SimpleNamespace(**functions[name])

    def security(self, path: str, kind: int, what: int, sid: object, *others: object) -> int:
        assert (kind, what) == (1, 1)
        if path not in self.owners:
            return 2  # ERROR_FILE_NOT_FOUND
        descriptor = ctypes.create_unicode_buffer(self.owners[path])
        address = ctypes.addressof(descriptor)
        self.held[address] = descriptor
        sid._obj.value = address  # type: ignore[attr-defined]
        others[-1]._obj.value = address  # type: ignore[attr-defined]
        return 0

    def text(self, sid: ctypes.c_void_p, text: object) -> int:
        copy = ctypes.create_unicode_buffer(ctypes.wstring_at(sid.value or 0))
        self.held[ctypes.addressof(copy)] = copy
        text._obj.value = ctypes.addressof(copy)  # type: ignore[attr-defined]
        return 1

    def free(self, memory: ctypes.c_void_p) -> None:
        self.held.pop(memory.value or 0, None)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """A site's file that an administrator wrote, on Windows."""
    (tmp_path / "config.toml").touch()
    machine = System({str(path): ADMINISTRATORS for path in (tmp_path, tmp_path / "config.toml")})
    machine.owners[sys.executable] = "S-1-5-18"
    windows.installed(monkeypatch)
    monkeypatch.setattr(ctypes, "WinDLL", machine.library, raising=False)
    monkeypatch.setattr(ctypes, "WinError", lambda code: OSError(code, "no such file"), raising=False)
    monkeypatch.setitem(
        sys.modules, "oidc_helper.machine.windows_owners", windows.loaded("oidc_helper.machine.windows_owners")
    )
    return machine


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "config.toml")


def test_a_file_of_the_administrators_is_obeyed(system: System, file: str) -> None:
    assert exposure.unofficial_place(file) is None
    assert system.held == {}, "all memory was given back"


@pytest.mark.parametrize("of", ["the file", "its directory"])
def test_what_a_user_made_below_program_data_is_named_with_its_owner(system: System, file: str, of: str) -> None:
    """Any user may make files there."""
    place = Path(file) if of == "the file" else Path(file).parent
    system.owners[str(place)] = ALICE

    assert exposure.unofficial_place(file) == (place, ALICE)


def test_the_owner_of_the_interpreter_is_trusted(system: System, file: str) -> None:
    """Whoever can change the interpreter can let it do anything."""
    system.owners |= {file: ALICE, sys.executable: ALICE}

    assert exposure.unofficial_place(file) is None


def test_a_file_without_an_owner_that_can_be_told_is_an_error(system: System, file: str) -> None:
    """The system's error says why."""
    del system.owners[file]

    with pytest.raises(OSError, match="no such file"):
        exposure.unofficial_place(file)
    assert system.held == {}
