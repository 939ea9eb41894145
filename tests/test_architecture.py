"""The code keeps to the layout: each room imports only from rooms below it, and each library has its one door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import oidc_helper

ROOT = Path(oidc_helper.__file__).parent

# From the top down: a room imports only from rooms in lines below its own.
ROOMS = """
    __main__
    hotpath
    cli                                             the command line fetches;
    setup
    configure
    create_token_with_iam doctor emulator profiles
    manual serve
    fetch                                           a fetch asks
    aws sign_in                                     a sign-in and AWS
    identity oidc                                   and an identity;
    store                                           the store keeps;
    settings                                        settings say;
    person handover                                 a person is asked, a program is given variables;
    machine                                         the machine carries.
    names
    errors kernel paths record words                the common language, and what a hit needs
    redaction
    __init__
"""
FLOOR = {room: number for number, line in enumerate(ROOMS.splitlines()) for room in line[:52].split()}
# Library -> the rooms that may import it.
DOORS = {
    "keyring": {"store", "emulator"},
    "jeepney": {"store"},
    "secretstorage": set(),
    "boto3": set(),
    "botocore": {"aws", "create_token_with_iam", "emulator"},
    "authlib": {"oidc"},
    "certifi": {"machine"},
    "configupdater": {"settings"},
    "cryptography": {"emulator"},
    "httptools": set(),
    "httpx2": {"oidc"},
    "joserfc": {"emulator", "oidc"},
    "prometheus_client": {"serve"},
    "prompt_toolkit": {"person"},
    "rich": {"cli"},
    "ruamel": {"create_token_with_iam"},
    "shtab": {"cli"},
    "socksio": {"machine"},
    "tomlkit": {"settings"},
    "truststore": {"machine"},
    "uvicorn": {"serve"},
    "urllib3": {"aws", "machine", "oidc"},
}


def imports() -> Iterator[tuple[str, str, str]]:
    """Every import: the room, the file in it, and the dotted name that is imported."""
    for path in sorted(ROOT.rglob("*.py")):
        file = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((Path(file.parts[0]).stem, str(file), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} has a relative import"
                yield from (
                    (Path(file.parts[0]).stem, str(file), f"{node.module}.{alias.name}") for alias in node.names
                )


def room_of(name: str) -> str:
    """The room that a dotted name of ours leads to."""
    second = name.split(".")[1:2]
    return second[0] if second and second[0] in FLOOR else "__init__"


IMPORTS = list(imports())
ARROWS = [(room, room_of(name), file) for room, file, name in IMPORTS if name.split(".")[0] == "oidc_helper"]


def test_the_table_has_every_room() -> None:
    """A new room must say where it stands."""
    rooms = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert rooms == set(FLOOR)


def test_arrows_run_downward() -> None:
    """No room imports from one that stands above it or beside it."""
    upward = [
        f"{file} imports {other}" for room, other, file in ARROWS if room != other and FLOOR[other] <= FLOOR[room]
    ]

    assert upward == []


def test_rooms_form_no_circle() -> None:
    """The order implies it; this holds whatever becomes of the order."""
    rooms = TopologicalSorter[str]()
    for room, other, _ in ARROWS:
        if room != other:
            rooms.add(room, other)

    rooms.prepare()  # raises CycleError


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library: str) -> None:
    """A library that costs time or holds secrets is imported where the layout says."""
    importers = {room for room, _, name in IMPORTS if name.split(".")[0] == library}

    assert importers <= DOORS[library]


def test_a_fetch_loads_nothing_for_a_sign_in() -> None:
    """Modules that only a sign-in needs cost 100 ms, and most fetches ask no person."""
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
    """Code that runs against AWS cannot come to depend on its stand-in."""
    assert {room for room, other, _ in ARROWS if other == "emulator"} <= {"cli", "emulator"}
