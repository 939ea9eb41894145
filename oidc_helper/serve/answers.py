"""What the endpoint answers, ready to be sent: an answer that waits in memory costs no work."""

import json
from typing import NamedTuple

from oidc_helper.errors import OidcHelperError, SignInNeeded, WrongSettings
from oidc_helper.words import printable

Headers = list[tuple[bytes, bytes]]

_JSON, _TEXT = b"application/json", b"text/plain; charset=utf-8"
# The SDKs show these as AWS's own codes.
_CODES = {SignInNeeded: "SignInNeeded", WrongSettings: "WrongSettings"}
_LONGEST = 1_000  # characters of a message; the AWS common runtime takes answers of 10,000 bytes


class Answer(NamedTuple):
    """An answer of HTTP, whole."""

    status: int
    headers: Headers
    body: bytes


def credentials(process_json: str) -> Answer:
    """Credentials in the words of the container provider, made of those of credential_process."""
    known = json.loads(process_json)
    names = {"SessionToken": "Token"}
    members = {names.get(name, name): value for name, value in known.items() if name != "Version"}
    return _made(200, json.dumps(members, separators=(",", ":")).encode())


def error(status: int, code: str, message: str, *others: tuple[bytes, bytes]) -> Answer:
    """An error as each SDK shows it: Go and Rust read `message`, JavaScript reads `Message`, boto3 shows the body."""
    shown = printable(message, _LONGEST)
    members = {"code": code, "message": shown, "Code": code, "Message": shown}
    return _made(status, json.dumps(members).encode(), others=others)


def unavailable(failure: OidcHelperError) -> Answer:
    """That there are no credentials now, and what mends it."""
    hint = f"; hint: {failure.hint}" if failure.hint else ""
    return error(503, _CODES.get(type(failure), "CredentialsUnavailable"), f"{failure.message}{hint}")


def text(body: bytes, kind: bytes = _TEXT) -> Answer:
    """A success in plain words."""
    return _made(200, body, kind)


def _made(status: int, body: bytes, kind: bytes = _JSON, others: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    length = str(len(body)).encode()
    headers = [(b"content-type", kind), (b"content-length", length), (b"cache-control", b"no-store"), *others]
    return Answer(status, headers, body)
