"""Signature Version 4 is verified for every signed operation; each protocol has errors of its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from emulator.aws_callers import Caller, identity_context, refusal, refused

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


def _break(kind: str, emulator: Emulator, caller: Caller, service: str) -> Caller:
    skew_s = 960 if service == "s3" else 360
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
        emulator.skew(skew_s if kind == "clock behind" else -skew_s)
    return caller


@pytest.mark.parametrize("service", sorted(CALLS))
@pytest.mark.parametrize("kind", sorted(REFUSALS))
def test_a_bad_signature_is_refused_in_the_services_words(
    emulator: Emulator, caller: Caller, kind: str, service: str
) -> None:
    """The same call works without the mistake."""
    session = _session(emulator, caller)
    CALLS[service](session)

    assert refusal(CALLS[service], _break(kind, emulator, session, service)) == REFUSALS[kind][service]


def test_the_message_about_a_clock_has_both_times(emulator: Emulator, caller: Caller) -> None:
    """Like AWS's, so that a client can tell a wrong clock from a wrong key."""
    emulator.skew(360)

    assert refused(caller.identity)[2]["Error"]["Message"].startswith("Signature expired: ")

    emulator.skew(-360)

    assert refused(caller.identity)[2]["Error"]["Message"].startswith("Signature not yet current: ")


def test_clocks_may_differ_by_less_than_five_minutes(emulator: Emulator, caller: Caller) -> None:
    """Either way."""
    for seconds in (280, -280):
        emulator.skew(seconds)
        assert caller.identity()["Arn"] == emulator.directory.iam_user.arn


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

    session = replace(_session(emulator, caller), hooks={"before-sign": for_another})

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

    unsigned = replace(_session(emulator, caller), hooks={"before-send": unsign})

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


def _session(emulator: Emulator, caller: Caller) -> Caller:
    """An identity-enhanced session that may make all of the calls."""
    directory = emulator.directory
    directory.application.actors.add(directory.analytics_role_arn)
    return caller.assume_with_context(identity_context(caller.exchange()))
