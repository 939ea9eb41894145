"""The proof of who somebody is, as one exchange takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oidc_helper.identity.token import IdentityToken
from oidc_helper.person.telling import Finish


def _nobody_waits(_error: str | None) -> None:
    """No page is open that wants to know how the exchange went."""


@dataclass(frozen=True)
class Proof:
    """What CreateTokenWithIAM is given with the identity's grant.

    `user` is who it is of, for people to read, and `subject` the same for comparing; both are empty where only the
    answer will tell. `token` is the identity token where there is one: it opens the caller's role too. `by_person`: it
    is of a sign-in just now, and `finish` must be called once with None or with what went wrong.
    """

    parameters: Mapping[str, str] = field(repr=False)
    user: str = ""
    subject: str = ""
    token: IdentityToken | None = None
    by_person: bool = False
    finish: Finish = field(default=_nobody_waits, repr=False)


def of_token(token: IdentityToken, *, by_person: bool = False, finish: Finish = _nobody_waits) -> Proof:
    """An identity token as the assertion of the jwt-bearer grant."""
    return Proof({"assertion": token.raw}, token.user, token.subject, token, by_person, finish)
