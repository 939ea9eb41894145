"""The portal's lists: all pages of them, at its pace, and nothing lost where one account answers an error."""

import threading
from pathlib import Path

import pytest
from emulator.aws_callers import Caller
from homes import file_config
from settings.settings_files import load

from oidc_helper.aws import portal_listing
from oidc_helper.aws.client import Aws
from oidc_helper.aws.portal_listing import Account
from oidc_helper.aws.tokens import Tokens
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.organization import enlarge
from oidc_helper.errors import OidcHelperError, Refused, TryAgain


@pytest.fixture
def aws(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    return Aws(load(tmp_path, file_config(emulator)).profile("dev-admin"), time_left=lambda: 20)


@pytest.fixture
def tokens(emulator: Emulator) -> Tokens:
    user = emulator.directory.iam_user
    caller = Caller(emulator, user.access_key_id, user.secret_access_key)
    return Tokens("", access_token=caller.exchange("alice@example.com")["accessToken"])


class Clock:
    """Nobody waits; time passes by waiting only, unless it stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stands = False
        self.waits: list[float] = []

    def wait(self, stopped: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += 0 if self.stands else seconds
        return stopped.is_set()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    turned = Clock()
    monkeypatch.setattr(portal_listing, "_now", lambda: turned.now)
    monkeypatch.setattr(portal_listing, "_wait", turned.wait)
    return turned


def names(listed: portal_listing.Listing) -> list[tuple[str, str]]:
    return [(access.account.name, access.permission_set) for access in listed.access]


def test_every_page_is_read(emulator: Emulator, aws: Aws, tokens: Tokens) -> None:
    enlarge(emulator.directory, 230, 1)
    accounts = portal_listing.accounts(aws, tokens)

    assert len(accounts) == 232
    assert accounts[0] == Account("111122223333", "development", "development@example.com")
    assert emulator.count("ListAccounts") == 3


def test_permission_sets_are_in_the_order_of_the_accounts(emulator: Emulator, aws: Aws, tokens: Tokens) -> None:
    """Whichever of the parallel calls is answered first."""
    emulator.fault("ListAccountRoles", delay_s=0.2, parameters={"accountId": "111122223333"})
    told: list[tuple[int, int]] = []
    listed = portal_listing.permission_sets(
        aws, tokens, portal_listing.accounts(aws, tokens), lambda *done: told.append(done)
    )

    assert names(listed) == [("development", "Admin"), ("development", "ReadOnly"), ("production", "ReadOnly")]
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [({"error": "InvalidRequestException"}, Refused), ({"status": 500}, TryAgain), ({"body": b"{]"}, TryAgain)],
)
def test_an_account_that_answers_an_error_does_not_lose_the_rest(
    emulator: Emulator, aws: Aws, tokens: Tokens, fault: dict[str, object], kind: type[OidcHelperError]
) -> None:
    emulator.fault("ListAccountRoles", parameters={"accountId": "111122223333"}, times=None, **fault)
    listed = portal_listing.permission_sets(aws, tokens, portal_listing.accounts(aws, tokens))

    assert names(listed) == [("production", "ReadOnly")]
    assert {account: type(failure) for account, failure in listed.failures.items()} == {"111122223333": kind}


def test_a_lost_answer_is_asked_for_again(emulator: Emulator, aws: Aws, tokens: Tokens) -> None:
    emulator.fault("ListAccountRoles", cut="before", times=2, parameters={"accountId": "111122223333"})
    listed = portal_listing.permission_sets(aws, tokens, portal_listing.accounts(aws, tokens))

    assert (len(listed.access), listed.failures) == (3, {})


def test_all_calls_wait_where_the_portal_asks_to(emulator: Emulator, aws: Aws, tokens: Tokens, clock: Clock) -> None:
    """Longer each time, while it asks for nothing else; then the listing is whole."""
    accounts = portal_listing.accounts(aws, tokens)
    emulator.fault("ListAccountRoles", status=429, error="TooManyRequestsException", times=4)
    listed = portal_listing.permission_sets(aws, tokens, accounts[:1])

    assert (len(listed.access), listed.failures) == (2, {})
    assert [seconds for seconds in clock.waits if seconds > 1 / 20] == pytest.approx([0.5, 1, 2, 4])


def test_a_portal_that_only_asks_to_wait_is_given_up(
    emulator: Emulator, aws: Aws, tokens: Tokens, clock: Clock
) -> None:
    """After a minute of it."""
    emulator.fault("ListAccounts", status=429, error="TooManyRequestsException", times=None)

    with pytest.raises(TryAgain, match="TooManyRequestsException"):
        portal_listing.accounts(aws, tokens)
    assert 60 <= clock.now < 70


def test_calls_begin_at_the_portals_pace(emulator: Emulator, aws: Aws, tokens: Tokens, clock: Clock) -> None:
    """Its quota is 20 requests a second, however many threads there are."""
    enlarge(emulator.directory, 40, 1)
    accounts = portal_listing.accounts(aws, tokens)
    clock.waits.clear()
    clock.stands = True
    portal_listing.permission_sets(aws, tokens, accounts)

    assert sorted(clock.waits) == pytest.approx([call / 20 for call in range(42)])


def test_a_page_that_leads_to_itself_is_no_list(emulator: Emulator, aws: Aws, tokens: Tokens) -> None:
    emulator.fault("ListAccounts", status=200, body=b'{"accountList": [], "nextToken": "again"}', times=None)

    with pytest.raises(TryAgain, match="cannot be read"):
        portal_listing.accounts(aws, tokens)


def test_a_session_that_has_ended_is_a_refusal(emulator: Emulator, aws: Aws, tokens: Tokens) -> None:
    """Its hint names both causes."""
    with pytest.raises(Refused) as refused:
        portal_listing.accounts(aws, Tokens("", access_token="never-issued"))

    assert "sso:account:access" in refused.value.hint
