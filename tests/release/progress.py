"""How far a release has come: kept in the checkout, so that one that stopped goes on with the step that stopped it."""

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

from release import tree
from release.running import Failed, LeftOut


class Progress:
    """The copy that is released, and what the steps that have passed for it said, in their order."""

    def __init__(self, folder: Path, files: str, passed: Mapping[str, str]) -> None:
        """`files`: what `tree.fingerprint` says of the checkout."""
        self._folder = folder
        self._files = files
        self.tree = folder / "tree"
        self.passed = dict(passed)

    def save(self) -> None:
        """Keep it for the next run."""
        _record(self._folder).write_text(json.dumps({"files": self._files, "passed": self.passed}, indent=1))

    def forget(self) -> None:
        """Leave nothing to go on with."""
        shutil.rmtree(self._folder)


def begun(root: Path, folder: Path) -> Progress:
    """Begin anew, with a copy of the checkout that has the version and today's date."""
    shutil.rmtree(folder, ignore_errors=True)
    progress = Progress(folder, tree.fingerprint(root), {})
    tree.copied(root, progress.tree)
    tree.date_release(progress.tree, datetime.now(UTC).date())
    progress.save()
    return progress


def resumed(root: Path, folder: Path) -> Progress:
    """Go on with the last run. Raises Failed where there is none, or where it was one of other files."""
    try:
        kept = json.loads(_record(folder).read_text())
    except FileNotFoundError:
        raise Failed("there is no run to go on with: nox -s release") from None
    if kept["files"] != tree.fingerprint(root):
        raise Failed("files have changed since the steps that passed: nox -s release begins anew")
    return Progress(folder, kept["files"], kept["passed"])


def _record(folder: Path) -> Path:
    return folder / "passed.json"


def go_through(
    steps: Mapping[str, Callable[[], str]], progress: Progress, *, without: Collection[str], command: str
) -> list[str]:
    """Take every step that has not passed yet, and tell what it says; which of them were left out.

    A step builds on all before it, so that none counts as passed after one that was left out. Raises Failed with the
    command that goes on.
    """
    left_out = []
    for name, step in steps.items():
        if name in progress.passed:
            tell(name, f"passed already: {progress.passed[name]}")
            continue
        try:
            said = _as_told() if name in without else step()
        except LeftOut as reason:
            left_out.append(name)
            said = f"LEFT OUT: {reason}"
        except Failed as failure:
            raise Failed(f"{failure}\nthat was the step {name}; once it can pass: {command}") from None
        if not left_out:
            progress.passed[name] = said
            progress.save()
        tell(name, said)
    return left_out


def check_whole(left_out: Collection[str], *, without: Collection[str], command: str) -> None:
    """Raises Failed where a step was left out of which nobody said that it may be."""
    if not set(left_out) <= set(without):
        words = " ".join(f"--without {name}" for name in left_out)
        raise Failed(f"left out: {', '.join(left_out)}, so that there is no tag; to go without: {command} {words}")


def _as_told() -> str:
    raise LeftOut("as --without says")


def tell(name: str, sentence: str) -> None:
    """A line for the maintainer."""
    print(f"{name:9}  {sentence}", flush=True)
