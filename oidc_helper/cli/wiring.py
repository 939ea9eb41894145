"""The only place where the parts of a fetch are put together."""

import time

from oidc_helper import identity
from oidc_helper.broker import Exchange, Means
from oidc_helper.deadline import Deadline
from oidc_helper.settings import Profile
from oidc_helper.store import Store


def means_for(want: Profile, deadline: Deadline) -> Means:
    """What a fetch of this profile works with, all bounded by the deadline."""

    def exchange() -> Exchange:
        from oidc_helper.aws import Aws  # 200 ms, which a cached answer need not pay

        return Aws(want, time_left=deadline.left)

    return Means(
        store=Store(),
        source=lambda: identity.obtain(want.identity, now=time.time(), timeout_s=deadline.left()),
        exchange=exchange,
        mend=identity.mend(want.identity) or f"oidc-helper login {want.name}",
        now=time.time,
        time_left=deadline.left,
    )
