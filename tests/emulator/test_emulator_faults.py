"""The faults that a test can order: refusals, delays, cut connections and garbled answers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import IncompleteRead

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from emulator.aws_callers import Caller, refusal
from emulator.browsing import send

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import JWT_BEARER


def test_an_operation_is_carried_out_though_its_answer_is_lost(emulator: Emulator, caller: Caller) -> None:
    """The assertion is redeemed."""
    token = emulator.mint("alice@example.com")
    emulator.fault("CreateTokenWithIAM", cut="after")
    with pytest.raises(ConnectionClosedError):
        caller.exchange(assertion=token)

    assert refusal(caller.exchange, assertion=token) == ("InvalidGrantException", 400)
    assert [request.status for request in emulator.requests] == [None, 400]
    assert emulator.count("CreateTokenWithIAM", grant_type=JWT_BEARER) == 2


def test_nothing_is_carried_out_if_the_connection_is_cut_before(emulator: Emulator, caller: Caller) -> None:
    """The same assertion works afterwards."""
    token = emulator.mint("alice@example.com")
    emulator.fault("CreateTokenWithIAM", cut="before")
    with pytest.raises(ConnectionClosedError):
        caller.exchange(assertion=token)

    assert caller.exchange(assertion=token)["accessToken"]


def test_nothing_is_carried_out_if_an_error_is_ordered(emulator: Emulator, caller: Caller) -> None:
    """The HTTP status is that of the service model unless another is ordered."""
    token = emulator.mint("alice@example.com")
    emulator.fault("CreateTokenWithIAM", error="InternalServerException")

    assert refusal(caller.exchange, assertion=token) == ("InternalServerException", 500)
    assert emulator.requests[-1].reason == "ordered as a fault"
    assert caller.exchange(assertion=token)["accessToken"]


def test_errors_that_every_aws_service_has_can_be_ordered(emulator: Emulator) -> None:
    """ServiceUnavailable is in no service model."""
    emulator.fault("GetCallerIdentity", error="ServiceUnavailable")
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    page = send(emulator.url + "/", form)

    assert page.status == 503
    assert "<Type>Receiver</Type><Code>ServiceUnavailable</Code>" in page.text


def test_an_oauth_error_can_be_ordered_of_the_identity_provider(emulator: Emulator) -> None:
    """With its status and description."""
    emulator.fault("Token", error="temporarily_unavailable", message="later")
    page = send(emulator.issuer + "/token", {})

    assert (page.status, page.json) == (503, {"error": "temporarily_unavailable", "error_description": "later"})


def test_a_bare_status_can_be_ordered(emulator: Emulator) -> None:
    """Like a proxy's, with or without a body."""
    emulator.fault("Keys", status=502, body=b"<html>bad gateway</html>")
    emulator.fault("Keys", status=429)
    first, second = (send(emulator.issuer + "/keys") for _ in range(2))

    assert (first.status, first.text) == (502, "<html>bad gateway</html>")
    assert (second.status, second.text) == (429, "")


def test_an_ordered_body_replaces_the_answer(emulator: Emulator, caller: Caller) -> None:
    """The operation is carried out: the assertion is redeemed."""
    token = emulator.mint("alice@example.com")
    emulator.fault("CreateTokenWithIAM", body=b"{}")

    assert "accessToken" not in caller.exchange(assertion=token)
    assert refusal(caller.exchange, assertion=token) == ("InvalidGrantException", 400)


def test_an_answer_can_end_in_its_middle(emulator: Emulator) -> None:
    """Its head has the whole length; the operation is carried out."""
    emulator.fault("Keys", cut="within")
    with pytest.raises(IncompleteRead, match="expected"):
        send(emulator.issuer + "/keys")

    assert emulator.count("Keys", ok=True) == 1


def test_a_connection_can_be_reset(emulator: Emulator) -> None:
    """For the client this is an error and not an end of the stream."""
    emulator.fault("Keys", cut="reset")
    with pytest.raises(ConnectionResetError):
        send(emulator.issuer + "/keys")

    assert emulator.count("Keys") == 1


def test_a_fault_happens_as_often_as_ordered_and_in_order(emulator: Emulator) -> None:
    """Remaining faults can be cleared."""
    emulator.fault("Keys", status=500, times=2)
    emulator.fault("Keys", status=503, times=None)

    assert [send(emulator.issuer + "/keys").status for _ in range(4)] == [500, 500, 503, 503]

    emulator.clear_faults()

    assert send(emulator.issuer + "/keys").status == 200


def test_a_fault_is_for_one_operation(emulator: Emulator) -> None:
    """Other operations work."""
    emulator.fault("Keys", status=500)

    assert send(emulator.issuer + "/.well-known/openid-configuration").status == 200


def test_a_fault_can_be_for_calls_with_certain_parameters(emulator: Emulator, caller: Caller) -> None:
    """Refreshing fails while new sign-ins work."""
    emulator.fault("CreateTokenWithIAM", error="InvalidGrantException", parameters={"grant_type": "refresh_token"})
    answer = caller.exchange(assertion=emulator.mint("alice@example.com"))

    assert refusal(caller.refresh, answer["refreshToken"]) == ("InvalidGrantException", 400)
    assert caller.refresh(answer["refreshToken"])["accessToken"]


def test_a_call_can_wait_until_a_test_releases_it(emulator: Emulator) -> None:
    """A test can also wait for its arrival, so that two things happen at once without a sleep."""
    release = threading.Event()
    emulator.fault("Keys", until=release)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(send, emulator.issuer + "/keys")
        assert emulator.wait_for("Keys")
        assert emulator.count("Keys") == 0
        release.set()
        assert pending.result().status == 200

    assert emulator.count("Keys") == 1


def test_waiting_for_a_call_that_never_arrives_ends(emulator: Emulator) -> None:
    """`wait_for` returns False."""
    assert not emulator.wait_for("Keys", timeout_s=0.01)


def test_an_answer_can_be_late(emulator: Emulator, caller: Caller) -> None:
    """Later than a client is willing to wait."""
    emulator.fault("GetCallerIdentity", delay_s=600)
    client = caller.client("sts")
    client._endpoint.http_session._timeout = 0.05
    client._endpoint.http_session._manager.connection_pool_kw["timeout"] = 0.05
    with pytest.raises(ReadTimeoutError):
        client.get_caller_identity()


def test_an_answer_can_be_slow(emulator: Emulator) -> None:
    """It arrives byte by byte and complete."""
    emulator.fault("Keys", slow_bytes_per_s=100_000)

    assert send(emulator.issuer + "/keys").json == send(emulator.issuer + "/keys").json
