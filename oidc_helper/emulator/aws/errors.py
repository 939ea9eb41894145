"""Render errors in each protocol; the errors for bad signatures are here, since no service model has them."""

import json
import uuid
from xml.sax.saxutils import escape

from botocore.model import OperationModel, StructureShape

from oidc_helper.emulator.aws import service_model
from oidc_helper.emulator.aws.sigv4 import BadSignature
from oidc_helper.emulator.calls import Answer, Refusal

_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a message
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
# kind of bad signature -> protocol -> code, HTTP status, message
_SIGNATURE: dict[str, dict[str, tuple[str, int, str]]] = {
    "missing": {
        "rest-json": ("MissingAuthenticationTokenException", 403, "Missing Authentication Token"),
        "query": ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        "rest-xml": ("AccessDenied", 403, "Access Denied"),
    },
    "incomplete": {
        "rest-json": ("IncompleteSignatureException", 403, "Authorization header is incomplete."),
        "query": ("IncompleteSignature", 400, "Authorization header is incomplete."),
        "rest-xml": ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed."),
    },
    "unknown key": {
        "rest-json": ("UnrecognizedClientException", 403, _INVALID_TOKEN),
        "query": ("InvalidClientTokenId", 403, _INVALID_TOKEN),
        "rest-xml": (
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    },
    "bad token": {
        "rest-json": ("UnrecognizedClientException", 403, _INVALID_TOKEN),
        "query": ("InvalidClientTokenId", 403, _INVALID_TOKEN),
        "rest-xml": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
    },
    "expired": {
        "rest-json": ("ExpiredTokenException", 403, "The security token included in the request is expired"),
        "query": ("ExpiredToken", 403, "The security token included in the request is expired"),
        "rest-xml": ("ExpiredToken", 400, "The provided token has expired."),
    },
    "past": {  # S3 only: other services ignore how long a presigned call is valid
        "rest-xml": ("AccessDenied", 403, "Request has expired"),
    },
    "no body hash": {
        "rest-xml": ("InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"),
    },
    "other body": {
        "rest-xml": (
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
    },
    "wrong": {
        "rest-json": ("InvalidSignatureException", 403, _MISMATCH),
        "query": ("SignatureDoesNotMatch", 403, _MISMATCH),
        "rest-xml": ("SignatureDoesNotMatch", 403, _S3_MISMATCH),
    },
    "scope": {
        "rest-json": ("InvalidSignatureException", 403, _MISMATCH),
        "query": ("SignatureDoesNotMatch", 403, _MISMATCH),
        "rest-xml": ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed."),
    },
    "skewed": {
        "rest-json": ("InvalidSignatureException", 403, _MISMATCH),
        "query": ("SignatureDoesNotMatch", 403, _MISMATCH),
        "rest-xml": (
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        ),
    },
}
# Exceptions whose OAuth error differs from their name in snake case.
_OAUTH = {
    "InternalServerException": "server_error",
    "InvalidRequestRegionException": "invalid_request",
}


def signature_refusal(protocol: str, bad: BadSignature) -> Refusal:
    """The refusal as services with that protocol word it."""
    code, status, message = _SIGNATURE[bad.kind]["rest-json" if protocol == "json" else protocol]
    if protocol == "json":
        status = 400  # services with this protocol always answer 400
    return Refusal(code, bad.detail or message, status=status, reason=f"signature: {bad.kind}")


def refuse(operation: OperationModel, refusal: Refusal) -> Answer:
    """The error answer in the operation's protocol."""
    code, status = service_model.error(operation, refusal.code)
    status = refusal.status or status
    request_id = str(uuid.uuid4())
    protocol = operation.service_model.resolved_protocol
    if protocol == "json":
        shape = next((shape for shape in operation.error_shapes if shape.name == refusal.code), None)
        member = "Message" if isinstance(shape, StructureShape) and "Message" in shape.members else "message"
        body = json.dumps({"__type": code, member: refusal.message, **refusal.members}).encode()
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": request_id}
    elif protocol == "rest-json":
        body = json.dumps(_json_members(operation, refusal, status)).encode()
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code, "x-amzn-RequestId": request_id}
    else:
        body = _xml(code, refusal.message, status, request_id).encode()
        headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    return Answer(status, body, headers, error=code, reason=refusal.reason)


def _json_members(operation: OperationModel, refusal: Refusal, status: int) -> dict[str, str]:
    """The members of Identity Center's OAuth errors; every other error has just a message."""
    shape = next((shape for shape in operation.error_shapes if shape.name == refusal.code), None)
    if not isinstance(shape, StructureShape) or "error" not in shape.members or status == 403:
        return {"message": refusal.message, **refusal.members}
    body = {"error": _OAUTH.get(shape.name) or _snake(shape.name.removesuffix("Exception")), **refusal.members}
    return {**body, "error_description": refusal.message} if refusal.message else body


def _xml(code: str, message: str, status: int, request_id: str) -> str:
    fault = "Sender" if status < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
