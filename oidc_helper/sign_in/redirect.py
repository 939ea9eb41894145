"""What the ways that end in a redirect have in common: where it leads, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass

from oidc_helper.oidc.authorization import Answer, Request
from oidc_helper.person.telling import Finish
from oidc_helper.settings import Identity

Begin = Callable[[str], Request]
"""Makes the authorization request for a redirect URI."""


@dataclass(frozen=True)
class Redirect:
    """Where the browser is sent back to; no ports: any free one."""

    ports: tuple[int, ...]
    host: str
    path: str


@dataclass(frozen=True)
class Answered:
    """The request, its answer, and how to end the person's part of it."""

    request: Request
    answer: Answer
    finish: Finish


def redirect_of(identity: Identity) -> Redirect:
    """The redirect that the settings want."""
    return Redirect(identity.redirect_ports, identity.redirect_host, identity.redirect_path)
