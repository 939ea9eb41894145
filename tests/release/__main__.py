"""`nox -s release`: everything from the changelog to the tag; what is left is to push it."""

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from release import distributions, images, installers, materials, packages, tree
from release.running import Failed, LeftOut, run
from release.tree import Section

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"


class Release:
    """The steps, in order; each returns a sentence for the maintainer, or raises Failed or LeftOut."""

    def __init__(self, section: Section, scratch: Path, url: str | None) -> None:
        self.section = section
        self.on = section.on or datetime.now(UTC).date()
        self.scratch = scratch
        self.url = url or DIST.as_uri()
        self.tree = tree.copied(ROOT, scratch / "tree")
        self.sums: dict[str, str] = {}
        self.lock_file = DIST / "pylock.oidc-helper.toml"
        if section.on is None:
            tree.date_release(self.tree, section, self.on)

    def tests(self) -> str:
        """The linters, and the quick loop."""
        for words in (
            ["ruff", "check", "."],
            ["ruff", "format", "--check", "."],
            ["mypy"],
            ["pytest", "-m", "not slow"],
        ):
            self._shown(f"-m {words[0]}", *words[1:])
        return "linters and quick tests pass"

    def oldest(self) -> str:
        """The quick loop with the lowest version of each dependency."""
        python = self.scratch / "oldest/bin/python"
        run(sys.executable, "-m", "venv", self.scratch / "oldest")
        groups = ["--group", f"{self.tree / 'pyproject.toml'}:test"]
        words = [
            "install",
            "--quiet",
            "--python",
            str(python),
            "--resolution",
            "lowest-direct",
            str(self.tree),
            *groups,
        ]
        run(sys.executable, "-m", "uv", "pip", *words, variables={"HOME": str(self.scratch)})
        self._shown("-m pytest", "-m", "not slow", python=str(python))
        return "quick tests pass with every dependency at its lower bound"

    def speed(self) -> str:
        """The benchmarks, a second time where a figure is bad: a busy machine makes ratios jump."""
        released, ratios = self.tree / tree.RATIOS, self.scratch / "ratios.json"
        options = ["--check", "--ratios", str(ratios), *(["--against", str(released)] if released.exists() else [])]
        try:
            self._shown("-m benchmarks", *options)
        except Failed:
            print("benchmarks: once more, since believed when bad twice", flush=True)
            self._shown("-m benchmarks", *options)
        against = "within a tenth of the last release" if released.exists() else "the first figures to compare with"
        shutil.copyfile(ratios, released)
        return f"every figure within its limit, {against}"

    def build(self) -> str:
        """Wheel and source distribution, twice."""
        self.sums = distributions.build_twice(self.tree, self.scratch, DIST)
        return f"twice the same: {', '.join(self.sums)}"

    def install(self) -> str:
        """As people do."""
        return installers.install_and_try(self.wheel, self.section.version, self.scratch)

    def lock(self) -> str:
        """Lock file, requirements with hashes, and bill of materials."""
        name, version = "oidc-helper", self.section.version
        materials.lock(self.tree, self.lock_file)
        pinned = DIST / f"{name}-{version}-requirements.txt"
        pinned.write_text(materials.requirements(self.lock_file, name, version, self.sums))
        python = self.scratch / "pinned/bin/python"
        run(sys.executable, "-m", "venv", self.scratch / "pinned")
        run(python, "-m", "pip", "install", "--quiet", "--upgrade", "pip")
        run(
            python, "-m", "pip", "install", "--quiet", "--require-hashes", "--find-links", DIST, "--requirement", pinned
        )
        bill = DIST / f"{name}-{version}.cdx.json"
        materials.bill(python, self.tree, bill)
        return f"{self.lock_file.name}, {pinned.name} (installed by its hashes), {bill.name}"

    def audit(self) -> str:
        """Known vulnerabilities."""
        return materials.audit(self.lock_file, self.scratch)

    def package(self) -> str:
        """Homebrew and Debian."""
        (source,) = (name for name in self.sums if name.endswith(".tar.gz"))
        project = tomllib.loads((self.tree / "pyproject.toml").read_text())["project"]
        url = f"{self.url}/{source}"
        changes = self.section.text
        subject = packages.Subject(project, self.section.version, self.on, changes, url, self.sums[source])
        (DIST / "oidc-helper.rb").write_text(packages.formula(subject, self.lock_file))
        packages.write_debian(subject, DIST / "debian")
        return "oidc-helper.rb for Homebrew, debian/ for Debian"

    def image(self) -> str:
        """The container of `serve`."""
        return images.build(self.tree, self.wheel, self.section.version)

    @property
    def wheel(self) -> Path:
        """The wheel that is released."""
        return DIST / next(name for name in self.sums if name.endswith(".whl"))

    def _shown(self, module: str, *words: str, python: str = sys.executable) -> None:
        done = subprocess.run([python, *module.split(), *words], cwd=ROOT, check=False)
        if done.returncode:
            raise Failed(f"{module.removeprefix('-m ')} failed")


STEPS: dict[str, Callable[[Release], str]] = {
    name: getattr(Release, name)
    for name in ("tests", "oldest", "speed", "build", "install", "lock", "audit", "package", "image")
}


def main() -> None:
    options = _arguments()
    try:
        section = tree.newest_section((ROOT / tree.CHANGELOG).read_text())
        if not options.rehearse and not options.again:
            tree.check_order(section, tree.git(ROOT, "tag"))
            tree.check_clean(ROOT)
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.mkdir()
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            release = Release(section, Path(scratch), options.url)
            if options.again:
                _compare(release)
            else:
                _go_through(release, rehearse=options.rehearse, without=options.without)
    except Failed as failure:
        sys.exit(f"release: {failure}")


def _go_through(release: Release, *, rehearse: bool, without: list[str]) -> None:
    """All steps, and then the commit and its tag. Raises Failed."""
    for name, step in STEPS.items():
        if name in without:
            continue
        try:
            _tell(name, step(release))
        except LeftOut as reason:
            _tell(name, f"LEFT OUT: {reason}")
    if rehearse:
        _tell("rehearsed", f"{release.section.version}; nothing is committed, the files are in dist")
        return
    tree.land(ROOT, release.tree, release.section, release.sums)
    _tell("tagged", f"{release.section.tag}; look at it, then: git push --atomic origin HEAD {release.section.tag}")


def _compare(release: Release) -> None:
    """Build what a tag released, and compare it with the checksums that the tag names. Raises Failed."""
    release.build()
    expected = tree.sums_of(tree.git(ROOT, "tag", "--list", "--format=%(contents)", release.section.tag))
    if release.sums != expected:
        raise Failed(distributions.differences(expected, release.sums))
    _tell("again", f"the same bytes as {release.section.tag}: {', '.join(expected)}")


def _tell(name: str, sentence: str) -> None:
    print(f"{name:9}  {sentence}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--rehearse", action="store_true", help="all steps, without the commit and the tag")
    way.add_argument("--again", action="store_true", help="build a released version again, and compare the checksums")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=["tests", "oldest", "speed", "image"],
        help="leave out in a rehearsal",
    )
    parser.add_argument("--url", help="where the files of dist will be downloaded from, for the formula of Homebrew")
    options = parser.parse_args()
    if options.without and not options.rehearse:
        parser.error("--without is for a rehearsal: a release leaves out nothing")
    return options


main()
