"""The calls that a fetch makes, in their order, as the request log of the services shows them."""

from dataclasses import dataclass

import pytest
from cli.arrangements import keys_of_the_iam_user, run_later, with_caller
from cli.transcript import answer, complaint
from homes import Home, file_config
from service_limits import SHORTEST_SESSION_S

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"
HOUR = 3_600
SIGN_IN = ["AssumeRoleWithWebIdentity", "CreateTokenWithIAM jwt-bearer"]
REFRESH = "CreateTokenWithIAM refresh_token"


@dataclass
class Ready:
    """A home whose profiles share one sign-in, and the services it asks; `now` counts seconds from the beginning."""

    home: Home
    emulator: Emulator
    now: int = 0

    def pass_time(self, seconds: int) -> None:
        """Let everything that expires be so much older, here and there."""
        self.now += seconds
        self.emulator.advance(seconds)

    def ask(self, *words: str) -> list[str]:
        """Run a command that must succeed with credentials, and list the calls that it made."""
        return self.calls(words, code=0)

    def calls(self, words: tuple[str, ...], *, code: int) -> list[str]:
        before = len(self.emulator.requests)
        done = run_later(self.home, self.now, *words)
        if code:
            assert complaint(done).code == code
        else:
            answer(done)
        requests = self.emulator.requests[before:]
        grants = [str(request.asked("grantType") or "").rpartition(":")[2] for request in requests]
        return [f"{one.operation} {grant}".strip() for one, grant in zip(requests, grants, strict=True)]


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Ready:
    """A day's identity token, which opens the caller's role for as long."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE, lifetime_s=24 * HOUR))
    return Ready(home, emulator)


def short_sessions(ready: Ready) -> None:
    """Let role sessions end before the tokens do."""
    ready.home.configure(file_config(ready.emulator, defaults=f"duration_seconds = {SHORTEST_SESSION_S}"))


def test_the_first_call_signs_in_and_the_second_asks_nobody(ready: Ready) -> None:
    """The caller's role is opened, the identity token exchanged, the role assumed; then all is in the cache."""
    assert ready.ask("get", "analytics") == [*SIGN_IN, "AssumeRole"]
    assert ready.ask("get", "analytics") == []


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [("analytics", "dev-admin", "GetRoleCredentials"), ("dev-admin", "analytics", "AssumeRole")],
    ids=["role first", "permission set first"],
)
def test_a_second_profile_asks_for_its_credentials_only(ready: Ready, first: str, second: str, asked: str) -> None:
    """One sign-in serves all profiles of an identity and application, the caller's keys included."""
    ready.ask("get", first)

    assert ready.ask("get", second) == [asked]


def test_credentials_that_end_are_made_anew_with_live_tokens(ready: Ready) -> None:
    """A session that ends before the access token costs one call."""
    short_sessions(ready)
    ready.ask("get", "analytics")
    ready.pass_time(1_000)

    assert ready.ask("get", "analytics") == ["AssumeRole"]


def test_an_access_token_that_ends_is_refreshed_with_no_new_identity_token(ready: Ready) -> None:
    """The caller's role is opened by the identity token that was exchanged before, which only opens it now."""
    ready.ask("get", "analytics")
    (ready.home.path / "token").unlink()
    ready.pass_time(HOUR + 10)

    assert ready.ask("get", "analytics") == ["AssumeRoleWithWebIdentity", REFRESH, "AssumeRole"]


def test_an_access_token_that_is_refused_early_is_refreshed(ready: Ready) -> None:
    """Somebody ended it elsewhere: the portal says so, and the refresh token is tried before anybody is asked."""
    ready.ask("get", "analytics")
    ready.emulator.fault("GetRoleCredentials", error="UnauthorizedException")

    assert ready.ask("get", "dev-admin") == ["GetRoleCredentials", REFRESH, "GetRoleCredentials"]


def test_an_identity_context_that_is_stale_is_refreshed(ready: Ready) -> None:
    """STS names what is wrong: a new context comes with the refresh token, and nobody hears of it."""
    ready.emulator.directory.application.context_lifetime_s = 1_000
    short_sessions(ready)
    ready.ask("get", "analytics")
    ready.pass_time(1_100)

    assert ready.ask("get", "analytics") == ["AssumeRole", REFRESH, "AssumeRole"]


def test_an_access_token_outlives_its_context(ready: Ready) -> None:
    """The other profiles of the sign-in go on with it."""
    ready.ask("get", "analytics")
    ready.emulator.fault("AssumeRole", error="InvalidContextAssertion", times=None)
    ready.calls(("get", "--refresh", "analytics"), code=3)

    assert ready.ask("get", "dev-admin") == ["GetRoleCredentials"]


def test_a_context_that_a_refresh_does_not_mend_takes_a_new_proof(ready: Ready) -> None:
    """Each step is taken once."""
    ready.ask("get", "analytics")
    ready.home.write_token(ready.emulator.mint(ALICE))
    ready.emulator.fault("AssumeRole", error="InvalidContextAssertion", times=2)

    assert ready.ask("get", "--refresh", "analytics") == [
        *("AssumeRole", REFRESH, "AssumeRole"),
        *("CreateTokenWithIAM jwt-bearer", "AssumeRole"),
    ]


def test_the_context_of_a_new_sign_in_that_is_refused_is_refreshed_too(ready: Ready) -> None:
    ready.emulator.fault("AssumeRole", error="InvalidContextAssertion")

    assert ready.ask("get", "analytics") == [*SIGN_IN, "AssumeRole", REFRESH, "AssumeRole"]


def test_a_context_that_nothing_mends_is_told_once_all_was_tried(ready: Ready) -> None:
    """First with a token at hand that is yet to be exchanged, then with one that was sent: a new one is needed."""
    ready.emulator.fault("AssumeRole", error="InvalidContextAssertion", message="stale", times=None)

    first = complaint(run_later(ready.home, 0, "get", "analytics"))
    requests = [request.operation for request in ready.emulator.requests]
    second = complaint(run_later(ready.home, 0, "get", "analytics"))

    assert (first.code, second.code) == (5, 3)
    assert requests.count("CreateTokenWithIAM") == requests.count("AssumeRole") == 2
    assert "AssumeRole was refused: InvalidContextAssertion: stale" in first.message
    assert "identity_context_provider_arn" in first.hint
    assert "AssumeRole was refused" in second.message
    assert "was sent before" in second.message


def test_kept_keys_of_the_caller_that_sts_no_longer_knows_are_opened_anew(ready: Ready) -> None:
    """The caller's role was made again: the keys that were kept are refused, and only logout helped."""
    short_sessions(ready)
    ready.ask("get", "analytics")
    ready.emulator._state.credentials.clear()
    ready.pass_time(1_000)

    assert ready.ask("get", "analytics") == ["AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRole"]
    ready.pass_time(1_000)
    assert ready.ask("get", "analytics") == ["AssumeRole"]


def test_kept_keys_of_the_caller_that_identity_center_no_longer_knows_are_opened_anew(ready: Ready) -> None:
    """A refresh is sent again with new keys, and the refresh token is still good: the keys were refused, not it."""
    ready.ask("get", "analytics")
    ready.emulator._state.credentials.clear()
    ready.emulator.fault("GetRoleCredentials", error="UnauthorizedException")

    assert ready.ask("get", "dev-admin") == [
        *("GetRoleCredentials", REFRESH),
        *("AssumeRoleWithWebIdentity", REFRESH, "GetRoleCredentials"),
    ]


def test_an_identity_token_whose_signer_was_refused_is_sent_again(ready: Ready) -> None:
    """The refusal of a signature comes before the work: the token is not spent by it."""
    ready.ask("get", "analytics")
    ready.emulator._state.credentials.clear()
    ready.home.write_token(ready.emulator.mint(ALICE))

    before = len(ready.emulator.requests)
    done = ready.home.run("login", "analytics")

    assert done.returncode == 0, done.stderr
    exchanges = [one for one in ready.emulator.requests[before:] if one.operation == "CreateTokenWithIAM"]
    assert [one.ok for one in exchanges] == [False, True]
    assert len({one.asked("assertion") for one in exchanges}) == 1


def test_new_keys_of_the_caller_that_are_refused_are_not_opened_twice(ready: Ready) -> None:
    """They were not kept, so that others would fare no better."""
    ready.emulator.fault("CreateTokenWithIAM", error="UnrecognizedClientException", times=None)

    assert ready.calls(("get", "analytics"), code=5) == SIGN_IN


def test_a_session_that_is_over_takes_a_new_identity_token(ready: Ready) -> None:
    """The refresh token is refused, so the identity source is asked, as if it were the first time."""
    ready.ask("get", "analytics")
    ready.pass_time(9 * HOUR)  # of the session's 8
    ready.home.write_token(ready.emulator.mint(ALICE))

    assert ready.ask("get", "analytics") == [
        "AssumeRoleWithWebIdentity",
        REFRESH,
        "CreateTokenWithIAM jwt-bearer",
        "AssumeRole",
    ]


def test_a_refresh_token_that_was_refused_is_not_tried_again(ready: Ready) -> None:
    """With nothing but a spent identity token the first call is refused, and the next one only opens the role.

    Both say that a new identity token is needed.
    """
    ready.ask("get", "analytics")
    ready.pass_time(9 * HOUR)

    first = ready.calls(("get", "analytics"), code=3)
    second = ready.calls(("get", "analytics"), code=3)

    assert first == ["AssumeRoleWithWebIdentity", REFRESH]
    assert REFRESH not in second
    assert "CreateTokenWithIAM jwt-bearer" not in second


def test_a_refresh_token_outlives_a_passing_fault(ready: Ready) -> None:
    """Only a definite refusal discards it: after a server error the next call refreshes."""
    ready.ask("get", "analytics")
    ready.pass_time(HOUR + 10)
    ready.emulator.fault("CreateTokenWithIAM", status=500)

    assert ready.calls(("get", "analytics"), code=4)[-1] == REFRESH
    assert REFRESH in ready.ask("get", "analytics")


def test_live_credentials_are_served_through_a_passing_fault(ready: Ready) -> None:
    """In their last minutes a renewal is tried; failing, they are printed, and the next calls do not even try."""
    ready.ask("get", "analytics")
    ready.pass_time(2_800)  # 800 s are left, SDKs call for every request from 900
    ready.emulator.fault("AssumeRole", status=503, times=None)

    assert set(ready.ask("get", "analytics")) == {"AssumeRole"}
    assert ready.ask("get", "analytics") == []
    ready.emulator.clear_faults()
    ready.pass_time(60)
    assert ready.ask("get", "analytics") == ["AssumeRole"]


def test_live_credentials_are_served_while_the_callers_own_profile_is_in_trouble(ready: Ready) -> None:
    """Its STS cannot be reached: that is trouble like any other, and no wrong setting."""
    keys = keys_of_the_iam_user(ready.emulator)
    (ready.home.path / "aws").write_text("[profile base]\n" + "\n".join(f"{a.lower()} = {b}" for a, b in keys.items()))
    ready.home.environment["AWS_CONFIG_FILE"] = str(ready.home.path / "aws")
    with_caller(ready.home, '{ profile = "base" }')
    first = answer(ready.home.run("get", "analytics"))
    role = f"role_arn = {ready.emulator.directory.caller_role_arn}\nsource_profile = keys\n"
    (ready.home.path / "aws").write_text((ready.home.path / "aws").read_text().replace("base", "keys"))
    with (ready.home.path / "aws").open("a") as config:
        config.write(f"\n[profile base]\n{role}")

    later = run_later(ready.home, 2_800, "get", "analytics", AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")

    assert answer(later) == first


def test_live_credentials_are_not_served_against_a_refusal(ready: Ready) -> None:
    """A person who may no longer enter is told so each time, though the former session still has some minutes."""
    ready.ask("get", "analytics")
    ready.pass_time(2_800)
    ready.emulator.directory.analytics_role.trusted.clear()

    assert ready.calls(("get", "analytics"), code=5) == ["AssumeRole"]
    assert ready.calls(("get", "analytics"), code=5) == ["AssumeRole"]


def test_credentials_in_their_last_minute_are_not_served(ready: Ready) -> None:
    """A request that is signed with less than a minute left may arrive too late: a fault is a fault then."""
    ready.ask("get", "analytics")
    ready.pass_time(HOUR - 30)
    ready.emulator.fault("AssumeRoleWithWebIdentity", status=503, times=None)

    assert set(ready.calls(("get", "analytics"), code=4)) == {"AssumeRoleWithWebIdentity"}


def test_edited_settings_are_obeyed_at_once(ready: Ready) -> None:
    """Credentials that were fetched with other settings are a miss; the tokens still serve."""
    ready.ask("get", "analytics")
    ready.home.configure(ready.home.config.read_text() + "\n# edited\n")

    assert ready.ask("get", "analytics") == ["AssumeRole"]


def test_another_application_is_another_sign_in(ready: Ready) -> None:
    """Tokens of one application never serve a profile of another."""
    ready.ask("get", "analytics")
    directory = ready.emulator.directory
    second = directory.second_application_arn
    ready.home.configure(ready.home.config.read_text().replace(directory.application_arn, second))
    ready.home.write_token(ready.emulator.mint(ALICE))

    assert "CreateTokenWithIAM jwt-bearer" in ready.ask("get", "analytics")
    assert {one.asked("clientId") for one in ready.emulator.requests if one.operation == "CreateTokenWithIAM"} == {
        directory.application_arn,
        second,
    }


def test_refresh_makes_new_credentials_of_the_tokens_there_are(ready: Ready) -> None:
    """`get --refresh` passes over the cache, and later calls get the new credentials."""
    ready.ask("get", "analytics")
    old = answer(ready.home.run("get", "analytics"))

    assert ready.ask("get", "--refresh", "analytics") == ["AssumeRole"]
    assert answer(ready.home.run("get", "analytics")) != old


def test_a_profile_with_fewer_scopes_does_not_narrow_the_others(home: Home, emulator: Emulator) -> None:
    """Tokens that lack a scope do not serve the profile that needs it, even from the same sign-in."""
    narrow = (
        f'[profile.narrow]\nrole_arn = "{emulator.directory.analytics_role_arn}"\nscopes = ["sts:identity_context"]'
    )
    home.configure(file_config(emulator, profiles=narrow))
    ready = Ready(home, emulator)
    home.write_token(emulator.mint(ALICE))
    ready.ask("get", "narrow")
    home.write_token(emulator.mint(ALICE))

    assert ready.ask("get", "dev-admin") == ["CreateTokenWithIAM jwt-bearer", "GetRoleCredentials"]
    assert ready.ask("get", "--refresh", "narrow") == ["AssumeRole"]


def test_an_s3_access_grant_comes_on_top_of_the_role_session(home: Home, emulator: Emulator) -> None:
    """A profile with s3_grant prints the grant's credentials, not the role's."""
    role = f'role_arn = "{emulator.directory.analytics_role_arn}"'
    grant = 's3_grant = { target = "s3://reports/2026/*", permission = "READ" }'
    home.configure(file_config(emulator, profiles=f"[profile.reports]\n{role}\n{grant}\n"))
    home.write_token(emulator.mint("alice@example.com"))

    assert home.get("reports")["AccessKeyId"] != home.get("analytics")["AccessKeyId"]
    assert emulator.count("GetDataAccess", ok=True) == 1
