"""The wheel and the source distribution, which are the same bytes wherever, whenever and by whom they are built."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from release import tree
from release.running import Failed, run


def build_twice(source: Path, scratch: Path, dist: Path) -> dict[str, str]:
    """Build in two places, with another umask and zone, the wheel once from the source distribution.

    The checksums of the files in `dist`, by their names. Raises Failed where the two builds differ.
    """
    one, other = scratch / "one", scratch / "another-place/other"
    _build(source, one)
    _build(source, other, "--sdist", "--wheel", umask=0o077, variables={"TZ": "Asia/Kathmandu", "LC_ALL": "C"})
    sums, again = sums_in(one), sums_in(other)
    if sums != again:
        raise Failed(differences(sums, again))
    for name in sums:
        (dist / name).write_bytes((one / name).read_bytes())
    return sums


def _build(
    source: Path, to: Path, *options: str, umask: int = 0o022, variables: Mapping[str, str] = MappingProxyType({})
) -> None:
    copy = tree.duplicated(source, to.parent / f"{to.name}-tree", umask=umask)
    # Without isolation: hatchling, whose version stands in the wheel, is that of the group `release`.
    words = [sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", str(to), str(copy)]
    run(*words, umask=umask, variables={"HOME": str(to.parent), **variables})


def sums_in(folder: Path) -> dict[str, str]:
    """SHA-256 of each wheel and source distribution, in hexadecimal digits."""
    paths = sorted((*folder.glob("*.tar.gz"), *folder.glob("*.whl")))
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Which files are others."""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    return f"built twice, and not the same: {', '.join(names)}"
