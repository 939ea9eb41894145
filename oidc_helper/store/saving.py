"""What a store cannot keep is a warning, never a lost answer."""

import logging
from collections.abc import Callable

from oidc_helper.errors import StoreUnusable
from oidc_helper.store.store import Store

log = logging.getLogger("oidc_helper.store.saving")


def save_or_warn_once(put: Callable[[], object], store: Store) -> None:
    """Put a record. A machine without a place for it stays so, which is said once and not at every call."""
    try:
        put()
    except StoreUnusable as error:
        notice = f"nothing is cached: {error.message}"
        try:
            is_news = store.first_time(notice)
        except StoreUnusable:  # the notice cannot be noted either
            is_news = True
        if is_news:
            log.warning("%s%s", notice, _hint(error))


def note_or_warn(note: Callable[[], object], *, warn: Callable[[str], object] = log.warning) -> None:
    """Note something beside the records."""
    try:
        note()
    except StoreUnusable as error:
        warn(f"not everything can be kept: {error.message}{_hint(error)}")


def _hint(error: StoreUnusable) -> str:
    return f" (hint: {error.hint})" if error.hint else ""
