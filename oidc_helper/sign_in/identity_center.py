"""Signing in at Identity Center itself: its authorize endpoint returns a code for CreateTokenWithIAM."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from oidc_helper.oidc import authorization
from oidc_helper.person.browser import obstacle
from oidc_helper.person.outcome import Finish, reporting_to
from oidc_helper.person.person import Person
from oidc_helper.settings import Identity
from oidc_helper.sign_in import browser, paste
from oidc_helper.sign_in.redirect import code_of, redirect_of

_NAME = "Identity Center"


@dataclass(frozen=True)
class CodeObtained:
    """The parameters of CreateTokenWithIAM(authorization_code); `finish` as in `sign_in.provider.SignedIn`."""

    code: str = field(repr=False)
    redirect_uri: str
    code_verifier: str = field(repr=False)
    finish: Finish = field(repr=False)


def sign_in(  # noqa: PLR0913 - the identity, the person, the place, the way and the time
    identity: Identity,
    person: Person,
    *,
    application_arn: str,
    endpoint_url: str,
    scopes: Sequence[str] = (),
    way: Literal["browser", "paste"] | None = None,
    timeout_s: float,
) -> CodeObtained:
    """Let a person sign in at the service with the base URL `endpoint_url`. Raises OidcHelperError.

    As in AWS's samples, the parameter is called `scopes`, and there is neither a nonce nor `iss`.
    """

    def begin(redirect_uri: str) -> authorization.Request:
        return authorization.begin(
            endpoint_url.rstrip("/") + "/authorize",
            application_arn,
            redirect_uri,
            parameters={"scopes": " ".join(scopes)} if scopes else {},
        )

    way = way or ("paste" if obstacle() else "browser")
    authorize = paste.authorize if way == "paste" else browser.authorize
    place = f"{_NAME} (identity {identity.name})"
    answered = authorize(begin, redirect_of(identity), person, place=place, timeout_s=timeout_s)
    with reporting_to(answered.finish):
        code = code_of(answered, _NAME)
    return CodeObtained(code, answered.request.redirect_uri, answered.request.verifier, answered.finish)
