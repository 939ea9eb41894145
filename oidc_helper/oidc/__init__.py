"""What an OpenID provider is asked, and what of its answers is believed; nothing is known here of people and terminals.

The modules in here load libraries that take 200 ms: they are imported where a sign-in begins.
"""

from oidc_helper.errors import SignInNeeded


class SessionOver(SignInNeeded):
    """The provider will never take this refresh token again: a person has to sign in."""
