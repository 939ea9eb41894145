"""The ways in which people install the wheel, and what each of them must be able to do at once."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from release.running import Failed, LeftOut, run

_DEBIAN = Path("/usr/bin/python3")


def by_pip(wheel: Path, place: Path) -> Path:
    """Install it with the newest pip; all of these return the command."""
    run(sys.executable, "-m", "venv", place)
    run(place / "bin/python", "-m", "pip", "install", "--quiet", "--upgrade", "pip")
    run(place / "bin/python", "-m", "pip", "install", "--quiet", wheel)
    return place / "bin/oidc-helper"


def by_pipx(wheel: Path, place: Path) -> Path:
    """Likewise pipx."""
    run(
        *(sys.executable, "-m", "pipx", "install", "--python", sys.executable, wheel),
        variables={
            "HOME": str(place),
            "PIPX_HOME": str(place / "pipx"),
            "PIPX_BIN_DIR": str(place / "bin"),
            "PIPX_MAN_DIR": str(place / "man"),
        },
    )
    return place / "bin/oidc-helper"


def by_uv(wheel: Path, place: Path) -> Path:
    """Likewise `uv tool install`."""
    run(
        *(sys.executable, "-m", "uv", "tool", "install", "--quiet", "--python", sys.executable, wheel),
        variables={"HOME": str(place), "UV_TOOL_DIR": str(place / "tools"), "UV_TOOL_BIN_DIR": str(place / "bin")},
    )
    return place / "bin/oidc-helper"


def by_debian(wheel: Path, place: Path) -> Path:
    """Likewise Debian's own Python and pip, which are older. Raises LeftOut on another system."""
    if not Path("/etc/debian_version").exists() or not _DEBIAN.exists():
        raise LeftOut("needs Debian")
    run(_DEBIAN, "-m", "venv", place)
    run(place / "bin/pip", "install", "--quiet", wheel)
    return place / "bin/oidc-helper"


WAYS: dict[str, Callable[[Path, Path], Path]] = {"pip": by_pip, "pipx": by_pipx, "uv": by_uv, "Debian": by_debian}


def smoke_test(command: Path, version: str, home: Path) -> None:
    """Use it for the first time, in a home that is empty and stays so. Raises Failed."""
    home.mkdir()
    first = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "COLUMNS": "80"}
    if (said := run(command, "version", variables=first)) != f"oidc-helper {version}\n":
        raise Failed(f"{command} version: {said}")
    arn = r"arn:aws:sts::\d{12}:assumed-role/"
    if not re.search(arn, said := run(command, "demo", variables=first)):
        raise Failed(f"{command} demo tells no ARN:\n{said}")
    if "oidc-helper-config" not in run(command, "help", "config", variables=first):
        raise Failed(f"{command} help config shows no manual")
    if left := sorted(path.name for path in home.iterdir()):
        raise Failed(f"{command} demo left {', '.join(left)} in the home")


def install_and_try(wheel: Path, version: str, scratch: Path) -> str:
    """Each way in turn; which of them were tried. Raises Failed."""
    told = []
    for name, install in WAYS.items():
        try:
            smoke_test(install(wheel, scratch / name), version, scratch / f"{name}-home")
        except LeftOut as reason:
            told.append(f"not {name}, which {reason}")
        else:
            told.append(name)
            shutil.rmtree(scratch / name)
    return f"works from an empty home, installed by {', '.join(told)}"
