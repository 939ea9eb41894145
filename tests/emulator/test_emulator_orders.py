"""Orders to the emulator's own endpoints: a mistake is told, and nothing of it happens."""

import json
from typing import Any

import pytest
from emulator.aws_callers import Caller, refusal
from emulator.browsing import send

from oidc_helper.emulator import Emulator


def order(emulator: Emulator, body: bytes) -> tuple[int, str]:
    """The status, and the message of a refusal."""
    answer = send(emulator.url + "/_emulator/faults", method="POST", body=body)
    return answer.status, answer.json["message"] if answer.text else ""


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"operation": None}, "operation must be a string"),
        (
            {"operation": "CreateTokenWithIam"},
            "there is no operation CreateTokenWithIam, did you mean CreateTokenWithIAM?",
        ),
        ({"delay": 1}, "unknown field delay, did you mean delay_s?"),
        ({"until": {}}, "unknown field until"),
        ({"status": "503"}, "status must be an integer from 200 to 599"),
        ({"status": True}, "status must be an integer from 200 to 599"),
        ({"status": 99}, "status must be an integer from 200 to 599"),
        ({"status": 204, "body": "{}"}, "an answer with the status 204 has no body"),
        ({"error": "Internal\r\nX: y"}, "error must be the code of an error: letters, digits and any of _.-"),
        ({"message": 5}, "message must be a string"),
        ({"message": "\ud800"}, "message must be a string"),
        ({"members": ["reason"]}, "members must be an object whose values are strings"),
        ({"members": {"reason": 1}}, "members must be an object whose values are strings"),
        ({"delay_s": -1}, "delay_s must be a number from 0 to 86400"),
        ({"delay_s": float("nan")}, "delay_s must be a number from 0 to 86400"),
        ({"delay_s": 1e300}, "delay_s must be a number from 0 to 86400"),
        ({"cut": "half"}, 'cut must be "before", "after", "within" or "reset"'),
        ({"body": {"a": 1}}, "body must be a string"),
        ({"slow_bytes_per_s": 0}, "slow_bytes_per_s must be a positive number"),
        ({"times": 0}, "times must be a positive integer, or null for all calls"),
        ({"times": "2"}, "times must be a positive integer, or null for all calls"),
        ({"parameters": []}, "parameters must be an object"),
    ],
)
def test_a_mistake_in_an_order_is_told(
    emulator: Emulator, caller: Caller, mistake: dict[str, Any], message: str
) -> None:
    """Once, with 400, and the operation goes on as if nothing had been ordered."""
    told = order(emulator, json.dumps({"operation": "GetCallerIdentity", **mistake}).encode())

    assert (told[0], told[1]) == (400, message)
    assert caller.identity()["Account"] == "123456789012"


def test_each_mistake_has_a_line_of_its_own(emulator: Emulator) -> None:
    """So that one attempt shows them all."""
    assert order(emulator, b'{"status": "x", "tims": 2}')[1].splitlines() == [
        "unknown field tims, did you mean times?",
        "status must be an integer from 200 to 599",
        "operation is missing",
    ]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000])
def test_an_order_that_is_no_object_is_told(emulator: Emulator, body: bytes) -> None:
    """However deep it is."""
    assert order(emulator, body) == (400, "the order is not a JSON object")


def test_a_right_order_may_have_every_field(emulator: Emulator, caller: Caller) -> None:
    """Each has its effect, and null is what it is without the field."""
    fields = {
        "error": "AccessDenied",
        "status": 403,
        "message": "später",
        "members": {"more": "x"},
        "delay_s": 0.01,
        "cut": None,
        "body": None,
        "slow_bytes_per_s": 100_000,
        "times": None,
        "parameters": {"action": "GetCallerIdentity"},
    }
    ordered = json.dumps({"operation": "GetCallerIdentity", **fields, "parameters": {}}).encode()

    assert order(emulator, ordered) == (204, "")
    for _ in range(2):
        assert refusal(caller.identity) == ("AccessDenied", 403)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body_keeps_the_connection_in_order(emulator: Emulator, status: int) -> None:
    """The next answer on it is the next answer."""
    emulator.fault("Keys", status=status)

    assert send(emulator.issuer + "/keys").text == ""
    assert send(emulator.issuer + "/keys").json["keys"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("identity-token?usr=bob@example.com", "unknown parameter usr, did you mean user?"),
        ("identity-token?user=bob@example.com&user=alice@example.com", "a parameter is repeated"),
        ("requests?since=5", "unknown parameter since"),
    ],
)
def test_a_misspelt_parameter_is_told(emulator: Emulator, path: str, message: str) -> None:
    """Bob's name went unnoticed, and the token was Alice's."""
    answer = send(f"{emulator.url}/_emulator/{path}")

    assert (answer.status, answer.json["message"]) == (400, message)
