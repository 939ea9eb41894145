"""An identity token is sent once, whatever happens to the answer, and the user learns what is needed."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cli.arrangements import keys_of_the_iam_user, with_caller
from cli.transcript import answer, complaint, secrets, tells
from homes import Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"
EXCHANGE = "CreateTokenWithIAM"
# How an answer is lost. Whether the work was done cannot be told from here: `cut="before"` looks like "after".
LOST: dict[str, dict[str, Any]] = {
    "the connection breaks after the work": {"cut": "after"},
    "the connection breaks before the work": {"cut": "before"},
    "the server fails": {"status": 500},
    "something on the way answers": {"body": b"<html><title>Please log in to the network</title></html>"},
}


# How a request is turned away before anybody has looked at its token.
TURNED_AWAY: dict[str, dict[str, Any]] = {
    "slow down": {"error": "SlowDownException"},
    "too many requests": {"status": 429, "error": "TooManyRequestsException"},
    "throttled": {"error": "ThrottlingException"},
    "authorization pending": {"error": "AuthorizationPendingException"},
}


@pytest.fixture
def closed_port() -> Iterator[str]:
    """The URL of a port that refuses connections for as long as the test lasts."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unheard.getsockname()[1]}"


@pytest.mark.parametrize("how", LOST)
def test_a_token_whose_answer_is_lost_is_not_sent_again(ready: Home, emulator: Emulator, how: str) -> None:
    """One call fails as a fault that may pass, all later ones say that a new token is needed; that is all it takes."""
    emulator.fault(EXCHANGE, **LOST[how])

    lost = complaint(ready.run("get", "analytics"))
    later = [complaint(ready.run("get", profile)) for profile in ("analytics", "dev-admin")]
    sent = emulator.count(EXCHANGE)
    told = tells(f"{lost} {later}", secrets(ready, emulator))
    ready.write_token(emulator.mint(ALICE))

    assert (lost.code, [one.code for one in later]) == (4, [3, 3])
    assert sent == 1
    assert "may have been exchanged" in lost.hint
    assert all("was sent before" in one.message for one in later)
    for one in (lost, *later):
        assert f"put a new identity token into {ready.path}/token" in one.hint
    assert told == []
    answer(ready.run("get", "analytics"))
    assert emulator.count(EXCHANGE) == 2


@pytest.mark.parametrize("how", TURNED_AWAY)
def test_a_token_that_was_turned_away_unread_can_be_sent(ready: Home, emulator: Emulator, how: str) -> None:
    """Nothing was done with it, so that no new one is asked for."""
    emulator.fault(EXCHANGE, **TURNED_AWAY[how])

    turned_away = complaint(ready.run("get", "analytics"))

    assert (turned_away.code, turned_away.hint) == (4, "try again in a while")
    answer(ready.run("get", "analytics"))
    assert emulator.count(EXCHANGE) == 2


def test_a_token_whose_answer_does_not_come_in_time_is_not_sent_again(home: Home, emulator: Emulator) -> None:
    """The deadline ends the wait, not the exchange."""
    home.configure(file_config(emulator, defaults="deadline_seconds = 5"))
    home.write_token(emulator.mint(ALICE))
    emulator.fault(EXCHANGE, until=threading.Event())  # it comes when the emulator stops

    late = complaint(home.run("get", "analytics"))
    later = complaint(home.run("get", "analytics"))

    assert (late.code, later.code) == (4, 3)
    assert "put a new identity token into" in late.hint
    assert "was sent before" in later.message
    assert emulator.wait_for(EXCHANGE, 1, timeout_s=0)
    assert not emulator.wait_for(EXCHANGE, 2, timeout_s=0)


@pytest.mark.parametrize("is_proxy", [False, True], ids=["the service", "the proxy"])
def test_a_token_that_never_left_can_be_sent(
    ready: Home, emulator: Emulator, closed_port: str, *, is_proxy: bool
) -> None:
    """Where the connection itself is refused, by the service or by a proxy, the same token works the next time."""
    with_caller(ready, "{ environment = true }")  # so that no other call comes before
    keys = keys_of_the_iam_user(emulator)

    elsewhere = "https://aws.invalid" if is_proxy else closed_port
    variables = {"AWS_ENDPOINT_URL_SSO_OIDC": elsewhere, "HTTPS_PROXY": closed_port}
    unreachable = complaint(ready.run("get", "analytics", **keys, **variables))

    assert unreachable.code == 4
    assert unreachable.message.startswith("CreateTokenWithIAM: ")
    assert "cannot be reached" in unreachable.message
    assert "new identity token" not in unreachable.hint
    answer(ready.run("get", "analytics", **keys))
    assert emulator.count(EXCHANGE) == 1


def test_a_token_that_was_refused_can_be_sent_once_it_is_welcome(ready: Home, emulator: Emulator) -> None:
    """A definite no leaves the token as it was, so that mending the settings is enough."""
    good = ready.config.read_text()
    ready.configure(good.replace("eu-west-1", "us-east-1"))
    refused = complaint(ready.run("get", "analytics"))
    ready.configure(good)

    assert refused.code == 5
    answer(ready.run("get", "analytics"))
    assert emulator.count(EXCHANGE, ok=True) == 1


def test_a_key_that_the_caller_may_not_use_is_named_and_the_token_stays(ready: Home, emulator: Emulator) -> None:
    """Where Identity Center has a customer managed key, its caller needs kms:Decrypt."""
    reason = {"reason": "KMS_AccessDeniedException"}
    emulator.fault(EXCHANGE, error="AccessDeniedException", members=reason)

    denied = complaint(ready.run("get", "analytics"))

    assert denied.code == 5
    assert "AccessDeniedException: KMS_AccessDeniedException" in denied.message
    assert "allow the caller kms:Decrypt" in denied.hint
    answer(ready.run("get", "analytics"))


def test_a_killed_process_has_sent_its_token(ready: Home, emulator: Emulator) -> None:
    """The note that a token is spent is written before the token leaves: kill -9 meanwhile changes nothing."""
    going_on = threading.Event()
    emulator.fault(EXCHANGE, until=going_on)
    process = ready.start("get", "analytics")
    assert emulator.wait_for(EXCHANGE)
    process.kill()
    process.communicate()
    going_on.set()

    later = complaint(ready.run("get", "analytics"))

    assert later.code == 3
    assert "was sent before" in later.message
    assert not emulator.wait_for(EXCHANGE, 2, timeout_s=0)
    ready.write_token(emulator.mint(ALICE))
    answer(ready.run("get", "analytics"))
