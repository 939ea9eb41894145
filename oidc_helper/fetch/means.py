"""The parts that a fetch works with, as interfaces."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.identity.proof import Proof
from oidc_helper.identity.token import IdentityToken
from oidc_helper.machine.deadline import Deadline
from oidc_helper.store.store import Store


class Exchange(Protocol):
    """The calls to AWS that a fetch makes; `aws.client.Aws` is the real one. All raise OidcHelperError."""

    def open_caller(self, identity_token: IdentityToken | None) -> Credentials:
        """Get the credentials that sign CreateTokenWithIAM."""

    def prepare(self, caller: Credentials) -> None:
        """Check that CreateTokenWithIAM can be sent, so that no token is spent on a request that cannot."""

    def create_token(self, caller: Credentials, parameters: Mapping[str, Any], *, issued_in: str) -> dict[str, Any]:
        """Call CreateTokenWithIAM, once; `issued_in` is the region whose Identity Center issued a parameter."""

    def credentials(self, tokens: Tokens, caller: Callable[[], Credentials]) -> Credentials:
        """Turn tokens into the credentials of the profile's target."""


class Prove(Protocol):
    """Gets a new proof, from a person only if one may be asked. Raises OidcHelperError."""

    def __call__(self, *, may_ask: bool) -> Proof:
        """Get the proof."""


class Means(NamedTuple):
    """The parts of one fetch; each part loads its libraries when it is first used.

    `may_ask`: there may be a person whom `prove` can ask. `exchange` returns the calls to AWS, the same object each
    time. `mend` is a hint how to get a new identity token. `same_person` names the identities that share the profile's
    sign-in. `now` is in epoch seconds; all must be done by the `deadline`.
    """

    store: Store
    prove: Prove
    may_ask: bool
    same_person: frozenset[str]
    exchange: Callable[[], Exchange]
    mend: str
    now: Callable[[], float]
    deadline: Deadline
