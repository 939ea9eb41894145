"""Failing to keep something is a warning each time, never a lost answer."""

import logging
from collections.abc import Callable

from oidc_helper.errors import StoreUnusable

log = logging.getLogger("oidc_helper.store.saving")


def save_or_warn(put: Callable[[], object]) -> None:
    """Put a record; if no place takes it, warn which record it is and why."""
    try:
        put()
    except StoreUnusable as error:
        log.warning("%s%s", error.message, _hint(error))


def note_or_warn(note: Callable[[], object], *, warn: Callable[[str], object] = log.warning) -> None:
    """Note something beside the records; if that fails, warn why."""
    try:
        note()
    except StoreUnusable as error:
        warn(f"not everything can be kept: {error.message}{_hint(error)}")


def _hint(error: StoreUnusable) -> str:
    return f" (hint: {error.hint})" if error.hint else ""
