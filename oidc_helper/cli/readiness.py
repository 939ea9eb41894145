"""Whether profiles are ready for use, by what `status` reports: an exit code for scripts, a few words for a prompt."""

from collections.abc import Mapping, Sequence
from typing import Any

from oidc_helper.errors import SignInNeeded, StoreUnusable, TryAgain
from oidc_helper.person import times

READY = 0
# Of several profiles, the worst counts: a person has to act before anything else helps.
_WORST_FIRST = (StoreUnusable.exit_code, SignInNeeded.exit_code, TryAgain.exit_code, READY)

Profile = Mapping[str, Any]
"""A profile as `status --json` has it."""


def exit_code(profiles: Sequence[Profile], *, min_ttl_s: int) -> int:
    """0 if all have credentials that last for longer than `min_ttl_s`; otherwise 3, 4 or 6, as `get` would end."""
    codes = {_code(profile, min_ttl_s) for profile in profiles}
    return next((code for code in _WORST_FIRST if code in codes), READY)


def prompt(profile: Profile) -> str:
    """A few characters: `analytics 42m`, `analytics sign in`, or the name alone if `get` would fetch credentials."""
    left = _seconds_left(profile)
    state = {READY: _short(left), SignInNeeded.exit_code: "sign in", StoreUnusable.exit_code: "no store"}
    return f"{profile['name']} {state.get(_code(profile, 0), '')}".rstrip()


def _code(profile: Profile, min_ttl_s: int) -> int:
    left, failure = _seconds_left(profile), profile["last_failure"]
    if profile["credentials"] and (left is None or left > min_ttl_s):
        return READY
    if failure and failure["exit_code"] in (StoreUnusable.exit_code, SignInNeeded.exit_code):
        return int(failure["exit_code"])
    return SignInNeeded.exit_code if profile["sign_in"]["needed"] else TryAgain.exit_code


def _seconds_left(profile: Profile) -> float | None:
    """How long the credentials last; None if there are none, or nobody knows when they end."""
    at = profile["credentials"] and profile["credentials"]["expires_at"]
    return times.seconds_left(at) if at else None


def _short(seconds: float | None) -> str:
    """The largest unit only: a prompt has little room."""
    if seconds is None:
        return ""
    units = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
    size, unit = next((each for each in units if seconds >= each[0]), units[-1])
    return f"{int(seconds // size)}{unit}"
