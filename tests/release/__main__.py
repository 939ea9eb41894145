"""`nox -s release`: everything from the changelog to the tag; what is left is to push it."""

import argparse
import sys
import tempfile
from pathlib import Path

from release import distributions, progress, tree
from release.progress import tell
from release.running import Failed
from release.steps import ROOT, Release

KEPT = ROOT / ".release"
LONG = ("tests", "oldest", "speed")
NOT_EVERYWHERE = ("audit", "image")


def main() -> None:
    options = _arguments()
    try:
        with tempfile.TemporaryDirectory(prefix="release-") as scratch:
            if options.again:
                _compare(Path(scratch))
            else:
                _release(Path(scratch), options)
    except Failed as failure:
        sys.exit(f"release: {failure}")


def _release(scratch: Path, options: argparse.Namespace) -> None:
    """All steps, and then the commit and its tag. Raises Failed."""
    if not options.rehearse:
        tree.check_order(tree.newest_section((ROOT / tree.CHANGELOG).read_text()), tree.git(ROOT, "tag"))
        tree.check_clean(ROOT)
    way = (progress.resumed if options.go_on else progress.begun)(ROOT, KEPT)
    release = Release(way.tree, scratch, options.url)
    command = f"nox -s release -- {'--rehearse ' if options.rehearse else ''}--go-on"
    left_out = progress.go_through(release.steps, way, without=options.without, command=command)
    version, tag = release.section.version, release.section.tag
    if options.rehearse:
        if left_out:
            tell("left out", f"{', '.join(left_out)}; where that can be done: {command}")
        tell("rehearsed", f"{version}; nothing is committed, the files are in dist")
        return
    progress.check_whole(left_out, without=options.without, command=command)
    tree.land(ROOT, release.tree, release.section, release.sums)
    way.forget()
    tell("tagged", f"{tag}; look at it, then: git push --atomic origin HEAD {tag}")


def _compare(scratch: Path) -> None:
    """Build what a tag released, and compare it with the checksums that the tag names. Raises Failed."""
    release = Release(tree.copied(ROOT, scratch / "tree"), scratch, None)
    release.build()
    tag = release.section.tag
    expected = tree.sums_of(tree.git(ROOT, "tag", "--list", "--format=%(contents)", tag))
    if release.sums != expected:
        raise Failed(distributions.differences(expected, release.sums))
    tell("again", f"the same bytes as {tag}: {', '.join(expected)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--rehearse", action="store_true", help="all steps, without the commit and the tag")
    way.add_argument("--again", action="store_true", help="build a released version again, and compare the checksums")
    parser.add_argument(
        "--go-on", action="store_true", help="go on with the step that stopped the last run, or that it left out"
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[*LONG, *NOT_EVERYWHERE],
        help=f"leave out a step; a release, other than a rehearsal, only {' or '.join(NOT_EVERYWHERE)}",
    )
    parser.add_argument("--url", help="where the files of dist will be downloaded from, for the formula of Homebrew")
    options = parser.parse_args()
    if not options.rehearse and (wrong := set(options.without) - set(NOT_EVERYWHERE)):
        parser.error(f"a release does not go without {' and '.join(sorted(wrong))}: that is for --rehearse")
    return options


main()
