"""No text of ours repeats a secret, however it is spelt or cut, and the rest of the text stays readable."""

import html
import json
import re
import textwrap
import traceback
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_plus, urlencode

import pytest

from oidc_helper import redaction
from oidc_helper.errors import Refused
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
    "JSON of PHP": json.dumps(ODD)[1:-1].replace("/", "\\/"),
    "HTML": html.escape(ODD),
    "a URL in small letters": re.sub("%..", lambda escape: escape[0].lower(), quote(ODD)),
    "a URL in a URL": quote(quote(ODD), safe=""),
    "decoded once more": unquote_plus(ODD),
    "an escape of our own": ODD.encode("unicode_escape").decode(),
    "hex": ODD.encode().hex(),
    "base64": b64encode(ODD.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_covered_in_every_spelling(spelling: str) -> None:
    assert covered(f"refused: '{spelling}' is wrong", [ODD]) == "refused: '***' is wrong"


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_cut_secret_is_covered_in_every_spelling(spelling: str) -> None:
    """A service or we ourselves may shorten what it repeats; the last character kept may be half of an escape."""
    for length in range(16, len(spelling)):
        assert covered(f"refused: {spelling[:length]}… wrong", [ODD]) == "refused: ***… wrong"


OPAQUE = "Sup3r'Se\"c+et/Val<ue>&9=xyzzy0123456789abcdef"
LONG = [JWT, OPAQUE, "wJalrXUt/FEMI+K7MDENG/bPxRfiCYEXAMPLEKEY"]
# How services write a secret, or break it -> the secret so written; each leaves the letters and digits in their order.
WRITTEN: dict[str, Callable[[str], str]] = {
    "JSON of .NET": lambda text: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in text),
    "JSON of Go": lambda text: re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", text),
    "JSON in JSON in JSON": lambda text: json.dumps(json.dumps(json.dumps(text)))[5:-5],
    "a Python literal, escaped whole": lambda text: "".join(c if c.isalnum() else f"\\x{ord(c):02x}" for c in text),
    "HTML in decimal": lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    "HTML in hex": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "XML": lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    "a URL, escaped whole": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "a URL, escaped whole, in a URL": lambda text: "".join(f"%25{ord(c):02x}" for c in text),
    "a shell's word": lambda text: text.replace("'", "'\\''"),
    "lines of 20": lambda text: "\n".join(textwrap.wrap(text, 20)),
    "lines of 64 in JSON": lambda text: "\\n".join(textwrap.wrap(text, 64)),
    "lines of 10 with indentation": lambda text: "\r\n\t ".join(textwrap.wrap(text, 10)),
    "base64 in lines": lambda text: encodebytes(text.encode()).decode().strip(),
    "base64 twice": lambda text: b64encode(b64encode(text.encode())).decode().rstrip("="),
    "hex with colons": lambda text: text.encode().hex(":"),
    "hex in capitals": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("secret", [*LONG, "Sh0rt-pass-w0rd"])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_secret_is_covered_however_a_service_writes_it(written: str, secret: str) -> None:
    """Quotes and escapes around it may stay."""
    shown = covered(f"{{({WRITTEN[written](secret)})}}", [secret])

    assert re.fullmatch(r"\{\([\\\"\s]*\*\*\*[^A-Za-z0-9]*\)\}", shown), shown


@pytest.mark.parametrize("secret", LONG)
def test_a_part_of_a_secret_is_covered_wherever_it_is_cut(secret: str) -> None:
    """Its end without its beginning, and sixteen letters and digits from its middle."""
    assert covered(f"({secret[1:]}), ({secret[-18:]})", [secret]) == "(***), (***)"
    assert covered(f"({JWT[30:48]})", [JWT]) == "(***)"


def test_words_that_only_resemble_a_secret_stay() -> None:
    """Fifteen letters and digits in a row are too few to tell a secret."""
    text = f"{OPAQUE[-15:]}, not a secret, sup3r, {JWT[5:20]}; a+b = 100 %25 \\n &amp;"

    assert covered(text, [OPAQUE, JWT]) == text


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "client-of-us"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_secret_is_covered_in_basic_authentication(user: str, encode: Callable[[bytes], bytes]) -> None:
    """Base64 of user and password has another form for each length of the user."""
    basic = encode(f"{user}:{ODD}".encode()).decode()

    shown = covered(f"refused: Basic {basic}!", [ODD])

    for length in range(8, len(basic)):
        assert basic[-length:] not in shown


@pytest.mark.parametrize(
    ("secret", "repeated"),
    [
        ("first-piece&second-piece", "second-piece"),
        ("first-piece&second-piece", "first-piece"),
        ("first-piece=second piece;third-piece", "third-piece"),
        ("first-piece%26second-piece", "first-piece&second-piece"),
    ],
)
def test_a_piece_of_a_secret_is_covered(secret: str, repeated: str) -> None:
    """A service reads it as a form that was not encoded, and repeats one field of it."""
    assert covered(f"no field {repeated}!", [secret]) == "no field ***!"


@pytest.mark.parametrize(
    "url", ["http://user:p-word@host/x", "https://p-word@host:1/", "http://user:p%20w@host", "//x http://u:p@[::1]"]
)
def test_the_user_of_a_url_is_covered(url: str) -> None:
    """Also where nobody has learnt it: a proxy's URL, or an endpoint's."""
    shown = covered(f"cannot reach {url}", [])

    assert shown == f"cannot reach {re.sub('[^/]+@', '***@', url)}"


def test_what_was_learnt_is_covered_from_then_on() -> None:
    text = "planted-one planted-two http://planted-user:planted-word@host 's'"
    redaction.learn("planted-one", None, "", "s")
    redaction.learn_environment(
        {
            "CI_JOB_JWT": "planted-two",
            "HTTPS_PROXY": "http://planted-user:planted-word@host",
            "USE_TOKEN": "true",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
        }
    )

    shown = redaction.without_secrets(f"{text}, planted-word, true, /var/run/token")

    assert shown == "*** *** http://***@host 's', ***, true, /var/run/token"


def test_the_password_of_a_proxy_without_scheme_is_covered() -> None:
    redaction.learn_environment({"https_proxy": "a-user:a-planted-word@host:1", "NO_PROXY": "b@c"})

    assert redaction.without_secrets("a-planted-word at host:1") == "*** at host:1"


def test_the_oldest_secrets_are_forgotten_first() -> None:
    """A process that lives for weeks learns new ones every hour."""
    for number in range(600):
        redaction.learn(f"a-secret-{number:05}")

    assert redaction.without_secrets("a-secret-00599") == "***"
    assert len(redaction._learnt) == 500


def test_an_error_shows_no_secret_that_was_learnt_before_or_after_it_was_made() -> None:
    """Nor does its repr, nor the last line of its traceback."""
    redaction.learn("planted-before")
    error = Refused("no planted-before", "try planted-after")
    redaction.learn("planted-after")

    assert (error.message, error.hint, str(error)) == ("no ***", "try ***", "no ***")
    assert "planted" not in repr(error) + "".join(traceback.format_exception(error))


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
        (f"{CLAIMS}.{SIGNATURE}", "***"),
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
