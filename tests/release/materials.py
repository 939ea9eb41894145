"""What an installation brings: pinned by hash, in a bill of materials, and searched for known vulnerabilities."""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from release.running import Failed, LeftOut, run, tried


def lock(tree: Path, to: Path, scratch: Path) -> None:
    """Write a lock file (PEP 751) of the newest versions, with the hashes of wheels and source distributions."""
    run(
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--format", "pylock.toml"),
        *("--python-version", "3.11", "--no-header", "--output-file", to, tree / "pyproject.toml"),
        variables={"HOME": str(scratch)},
    )


def requirements(lock_file: Path, name: str, version: str, sums: Mapping[str, str]) -> str:
    """The same for `pip install --require-hashes`, and at its end the program itself."""
    rows = [_requirement(one) for one in tomllib.loads(lock_file.read_text())["packages"]]
    rows.append(_pinned(f"{name}=={version}", sums.values()))
    return "".join(f"{row}\n" for row in rows)


def _requirement(package: Mapping[str, Any]) -> str:
    marker = f" ; {package['marker']}" if "marker" in package else ""
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    return _pinned(f"{package['name']}=={package['version']}{marker}", (one["hashes"]["sha256"] for one in files))


def _pinned(requirement: str, digests: Iterable[str]) -> str:
    return " \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in digests)])


def audit(lock_file: Path, scratch: Path) -> str:
    """Ask which versions have known vulnerabilities. Raises Failed where one has, LeftOut without a network."""
    listed = scratch / "audited.txt"
    packages = tomllib.loads(lock_file.read_text())["packages"]
    listed.write_text("".join(f"{one['name']}=={one['version']}\n" for one in packages))
    done = tried(
        *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
        *("--disable-pip", "--no-deps", "--requirement", listed),
        variables={"HOME": str(scratch)},
    )
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise LeftOut(f"pip-audit fails: {reason[:200]}") from None
    return judged(answer, len(packages))


def judged(answer: Mapping[str, Any], expected: int) -> str:
    """What pip-audit found. Raises Failed, also where it looked at some and not at all; LeftOut where at none."""
    looked_at = [one for one in answer["dependencies"] if "skip_reason" not in one]
    if found := [f"{one['name']} {one['version']}: {v['id']}" for one in looked_at for v in one["vulns"]]:
        raise Failed("\n".join(["known vulnerabilities:", *found]))
    if not looked_at:
        raise LeftOut("pip-audit finds nobody here who knows vulnerabilities, so that nothing was looked at")
    if len(looked_at) != expected:
        raise Failed(f"pip-audit looked at {len(looked_at)} of {expected} packages")
    return f"{expected} packages, none with a known vulnerability"


def bill(python: Path, tree: Path, to: Path) -> None:
    """A bill of materials of an environment (CycloneDX), the same for the same environment."""
    run(
        *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--output-format", "JSON"),
        *("--pyproject", tree / "pyproject.toml", "--output-file", to, python),
    )
