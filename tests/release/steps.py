"""The steps of a release, from the tests to the image."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from release import distributions, images, installers, materials, packages, tree
from release.running import Failed, run

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"


class Release:
    """The steps, in order; each returns a sentence for the maintainer, or raises Failed or LeftOut."""

    def __init__(self, source: Path, scratch: Path, url: str | None) -> None:
        """`source`: the copy that is released, which has its date; `url`: where its files will be downloaded from."""
        self.section = tree.newest_section((source / tree.CHANGELOG).read_text())
        self.tree = source
        self.scratch = scratch
        self.url = url or DIST.as_uri()
        self.lock_file = DIST / "pylock.oidc-helper.toml"

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
        shutil.rmtree(DIST, ignore_errors=True)
        DIST.mkdir()
        distributions.build_twice(self.tree, self.scratch, DIST)
        return f"twice the same: {', '.join(self.sums)}"

    def install(self) -> str:
        """As people do."""
        return installers.install_and_try(self.wheel, self.section.version, self.scratch)

    def lock(self) -> str:
        """Lock file, requirements with hashes, and bill of materials."""
        name, version = "oidc-helper", self.section.version
        materials.lock(self.tree, self.lock_file, self.scratch)
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
        assert self.section.on
        subject = packages.Subject(project, self.section.version, self.section.on, changes, url, self.sums[source])
        (DIST / "oidc-helper.rb").write_text(packages.formula(subject, self.lock_file))
        packages.write_debian(subject, DIST / "debian")
        return "oidc-helper.rb for Homebrew, debian/ for Debian"

    def image(self) -> str:
        """The container of `serve`."""
        return images.build(self.tree, self.wheel, self.section.version)

    @property
    def steps(self) -> dict[str, Callable[[], str]]:
        """In their order, by their names."""
        return {
            step.__name__: step
            for step in (
                *(self.tests, self.oldest, self.speed),
                *(self.build, self.install, self.lock, self.audit, self.package, self.image),
            )
        }

    @property
    def sums(self) -> dict[str, str]:
        """The checksums of what is released, by the names of the files. Raises Failed where they are gone."""
        sums = distributions.sums_in(DIST)
        if not sums:
            raise Failed(f"there is nothing in {DIST.name} any more: nox -s release")
        return sums

    @property
    def wheel(self) -> Path:
        """The wheel that is released."""
        return DIST / next(name for name in self.sums if name.endswith(".whl"))

    def _shown(self, module: str, *words: str, python: str = sys.executable) -> None:
        done = subprocess.run([python, *module.split(), *words], cwd=ROOT, check=False)
        if done.returncode:
            raise Failed(f"{module.removeprefix('-m ')} failed")
