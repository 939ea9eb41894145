"""`help` and `version`: how a command is used, the pages of the manual, and the version."""

import argparse
import shutil
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from oidc_helper import __version__
from oidc_helper.cli import arguments, streams
from oidc_helper.errors import WrongSettings
from oidc_helper.manual import mdoc
from oidc_helper.manual.pages import PAGES, page_on, short_names
from oidc_helper.person import pager
from oidc_helper.words import did_you_mean, listed, shown

TOPICS = [*dict.fromkeys([*(command.name for command in arguments.COMMANDS), *PAGES])]
# In fewer than 50 columns, groff never finishes the first line of a page of section 7.
_LEAST_FOR_MAN = 60


def show(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the help of a command, or of the whole program; or show a page of the manual."""
    topic = " ".join(options.topic)
    if " " in topic:
        return _explain(topic, answer)
    if topic in PAGES:
        page = page_on(topic)
        if not _man_shows(page, answer):
            _show(page, answer)
        return 0
    if topic and topic not in TOPICS:
        raise WrongSettings(
            f"there is no help on {shown(topic, 40)}{did_you_mean(topic, TOPICS)}",
            f"name a command, {listed(short_names())}; for all commands: oidc-helper help",
        )
    words = [topic] if topic else []
    with redirect_stdout(answer), suppress(SystemExit):
        arguments.parser().parse_args([*words, "--help"])
    return 0


def _explain(message: str, answer: TextIO) -> int:
    """Show the cause and the remedy of a message. Raises WrongSettings."""
    from oidc_helper.manual import errors

    rows = errors.explained(message)
    if not rows:
        raise WrongSettings(f"there is no help on {shown(message, 80)}", "for all messages: oidc-helper help errors")
    answer.write(mdoc.render("\n".join(errors.source_of(rows[0])), _columns(answer)))
    return 0


def version(_options: argparse.Namespace, answer: TextIO) -> int:
    """Print the version."""
    answer.write(f"oidc-helper {__version__}\n")
    return 0


def _man_shows(page: Path, answer: TextIO) -> bool:
    """Let man show the page, by its path, so that it is the page of this version. Returns whether it did."""
    man = shutil.which("man")
    if not man or _is_stub(man) or _columns(answer) < _LEAST_FOR_MAN:
        return False
    try:
        return pager.run([man, str(page)], answer) <= 0  # a signal comes from a person who has seen enough
    except OSError:
        return False


def _is_stub(man: str) -> bool:
    """Whether it is the script of minimal Ubuntu images, which only says how to install man, and succeeds."""
    with suppress(OSError), Path(man).open("rb") as program:
        return b"unminimize" in program.read(4_096)
    return False


def _show(page: Path, answer: TextIO) -> None:
    """Show the page as text, through a pager if a person reads it."""
    columns = streams.columns(answer)
    command = pager.chosen("MANPAGER", "PAGER") if columns else ""
    source = page.read_text(encoding="utf-8")
    if command:
        with suppress(OSError, ValueError):  # the pager is missing
            pager.show(mdoc.render(source, columns, styled=sys.platform != "win32"), command, answer)
            return
    answer.write(mdoc.render(source, _columns(answer)))


def _columns(answer: TextIO) -> int:
    return streams.columns(answer) or shutil.get_terminal_size().columns
