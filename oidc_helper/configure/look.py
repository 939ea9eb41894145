"""What a set-up can find out by looking: at the identity provider, at its tokens, and at what Identity Center opens."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from oidc_helper.aws.tokens import Tokens
from oidc_helper.identity.proof import Proof
from oidc_helper.oidc.provider import Provider
from oidc_helper.settings import Profile, Settings


class Opened(NamedTuple):
    """One thing that the signed-in person may use: the keys of a profile for it, and a line to find it by."""

    shown: str
    values: dict[str, str]
    name: str


class Look(NamedTuple):
    """The ways to look; all raise OidcHelperError.

    `discover` takes an issuer and a ca_bundle. `prove` gets a proof for a profile of which only the identity is known;
    `exchange` sends it, or asks for another where there is none. `opened` takes the tenants of account access manager
    too. `aws_profiles` are the names of those that may be callers.
    """

    discover: Callable[[str, str | None], Provider]
    prove: Callable[[Profile], Proof]
    exchange: Callable[[Settings, Profile, Proof | None], Tokens]
    opened: Callable[[Profile, Tokens, Sequence[str]], Sequence[Opened]]
    portal_region: Callable[[str], str]
    aws_profiles: Callable[[], Sequence[str]]
    now: Callable[[], float]


class Talk(Protocol):
    """A person who is asked; see person.questions."""

    def ask(  # noqa: PLR0913 - see person.questions
        self,
        question: str,
        *,
        present: str = "",
        check: Callable[[str], object] = ...,
        words: Sequence[str] = (),
        may_be_empty: bool = False,
        subject: str = "",
        wanted: str = "",
    ) -> str:
        """A line."""

    def choose(self, question: str, rows: Sequence[str], *, present: int = 0) -> int:
        """The number of one of the rows."""

    def decide(self, question: str, answers: Sequence[str]) -> str:
        """One of the words."""


Show = Callable[..., None]
"""Shows lines to whoever reads them."""


class Choice(NamedTuple):
    """How the set-up goes: who is asked (None: nobody), where lines are shown, and whether somebody signs in.

    `looks`: a new issuer is looked at though nobody is asked or signs in. `columns` is the width of the terminal.
    """

    talk: Talk | None
    show: Show
    signs_in: bool
    looks: bool = True
    columns: int = 80
