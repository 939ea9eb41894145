"""What is released: a copy of the tracked files with version and date, which the checkout gets when all is well."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from release.running import Failed

CHANGELOG, PACKAGE, RATIOS = "CHANGELOG.md", "oidc_helper/__init__.py", "tests/benchmarks/released.json"
_CHANGED = (CHANGELOG, PACKAGE, RATIOS)
_SECTION = re.compile(r"^## (\S+) — (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """The newest section of the changelog: `on` is None until its version is released."""

    version: str
    on: date | None
    text: str

    @property
    def tag(self) -> str:
        """The name of its tag in git."""
        return f"v{self.version}"


def newest_section(changelog: str) -> Section:
    """Raises Failed where a maintainer has to write one."""
    found = _SECTION.search(changelog)
    if found is None:
        raise Failed(f"{CHANGELOG} has no section such as: ## 1.0.0 — unreleased")
    version, on, text = found[1], found[2], found[3].strip()
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Failed(f"{version} in {CHANGELOG} is no version such as 1.0.0")
    if not text.startswith("- "):
        raise Failed(f"the section of {version} in {CHANGELOG} says nothing")
    try:
        return Section(version, None if on == "unreleased" else date.fromisoformat(on), text)
    except ValueError:
        raise Failed(f"{on} in {CHANGELOG} is neither a date nor: unreleased") from None


def git(root: Path, *words: str, given: str | None = None) -> str:
    """What git answers. Raises Failed."""
    done = subprocess.run(["git", *words], cwd=root, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def check_order(section: Section, tags: str) -> None:
    """Raises Failed unless the version is newer than every tag, and not yet released."""
    if section.on:
        raise Failed(f"{section.version} is released; begin the next section of {CHANGELOG}: ## 1.0.0 — unreleased")
    numbers = [tuple(map(int, found)) for found in re.findall(r"^v(\d+)\.(\d+)\.(\d+)$", tags, re.MULTILINE)]
    if numbers and max(numbers) >= tuple(map(int, section.version.split("."))):
        newest = ".".join(map(str, max(numbers)))
        raise Failed(f"{section.version} in {CHANGELOG} is not newer than {newest}, which has a tag")


def check_clean(root: Path) -> None:
    """Raises Failed where the commit would hold more than the release."""
    if changed := git(root, "status", "--porcelain", "--untracked-files=no").strip():
        raise Failed(f"there are changes that are not committed:\n{changed}")


def copied(root: Path, to: Path) -> Path:
    """Copy the tracked files, and nothing else that lies about."""
    for name in _tracked(root):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, to / name)
    return to


def fingerprint(root: Path) -> str:
    """What is another one when a tracked file is."""
    whole = hashlib.sha256()
    for name in _tracked(root):
        path = root / name
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{name}\0{path.stat().st_mode:o} {digest}\n".encode())
    return whole.hexdigest()


def _tracked(root: Path) -> list[str]:
    return [name for name in git(root, "ls-files", "-z").split("\0") if name and (root / name).is_file()]


def duplicated(tree: Path, to: Path, *, umask: int) -> Path:
    """A second copy, with the modes that a checkout under that umask has."""
    shutil.copytree(tree, to)
    for path in (to, *to.rglob("*")):
        runs = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod((0o777 if runs else 0o666) & ~umask)
    return to


def date_release(tree: Path, on: date) -> None:
    """Write the version into the package, and the date into the changelog if it has none yet."""
    changelog, package = tree / CHANGELOG, tree / PACKAGE
    section = newest_section(changelog.read_text())
    if section.on:
        return
    heading = f"## {section.version} — "
    changelog.write_text(changelog.read_text().replace(f"{heading}unreleased\n", f"{heading}{on}\n", 1))
    package.write_text(
        re.sub(r'^__version__ = ".*"$', f'__version__ = "{section.version}"', package.read_text(), flags=re.MULTILINE)
    )


def land(root: Path, tree: Path, section: Section, sums: Mapping[str, str]) -> None:
    """Commit what was released, and tag it with the changes and the checksums. Raises Failed."""
    for name in _CHANGED:
        if (tree / name).exists():
            shutil.copyfile(tree / name, root / name)
            git(root, "add", "--", name)
    git(root, "commit", "--allow-empty", "--message", f"Release {section.version}")
    lines = [f"{digest}  {name}" for name, digest in sums.items()]
    message = "\n".join([f"oidc-helper {section.version}", "", section.text, "", *lines, ""])
    git(root, "tag", "--annotate", "--cleanup=verbatim", "--file=-", section.tag, given=message)


def sums_of(message: str) -> dict[str, str]:
    """The checksums in the message of a tag, by the names of their files."""
    return {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", message, re.MULTILINE)}
