"""Answers of AWS, or of an impostor, to each of our calls; the first two bytes choose the call and the status."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from unittest import mock

import botocore.awsrequest
from botocore.compat import HTTPHeaders
from service_limits import knows_account_access

from oidc_helper.aws import account_access, credentials, tokens
from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.settings import Caller, Identity, Profile, S3Grant
from robustness.fuzzing.targets import ODD, ours

_ROLE = "arn:aws:iam::123456789012:role/x"
_KEYS = Credentials("AKIA", "secret", "token", 4_000_000_000, "123456789012")
_TOKENS = Tokens("b", access_token="a", identity_context="c", refresh_token="r")
_STATUSES = (200, 400, 401, 403, 404, 429, 500, 503, 302, 204)
_TIME = "2033-05-18T03:33:20Z"


class _Answering(Aws):
    """Every call gets `status` and `body` through botocore's parsers; each client is made once, which costs 20 ms."""

    status, body = 200, b""

    def _client(self, service: str, *words: Any, **more: Any) -> Any:
        if service not in _CLIENTS:
            with mock.patch("oidc_helper.aws.client.Transport"):  # which would send
                _CLIENTS[service] = super()._client(service, *words, **{**more, "attempts": 1})
            _CLIENTS[service].meta.events.register("before-send", self._answer)
        return _CLIENTS[service]

    def _answer(self, request: Any, **_: Any) -> botocore.awsrequest.AWSResponse:
        heads = HTTPHeaders()
        heads["Date"] = " ".join(self.body[:30].decode("latin-1").split())
        return botocore.awsrequest.AWSResponse(request.url, self.status, heads, _Raw(self.body))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return [self._body]


def _profile(**changes: Any) -> Profile:
    usual: dict[str, Any] = {
        "name": "x",
        "identity": Identity("corp", "file"),
        "application_arn": "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef",
        "identity_center_region": "eu-west-1",
        "caller": Caller(environment=True),
        "region": "eu-west-1",
        "role_arn": None,
        "account_access": None,
        "account_id": None,
        "permission_set": None,
        "s3_grant": None,
        "scopes": (),
        "duration_seconds": 3600,
        "role_session_name": None,
        "sign_in": "never",
        "renew": "ahead",
        "deadline_seconds": 50,
        "ca_bundle": None,
        "identity_context_provider_arn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
    }
    return Profile(**(usual | changes))


_CLIENTS: dict[str, Any] = {}
_AWS = _Answering(
    _profile(
        role_arn=_ROLE,
        account_access="aa-0123456789ab",
        account_id="111122223333",
        permission_set="Admin",
        s3_grant=S3Grant("s3://x/*", "READ", "Default", "111122223333"),
    ),
    time_left=lambda: 30,
)
_ask = partial(_AWS._ask_anywhere, account_access.SERVICE, ("eu-west-1",))
_GIVEN: Mapping[str, Callable[[], Any]] = {
    "account access": lambda: account_access.credentials(_ask, _AWS._profile, "alice"),
    "ListRoles": lambda: next(account_access.roles(_ask, "aa-0123456789ab"), None),
}
_CALLS: Mapping[str, Callable[[], Any]] = {
    "CreateTokenWithIAM": lambda: _AWS.create_token(_KEYS, {"grantType": "refresh_token", "refreshToken": "r"}),
    "AssumeRole": lambda: _AWS._assume_with_context(_TOKENS, _KEYS),
    "GetRoleCredentials": lambda: _AWS._permission_set(_TOKENS),
    "GetDataAccess": lambda: _AWS._data_access(_KEYS),
    "Logout": lambda: _AWS.end_session(Tokens("b", access_token="a")),
    **(_GIVEN if knows_account_access() else {}),
}
_NAMES = tuple(_CALLS)


def _sound(word: Any, number: Any, time: str) -> list[bytes]:
    token = {"accessToken": word, "expiresIn": number, "refreshToken": word, "scope": [word], "idToken": word}
    portal = {"accessKeyId": word, "secretAccessKey": word, "sessionToken": word, "expiration": number}
    given = {"accessKeyId": word, "secretAccessKey": word, "sessionToken": word, "expiresAt": number}
    keys = f"<AccessKeyId>{word}</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken>"
    credentials_xml = f"<Credentials>{keys}<Expiration>{time}</Expiration></Credentials>"
    error = {"__type": word, "message": word, "error_description": word, "reason": word, "region": word}
    error_xml = f"<ErrorResponse><Error><Code>{word}</Code><Message>{word}</Message></Error></ErrorResponse>"
    texts = [
        (0, 0, json.dumps({**token, "awsAdditionalDetails": {"identityContext": word}})),
        (0, 0, json.dumps({**token, "awsAdditionalDetails": word, "scope": word})),
        (1, 0, f"<AssumeRoleResponse><AssumeRoleResult>{credentials_xml}</AssumeRoleResult></AssumeRoleResponse>"),
        (2, 0, json.dumps({"roleCredentials": portal})),
        (3, 0, f"<GetDataAccessResult>{credentials_xml}</GetDataAccessResult>"),
        (5, 0, json.dumps({"credentialsDetails": {"programmaticAccess": given}})),
        (6, 0, json.dumps({"roles": [{"accountId": word, "accountName": word, "roleArn": word}], "nextToken": word})),
        *((call, 1 + call, json.dumps(error)) for call in (0, 2, 4, 5, 6)),
        *((call, 1 + call, error_xml) for call in (1, 3)),
    ]
    return [bytes([call, status]) + text.encode("utf-8", "replace") for call, status, text in texts]


def seeds() -> list[bytes]:
    """A sound answer to each call, and answers with something odd in every place."""
    odd: list[Any] = [*ODD, 5, None, [], {}, 1e300, True]
    times = (_TIME, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "1e400", "9" * 30, "")
    made = [*_sound("word", 3_600, _TIME), *_sound("word", 4e12, _TIME), *_sound("word", "soon", "soon")]
    for word in odd:
        made += _sound(word, word, _TIME)
    for time in times:
        made += _sound("word", float("inf"), time)
    return made


def _check_printed(text: str, answer: Credentials) -> None:
    """An SDK reads what was answered."""
    printed = json.loads(text)
    assert text.isascii()
    assert (printed["AccessKeyId"], printed["SecretAccessKey"]) == (answer.access_key_id, answer.secret_access_key)
    assert (printed.get("SessionToken"), printed.get("AccountId")) == (
        answer.session_token or None,
        answer.account_id or None,
    )
    assert datetime.fromisoformat(printed["Expiration"]).timestamp() == answer.expires_at


def target(data: bytes) -> None:
    """The answer becomes an error that can be shown, or a result that can be stored and printed unchanged."""
    chosen, status = (*data[:2], 0, 0)[:2]
    _AWS.status, _AWS.body = _STATUSES[status % len(_STATUSES)], data[2:]
    name = _NAMES[chosen % len(_NAMES)]
    with ours():
        answer = _CALLS[name]()
        if name == "CreateTokenWithIAM":
            made = tokens.from_answer(Tokens("b"), answer, requested=(), now=1_000)
            assert tokens.from_text(made.to_text(), binding="b") == made
            made.access_alive(1_000.5), made.covers(("x",))
        elif name == "ListRoles":
            assert answer is None or all(isinstance(text, str) for text in answer)
        elif name != "Logout":
            _check_printed(credentials.process_json(answer), answer)
            assert credentials.serve_until(answer.expires_at, 1_000.5) <= answer.expires_at or not answer.alive(1_000.5)
