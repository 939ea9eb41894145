"""Verifies AWS Signature Version 4: botocore's own signer signs the call again, and the signatures are compared."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message

import botocore.credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.compat import HTTPHeaders

from oidc_helper.emulator.calls import Call
from oidc_helper.emulator.state import Credentials

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>\w+)/(?P<day>\d{8})/(?P<region>[a-z]{2,}(-[a-z]+)+-\d)/(?P<service>[\w-]+)"
    r"/aws4_request, *SignedHeaders=(?P<headers>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Signer:
    """The credentials that signed a call, and the region that it was signed for."""

    credentials: Credentials
    region: str


class BadSignature(Exception):  # noqa: N818 - each protocol turns it into its own refusal
    """A call with a bad signature. `kind` is a row of the table in aws.errors; `detail` replaces its message."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True)
class Rules:
    """A service's rules for signatures: the signing name, and how many seconds a clock may be off."""

    service: str
    skew_s: int


def verified(
    call: Call, rules: Rules, credentials_of: Callable[[str], Credentials | None], *, wall: float, now: float
) -> Signer:
    """The signer of the call. `wall` is compared with the date of the call, `now` with the expiry of the credentials.

    Raises BadSignature.
    """
    authorization = call.headers.get("Authorization")
    if not authorization:
        raise BadSignature("missing")
    parts = _AUTHORIZATION.fullmatch(authorization.strip())
    date = call.headers.get("X-Amz-Date", "")
    if parts is None or not re.fullmatch(r"\d{8}T\d{6}Z", date):
        raise BadSignature("incomplete")
    credentials = credentials_of(parts["key"])
    if credentials is None:
        raise BadSignature("unknown key")
    _check_token(credentials, call.headers)
    _check_scope(parts, rules, date)
    _check_date(date, rules, wall)
    signed = parts["headers"].split(";")
    _check_signed_headers(signed, call.headers)
    if not hmac.compare_digest(_signature(call, credentials, parts, signed, date), parts["signature"]):
        raise BadSignature("wrong")
    if credentials.expires_at is not None and credentials.expires_at <= now:
        raise BadSignature("expired")
    return Signer(credentials, parts["region"])


def _check_token(credentials: Credentials, headers: Message) -> None:
    token = headers.get("X-Amz-Security-Token", "")
    if not hmac.compare_digest(token.encode(), (credentials.session_token or "").encode()):
        raise BadSignature("bad token")


def _check_scope(parts: re.Match[str], rules: Rules, date: str) -> None:
    if parts["service"] != rules.service:
        raise BadSignature("scope", f"Credential should be scoped to correct service: '{rules.service}'. ")
    if parts["day"] != date[:8]:
        raise BadSignature("scope", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date. ")


def _check_date(date: str, rules: Rules, wall: float) -> None:
    signed_at = datetime.strptime(date, _DATE).replace(tzinfo=UTC).timestamp()
    late, here = wall - signed_at, datetime.fromtimestamp(wall, UTC).strftime(_DATE)
    minutes = rules.skew_s // 60
    if late > rules.skew_s:
        edge = datetime.fromtimestamp(wall - rules.skew_s, UTC).strftime(_DATE)
        raise BadSignature("skewed", f"Signature expired: {date} is now earlier than {edge} ({here} - {minutes} min.)")
    if late < -rules.skew_s:
        edge = datetime.fromtimestamp(wall + rules.skew_s, UTC).strftime(_DATE)
        raise BadSignature(
            "skewed", f"Signature not yet current: {date} is still later than {edge} ({here} + {minutes} min.)"
        )


def _check_signed_headers(signed: list[str], headers: Message) -> None:
    """Host and every x-amz- header of the call must be signed, and every signed header must be present."""
    present = {name.lower() for name in headers}
    demanded = {"host"} | {name for name in present if name.startswith("x-amz-")} - {"x-amz-sso_bearer_token"}
    for name in sorted(demanded - set(signed)):
        raise BadSignature("wrong", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if not set(signed) <= present:
        raise BadSignature("wrong")


def _signature(call: Call, credentials: Credentials, parts: re.Match[str], signed: list[str], date: str) -> str:
    body_hash = call.headers.get("X-Amz-Content-SHA256")
    if body_hash and body_hash not in ("UNSIGNED-PAYLOAD", hashlib.sha256(call.body).hexdigest()):
        raise BadSignature("wrong")
    signer = _AsSigned(
        botocore.credentials.Credentials(credentials.access_key_id, credentials.secret_access_key),
        parts["service"],
        parts["region"],
    )
    request = AWSRequest(
        method=call.method,
        url=f"http://{call.headers['Host']}{call.path}" + (f"?{call.query}" if call.query else ""),
        headers=HeadersDict({name: ",".join(call.headers.get_all(name, [])) for name in signed}),
        data=call.body,
    )
    request.context["timestamp"] = date
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))


class _AsSigned(SigV4Auth):
    """Signs exactly the named headers: other SDKs also sign headers that botocore leaves out."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name.lower()] = value
        return headers
