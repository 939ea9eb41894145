"""The installation to measure: this environment, or the wheel as pip or uv installs it for a user."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.launcher import Failed
from homes import COMMAND

_ROOT = Path(__file__).parents[2]
_VARIABLES = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")


@dataclass(frozen=True)
class Installation:
    """A command, and the interpreter of its environment, with which its time is compared."""

    command: Path
    python: Path


HERE = Installation(COMMAND, Path(sys.executable))


def wheel(directory: Path) -> Installation:
    """Build the wheel and install it into a fresh environment by the latest pip: the scripts of old ones import re."""
    environment = directory / "environment"
    _run(sys.executable, "-m", "venv", environment)
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip")
    _run(python, "-m", "pip", "install", "--quiet", _built(directory))
    return Installation(environment / "bin" / "oidc-helper", python)


def uv(directory: Path) -> Installation:
    """Build the wheel and install it with `uv tool install`."""
    tools, commands = directory / "tools", directory / "commands"
    _run(
        *(sys.executable, "-m", "uv", "tool", "install", "--quiet", "--python", sys.executable, _built(directory)),
        UV_TOOL_DIR=str(tools),
        UV_TOOL_BIN_DIR=str(commands),
    )
    return Installation(commands / "oidc-helper", tools / "oidc-helper" / "bin" / "python")


WAYS = {"here": lambda _directory: HERE, "wheel": wheel, "uv": uv}


def _built(directory: Path) -> Path:
    _run(sys.executable, "-m", "build", "--wheel", "--outdir", directory / "dist", _ROOT)
    (built,) = (directory / "dist").glob("*.whl")
    return built


def _run(*words: str | Path, **variables: str) -> None:
    """Raises Failed; the packages build and uv are in the group `benchmarks`."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    done = subprocess.run(words, env={**kept, **variables}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(map(str, words))}: {done.stderr}")
