"""The proof of a user's identity, as an exchange takes it: an identity token, or the parameters of another grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from oidc_helper.identity.token import IdentityToken
from oidc_helper.person.outcome import Finish


def _no_page(_error: str | None) -> None:
    """A Finish for when no page waits for the outcome."""


@dataclass(frozen=True)
class Assertion:
    """An identity token for the jwt-bearer grant; it opens the caller's role too.

    `by_person`: a person has just signed in for it. `finish` must be called once, with None or with the error.
    """

    token: IdentityToken
    by_person: bool = False
    finish: Finish = field(default=_no_page, repr=False)
    region: ClassVar[str] = ""

    @property
    def user(self) -> str:
        """The user's name, for people to read."""
        return self.token.user

    @property
    def subject(self) -> str:
        """The user's identifier, for comparing."""
        return self.token.subject


@dataclass(frozen=True)
class GrantParameters:
    """A code or a subject token, as the parameters of CreateTokenWithIAM for its grant.

    The other fields are those of Assertion; `user` and `subject` are empty if only the answer names the user. `region`
    is the region whose Identity Center issued a subject token; it may be the only one that accepts it.
    """

    parameters: Mapping[str, str] = field(repr=False)
    user: str = ""
    subject: str = ""
    by_person: bool = False
    finish: Finish = field(default=_no_page, repr=False)
    region: str = ""


Proof = Assertion | GrantParameters
