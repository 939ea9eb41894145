"""`help` and `version`: how a command is used, the pages of the manual, and the version."""

import argparse
import shutil
import subprocess
import sysconfig
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from oidc_helper import __version__
from oidc_helper.cli import arguments
from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.words import did_you_mean, listed, shown

_PAGES = {
    "config": "man5/oidc-helper-config.5",
    "setup": "man7/oidc-helper-setup.7",
    arguments.OPERATION: "man1/oidc-helper-create-token-with-iam.1",
}
TOPICS = [*dict.fromkeys([*(command.name for command in arguments.COMMANDS), *_PAGES])]


def show(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the help of a command, or of the whole program; or show a page of the manual."""
    if options.topic in _PAGES:
        _show_page(_PAGES[options.topic], answer)
        return 0
    if options.topic is not None and options.topic not in TOPICS:
        pages = listed(name for name in _PAGES if name != arguments.OPERATION)
        raise WrongSettings(
            f"there is no help on {shown(options.topic, 40)}{did_you_mean(options.topic, TOPICS)}",
            f"name a command, {pages}; for all commands: oidc-helper help",
        )
    words = [options.topic] if options.topic else []
    with redirect_stdout(answer), suppress(SystemExit):
        arguments.parser().parse_args([*words, "--help"])
    return 0


def version(_options: argparse.Namespace, answer: TextIO) -> int:
    """Print the version."""
    answer.write(f"oidc-helper {__version__}\n")
    return 0


def _show_page(name: str, answer: TextIO) -> None:
    """Let man show the page that was installed with us, or else the one that it finds."""
    page = Path(sysconfig.get_path("data"), "share", "man", name)
    man = shutil.which("man")
    if not man:
        raise OidcHelperError("the program man, which shows the manual, is not installed", f"the page is {page}")
    done = subprocess.run([man, str(page) if page.is_file() else page.stem], stdout=answer.fileno(), check=False)
    if done.returncode:
        raise OidcHelperError(f"man cannot show {page.stem}", f"the page is {page}")
