"""Requests to the token endpoint, which redeems codes and refresh tokens, and revocation (RFC 6749, RFC 7009)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from authlib.integrations.httpx_client import OAuthError  # type: ignore[import-untyped]  # it has no types

from oidc_helper import redaction
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain
from oidc_helper.oidc import SessionOver, answers
from oidc_helper.oidc.authorization import Request
from oidc_helper.oidc.connection import Client, call, nonsense
from oidc_helper.oidc.provider import Provider
from oidc_helper.oidc.refusals import refusal

_SECRET = {"code", "code_verifier", "device_code", "refresh_token"}  # parameters that no message may repeat
_LONGEST_LIFE_S = 10**9


@dataclass(frozen=True)
class Granted:
    """The tokens of an answer (RFC 6749 section 5.1); a token that it leaves out is empty.

    `refresh_lifetime_s` is the refresh token's lifetime, 0 if the provider does not name it. `date` is the answer's
    Date header.
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
    """Get new tokens; their refresh token, new or unchanged, is the one to use from now on.

    Raises SessionOver if the provider will never accept the old one again, SignInNeeded for any other refusal, whose
    words differ between providers, and TryAgain.
    """
    try:
        granted = ask(
            provider, client, timeout_s=timeout_s, grant_type="refresh_token", refresh_token=refresh_token, **parameters
        )
    except OAuthError as error:
        raise _not_renewed(provider, refusal(provider.host, error.error, error.description)) from None
    except Refused as error:
        raise _not_renewed(provider, error) from None
    return granted if granted.refresh_token else replace(granted, refresh_token=refresh_token)


def revoke(provider: Provider, client: Client, refresh_token: str, *, timeout_s: float) -> None:
    """End the session that the refresh token belongs to. Raises Refused, TryAgain."""
    url = provider.endpoint("revocation_endpoint")
    redaction.learn(refresh_token)

    def send(session: Any) -> int:
        status: int = session.revoke_token(url, refresh_token, token_type_hint="refresh_token").status_code  # noqa: S106
        return status

    authentication = provider.authentication_of(client)
    status = call(
        url,
        send,
        issuer=provider.issuer,
        client=client,
        timeout_s=timeout_s,
        authentication=authentication,
        wants_json=False,
    )
    if status >= 300:
        raise Refused(f"{provider.host} did not revoke the refresh token: HTTP status {status}")


def ask(provider: Provider, client: Client, *, timeout_s: float, grant_type: str, **parameters: str) -> Granted:
    """Ask the token endpoint once. Raises authlib's OAuthError with the provider's error code, Refused, TryAgain."""
    redaction.learn(*(value for name, value in parameters.items() if name in _SECRET))
    answer = post(provider, client, provider.token_endpoint, {"grant_type": grant_type, **parameters}, timeout_s)
    members = answers.accepted(answer)
    tokens = {name: members.get(name) or "" for name in ("access_token", "id_token", "refresh_token")}
    if not all(isinstance(value, str) for value in tokens.values()):
        raise nonsense(provider.host, provider.issuer)
    redaction.learn(*tokens.values())
    # No standard names this lifetime: the first name is Keycloak's, the second is used by Entra ID and others.
    lifetime = members.get("refresh_expires_in") or members.get("refresh_token_expires_in")
    return Granted(**tokens, refresh_lifetime_s=seconds(lifetime), date=answer.date)


def post(provider: Provider, client: Client, url: str, form: Mapping[str, str], timeout_s: float) -> answers.Answer:
    """Send a form to an endpoint, with the client's authentication. Raises Refused, TryAgain."""
    authentication = provider.authentication_of(client)

    def send(session: Any) -> answers.Answer:
        headers, auth = {"Accept": "application/json"}, session.client_auth(authentication)
        return answers.read(session.request("POST", url, data=form, headers=headers, auth=auth))

    return call(url, send, issuer=provider.issuer, client=client, timeout_s=timeout_s, authentication=authentication)


def _not_renewed(provider: Provider, error: OidcHelperError) -> OidcHelperError:
    """The error for a refresh that failed: a person can mend it by signing in, unless it may pass by itself."""
    if isinstance(error, TryAgain):
        return error
    if isinstance(error, Refused) and error.code == "invalid_grant":
        return SessionOver(f"the session at {provider.host} is over: {error.message}")
    return SignInNeeded(f"the session at {provider.host} was not renewed: {error.message}")


def seconds(value: Any) -> int:
    """A number of seconds, rounded up, even if a provider writes it as text; 0 for anything else."""
    try:
        number = 0.0 if isinstance(value, bool) else float(value)
    except (ValueError, TypeError, OverflowError):
        return 0
    return math.ceil(number) if 0 < number < _LONGEST_LIFE_S else 0
