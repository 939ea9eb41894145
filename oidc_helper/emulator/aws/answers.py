"""Render the output of an operation in the protocol of its service."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from oidc_helper.emulator.calls import Answer, Parameters

_JSON = {"json": "application/x-amz-json-1.1", "rest-json": "application/json"}


def answer(operation: OperationModel, output: Parameters, signer: str | None, *, as_json: bool) -> Answer:
    """The successful answer. `as_json`: the caller prefers JSON, which services with the query protocol also offer."""
    request_id, shape = str(uuid.uuid4()), operation.output_shape
    protocol = operation.service_model.resolved_protocol
    status = operation.http.get("responseCode", 200)
    if protocol in _JSON:
        body = json.dumps(_known(shape, output)) if shape else ""
        kind = _JSON[protocol]
    elif as_json and protocol == "query":  # the EKS authenticator asks STS for this
        name = operation.name
        described = {f"{name}Result": output, "ResponseMetadata": {"RequestId": request_id}}
        body, kind = json.dumps({f"{name}Response": described}), "application/json"
    else:
        inner, kind = _members(shape, output) if isinstance(shape, StructureShape) else "", "text/xml"
        body = _envelope(operation, inner, request_id) if protocol == "query" else _document(operation, inner)
    return Answer(status, body.encode(), {"Content-Type": kind, "x-amzn-RequestId": request_id}, signer=signer)


def _envelope(operation: OperationModel, inner: str, request_id: str) -> str:
    name, namespace = operation.name, operation.service_model.metadata.get("xmlNamespace", "")
    result = f"<{name}Result>{inner}</{name}Result>" if operation.output_shape else ""
    return (
        f'<{name}Response xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    )


def _document(operation: OperationModel, inner: str) -> str:
    return f"<{operation.name}Result>{inner}</{operation.name}Result>" if operation.output_shape else ""


def _known(shape: Shape, value: Any) -> Any:
    """The value without members that the service model lacks: an older botocore has fewer."""
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape):
        return {name: _known(member, value[name]) for name, member in shape.members.items() if name in value}
    if isinstance(shape, ListShape):
        return [_known(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {name: _known(shape.value, item) for name, item in value.items()}
    return value


def _members(shape: StructureShape, values: Parameters) -> str:
    return "".join(_element(name, member, values[name]) for name, member in shape.members.items() if name in values)


def _element(name: str, shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        text = _members(shape, value)
    elif isinstance(shape, ListShape):
        item_name = shape.member.serialization.get("name", "member")
        text = "".join(_element(item_name, shape.member, item) for item in value)
    elif shape.type_name == "timestamp":
        text = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    elif shape.type_name == "boolean":
        text = str(value).lower()
    else:
        text = escape(str(value))
    return f"<{name}>{text}</{name}>"
