"""The answer on its way to the reader: to standard output in the chosen encoding, or to a pager."""

import codecs
import os
from typing import Any, TextIO

from botocore.session import Session

from oidc_helper.create_token_with_iam import formats, pager, table
from oidc_helper.create_token_with_iam.arguments import GlobalOptions
from oidc_helper.create_token_with_iam.exits import Failed
from oidc_helper.create_token_with_iam.model import OPERATION
from oidc_helper.words import shown

_ENCODING = "AWS_CLI_OUTPUT_ENCODING"
_WIDTH = 80  # columns, if there is no terminal to ask


def choose_encoding(answer: TextIO | None) -> None:
    """Obey AWS_CLI_OUTPUT_ENCODING. Raises Failed for an unknown encoding."""
    name = os.environ.get(_ENCODING)
    if name is None:
        return
    try:
        codecs.lookup(name)
    except LookupError:
        raise Failed(f"{_ENCODING}: there is no encoding {shown(name, 40)}", "use utf-8") from None
    if reconfigure := getattr(answer, "reconfigure", None):
        reconfigure(encoding=name)


def show(response: dict[str, Any], answer: TextIO, session: Session, options: GlobalOptions) -> None:
    """Print the selection of `--query` in the form of `--output`. Raises NotConfigured and Failed."""
    form = options.output or session.get_config_variable("output")
    formats.check(form)
    if form == "off":
        return
    command = "" if options.no_pager else session.get_config_variable("pager")
    try:
        with pager.opened(answer, command) as out:
            value = response if options.query is None else options.query.search(response)
            formats.write(form, value, out, title=OPERATION, style=_style(options.color, answer, out))
            out.flush()
    except BrokenPipeError:
        _abandon(answer)


def _style(colour: str, answer: TextIO, out: TextIO) -> table.Style:
    coloured = colour == "on" or (colour == "auto" and answer.isatty())
    return table.Style(coloured, resets=coloured and out is answer, width=_terminal_width(answer))


def _terminal_width(answer: TextIO) -> int:
    try:
        return os.get_terminal_size(answer.fileno()).columns
    except OSError:  # io.UnsupportedOperation is one
        return _WIDTH


def _abandon(answer: TextIO) -> None:
    """The reader has gone, which is no error: discard the rest of the buffer, or Python complains when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, answer.fileno())
    finally:
        os.close(nowhere)
