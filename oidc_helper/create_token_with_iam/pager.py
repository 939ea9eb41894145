"""A person at a terminal reads the answer through a pager; a file or pipe gets it directly."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from oidc_helper.create_token_with_iam.exits import NotConfigured
from oidc_helper.person import pager


@contextmanager
def opened(answer: TextIO, command: str) -> Iterator[TextIO]:
    """The stream to write the answer to; an empty answer starts no pager. Raises NotConfigured."""
    if not command or not answer.isatty():
        yield answer
        return
    page = io.StringIO()
    yield page
    if not page.getvalue():
        return
    try:
        pager.show(page.getvalue(), command, answer)
    except FileNotFoundError:
        raise NotConfigured(
            f"there is no pager {command!r}", "name one with AWS_PAGER, or use none with --no-cli-pager"
        ) from None
