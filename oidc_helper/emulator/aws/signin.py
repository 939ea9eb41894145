"""AWS Sign-In for the console: exchange credentials for a token, which a browser redeems at a page.

Modelled after the IAM User Guide, "Enable custom identity broker access to the AWS console", and what users report.
"""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal, json_object
from oidc_helper.emulator.keys import aws_secret
from oidc_helper.emulator.pages import page
from oidc_helper.emulator.state import Credentials, SignInToken, State

PATH = "/federation"
_TOKEN_LIFE_S = 900
_SHORTEST_S, _LONGEST_S = 900, 43_200
_TITLE = "You cannot be signed in"


def _parameters(call: Call) -> Parameters:
    """The parameters of the query or the posted form, with the request's method as `method`. Raises Refusal."""
    return {**(call.form() if call.method == "POST" else call.query_values()), "method": call.method}


def _federation(state: State, call: Call) -> Answer:
    """Both actions, which share a path."""
    parameters = _parameters(call)
    if parameters.get("Action") == "login":
        return _login(state, parameters)
    if parameters.get("Action") != "getSigninToken":
        raise Refusal("InvalidAction", "the action must be getSigninToken or login")
    return _sign_in_token(state, parameters)


def _sign_in_token(state: State, parameters: Parameters) -> Answer:
    credentials, now = _credentials(state, parameters), state.clock()
    ends_at = credentials.expires_at or now
    if "SessionDuration" in parameters:
        duration = parameters["SessionDuration"]
        if not duration.isdecimal() or not _SHORTEST_S <= int(duration) <= _LONGEST_S:
            raise Refusal("InvalidDuration", "SessionDuration must be from 900 to 43200")
        if not credentials.direct:
            raise Refusal("InvalidDuration", "SessionDuration is not for the credentials of a chained role")
        ends_at = now + int(duration)
    token = aws_secret(600)
    state.sign_in_tokens[token] = SignInToken(credentials.arn, now + _TOKEN_LIFE_S, ends_at)
    return Answer(200, json.dumps({"SigninToken": token}).encode(), {"Content-Type": "application/json"})


def _credentials(state: State, parameters: Parameters) -> Credentials:
    """The role session's credentials in the parameter Session. Raises Refusal if they are wrong or have expired."""
    session = json_object(str(parameters.get("Session", "")).encode()) or {}
    credentials = state.credentials_of(str(session.get("sessionId")))
    keys = (session.get("sessionKey"), session.get("sessionToken"))
    if not credentials or not credentials.of_role or keys != (credentials.secret_access_key, credentials.session_token):
        raise Refusal("InvalidSession", "Session does not hold temporary credentials")
    if (credentials.expires_at or 0) <= state.clock():
        raise Refusal("ExpiredToken", "the credentials have expired")
    return credentials


def _login(state: State, parameters: Parameters) -> Answer:
    sign_in_token = state.sign_in_tokens.get(parameters.get("SigninToken", ""))
    if sign_in_token is None or sign_in_token.expires_at <= state.clock():
        raise Refusal("InvalidSigninToken", "the sign-in token is not known, or older than 15 minutes")
    if not parameters.get("Destination", "").startswith("https://"):
        raise Refusal("InvalidDestination", "Destination must be a page of the console")
    minutes = int(sign_in_token.session_ends_at - state.clock()) // 60
    return page(
        "Signed in to the console",
        f"You are {sign_in_token.arn}, for {minutes} minutes.",
        f"AWS would go on to {parameters['Destination']}",
    )


def _oauth(state: State, call: Call) -> Answer:
    """Sign out and redirect to a sign-in at this host; any other target would help phishing."""
    parameters = _parameters(call)
    target = parameters.get("redirect_uri", "")
    if parameters.get("Action") != "logout" or urlsplit(target)[:3] != (*urlsplit(state.url)[:2], PATH):
        raise Refusal("InvalidRedirect", "redirect_uri must be a sign-in at this host")
    return Answer(302, headers={"Location": target, "Cache-Control": "no-store"})


def _refuse(refusal: Refusal) -> Answer:
    return page(_TITLE, refusal.message or refusal.code, status=400, error=refusal.code)


def _endpoint(operation: str, work: Callable[[State, Call], Answer]) -> Endpoint:
    return Endpoint("signin", operation, _parameters, work, _refuse)


ROUTES = {
    ("POST", PATH): _endpoint("GetSigninToken", _federation),
    ("GET", PATH): _endpoint("ConsoleLogin", _federation),
    ("GET", "/oauth"): _endpoint("ConsoleLogout", _oauth),
}
