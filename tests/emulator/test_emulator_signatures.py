"""Signature Version 4 is verified for every signed operation; each protocol has errors of its own."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from emulator.aws_callers import Caller, identity_context, refusal, refused
from emulator.browsing import Page, send

from oidc_helper.emulator import Emulator

Call = Callable[[Caller], Any]


def _data_access(caller: Caller) -> Any:
    return caller.client("s3control").get_data_access(
        AccountId="123456789012", Target="s3://reports/a", Permission="READ"
    )


CALLS: dict[str, Call] = {"sso-oidc": Caller.exchange, "sts": Caller.identity, "s3": _data_access}
# Mistake -> signing service -> code and HTTP status
REFUSALS = {
    "unknown key": {
        "sso-oidc": ("UnrecognizedClientException", 403),
        "sts": ("InvalidClientTokenId", 403),
        "s3": ("InvalidAccessKeyId", 403),
    },
    "wrong secret": {
        "sso-oidc": ("InvalidSignatureException", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "s3": ("SignatureDoesNotMatch", 403),
    },
    "wrong session token": {
        "sso-oidc": ("UnrecognizedClientException", 403),
        "sts": ("InvalidClientTokenId", 403),
        "s3": ("InvalidToken", 400),
    },
    "no session token": {
        "sso-oidc": ("UnrecognizedClientException", 403),
        "sts": ("InvalidClientTokenId", 403),
        "s3": ("InvalidToken", 400),
    },
    "expired session": {
        "sso-oidc": ("ExpiredTokenException", 403),
        "sts": ("ExpiredToken", 403),
        "s3": ("ExpiredToken", 400),
    },
    "clock behind": {
        "sso-oidc": ("InvalidSignatureException", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "s3": ("RequestTimeTooSkewed", 403),
    },
    "clock ahead": {
        "sso-oidc": ("InvalidSignatureException", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "s3": ("RequestTimeTooSkewed", 403),
    },
}


def _break(kind: str, emulator: Emulator, caller: Caller) -> Caller:
    if kind == "unknown key":
        return replace(caller, key="ASIAAAAAAAAAAAAAAAAA")
    if kind == "wrong secret":
        return replace(caller, secret="wrong")
    if kind == "wrong session token":
        return replace(caller, token="wrong")
    if kind == "no session token":
        return replace(caller, token=None)
    if kind == "expired session":
        emulator.advance(3601)
    else:
        emulator.skew(960 if kind == "clock behind" else -960)
    return caller


@pytest.mark.parametrize("service", sorted(CALLS))
@pytest.mark.parametrize("kind", sorted(REFUSALS))
def test_a_bad_signature_is_refused_in_the_services_words(
    emulator: Emulator, caller: Caller, kind: str, service: str
) -> None:
    """The same call works without the mistake."""
    session = _session(emulator, caller, service)
    CALLS[service](session)

    assert refusal(CALLS[service], _break(kind, emulator, session)) == REFUSALS[kind][service]


def test_the_message_about_a_clock_has_both_times(emulator: Emulator, caller: Caller) -> None:
    """Like AWS's, so that a client can tell a wrong clock from a wrong key."""
    emulator.skew(960)

    assert refused(caller.identity)[2]["Error"]["Message"].startswith("Signature expired: ")

    emulator.skew(-960)

    assert refused(caller.identity)[2]["Error"]["Message"].startswith("Signature not yet current: ")


@pytest.mark.parametrize("minutes", [5, 15])
def test_how_much_clocks_may_differ_can_be_set(emulator: Emulator, caller: Caller, minutes: int) -> None:
    """Either way; AWS tells it in the message alone, where people have seen 5 minutes and 15."""
    emulator.directory.clocks_differ_s = minutes * 60
    for seconds in (minutes * 60 - 20, 20 - minutes * 60):
        emulator.skew(seconds)
        assert caller.identity()["Arn"] == emulator.directory.iam_user.arn
    emulator.skew(minutes * 60 + 20)

    assert refused(caller.identity)[2]["Error"]["Message"].endswith(f" - {minutes} min.)")


def test_time_that_passes_does_not_make_clocks_differ(emulator: Emulator, caller: Caller) -> None:
    """A test that moves the time ahead can still sign."""
    emulator.advance(86_400)

    assert caller.identity()["Arn"] == emulator.directory.iam_user.arn


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sso-oidc", "InvalidSignatureException"),
        ("sts", "SignatureDoesNotMatch"),
        ("s3", "AuthorizationHeaderMalformed"),
    ],
)
def test_the_scope_must_name_the_service(emulator: Emulator, caller: Caller, service: str, code: str) -> None:
    """A signature for another service is refused."""

    def for_another(request: Any, **_: Any) -> None:
        request.context["signing"] = {**request.context.get("signing", {}), "signing_name": "sqs"}

    session = replace(_session(emulator, caller, service), hooks={"before-sign": for_another})

    assert refusal(CALLS[service], session)[0] == code


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sso-oidc", "MissingAuthenticationTokenException"),
        ("sts", "MissingAuthenticationToken"),
        ("s3", "AccessDenied"),
    ],
)
def test_an_unsigned_call_is_refused(emulator: Emulator, caller: Caller, service: str, code: str) -> None:
    """If the operation must be signed."""

    def unsign(request: Any, **_: Any) -> None:
        del request.headers["Authorization"]

    unsigned = replace(_session(emulator, caller, service), hooks={"before-send": unsign})

    assert refusal(CALLS[service], unsigned) == (code, 403)
    assert emulator.requests[-1].reason == "signature: missing"


def _change(name: str, value: str | bytes) -> Callable[..., None]:
    def change(request: Any, **_: Any) -> None:
        if name == "body":
            request.body = value
            request.headers["Content-Length"] = str(len(value))
        else:
            request.headers[name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("body", b"Action=GetCallerIdentity&Version=2011-06-15&More=1", "SignatureDoesNotMatch"),
        ("X-Amz-Content-SHA256", "00", "SignatureDoesNotMatch"),
        ("X-Amz-Meta", "not signed", "SignatureDoesNotMatch"),
        ("Content-Type", "application/x-www-form-urlencoded", "SignatureDoesNotMatch"),
        ("Authorization", "AWS4-HMAC-SHA256 Credential=nonsense", "IncompleteSignature"),
        ("Authorization", "Basic YTpi", "IncompleteSignature"),
        ("X-Amz-Date", "yesterday", "IncompleteSignature"),
    ],
)
def test_a_change_after_the_signature_is_noticed(caller: Caller, name: str, value: str | bytes, code: str) -> None:
    """In the body or in a header, or a new header."""
    changed = replace(caller, hooks={"before-send": _change(name, value)})

    assert refusal(changed.identity)[0] == code


def _session(emulator: Emulator, caller: Caller, service: str) -> Caller:
    """A session that may make the call of that service: an identity-enhanced one may not exchange."""
    directory = emulator.directory
    directory.application.actors.add(directory.analytics_role_arn)
    if service == "s3":
        return caller.assume_with_context(identity_context(caller.exchange()))
    return caller.assume(directory.analytics_role_arn)


def presigned(caller: Caller, service: str, operation: str, *, method: str = "GET", **parameters: Any) -> str:
    """The URL of a call that is good for a minute."""
    url: str = caller.client(service).generate_presigned_url(operation, parameters, 60, method)
    return url


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_presigned_call_to_sts_is_answered(emulator: Emulator, caller: Caller, method: str) -> None:
    """The authenticator of EKS sends them; with a session's token in the query too."""
    for each in (caller, caller.assume(emulator.directory.analytics_role_arn)):
        answer = send(presigned(each, "sts", "get_caller_identity", method=method), method=method)

        assert answer.status == 200, answer.text
        assert each.identity()["Arn"] in answer.text


def test_sts_does_not_heed_how_long_a_presigned_call_is_good(emulator: Emulator, caller: Caller) -> None:
    """It is as good as any other call; S3 heeds it."""
    session = _session(emulator, caller, "s3")
    asked = {"AccountId": "123456789012", "Target": "s3://reports/a", "Permission": "READ"}
    to_sts = presigned(caller, "sts", "get_caller_identity")
    to_s3 = presigned(session, "s3control", "get_data_access", **asked)
    emulator.skew(120)

    assert send(to_sts).status == 200

    parts = urlsplit(to_s3)
    answer = send(f"{emulator.url}{parts.path}?{parts.query}", headers={"Host": parts.netloc})

    assert (answer.status, "<Message>Request has expired<" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Signature=", "Signature=0", "IncompleteSignature"),
        ("HMAC-SHA256", "HMAC-SHA1", "IncompleteSignature"),
        ("X-Amz-Expires=60", "X-Amz-Expires=90", "SignatureDoesNotMatch"),
        ("Action=GetCallerIdentity", "Action=GetCallerIdentity&More=1", "SignatureDoesNotMatch"),
        ("Action=GetCallerIdentity", "Action=GetSessionTokens", "InvalidAction"),
        ("Credential=AKIA", "Credential=AKIB", "InvalidClientTokenId"),
    ],
)
def test_a_change_of_a_presigned_call_is_noticed(caller: Caller, old: str, new: str, code: str) -> None:
    """In the signature, and in all that it covers."""
    url = presigned(caller, "sts", "get_caller_identity").replace(old, new, 1)

    assert f"<Code>{code}</Code>" in send(url).text


def test_a_presigned_call_has_no_body(caller: Caller) -> None:
    """STS makes the hash of the body itself."""
    url = presigned(caller, "sts", "get_caller_identity")

    assert "SignatureDoesNotMatch" in send(url, method="GET", body=b"Action=GetCallerIdentity").text


# Service -> its signing name, and a call.
PLAIN_CALLS = {
    "sso-oidc": ("sso-oauth", "POST", "/token?aws_iam=t", b"{}"),
    "sts": ("sts", "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15"),
    "s3": (
        "s3",
        "GET",
        "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2Freports%2Fa",
        b"",
    ),
}


def signed_with(session: Caller, service: str, told: str | None) -> Page:
    """The answer to a call that tells that hash of its body, which is signed too; None tells none."""
    name, method, path, body = PLAIN_CALLS[service]
    headers = {"x-amz-account-id": "123456789012"} if service == "s3" else {}
    request = AWSRequest(
        method, session.emulator.url + path, headers | ({"X-Amz-Content-SHA256": told} if told else {}), body
    )
    SigV4Auth(Credentials(session.key, session.secret, session.token), name, "eu-west-1").add_auth(request)
    return send(str(request.url), method=method, body=body, headers=dict(request.headers.items()))


@pytest.mark.parametrize(("service", "status"), [("sso-oidc", 403), ("sts", 403), ("s3", 200)])
def test_an_unsigned_body_is_for_s3_alone(emulator: Emulator, caller: Caller, service: str, status: int) -> None:
    """The other services make the hash themselves, and the signature does not fit."""
    assert signed_with(_session(emulator, caller, service), service, "UNSIGNED-PAYLOAD").status == status


@pytest.mark.parametrize(
    ("told", "code"), [("0" * 64, "XAmzContentSHA256Mismatch"), (None, "InvalidRequest")], ids=["another's", "none"]
)
def test_s3_wants_the_hash_of_the_body(emulator: Emulator, caller: Caller, told: str | None, code: str) -> None:
    """In a header of its own."""
    answer = signed_with(_session(emulator, caller, "s3"), "s3", told)

    assert (answer.status, f"<Code>{code}</Code>" in answer.text) == (400, True)


@pytest.mark.parametrize("service", ["sts", "sso-oidc"])
def test_no_other_service_reads_that_header(emulator: Emulator, caller: Caller, service: str) -> None:
    """SDKs may send it or not."""
    hashed = hashlib.sha256(PLAIN_CALLS[service][3]).hexdigest()
    session = _session(emulator, caller, service)

    assert signed_with(session, service, hashed).status == signed_with(session, service, None).status != 403
