"""Report the outcome of a sign-in to the person's page; light, since every fetch imports it and few ask a person."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError

Finish = Callable[[str | None], None]
"""Tells the person's page the outcome of the sign-in: None for success, or the error."""


@contextmanager
def reporting_to(finish: Finish) -> Iterator[None]:
    """Report an error in the block to the person's page; if there is none, `finish` must still be called."""
    try:
        yield
    except OidcHelperError as error:
        finish(error.message)
        raise
    except BaseException:
        finish("the sign-in was given up")
        raise
