"""How a person's page learns how the sign-in went; light, since every fetch knows of it and few have a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError

Finish = Callable[[str | None], None]
"""Tells the person's page how the sign-in went: None for well, else what went wrong."""


@contextmanager
def told(finish: Finish) -> Iterator[None]:
    """Let the person's page say what goes wrong in the block."""
    try:
        yield
    except OidcHelperError as error:
        finish(error.message)
        raise
    except BaseException:
        finish("the sign-in was given up")
        raise
