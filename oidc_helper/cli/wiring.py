"""The only place where the parts of a fetch are put together."""

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from oidc_helper import identity, settings
from oidc_helper.aws.tokens import PORTAL_SCOPE, Tokens
from oidc_helper.errors import WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.fetch.means import Means
from oidc_helper.fetch.proofs import Asking, Prover
from oidc_helper.machine import reentry
from oidc_helper.machine.deadline import Deadline
from oidc_helper.person.terminal import has_terminal
from oidc_helper.settings import Profile, Settings
from oidc_helper.store.store import Store, UnkeptRecords

if TYPE_CHECKING:
    from oidc_helper.aws.client import Aws

_MOST_NAMES = 8  # in a hint
_VAULT_S = 15  # a keyring that does not answer is reported well before the deadline


class Errand(NamedTuple):
    """A profile, the settings that it comes from, and the means to fetch its credentials before the deadline."""

    profile: Profile
    settings: Settings
    deadline: Deadline
    means: Means

    @property
    def takes_a_person(self) -> bool:
        """Whether a person has to sign in for it from time to time."""
        return self.settings.first_identity(self.profile.identity).source in identity.INTERACTIVE


def errand(
    name: str | None,
    asking: Asking | None = None,
    *,
    prompts: bool = False,
    choose: Callable[[Settings], Profile] | None = None,
    unkept: UnkeptRecords | None = None,
) -> Errand:
    """Read the settings and prepare the fetch of the profile of that name. Raises WrongSettings.

    Without a name, `choose` picks the profile; by default it is the only one to sign in with. With `asking`, the fetch
    may ask a person; one who did not come to sign in is asked only if the profile and the terminal allow it. `prompts`
    lets the keyring ask for its password. `unkept` receives the records that no store takes.
    """
    loaded = settings.load()
    profile = loaded.profile(name) if name else (choose or only_choice)(loaded)
    reentry.refuse_reentry(profile.name)
    if asking and not asking.patience_s and (profile.sign_in != "when-needed" or not has_terminal()):
        asking = None
    deadline = Deadline(profile.deadline_seconds)
    signs_in = asking is not None and asking.patience_s > 0
    store = store_for([profile], prompts=prompts, signs_in=signs_in, unkept=unkept)
    return Errand(profile, loaded, deadline, _means(profile, loaded, store, deadline, asking))


def drafted(profile: Profile, draft: Settings, store: Store, asking: Asking) -> Errand:
    """Prepare the fetch of a profile whose settings are not written yet."""
    deadline = Deadline(profile.deadline_seconds)
    return Errand(profile, draft, deadline, _means(profile, draft, store, deadline, asking))


def choices(loaded: Settings) -> list[Profile]:
    """The first profile of each identity that a person signs in with; every profile if there is no such identity."""
    by_identity: dict[str, Profile] = {}
    for profile in loaded.profiles.values():
        first = loaded.first_identity(profile.identity)
        if first.source in identity.INTERACTIVE:
            by_identity.setdefault(first.name, profile)
    return list((by_identity or loaded.profiles).values())


def only_application(loaded: Settings, typed: str) -> Profile:
    """The profile to list with what its person may use, if all profiles have the same identity and application.

    `typed` is the command as it was typed, for a hint. Raises WrongSettings.
    """
    by_tokens: dict[str, list[Profile]] = {}
    for profile in loaded.profiles.values():
        by_tokens.setdefault(profile.tokens_name, []).append(profile)
    return _only_one("profiles", typed, loaded, [min(shared, key=_is_less_fit) for shared in by_tokens.values()])


def _is_less_fit(profile: Profile) -> tuple[bool, bool]:
    """A sort key: whether its tokens may not open the portal; then, whether `profiles --write` made the profile."""
    return bool(profile.scopes) and PORTAL_SCOPE not in profile.scopes, bool(profile.generated)


def only_choice(loaded: Settings) -> Profile:
    """The profile to sign in with, if there is only one choice. Raises WrongSettings."""
    return _only_one("login", "oidc-helper login", loaded, choices(loaded))


def _only_one(command: str, typed: str, loaded: Settings, candidates: Sequence[Profile]) -> Profile:
    """The only candidate; without any profile, [defaults] may be enough. Raises WrongSettings."""
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = ", ".join(profile.name for profile in candidates[:_MOST_NAMES])
        raise WrongSettings(f"{command} needs the name of a profile", f"{typed} PROFILE, one of: {names}")
    loaded.require_sound()
    if loaded.unnamed:
        return loaded.unnamed
    raise WrongSettings(
        f"there is no profile in {loaded.where}",
        "to add one: oidc-helper configure; to see how to write it: oidc-helper help config",
    )


def store_for(
    profiles: Sequence[Profile], *, prompts: bool = False, signs_in: bool = False, unkept: UnkeptRecords | None = None
) -> Store:
    """The store, which stops waiting for the keyring before the deadline of any of the profiles."""
    left_s = min((round(Deadline(profile.deadline_seconds).left()) for profile in profiles), default=_VAULT_S)
    login = profiles[0].login if len(profiles) == 1 else "oidc-helper login"
    return Store(vault_timeout_s=min(_VAULT_S, left_s), prompts=prompts, signs_in=signs_in, login=login, unkept=unkept)


def means(profile: Profile, loaded: Settings, deadline: Deadline, unkept: UnkeptRecords | None = None) -> Means:
    """The parts of a fetch that asks nobody; `unkept` receives the records that no store takes, for the next fetch."""
    return _means(profile, loaded, store_for([profile], unkept=unkept), deadline, None)


def _means(profile: Profile, loaded: Settings, store: Store, deadline: Deadline, asking: Asking | None) -> Means:
    @cache
    def aws() -> "Aws":
        from oidc_helper.aws.client import Aws  # takes 200 ms, which a cached answer does not need

        return Aws(profile, time_left=deadline.left)

    def tokens_of(name: str, may_ask: bool) -> Tokens:  # noqa: FBT001  as Prover has it
        other = loaded.profile(name)
        means = _means(other, loaded, store, deadline, asking)
        if may_ask and asking and asking.anew:
            return broker.sign_in(other, means, anew=True)[0]
        return broker.fetch_tokens(other, means, may_ask=may_ask)

    return Means(
        store=store,
        prove=Prover(
            profile, store, deadline, time.time, tokens_of, center_url=lambda: aws().center_url, asking=asking
        ).prove,
        may_ask=asking is not None,
        same_person=loaded.same_person(profile.identity),
        exchange=aws,
        mend=identity.mend(profile.identity) or profile.login,
        now=time.time,
        deadline=deadline,
    )
