"""The proof of a user's identity, as one exchange takes it: an identity token, or the parameters of another grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from oidc_helper.identity.token import IdentityToken
from oidc_helper.person.telling import Finish


def _nobody_waits(_error: str | None) -> None:
    """No page is open that wants to know how the exchange went."""


@dataclass(frozen=True)
class Assertion:
    """An identity token for the jwt-bearer grant; it opens the caller's role too.

    `by_person`: it comes from a sign-in just now. `finish` must be called once with None or with what went wrong.
    """

    token: IdentityToken
    by_person: bool = False
    finish: Finish = field(default=_nobody_waits, repr=False)
    region: ClassVar[str] = ""

    @property
    def user(self) -> str:
        """The user's name, for people to read."""
        return self.token.user

    @property
    def subject(self) -> str:
        """The user, for comparing."""
        return self.token.subject


@dataclass(frozen=True)
class GrantParameters:
    """A code or a subject token, under the names that CreateTokenWithIAM has for what its grant takes.

    `user` and `subject` as in Assertion, empty where only the answer names the user; `by_person` and `finish` likewise.
    `region` is the one of Identity Center that issued a subject token, and may be the only one that takes it.
    """

    parameters: Mapping[str, str] = field(repr=False)
    user: str = ""
    subject: str = ""
    by_person: bool = False
    finish: Finish = field(default=_nobody_waits, repr=False)
    region: str = ""


Proof = Assertion | GrantParameters
