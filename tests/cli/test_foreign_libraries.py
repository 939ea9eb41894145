"""A caller that PyInstaller made, as the AWS CLI 2 is, leaves us a library path that leads into its own bundle."""

import _ctypes
import _ssl
import re
import shutil
import subprocess
import sys
import zlib
from itertools import product
from pathlib import Path
from types import ModuleType

import pytest
from cli.sign_ins import desk
from fakes.places import needs
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="LD_LIBRARY_PATH is for Linux's loader"),
    pytest.mark.usefixtures("whole_processes"),
]
_THEIRS, _MINE = "LD_LIBRARY_PATH", "LD_LIBRARY_PATH_ORIG"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A directory that PyInstaller unpacked."""
    directory = tmp_path / "dist" / "_internal"
    directory.mkdir(parents=True)
    (directory / "base_library.zip").touch()
    return directory


# What the caller has -> what those whom we start have, with {bundle} for its directory.
PATHS = {
    "a bundle": ({_THEIRS: "{bundle}"}, None),
    "a bundle of one file": ({_THEIRS: "/nowhere/_MEIx3Yz0b"}, None),
    "a bundle, and a path from before": ({_THEIRS: "{bundle}:/opt/mine", _MINE: "/opt/mine"}, "/opt/mine"),
    "a bundle that is gone": ({_THEIRS: "/nowhere/_internal", _MINE: "/opt/mine"}, "/opt/mine"),
    "a bundle in a bundle": ({_THEIRS: "/nowhere/_MEIx3Yz0b:{bundle}", _MINE: "{bundle}"}, None),
    "a bundle and another path": ({_THEIRS: "{bundle}:/opt/mine"}, "/opt/mine"),
    "a path of the user's": ({_THEIRS: "/opt/mine:/opt/other"}, "/opt/mine:/opt/other"),
    "nothing": ({}, None),
}


def environment_of(home: Home, bundle: Path, case: str) -> tuple[dict[str, str], str | None]:
    variables, expected = PATHS[case]
    own = {name: value.format(bundle=bundle) for name, value in variables.items()}
    return {**home.environment, **own}, expected


def told(path: Path) -> str | None:
    """The library path that a program noted there."""
    return path.read_text().rstrip("\n") or None


@pytest.mark.parametrize("case", PATHS)
def test_a_command_gets_the_library_path_of_before_the_bundle(
    home: Home, emulator: Emulator, bundle: Path, case: str
) -> None:
    """And so does all else that we start, since it is our own environment then."""
    note = f"printenv {_THEIRS} >noted || : >noted; cat token"
    home.configure(file_config(emulator, identity=f'source = "command"\ncommand = ["/bin/sh", "-c", "{note}"]'))
    home.write_token(emulator.mint("alice@example.com"))
    environment, expected = environment_of(home, bundle, case)

    done = subprocess.run(
        [COMMAND, "get", "analytics"], env=environment, cwd=home.path, capture_output=True, check=True
    )

    assert done.stderr == b""
    assert told(home.path / "noted") == expected


@pytest.mark.parametrize("case", ["a bundle", "a bundle, and a path from before"])
def test_the_browser_gets_the_library_path_of_before_the_bundle(
    home: Home, emulator: Emulator, bundle: Path, case: str
) -> None:
    """It did not start with the libraries of the AWS CLI, and nobody could sign in."""
    alice = desk(home, emulator)
    browser = home.path / "browser"
    browser.write_text(f'#!/bin/sh\nprintenv {_THEIRS} >noted || : >noted\nexec {alice.browser.path} "$@"\n')
    browser.chmod(0o755)
    environment, expected = environment_of(home, bundle, case)

    subprocess.run(
        [COMMAND, "login", "analytics"],
        env={**environment, "BROWSER": str(browser)},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )

    assert told(home.path / "noted") == expected


def libraries_of(module: ModuleType) -> list[str]:
    """The names of the libraries that a module of Python's loads, and the interpreter does not."""
    assert module.__file__

    def loaded(path: str) -> set[str]:
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        return set(re.findall(r"^\s*(\S+) => ", listed, re.MULTILINE))

    return sorted(loaded(module.__file__) - loaded(sys.executable))


@pytest.mark.parametrize("cached", [False, True], ids=["new", "cached"])
@pytest.mark.parametrize(
    ("broken", "case"),
    [
        *product((_ctypes, zlib, _ssl), ("a bundle", "a bundle, and a path from before")),
        *product((_ctypes, zlib), ("a path of the user's",)),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_library_that_python_cannot_use_does_not_keep_credentials_back(
    home: Home, emulator: Emulator, bundle: Path, broken: ModuleType, case: str, *, cached: bool
) -> None:
    """A wrong libffi was a traceback: ctypes could not be imported, and so nothing of ours."""
    needs(bool(getattr(broken, "__file__", "")) and bool(shutil.which("ldd")), "a module that loads libraries, and ldd")
    needs(bool(libraries_of(broken)), "a library that is only the module's")
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    if cached:
        home.get("analytics")
    if case == "a path of the user's":
        (bundle / "base_library.zip").unlink()
    for name in libraries_of(broken):
        (bundle / name).write_text("a library for another machine")

    before = {"a bundle": {}, "a path of the user's": {}, "a bundle, and a path from before": {_MINE: "/opt/mine"}}
    credentials = home.get("analytics", **{_THEIRS: str(bundle)}, **before[case])

    assert credentials["Version"] == 1


def test_a_broken_installation_says_so_and_starts_over_no_more(home: Home, bundle: Path) -> None:
    """Without a library path, there is nothing to blame but the installation."""
    program = "import sys; sys.modules['ctypes'] = None; print('begun', flush=True); from oidc_helper import hotpath"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**home.environment, _THEIRS: str(bundle)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "begun\nbegun\n"
    assert "import of ctypes halted" in done.stderr
