"""The authorization request, and the answers that do and do not belong to it."""

import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest

from oidc_helper.oidc import authorization
from oidc_helper.oidc.authorization import Answer, ForeignAnswerError, Request

ISSUER = "https://login.example.com"
REDIRECT = "http://127.0.0.1:8400/oidc-helper/callback"


def begin(*, must_name_itself: bool = False) -> Request:
    return authorization.begin(
        ISSUER + "/authorize?policy=b2c",
        "a client",
        REDIRECT,
        issuer=ISSUER,
        must_name_itself=must_name_itself,
        parameters={"scope": "openid email", "prompt": "login"},
    )


def test_a_request_has_a_pkce_challenge_a_state_and_a_nonce() -> None:
    """They follow the query that the endpoint itself has."""
    request = begin()
    asked = {name: value for name, [value] in parse_qs(urlsplit(request.url).query).items()}
    challenge = urlsafe_b64encode(hashlib.sha256(request.verifier.encode()).digest()).rstrip(b"=").decode()

    assert asked == {
        "policy": "b2c",
        "response_type": "code",
        "client_id": "a client",
        "redirect_uri": REDIRECT,
        "scope": "openid email",
        "prompt": "login",
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert 43 <= len(request.verifier) <= 128  # RFC 7636 section 4.1


def test_no_two_requests_share_a_secret() -> None:
    """None of the secrets is shown."""
    first, second = begin(), begin()

    for name in ("state", "nonce", "verifier"):
        assert getattr(first, name) != getattr(second, name)
        assert getattr(first, name) not in repr(first)


def test_an_answer_is_a_code_or_an_error() -> None:
    request = begin()
    assert authorization.read(request, urlencode({"code": "c", "state": request.state})) == Answer(code="c")

    declined = {"error": "access_denied", "error_description": "no", "state": request.state, "iss": ISSUER}
    assert authorization.read(request, urlencode(declined)) == Answer(error="access_denied", description="no")
    assert "secret" not in repr(Answer(code="secret"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": None}, "it has no state"),
        ({"state": ""}, "it has no state"),
        ({"state": "another"}, "it belongs to another sign-in"),
        ({"state": "é"}, "it belongs to another sign-in"),
    ],
)
def test_an_answer_to_another_request_is_refused_with_the_reason(changes: dict[str, str | None], words: str) -> None:
    request = begin()
    parameters = {"code": "c", "state": request.state} | changes
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    with pytest.raises(ForeignAnswerError, match=words):
        authorization.read(request, query)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"iss": "https://evil.example"}, f"it comes from 'https://evil.example' and not from '{ISSUER}'"),
        ({"iss": ""}, f"it comes from nobody and not from '{ISSUER}'"),
        ({"iss": ISSUER + "/"}, f"it comes from '{ISSUER}/' and not from '{ISSUER}'"),
        ({"iss": [ISSUER, "https://evil.example"]}, f"it comes from 'https://evil.example' and not from '{ISSUER}'"),
        ({"code": None}, "it has neither a code nor an error"),
        ({"code": ""}, "it has neither a code nor an error"),
        ({"error": "x"}, "it has a code and an error"),
        ({"code": ["a", "b"]}, "it has two codes"),
        ({"code": b"\xe8"}, "its code cannot be read"),
    ],
)
def test_the_answer_with_our_state_is_final_though_it_is_useless(changes: dict[str, object], fault: str) -> None:
    """Waiting on would keep the person from the reason: no other answer will come."""
    request = begin()
    parameters = {"code": "c", "state": request.state} | changes
    query = urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)

    assert authorization.read(request, query) == Answer(fault=fault)


@pytest.mark.parametrize(
    "more",
    [
        "display=Fran%E7ois",
        "session_state=1&session_state=1",
        "session_state=1&session_state=2",
        "code=c",
        "state=x",
        "x&" * 2_000,
        "&&;=%",
        "iss=" + quote_plus(ISSUER),
    ],
)
def test_parameters_that_nobody_needs_are_left_aside(more: str) -> None:
    """In Latin-1, repeated, or too many to be useful."""
    request = begin()

    assert authorization.read(request, f"code=c&state={request.state}&{more}") == Answer(code="c")


def test_a_reason_in_latin_1_is_read_as_far_as_it_goes() -> None:
    request = begin()
    query = f"error=access_denied&error_description=Acc%E8s%20refus%E9&state={request.state}"

    assert authorization.read(request, query) == Answer(error="access_denied", description="Acc\ufffds refus\ufffd")


def test_a_provider_that_announces_iss_must_send_it() -> None:
    """RFC 9207."""
    request = begin(must_name_itself=True)
    query = urlencode({"code": "c", "state": request.state})
    assert authorization.read(request, query) == Answer(fault=f"it comes from nobody and not from '{ISSUER}'")
    assert authorization.read(request, query + "&" + urlencode({"iss": ISSUER})) == Answer(code="c")


@pytest.mark.parametrize("query", ["%ff", "x&" * 200, "", "=", "code=%C3"])
def test_a_query_without_our_state_is_no_answer(query: str) -> None:
    with pytest.raises(ForeignAnswerError):
        authorization.read(begin(), query)
