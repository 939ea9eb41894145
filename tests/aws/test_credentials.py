"""Credentials as a value: how long they are served, when they are renewed, and the JSON that SDKs read."""

import json

import pytest

from oidc_helper.aws import credentials
from oidc_helper.aws.credentials import Credentials

MADE_AT, MINUTE, HOUR = 1_700_000_000, 60, 3_600


@pytest.mark.parametrize(
    ("lifetime_s", "served_until_s_before_the_end", "renewed_s_before_the_end"),
    [
        (12 * HOUR, 15 * MINUTE, 20 * MINUTE),
        (HOUR, 15 * MINUTE, 20 * MINUTE),
        (45 * MINUTE, 15 * MINUTE, 20 * MINUTE),
        (40 * MINUTE, 40 * MINUTE / 3, 20 * MINUTE),
        (15 * MINUTE, 5 * MINUTE, 7.5 * MINUTE),
        (70, 70 / 3, 35),
    ],
    ids=["12 hours", "an hour", "45 minutes", "40 minutes", "15 minutes", "70 seconds"],
)
def test_a_lifetime_says_how_long_to_serve_and_when_to_renew(
    lifetime_s: int, served_until_s_before_the_end: float, renewed_s_before_the_end: float
) -> None:
    """15 and 20 minutes before the end; a third and a half of the lifetime before it where that is less."""
    expires_at = MADE_AT + lifetime_s

    assert credentials.serve_until(expires_at, MADE_AT) == int(expires_at - served_until_s_before_the_end)
    assert credentials.renew_from(expires_at, MADE_AT) == int(expires_at - renewed_s_before_the_end)


@pytest.mark.parametrize(("expires_at", "alive"), [(1_061, True), (1_060, False), (1_000, False), (None, True)])
def test_credentials_are_alive_while_a_request_still_arrives_in_time(expires_at: int | None, *, alive: bool) -> None:
    """More than a minute before their end; without an end, always."""
    assert Credentials("AKIA", "secret", None, expires_at).alive(1_000) == alive


@pytest.mark.parametrize(
    ("made", "printed"),
    [
        (
            Credentials("ASIA", "secret", "token", 0, "012345678901"),
            {"SessionToken": "token", "Expiration": "1970-01-01T00:00:00Z", "AccountId": "012345678901"},
        ),
        (Credentials("ASIA", "secret", None, None), {}),
        (Credentials("ASIA", "secret", "", 2**31), {"Expiration": "2038-01-19T03:14:08Z"}),
    ],
    ids=["all there is", "keys of a user", "no session token"],
)
def test_credentials_are_printed_as_every_sdk_reads_them(made: Credentials, printed: dict[str, str]) -> None:
    """One line of ASCII; members that have no value are left out."""
    text = credentials.process_json(made)

    assert text.isascii()
    assert " " not in text
    assert json.loads(text) == {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "secret", **printed}
