"""Requests to an OpenID provider, and the checks of its answers; this room knows nothing of people and terminals.

Its modules load libraries that take 200 ms: import them only when a sign-in begins.
"""

from oidc_helper.errors import Refused, SignInNeeded


class SessionOver(SignInNeeded):
    """The provider will never accept this refresh token again: a person has to sign in."""


class ClockOff(Refused):
    """The provider's clock and ours differ too much: setting the clock helps, a sign-in does not."""
