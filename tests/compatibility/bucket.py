"""An S3 bucket with one object, for clients that speak to nothing else; it notes whose keys signed each call."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.aws.sigv4 import BadSignature, Rules, verified
from oidc_helper.emulator.calls import Answer, Call
from oidc_helper.emulator.dispatch import Outcome
from oidc_helper.emulator.server import Server

_RULES = Rules("s3", skew_s=900, of_s3=True)
_CONTENT = b"hello"
_XML = {"Content-Type": "application/xml"}
_LISTED = (
    "<ListBucketResult><Name>bucket</Name><Prefix/><KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys>"
    "<IsTruncated>false</IsTruncated><Contents><Key>hello</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    '<ETag>"5d41402abc4b2a76b9719d911017c592"</ETag><Size>5</Size></Contents></ListBucketResult>'
)
_OBJECT = {"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "ETag": '"5d41402abc4b2a76b9719d911017c592"'}


@contextmanager
def bucket(emulator: Emulator) -> Iterator[tuple[str, list[str]]]:
    """Its URL, and the ARN of each caller so far: `nobody`, and what was wrong, where it was refused."""
    callers: list[str] = []
    state = emulator._state
    stopping = threading.Event()
    server = Server(0, state.clock.wall, stopping)

    def respond(call: Call) -> Outcome:
        try:
            signer = verified(call, _RULES, state.credentials_of, wall=state.clock.wall(), now=state.clock())
        except BadSignature as bad:
            callers.append(f"nobody: {bad}")
            return Outcome(_refused("AccessDenied", 403))
        callers.append(signer.credentials.arn)
        return Outcome(_answer(call))

    server.respond = respond
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server.url, callers
    finally:
        server.end()


def _answer(call: Call) -> Answer:
    query = parse_qs(call.query, keep_blank_values=True)
    if "location" in query:
        return Answer(200, b"<LocationConstraint>eu-west-1</LocationConstraint>", _XML)
    if call.path.strip("/") == "bucket":
        return Answer(200, b"" if call.method == "HEAD" else _LISTED.encode(), _XML)
    if call.path == "/bucket/hello":
        return Answer(200, _CONTENT, _OBJECT)
    return _refused("NoSuchKey", 404)


def _refused(code: str, status: int) -> Answer:
    return Answer(status, f"<Error><Code>{code}</Code></Error>".encode(), _XML)
