"""A single-use token counts as spent only once a byte of its request may have left; marked and freed here alone."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError, TryAgain
from oidc_helper.identity.token import IdentityToken
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store

log = logging.getLogger("oidc_helper.fetch.single_use")

_SPENT_FOR_S = 86_400  # Identity Center was seen to remember a jti for a day


def may_be_spent(error: Exception) -> bool:
    """Whether a request that failed so may have used its token up: a lost answer may, a definite refusal does not."""
    if isinstance(error, TryAgain):
        return not error.never_sent
    return not isinstance(error, OidcHelperError)


@contextmanager
def sending(
    token: IdentityToken,
    store: Store,
    *,
    now: float,
    spent_by: Callable[[Exception], bool] = may_be_spent,
    warn: Callable[[str], object] = log.warning,
) -> Iterator[bool]:
    """Mark the token before the block sends it, and free it again unless the block's error may have used it up.

    The block learns whether the token is new, as far as the store can tell; one that was marked before stays marked.
    `now` is in epoch seconds. `spent_by` judges errors of a block that raises others than ours; `warn` is called with
    what the store cannot note, before the block, which it may keep from sending by an error.
    """
    issuer, jti = token.issuer, token.single_use_id
    until = int(max(token.expires_at, now) + _SPENT_FOR_S)
    was_new: list[bool] = []  # empty where the store cannot tell
    note_or_warn(lambda: was_new.append(store.mark_spent(issuer, jti, until=until)), warn=warn)
    try:
        yield was_new != [False]
    except Exception as error:
        if was_new == [True] and not spent_by(error):
            note_or_warn(lambda: store.unmark_spent(issuer, jti), warn=warn)
        raise
