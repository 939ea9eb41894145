"""Each client in an environment of its own, which is kept for the next time."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import platformdirs
from compatibility.clients import Client

VARIABLE = "OIDC_HELPER_COMPATIBILITY"  # names the directory of the environments
PROGRAMS = Path(__file__).with_name("programs")
_GO_SOURCES = Path("/usr/share/gocode")  # where Debian has libraries, which are no modules


class NotInstalled(Exception):  # noqa: N818  a fact, which the table tells
    """A client is not there; the message says what it needs."""


def directory(name: str) -> Path:
    """Where that client is or will be."""
    chosen = os.environ.get(VARIABLE)
    base = Path(chosen) if chosen else platformdirs.user_cache_path("oidc-helper-compatibility")
    return base / re.sub(r"\W+", "-", name).lower()


def is_installed(name: str) -> bool:
    """Whether `install` has come to its end."""
    return (directory(name) / "installed").exists()


def install(name: str, client: Client) -> None:
    """Install it, unless it is there. Raises NotInstalled."""
    if is_installed(name):
        return
    place = directory(name)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        _INSTALL[client.source](place, client.packages)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NotInstalled(f"{' '.join(client.packages)} of {client.source}: {said.strip()}") from error
    (place / "installed").touch()


def packages(name: str) -> Path:
    """Where Python looks for packages in that environment."""
    return next(directory(name).glob("lib/python*/site-packages"), directory(name))


def version(name: str, client: Client) -> str:
    """What the package calls it, or the program itself."""
    if client.version:
        words = [word.format(packages=packages(name)) for word in client.version]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    else:
        said = _VERSION[client.source](directory(name), re.split(r"[=<>]", client.packages[-1])[0])
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else said


def _from_pypi(place: Path, wanted: tuple[str, ...]) -> None:
    _run(sys.executable, "-m", "venv", place)
    _run(place / "bin/python", "-m", "pip", "install", "--quiet", *wanted)


def _from_npm(place: Path, wanted: tuple[str, ...]) -> None:
    _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", place, *wanted)
    for program in PROGRAMS.glob("*.mjs"):
        shutil.copy(program, place)  # from where it finds the packages


def _unpacked(place: Path, wanted: tuple[str, ...]) -> None:
    _run("apt-get", "download", *wanted, cwd=place)
    for package in place.glob("*.deb"):
        _run("dpkg-deb", "-x", package, place)


def _of_the_system(place: Path, wanted: tuple[str, ...]) -> None:
    _run("dpkg", "--status", *wanted)
    if "golang-go" in wanted:
        _run(
            *("go", "build", "-o", place / "with_go", PROGRAMS / "with_go.go"),
            GO111MODULE="off",
            GOPATH=str(_GO_SOURCES),
        )


def _run(*words: str | Path, cwd: Path | None = None, **variables: str) -> None:
    subprocess.run(words, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, check=True)


def _version_of_python(place: Path, package: str) -> str:
    (found,) = metadata.distributions(name=package, path=[str(next(place.glob("lib/python*/site-packages")))])
    return found.version


def _version_of_npm(place: Path, package: str) -> str:
    return (place / "node_modules" / package / "package.json").read_text().partition('"version":')[2]


def _version_of_debian(_place: Path, package: str) -> str:
    words = ["dpkg-query", "--show", "--showformat", "${Version}", package]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _version_of_file(place: Path, package: str) -> str:
    return next(place.glob(f"{package}_*.deb")).name.partition("_")[2]


_INSTALL = {"PyPI": _from_pypi, "npm": _from_npm, "Debian": _of_the_system, "Debian, unpacked": _unpacked}
_VERSION = {
    "PyPI": _version_of_python,
    "npm": _version_of_npm,
    "Debian": _version_of_debian,
    "Debian, unpacked": _version_of_file,
}
