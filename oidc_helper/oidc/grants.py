"""The token endpoint, which redeems a code or a refresh token, and revocation (RFC 6749, RFC 7009)."""

from dataclasses import dataclass, field, replace
from typing import Any

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain
from oidc_helper.oidc import SessionOver
from oidc_helper.oidc.authorization import Request
from oidc_helper.oidc.connection import Client, call, nonsense
from oidc_helper.oidc.provider import Provider
from oidc_helper.oidc.refusals import refusal

_SECRET = {"code", "code_verifier", "device_code", "refresh_token"}  # parameters that no message may repeat


@dataclass(frozen=True)
class Granted:
    """The tokens of an answer (RFC 6749 section 5.1); a token that it leaves out is empty.

    `refresh_lifetime_s` is the refresh token's lifetime, 0 where the provider does not name it. `date` is the answer's
    header of that name.
    """

    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    refresh_lifetime_s: int = 0
    date: str = ""


def redeem_code(
    provider: Provider, client: Client, request: Request, code: str, *, timeout_s: float, **parameters: str
) -> Granted:
    """Redeem an authorization code, once. Raises Refused, TryAgain, SignInNeeded."""
    try:
        return ask(
            provider,
            client,
            timeout_s=timeout_s,
            grant_type="authorization_code",
            code=code,
            redirect_uri=request.redirect_uri,
            code_verifier=request.verifier,
            **parameters,
        )
    except OAuthError as error:
        raise refusal(provider.host, error.error, error.description) from None


def refresh(provider: Provider, client: Client, refresh_token: str, *, timeout_s: float, **parameters: str) -> Granted:
    """Get new tokens; their refresh token, a new one or the old one, is the one to use from now on.

    Raises SessionOver where the provider will never accept the old one again, SignInNeeded where it says no in other
    words, which differ between providers, and TryAgain.
    """
    try:
        granted = ask(
            provider, client, timeout_s=timeout_s, grant_type="refresh_token", refresh_token=refresh_token, **parameters
        )
    except OAuthError as error:
        raise _not_renewed(provider, refusal(provider.host, error.error, error.description)) from None
    except Refused as refused:
        raise _not_renewed(provider, refused) from None
    return granted if granted.refresh_token else replace(granted, refresh_token=refresh_token)


def revoke(provider: Provider, client: Client, refresh_token: str, *, timeout_s: float) -> None:
    """End the session that the refresh token belongs to. Raises Refused, TryAgain."""
    url = provider.endpoint("revocation_endpoint")
    redaction.learn(refresh_token)

    def send(session: Any) -> int:
        status: int = session.revoke_token(url, refresh_token, token_type_hint="refresh_token").status_code  # noqa: S106
        return status

    authentication = provider.authentication_of(client)
    status = call(url, send, client=client, timeout_s=timeout_s, authentication=authentication, wants_json=False)
    if status >= 300:
        raise Refused(f"{provider.host} did not revoke the refresh token: HTTP status {status}")


def ask(provider: Provider, client: Client, *, timeout_s: float, grant_type: str, **parameters: str) -> Granted:
    """Ask the token endpoint once. Raises authlib's OAuthError with the provider's error code, Refused, TryAgain."""
    url = provider.token_endpoint
    dates: list[str] = []
    redaction.learn(*(value for name, value in parameters.items() if name in _SECRET))

    def send(session: Any) -> Any:
        session.event_hooks["response"].append(lambda response: dates.append(response.headers.get("Date", "")))
        return session.fetch_token(url, grant_type=grant_type, **parameters)

    authentication = provider.authentication_of(client)
    answer = call(url, send, client=client, timeout_s=timeout_s, authentication=authentication)
    tokens = {name: answer.get(name) or "" for name in ("access_token", "id_token", "refresh_token")}
    if not all(isinstance(value, str) for value in tokens.values()):
        raise nonsense(provider.host)
    redaction.learn(*tokens.values())
    # No standard names this lifetime: the first is Keycloak's word, the second that of Entra ID and others.
    lifetime = answer.get("refresh_expires_in") or answer.get("refresh_token_expires_in")
    return Granted(**tokens, refresh_lifetime_s=seconds(lifetime), date="".join(dates))


def _not_renewed(provider: Provider, refused: OidcHelperError) -> OidcHelperError:
    """What a refused refresh means: a person can mend it, unless it may pass by itself."""
    if isinstance(refused, TryAgain):
        return refused
    if isinstance(refused, Refused) and refused.code == "invalid_grant":
        return SessionOver(f"the session at {provider.host} is over: {refused.message}")
    return SignInNeeded(f"the session at {provider.host} was not renewed: {refused.message}")


def seconds(value: Any) -> int:
    """A number of seconds, also where a provider writes it as text; 0 for anything else."""
    return int(value) if str(value).isdecimal() and len(str(value)) < 10 else 0
