"""The lookups of a set-up: at the identity provider, in its tokens, and at the targets that Identity Center opens."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from oidc_helper.aws.tokens import Tokens
from oidc_helper.identity.proof import Proof
from oidc_helper.oidc.provider import Provider
from oidc_helper.settings import Profile, Settings


class OpenTarget(NamedTuple):
    """A target that the signed-in person may use: a row to choose it by, and the keys and name of a profile for it."""

    row: str
    values: dict[str, str]
    name: str


class Look(NamedTuple):
    """The ways to look; all raise OidcHelperError.

    `discover` takes an issuer and a ca_bundle. `prove` gets a proof for a profile of which only the identity is known;
    `exchange` sends that proof, or gets one itself if it is None. `targets` also takes the tenants of account access
    manager. `aws_profiles` gives the names of the AWS profiles that may be callers.
    """

    discover: Callable[[str, str | None], Provider]
    prove: Callable[[Profile], Proof]
    exchange: Callable[[Settings, Profile, Proof | None], Tokens]
    targets: Callable[[Profile, Tokens, Sequence[str]], Sequence[OpenTarget]]
    portal_region: Callable[[str], str]
    aws_profiles: Callable[[], Sequence[str]]
    now: Callable[[], float]


class Talk(Protocol):
    """Asks a person; see person.questions."""

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
        """Ask for a line."""

    def choose(self, question: str, rows: Sequence[str], *, present: int = 0) -> int:
        """Ask for one of the rows, and return its number."""

    def decide(self, question: str, answers: Sequence[str]) -> str:
        """Ask for one of the words."""


Show = Callable[..., None]
"""Shows lines to the person, if there is one."""


class Choice(NamedTuple):
    """How the set-up goes: who asks (None: nobody), what shows lines, and whether somebody signs in.

    `looks`: it looks at a new issuer even if nobody is asked or signs in. `columns` is the width of the terminal.
    """

    talk: Talk | None
    show: Show
    signs_in: bool
    looks: bool = True
    columns: int = 80
