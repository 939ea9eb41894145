"""The four grants of CreateTokenWithIAM: the parameters that each requires, and the tokens that it issues."""

from collections.abc import Callable
from dataclasses import dataclass

from oidc_helper.emulator import authorization
from oidc_helper.emulator.aws.assertion import redeemed_user
from oidc_helper.emulator.aws.tokens import ACCESS_TOKEN, REFRESH_TOKEN, granted_scopes, issue
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import JWT_BEARER, TOKEN_EXCHANGE, Application, DirectoryUser
from oidc_helper.emulator.state import Session, State


@dataclass(frozen=True)
class Grant:
    """A grant type: its mandatory parameters, and what issues its tokens."""

    required: tuple[str, ...]
    perform: Callable[[State, Application, Parameters], Parameters]


def _jwt_bearer(state: State, application: Application, parameters: Parameters) -> Parameters:
    scopes = granted_scopes(application, parameters.get("scope"))
    user = redeemed_user(state, application, parameters["assertion"])
    _check_assigned(state, application, user.user_id)
    return issue(state, application, _session(state, application, user), scopes)


def _authorization_code(state: State, application: Application, parameters: Parameters) -> Parameters:
    try:
        code = authorization.redeem(
            state,
            parameters["code"],
            client_id=application.arn,
            redirect_uri=parameters["redirectUri"],
            verifier=parameters.get("codeVerifier"),
        )
    except authorization.CodeRefused as refused:
        raise Refusal("InvalidGrantException", reason=str(refused)) from refused
    scopes = granted_scopes(application, parameters.get("scope"), limit=code.request.scopes)
    user = state.directory.user(email=code.email)
    if user is None:
        raise Refusal("InvalidGrantException", reason="the user does not exist any more")
    _check_assigned(state, application, user.user_id)
    return issue(state, application, _session(state, application, user), scopes)


def _refresh_token(state: State, application: Application, parameters: Parameters) -> Parameters:
    token = state.tokens.get(parameters["refreshToken"])
    if token is None or token.kind != "refresh" or token.client_id != application.arn:
        raise Refusal("InvalidGrantException", reason="no such refresh token of this application")
    if token.spent and application.reuse_ends_session:
        token.session.ended = True
    if not token.session.live(state.clock()):
        raise Refusal("ExpiredTokenException", reason="the session behind the refresh token is over")
    if token.spent:
        raise Refusal("InvalidGrantException", reason="the refresh token was replaced by a newer one")
    _check_assigned(state, application, token.session.subject)
    scopes = granted_scopes(application, parameters.get("scope"), limit=token.scopes)
    token.spent = application.rotates_refresh_tokens
    return issue(
        state,
        application,
        token.session,
        scopes,
        refresh_scopes=token.scopes if application.rotates_refresh_tokens else None,
        with_context=application.fresh_context_on_refresh,
    )


def _token_exchange(state: State, application: Application, parameters: Parameters) -> Parameters:
    if parameters["subjectTokenType"] != ACCESS_TOKEN:
        raise Refusal("InvalidRequestException", "the subject token type is not supported")
    requested = parameters.get("requestedTokenType", ACCESS_TOKEN)
    if requested not in (ACCESS_TOKEN, REFRESH_TOKEN):
        raise Refusal("InvalidRequestException", "the requested token type is not supported")
    if requested == REFRESH_TOKEN and "refresh_token" not in application.grants:
        raise Refusal("InvalidRequestException", "the application has no refresh token grant")
    session = _subject_session(state, application, parameters["subjectToken"])
    _check_assigned(state, application, session.subject)
    return issue(
        state, application, session, granted_scopes(application, parameters.get("scope")), issued_type=requested
    )


def _subject_session(state: State, application: Application, token: str) -> Session:
    """The session of the access token, whose audience must be this application. Raises Refusal."""
    subject, now = state.tokens.get(token), state.clock()
    if subject is None or subject.kind != "access":
        raise Refusal("InvalidGrantException", reason="the subject token is not an access token of Identity Center")
    if subject.expires_at <= now or not subject.session.live(now):
        raise Refusal("ExpiredTokenException", reason="the subject token has expired")
    if subject.client_id == application.arn:
        raise Refusal("InvalidRequestException", "the subject token was issued to this very application")
    issuer = state.directory.application_named(subject.client_id)
    if not any(issuer and application.arn in issuer.scopes.get(scope, ()) for scope in subject.scopes):
        raise Refusal("InvalidRequestException", "the subject token does not have this application as its audience")
    return subject.session


def _check_assigned(state: State, application: Application, user_id: str) -> None:
    """Raise Refusal if the user is disabled, or not assigned (directly or by a group) though that is required."""
    user = state.directory.user(user_id=user_id)
    if user and not user.enabled:
        raise Refusal("AccessDeniedException", reason="the user is disabled")
    if application.assignment_required and application.assigned.isdisjoint(state.directory.reach(user_id)):
        raise Refusal("AccessDeniedException", reason="the user is not assigned to the application")


def _session(state: State, application: Application, user: DirectoryUser) -> Session:
    now = state.clock()
    return Session(user.user_id, now, now + application.session_lifetime_s)


GRANTS = {
    "authorization_code": Grant(("code", "redirectUri"), _authorization_code),
    "refresh_token": Grant(("refreshToken",), _refresh_token),
    JWT_BEARER: Grant(("assertion",), _jwt_bearer),
    TOKEN_EXCHANGE: Grant(("subjectToken", "subjectTokenType"), _token_exchange),
}
