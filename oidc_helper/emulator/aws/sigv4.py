"""Verify AWS Signature Version 4: botocore's own signer signs the call again, and the signatures are compared."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import parse_qsl

import botocore.credentials
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.compat import HTTPHeaders

from oidc_helper.emulator.calls import Call
from oidc_helper.emulator.state import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE = r"(?P<key>\w+)/(?P<day>\d{8})/(?P<region>[a-z]{2,}(-[a-z]+)+-\d)/(?P<service>[\w-]+)/aws4_request"
_CREDENTIAL = re.compile(_SCOPE)
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} +Credential={_SCOPE}, *SignedHeaders=(?P<headers>[^, ]+), *Signature=(?P<signature>[^, ]+)"
)
_DATE = "%Y%m%dT%H%M%SZ"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_LONGEST_S = 7 * 86_400  # how long a presigned call to S3 can be valid


@dataclass(frozen=True)
class Signer:
    """The credentials that signed a call, and the region in its signature."""

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
    """A service's rules: its signing name, how many seconds a clock may be off, and whether S3's rules apply.

    S3 needs a header with the hash of the body, or one that says the body is unsigned. All other services compute the
    hash themselves. Only S3 limits how long a presigned call is valid; STS treats it like any other call, and the EKS
    authenticator relies on that.
    """

    service: str
    skew_s: int
    of_s3: bool


@dataclass(frozen=True)
class _Signed:
    """What a call says about its signature, and the `query` that the signature covers."""

    key: str
    day: str
    region: str
    service: str
    headers: list[str]
    signature: str
    date: str
    token: str
    query: str
    good_for_s: int | None = None  # None: the signature is in a header


def verified(
    call: Call, rules: Rules, credentials_of: Callable[[str], Credentials | None], *, wall: float, now: float
) -> Signer:
    """The signer of the call, from its Authorization header or its query.

    `wall` is compared with the date of the call, `now` with the expiry of the credentials. Raises BadSignature.
    """
    signed = _signed(call)
    credentials = credentials_of(signed.key)
    if credentials is None:
        raise BadSignature("unknown key")
    if not hmac.compare_digest(signed.token.encode(), (credentials.session_token or "").encode()):
        raise BadSignature("bad token")
    _check_scope(signed, rules)
    _check_date(signed, rules, wall)
    _check_signed_headers(signed.headers, call.headers)
    body_hash = _body_hash(call, signed, of_s3=rules.of_s3)
    if not hmac.compare_digest(_signature(call, credentials, signed, body_hash), signed.signature):
        raise BadSignature("wrong")
    if credentials.expires_at is not None and credentials.expires_at <= now:
        raise BadSignature("expired")
    return Signer(credentials, signed.region)


def _signed(call: Call) -> _Signed:
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    if query.keys() & {"X-Amz-Algorithm", "X-Amz-Signature"}:
        return _in_query(call.query, query)
    if "Authorization" not in call.headers:
        raise BadSignature("missing")
    return _in_header(call)


def _in_header(call: Call) -> _Signed:
    parts = _AUTHORIZATION.fullmatch(call.headers["Authorization"].strip())
    if parts is None:
        raise BadSignature("incomplete")
    return _read(
        parts,
        headers=parts["headers"],
        signature=parts["signature"],
        date=call.headers.get("X-Amz-Date", ""),
        token=call.headers.get("X-Amz-Security-Token", ""),
        query=call.query,
    )


def _in_query(text: str, values: dict[str, str]) -> _Signed:
    scope, good_for = _CREDENTIAL.fullmatch(values.get("X-Amz-Credential", "")), values.get("X-Amz-Expires", "0")
    if scope is None or values.get("X-Amz-Algorithm") != _ALGORITHM or not re.fullmatch(r"[0-9]{1,9}", good_for):
        raise BadSignature("incomplete")
    return _read(
        scope,
        headers=values.get("X-Amz-SignedHeaders", ""),
        signature=values.get("X-Amz-Signature", ""),
        date=values.get("X-Amz-Date", ""),
        token=values.get("X-Amz-Security-Token", ""),
        query="&".join(part for part in text.split("&") if not part.startswith("X-Amz-Signature=")),
        good_for_s=int(good_for),
    )


def _read(  # noqa: PLR0913 - the parts of a signature
    scope: re.Match[str],
    *,
    headers: str,
    signature: str,
    date: str,
    token: str,
    query: str,
    good_for_s: int | None = None,
) -> _Signed:
    """The parts of the signature. Raises BadSignature if one is malformed."""
    forms = ((r"[a-z0-9;-]+", headers), (r"[0-9a-f]{64}", signature), (r"[0-9]{8}T[0-9]{6}Z", date))
    if not all(re.fullmatch(form, text) for form, text in forms):
        raise BadSignature("incomplete")
    return _Signed(
        key=scope["key"],
        day=scope["day"],
        region=scope["region"],
        service=scope["service"],
        headers=headers.split(";"),
        signature=signature,
        date=date,
        token=token,
        query=query,
        good_for_s=good_for_s,
    )


def _check_scope(signed: _Signed, rules: Rules) -> None:
    if signed.service != rules.service:
        raise BadSignature("scope", f"Credential should be scoped to correct service: '{rules.service}'. ")
    if signed.day != signed.date[:8]:
        raise BadSignature("scope", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date. ")


def _check_date(signed: _Signed, rules: Rules, wall: float) -> None:
    try:
        signed_at = datetime.strptime(signed.date, _DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadSignature("incomplete") from None
    late, wall_text = wall - signed_at, datetime.fromtimestamp(wall, UTC).strftime(_DATE)
    minutes = rules.skew_s // 60
    if rules.of_s3 and signed.good_for_s is not None:
        if not 1 <= signed.good_for_s <= _LONGEST_S:
            raise BadSignature("incomplete")
        if late > signed.good_for_s:
            raise BadSignature("past")
    elif late > rules.skew_s:
        edge = datetime.fromtimestamp(wall - rules.skew_s, UTC).strftime(_DATE)
        raise BadSignature(
            "skewed", f"Signature expired: {signed.date} is now earlier than {edge} ({wall_text} - {minutes} min.)"
        )
    if late < -rules.skew_s:
        edge = datetime.fromtimestamp(wall + rules.skew_s, UTC).strftime(_DATE)
        raise BadSignature(
            "skewed",
            f"Signature not yet current: {signed.date} is still later than {edge} ({wall_text} + {minutes} min.)",
        )


def _check_signed_headers(signed: list[str], headers: Message) -> None:
    """Require that Host and every x-amz- header are signed, and that every signed header is present."""
    present = {name.lower() for name in headers}
    required = {"host"} | {name for name in present if name.startswith("x-amz-")} - {"x-amz-sso_bearer_token"}
    for name in sorted(required - set(signed)):
        raise BadSignature("wrong", f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    if not set(signed) <= present:
        raise BadSignature("wrong")


def _body_hash(call: Call, signed: _Signed, *, of_s3: bool) -> str:
    """The body hash that the signature covers. Raises BadSignature."""
    computed = hashlib.sha256(call.body).hexdigest()
    if not of_s3:
        return computed
    declared = call.headers.get("X-Amz-Content-SHA256", _UNSIGNED if signed.good_for_s is not None else "")
    if not declared:
        raise BadSignature("no body hash")
    if declared not in (_UNSIGNED, computed):
        raise BadSignature("other body")
    return declared


def _signature(call: Call, credentials: Credentials, signed: _Signed, body_hash: str) -> str:
    signer = _AsSigned(
        botocore.credentials.Credentials(credentials.access_key_id, credentials.secret_access_key),
        signed.service,
        signed.region,
    )
    request = AWSRequest(
        method=call.method,
        url=f"http://{call.headers['Host']}{call.path}" + (f"?{signed.query}" if signed.query else ""),
        headers=HeadersDict({name: ",".join(call.headers.get_all(name, [])) for name in signed.headers}),
        data=call.body,
    )
    request.context["timestamp"] = signed.date
    request_text = signer.canonical_request(request).rpartition("\n")[0]
    return str(signer.signature(signer.string_to_sign(request, f"{request_text}\n{body_hash}"), request))


class _AsSigned(SigV4Auth):
    """Signs exactly the given headers: other SDKs also sign headers that botocore leaves out."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            headers[name.lower()] = value
        return headers
