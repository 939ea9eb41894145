"""No text of ours repeats a secret, however it is spelt or cut, and the rest of the text stays readable."""

import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from oidc_helper.redaction import covered, secrets_in

ODD = 'a-Secret-"quoted" & späced\\'  # looks different in JSON, in a URL and in a Python literal
HEADER, CLAIMS, SIGNATURE = "eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJhbGljZSJ9", "c2lnbmF0dXJlLW9mLWFsaWNl"
JWT = f"{HEADER}.{CLAIMS}.{SIGNATURE}"

SPELLINGS = {
    "plain": ODD,
    "JSON": json.dumps(ODD)[1:-1],
    "JSON with letters of all scripts": json.dumps(ODD, ensure_ascii=False)[1:-1],
    "a URL's path": quote(ODD),
    "a form": quote_plus(ODD),
    "a query": urlencode({"a": ODD}).removeprefix("a="),
    "a Python literal": repr(ODD)[1:-1],
    "octets of Python": repr(ODD.encode())[2:-1],
    "octets of JSON": repr(json.dumps(ODD).encode())[3:-2],
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_covered_in_every_spelling(spelling: str) -> None:
    assert covered(f"refused: '{spelling}' is wrong", [ODD]) == "refused: '***' is wrong"


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_cut_secret_is_covered_in_every_spelling(spelling: str) -> None:
    """A service or we ourselves may shorten what it repeats; the last character kept may be half of an escape."""
    for length in range(16, len(spelling)):
        assert covered(f"refused: {spelling[:length]}… wrong", [ODD]) == "refused: ***… wrong"


def test_a_secret_with_white_space_at_its_ends_is_covered_without_it() -> None:
    """It came from a file with a line end, and most services strip it."""
    assert covered("refused: a-long-secret!", [" a-long-secret\n"]) == "refused: ***!"


@pytest.mark.parametrize(
    ("repeated", "shown"),
    [
        (JWT, "***"),
        (f"{HEADER}.{CLAIMS}", "***"),
        (CLAIMS, "***"),
        (SIGNATURE, "***"),
        (SIGNATURE[:16], "***"),
        (f"{CLAIMS}.{SIGNATURE}", "***.***"),
        (JWT[:18], "***"),
        (JWT[:15], JWT[:15]),
    ],
)
def test_each_later_part_of_a_jwt_is_covered_by_itself(repeated: str, shown: str) -> None:
    """Fifteen characters are fewer than identify a token: most begin alike."""
    assert covered(f"no: {repeated} !", [JWT]) == f"no: {shown} !"


def test_a_token_that_begins_like_a_secret_is_covered_to_its_end() -> None:
    """The end of a secret may be spelt in a way of its own."""
    assert covered(f"no: {JWT[:30]}another%2Fend. !", [JWT]) == "no: *** !"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("code=abc&state=1", "code=***&state=1"),
        ("'abc' was refused", "'***' was refused"),
        ("abcdef is no alphabet", "abcdef is no alphabet"),
    ],
)
def test_a_short_secret_is_covered_only_where_it_stands_alone(text: str, shown: str) -> None:
    """Otherwise it would take words to pieces."""
    assert covered(text, ["abc"]) == shown


def test_the_longer_of_two_secrets_that_begin_alike_is_covered_whole() -> None:
    shorter, longer = "planted-in-a-code", 'planted-in-a-code "and a verifier"'

    assert covered(f"{longer}; {shorter}", [shorter, longer]) == "***; ***"


@pytest.mark.parametrize("secrets", [[], [None], [""], ["another-secret-altogether"]])
def test_a_text_without_secrets_stays_as_it_is(secrets: list[str | None]) -> None:
    text = "CreateTokenWithIAM was refused: InvalidGrantException"

    assert covered(text, secrets) == text


def test_secrets_are_searched_for_in_all_of_a_value() -> None:
    """In maps, lists and octets; a text without a name is a secret, a number is none."""
    value = {
        "clientId": "shown",
        "assertion": "one",
        "scope": ["shown", "too"],
        "count": 7,
        "empty": "",
        "contexts": [{"clientId": "shown", "assertion": b"two"}, "three"],
    }

    assert list(secrets_in(value, {"assertion", "contexts"}.__contains__)) == ["one", "two", "three"]
    assert list(secrets_in(["four"], lambda _: False)) == ["four"]
