"""A token that counts once: what marks it, what frees it, and what becomes of one that was sent before."""

import time
from pathlib import Path

import pytest

from oidc_helper import kernel
from oidc_helper.aws import refusals
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, WrongSettings
from oidc_helper.fetch import single_use
from oidc_helper.identity.token import IdentityToken
from oidc_helper.machine.deadline import DeadlinePassed
from oidc_helper.store.store import Store

NOW = time.time()
TOKEN = IdentityToken("a.b.c", {"iss": "https://login.example.com", "jti": "1"}, "RS256", int(NOW) + 3_600)
ANOTHER = IdentityToken("x.y.z", {"iss": "https://login.example.com", "jti": "2"}, "RS256", int(NOW) + 3_600)


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Path:
    """Where the marks are."""
    return empty_home


def is_new(token: IdentityToken = TOKEN) -> bool:
    """Whether a sending that goes well finds the token new."""
    with single_use.sending(token, Store(), now=NOW) as new:
        return new


def fail_with(error: Exception) -> None:
    with pytest.raises(type(error)), single_use.sending(TOKEN, Store(), now=NOW):
        raise error


FREED_BY = {
    "a refusal": Refused("CreateTokenWithIAM was refused"),
    "wrong settings": WrongSettings("the CA bundle does not exist"),
    "no connection": refusals.unreachable("CreateTokenWithIAM", "host", "ConnectTimeout", never_sent=True),
    "throttling": refusals.from_error_answer(
        "CreateTokenWithIAM",
        "host",
        {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}},
        profile="x",
        now=NOW,
    ),
    "a missing proof": SignInNeeded("nobody is signed in"),
}
SPENT_BY: dict[str, Exception] = {
    "a lost answer": refusals.unreachable("CreateTokenWithIAM", "host", "ReadTimeout", never_sent=False),
    "an unreadable answer": refusals.unreadable("CreateTokenWithIAM", "host", 503),
    "the deadline": DeadlinePassed("not done within 50 s"),
    "a bug": ZeroDivisionError(),
}


@pytest.mark.parametrize("failure", FREED_BY)
def test_a_failure_before_the_work_frees_the_token(failure: str) -> None:
    """It may be sent again, once the cause is mended."""
    fail_with(FREED_BY[failure])

    assert is_new()


@pytest.mark.parametrize("failure", SPENT_BY)
def test_a_failure_after_which_the_work_may_be_done_spends_the_token(failure: str) -> None:
    """It is not sent again: whether it counted cannot be known from here."""
    fail_with(SPENT_BY[failure])

    assert not is_new()


def test_a_token_that_was_sent_is_spent() -> None:
    """For every later process; another token of the same issuer is not."""
    assert is_new()
    assert not is_new()
    assert is_new(ANOTHER)


def test_a_token_is_marked_before_it_is_sent() -> None:
    """A process that is killed meanwhile leaves the mark behind."""
    with single_use.sending(TOKEN, Store(), now=NOW):
        assert not is_new()


def test_a_refusal_frees_no_token_that_was_spent_before() -> None:
    """The mark of the first sending stands, whatever becomes of a second one."""
    assert is_new()
    fail_with(Refused("CreateTokenWithIAM was refused"))

    assert not is_new()


def test_a_mark_outlives_the_token_by_a_day() -> None:
    """Identity Center remembers a jti longer than the token lives."""
    assert is_new()

    with single_use.sending(TOKEN, Store(now=lambda: TOKEN.expires_at + 86_000), now=NOW) as new:
        assert not new
    with single_use.sending(TOKEN, Store(now=lambda: TOKEN.expires_at + 86_500), now=NOW) as new:
        assert new


def test_callers_with_errors_of_their_own_judge_them() -> None:
    """The raw operation meets botocore's errors, which say in their own way whether a request was sent."""
    with pytest.raises(LookupError), single_use.sending(TOKEN, Store(), now=NOW, spent_by=lambda _: False):
        raise LookupError

    assert is_new()


def test_a_store_that_notes_nothing_keeps_no_token_from_being_sent(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning says so; the answer is worth more than the mark."""
    monkeypatch.setenv(kernel.VARIABLE, "off")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / ".local"))
    (home / ".local").write_text("a file where the directory should be")
    warnings: list[str] = []

    with single_use.sending(TOKEN, Store(), now=NOW, warn=warnings.append) as new:
        assert new

    (warning,) = warnings
    assert warning.startswith("not everything can be kept: ")


@pytest.mark.parametrize(
    ("error", "may_be_spent"),
    [
        (TryAgain("lost"), True),
        (TryAgain("unreachable", never_sent=True), False),
        (OidcHelperError("other"), False),
        (ValueError(), True),
    ],
    ids=["an answer that is lost", "a request that never left", "an error before the request", "a bug"],
)
def test_only_a_request_that_may_have_left_spends_its_token(error: Exception, *, may_be_spent: bool) -> None:
    """The rule itself."""
    assert single_use.may_be_spent(error) == may_be_spent
