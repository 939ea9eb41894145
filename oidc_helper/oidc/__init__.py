"""Requests to an OpenID provider, and the checks of its answers; this room knows nothing of people and terminals.

Its modules load libraries that take 200 ms: import them where a sign-in begins.
"""

from oidc_helper.errors import SignInNeeded


class SessionOver(SignInNeeded):
    """The provider will never accept this refresh token again: a person has to sign in."""
