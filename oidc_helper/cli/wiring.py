"""The only place where the parts of a fetch are put together."""

import time
from dataclasses import dataclass

from oidc_helper import chain, identity, settings
from oidc_helper.broker import Exchange, Means
from oidc_helper.deadline import Deadline
from oidc_helper.settings import Profile
from oidc_helper.store import Store

_VAULT_S = 15  # a keyring that does not answer is named well before the deadline


@dataclass(frozen=True)
class Errand:
    """A profile, the stamp of the settings that say what it is, and what to fetch it with until the deadline."""

    want: Profile
    stamp: str
    deadline: Deadline
    means: Means


def errand(profile: str) -> Errand:
    """Read the settings and lay out what a fetch of that profile takes. Raises WrongSettings."""
    loaded = settings.load()
    want = loaded.profile(profile)
    chain.refuse_reentry(want.name)
    deadline = Deadline(want.deadline_seconds)

    def exchange() -> Exchange:
        from oidc_helper.aws import Aws  # 200 ms, which a cached answer need not pay

        return Aws(want, time_left=deadline.left)

    means = Means(
        store=Store(vault_timeout_s=min(_VAULT_S, round(deadline.left()))),
        source=lambda: identity.obtain(want.identity, now=time.time(), timeout_s=deadline.left()),
        exchange=exchange,
        mend=identity.mend(want.identity) or f"oidc-helper login {want.name}",
        now=time.time,
        time_left=deadline.left,
    )
    return Errand(want, loaded.stamp, deadline, means)
