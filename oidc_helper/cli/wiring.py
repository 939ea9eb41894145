"""The only place where the parts of a fetch are put together."""

import time
from collections.abc import Iterable
from typing import NamedTuple

from oidc_helper import identity, settings
from oidc_helper.aws.tokens import Tokens
from oidc_helper.fetch import broker, proofs
from oidc_helper.fetch.broker import Exchange, Means
from oidc_helper.fetch.proofs import Asking
from oidc_helper.machine import reentry
from oidc_helper.machine.deadline import Deadline
from oidc_helper.person.terminal import has_terminal
from oidc_helper.settings import Profile, Settings
from oidc_helper.store.store import Store

_VAULT_S = 15  # a keyring that does not answer is named well before the deadline


class Errand(NamedTuple):
    """A profile, the settings that say what it is, and what to fetch it with until the deadline."""

    want: Profile
    settings: Settings
    deadline: Deadline
    means: Means

    @property
    def takes_a_person(self) -> bool:
        """Whether somebody has to sign in for it once in a while."""
        return self.settings.first_identity(self.want.identity).source in identity.INTERACTIVE


def errand(profile: str, asking: Asking | None = None, *, prompts: bool = False) -> Errand:
    """Read the settings and lay out what a fetch of that profile takes. Raises WrongSettings.

    `asking` is for who has a person at hand; one who did not come to sign in is asked only where the profile and the
    terminal allow it. `prompts` lets the keyring ask for its password.
    """
    loaded = settings.load()
    want = loaded.profile(profile)
    reentry.refuse_reentry(want.name)
    if asking and not asking.patience_s and (want.sign_in != "when-needed" or not has_terminal()):
        asking = None
    deadline = Deadline(want.deadline_seconds)
    store = store_for([want], prompts=prompts)
    return Errand(want, loaded, deadline, _means(want, loaded, store, deadline, asking))


def store_for(profiles: Iterable[Profile], *, prompts: bool = False) -> Store:
    """The store, whose keyring is given up before the deadline of any of the profiles."""
    longest_s = min((round(Deadline(one.deadline_seconds).left()) for one in profiles), default=_VAULT_S)
    return Store(vault_timeout_s=min(_VAULT_S, longest_s), prompts=prompts)


def _means(want: Profile, loaded: Settings, store: Store, deadline: Deadline, asking: Asking | None) -> Means:
    def exchange() -> Exchange:
        from oidc_helper.aws.client import Aws  # 200 ms, which a cached answer need not pay

        return Aws(want, time_left=deadline.left)

    def center_url() -> str:
        from oidc_helper.aws.client import Aws

        return Aws(want, time_left=deadline.left).center_url

    def tokens_of(profile: str, may_ask: bool) -> Tokens:  # noqa: FBT001  as the others of Means
        other = loaded.profile(profile)
        means = _means(other, loaded, store, deadline, asking)
        if may_ask and asking and asking.anew:
            return broker.sign_in(other, means, anew=True)[0]
        return broker.fetch_tokens(other, means, may_ask=may_ask)

    means = proofs.Means(store, deadline, time.time, tokens_of, center_url, asking)
    return Means(
        store=store,
        prove=lambda may_ask: proofs.prove(want, means, may_ask=may_ask),
        same_person=loaded.same_person(want.identity),
        exchange=exchange,
        mend=identity.mend(want.identity) or f"oidc-helper login {want.name}",
        now=time.time,
        time_left=deadline.left,
    )
