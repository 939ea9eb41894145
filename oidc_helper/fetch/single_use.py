"""Mark and free single-use tokens: one counts as spent only once a byte of its request may have left."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from oidc_helper.errors import OidcHelperError, TryAgain
from oidc_helper.identity.token import IdentityToken
from oidc_helper.store.saving import note_or_warn
from oidc_helper.store.store import Store

log = logging.getLogger("oidc_helper.fetch.single_use")

_SPENT_FOR_S = 86_400  # observed: Identity Center remembers a jti for a day


def may_be_spent(error: Exception) -> bool:
    """Whether a request that failed with this error may have used up its token: not if it was definitely refused."""
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
    """Mark the token before the block sends it; if the block fails, free it unless it may have been used up.

    The block gets whether the token is new, as far as the store can tell; one that was marked before stays marked.
    `now` is in epoch seconds. `spent_by` judges the errors of the block, for one that raises others than ours. If the
    store cannot note the mark, `warn` gets the reason before the block runs, and may raise an error to prevent sending.
    """
    issuer, jti = token.issuer, token.single_use_id
    until = int(max(token.expires_at, now) + _SPENT_FOR_S)
    was_new: list[bool] = []  # empty if the store cannot tell
    note_or_warn(lambda: was_new.append(store.mark_spent(issuer, jti, until=until)), warn=warn)
    try:
        yield was_new != [False]
    except Exception as error:
        if was_new == [True] and not spent_by(error):
            note_or_warn(lambda: store.unmark_spent(issuer, jti), warn=warn)
        raise
