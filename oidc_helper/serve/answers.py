"""The endpoint's answers, ready to send: one that is kept in memory costs no work."""

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
    """A complete HTTP response."""

    status: int
    headers: Headers
    body: bytes


def credentials(process_json: str) -> Answer:
    """Credentials as the container provider of SDKs expects them, from the JSON of credential_process."""
    process_members = json.loads(process_json)
    names = {"SessionToken": "Token"}
    members = {names.get(name, name): value for name, value in process_members.items() if name != "Version"}
    return _answer(200, json.dumps(members, separators=(",", ":")).encode())


def error(status: int, code: str, message: str, *more_headers: tuple[bytes, bytes]) -> Answer:
    """An error as each SDK shows it: Go and Rust read `message`, JavaScript reads `Message`, boto3 shows the body."""
    shown = printable(message, _LONGEST)
    members = {"code": code, "message": shown, "Code": code, "Message": shown}
    return _answer(status, json.dumps(members).encode(), more_headers=more_headers)


def unavailable(failure: OidcHelperError) -> Answer:
    """The answer when there are no credentials: the failure and its hint."""
    hint = f"; hint: {failure.hint}" if failure.hint else ""
    return error(503, _CODES.get(type(failure), "CredentialsUnavailable"), f"{failure.message}{hint}")


def text(body: bytes, content_type: bytes = _TEXT) -> Answer:
    """A success with a text as its body."""
    return _answer(200, body, content_type)


def _answer(
    status: int, body: bytes, content_type: bytes = _JSON, more_headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more_headers,
    ]
    return Answer(status, headers, body)
