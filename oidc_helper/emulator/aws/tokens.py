"""The scopes that CreateTokenWithIAM grants, and the tokens that it issues."""

from collections.abc import Sequence

from oidc_helper.emulator.aws.credentials import iso
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import DEFAULT_SCOPES, Application
from oidc_helper.emulator.keys import aws_secret, opaque
from oidc_helper.emulator.state import Context, Issued, Session, State
from oidc_helper.settings.limits import limits

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a token type
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105 - the name of a token type
_CONTEXT_SCOPE = "sts:identity_context"
_CONTEXT_LENGTH = 640  # characters


def granted_scopes(
    application: Application, requested: Sequence[str] | None, limit: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """The requested scopes, by default all that the application has and `limit` includes.

    `limit` are the scopes of an earlier grant. Raises Refusal for any other scope.
    """
    configured = (*application.scopes, *DEFAULT_SCOPES)
    available = configured if limit is None else tuple(scope for scope in limit if scope in configured)
    if not requested:
        return available
    if not set(requested) <= set(available):
        raise Refusal(
            "InvalidScopeException", reason="not a scope of the application, or more than was granted at first"
        )
    return tuple(dict.fromkeys(requested))


def issue(  # noqa: PLR0913 - the four grants differ in these
    state: State,
    application: Application,
    session: Session,
    scopes: tuple[str, ...],
    *,
    refresh_scopes: tuple[str, ...] | None = (),
    with_context: bool = True,
    issued_type: str = ACCESS_TOKEN,
) -> Parameters:
    """Issue tokens and return the answer.

    `refresh_scopes` are those of the refresh token: () means the scopes of the access token, None no refresh token.
    """
    now = state.clock()
    expires_at = min(now + application.access_token_lifetime_s, session.ends_at)
    answer: Parameters = {
        "accessToken": _token(state, application, session, scopes, expires_at=expires_at),
        "tokenType": "Bearer",
        "expiresIn": round(expires_at - now),
        "issuedTokenType": issued_type,
        "scope": list(scopes),
    }
    if "refresh_token" in application.grants and refresh_scopes is not None:
        answer["refreshToken"] = _token(state, application, session, refresh_scopes or scopes)
    context = None
    if with_context and _CONTEXT_SCOPE in scopes:
        longest = limits("sts", "AssumeRole", "ProvidedContexts", "ContextAssertion").most
        context = aws_secret(longest if longest and application.longest_contexts else _CONTEXT_LENGTH)
        lifetime_s = application.context_lifetime_s
        ends_at = expires_at if lifetime_s is None else now + lifetime_s
        state.contexts[context] = Context(session.subject, application.arn, ends_at)
        answer["awsAdditionalDetails"] = {"identityContext": context}
    if "openid" in scopes:
        answer["idToken"] = _id_token(state, application, session, context, expires_at)
    return answer


def live_access_token(state: State, token: str) -> Issued | None:
    """The record of the access token, None if it is unknown or may no longer be used."""
    issued, now = state.tokens.get(token), state.clock()
    if issued is None or issued.kind != "access" or issued.expires_at <= now or not issued.session.live(now):
        return None
    return issued


def _token(
    state: State,
    application: Application,
    session: Session,
    scopes: tuple[str, ...],
    *,
    expires_at: float | None = None,
) -> str:
    """An access token if `expires_at` is given, else a refresh token, with AWS's prefixes."""
    kind, prefix = ("refresh", "aor") if expires_at is None else ("access", "aoa")
    token = prefix + opaque(320)
    state.tokens[token] = Issued(kind, application.arn, session, scopes, expires_at or session.ends_at)
    return token


def _id_token(state: State, application: Application, session: Session, context: str | None, expires_at: float) -> str:
    instance = state.directory.instance
    claims = {
        "iss": f"https://identitycenter.amazonaws.com/{instance.name}",
        "sub": session.subject,
        "aud": application.arn,
        "exp": int(expires_at),
        "iat": int(state.clock()),
        "auth_time": iso(session.began_at),
        "aws:identity_store_id": instance.identity_store_id,
        "aws:instance_arn": instance.arn,
        "aws:credential_id": opaque(32),
        "act": {"sub": application.issuer.arn if application.authorizations else instance.arn},
    }
    if context:
        claims[_CONTEXT_SCOPE] = context
    return state.center_keys.sign(claims, alg="ES256")
