"""The code keeps to the layout: arrows run downward only, and each library has its one door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import oidc_helper

ROOT = Path(oidc_helper.__file__).parent

# From the top down: a room imports only what stands in a line below its own, or itself.
ROOMS = (
    {"__main__"},
    {"hotpath"},  # a hit is answered; all else goes to the command line
    {"cli"},  # the command line fetches,
    {"create_token_with_iam", "emulator"},
    {"fetch"},  # a fetch asks
    {"aws", "sign_in"},  # a sign-in and AWS,
    {"identity", "oidc"},  # and an identity;
    {"store"},  # the store keeps;
    {"settings"},  # settings say;
    {"person"},  # a person is asked;
    {"machine"},  # the machine carries.
    {"names"},
    {"errors", "kernel", "paths", "record", "redaction", "words"},  # the common language, and what a hit needs
    {""},
)
# Library -> the rooms that may import it.
DOORS = {
    "keyring": {"store", "emulator"},
    "jeepney": {"store"},
    "secretstorage": set(),
    "boto3": set(),
    "botocore": {"aws", "create_token_with_iam", "emulator"},
    "authlib": {"oidc"},
    "configupdater": {"settings"},
    "httpx2": {"oidc"},
    "id": {"identity"},
    "joserfc": {"emulator", "oidc"},
    "rich": {"cli"},
    "ruamel": {"create_token_with_iam"},
    "tomlkit": {"settings"},
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    """The package or module directly below ours."""
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor(room: str) -> int:
    return next(number for number, rooms in enumerate(ROOMS) if room in rooms)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_run_downward(path: Path) -> None:
    """Nothing imports what stands above it."""
    for name in imported(path):
        words = name.split(".")
        if words[0] != "oidc_helper":
            continue
        known = words[1] if len(words) > 1 and any(words[1] in line for line in ROOMS) else ""
        assert known == room_of(path) or floor(known) > floor(room_of(path)), f"{path.name} imports {name}"


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    """A library that costs time or holds secrets is imported where the layout says."""
    importers = {room_of(path) for path in modules() for name in imported(path) if name.split(".")[0] == library}

    assert importers <= DOORS[library]


def test_a_fetch_loads_nothing_for_a_sign_in() -> None:
    """What costs 100 ms and serves a person only is loaded when there is one: most fetches have none."""
    words = "import sys, oidc_helper.cli.credentials, oidc_helper.aws.client; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.split()
    )

    assert "oidc_helper.fetch.proofs" in loaded
    assert loaded.isdisjoint(
        {
            *("authlib", "asyncio", "h11", "httpx2", "joserfc", "keyring"),
            *("oidc_helper.cli.session", "oidc_helper.cli.status", "oidc_helper.person.browser"),
        }
    )


def test_only_the_command_line_knows_the_emulator() -> None:
    """What runs against AWS cannot come to depend on its stand-in."""
    importers = {
        room_of(path) for path in modules() for name in imported(path) if name.startswith("oidc_helper.emulator")
    }

    assert importers <= {"cli", "emulator"}
