"""The redirect that ends a sign-in by browser or by paste: its target, and the answer that it brings."""

from collections.abc import Callable
from dataclasses import dataclass

from oidc_helper.errors import Refused
from oidc_helper.oidc.authorization import Answer, Request
from oidc_helper.oidc.refusals import refusal
from oidc_helper.person.outcome import Finish
from oidc_helper.settings import Identity

Begin = Callable[[str], Request]
"""Makes the authorization request for a redirect URI."""


@dataclass(frozen=True)
class Redirect:
    """The redirect URI's parts; without ports, any free port will do."""

    ports: tuple[int, ...]
    host: str
    path: str


@dataclass(frozen=True)
class Answered:
    """The request with its answer, and the function that shows the outcome to the person."""

    request: Request
    answer: Answer
    finish: Finish


def code_of(answered: Answered, host: str) -> str:
    """The code that the answer brings; `host` names the provider. Raises OidcHelperError if it brings none."""
    answer = answered.answer
    if answer.fault:
        raise Refused(f"the answer of {host} cannot be used: {answer.fault}", "compare issuer with the provider's own")
    if answer.error:
        raise refusal(host, answer.error, answer.description)
    return answer.code


def redirect_of(identity: Identity) -> Redirect:
    """The redirect of the identity's settings."""
    return Redirect(identity.redirect_ports, identity.redirect_host, identity.redirect_path)
