"""Compares raw answers with botocore's service model; its parsers ignore unknown members."""

import json
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from botocore.model import ListShape, OperationModel, Shape, StructureShape

# Errors that AWS answers before the service sees the call, so no service model has them: code -> HTTP statuses
COMMON_ERRORS = {
    "AccessDenied": {403},
    "AccessDeniedException": {400, 403},
    "AccessGrantsInstanceNotExistsError": {404},
    "AuthorizationHeaderMalformed": {400},
    "ExpiredToken": {400, 403},
    "ExpiredTokenException": {400, 403},
    "ForbiddenException": {403},
    "IncompleteSignature": {400},
    "IncompleteSignatureException": {403},
    "InvalidAccessKeyId": {403},
    "InvalidAction": {400},
    "InvalidClientTokenId": {403},
    "InvalidContextAssertion": {400},  # no botocore before 1.44.8 knows it
    "InvalidRequest": {400},
    "InvalidSignatureException": {403},
    "InvalidToken": {400},
    "MissingAuthenticationToken": {403},
    "MissingAuthenticationTokenException": {403},
    "RequestTimeTooSkewed": {403},
    "SignatureDoesNotMatch": {403},
    "UnrecognizedClientException": {403},
    "ValidationError": {400},
    "XAmzContentSHA256Mismatch": {400},
}


def check_answer(http_response: Any, model: OperationModel, **_: Any) -> None:
    """An event handler for `after-call`."""
    assert http_response.headers["x-amzn-RequestId"]
    if http_response.status_code < 300:
        _check_output(http_response.content, model)
    elif http_response.headers.get("content-type"):
        _check_error(http_response, model)


def _check_output(content: bytes, model: OperationModel) -> None:
    protocol, shape = model.service_model.resolved_protocol, model.output_shape
    if shape is None:
        assert content == b"" or protocol == "query"
    elif "json" in protocol:
        _check_json(shape, json.loads(content), model.name)
    else:
        root = _parsed(content)
        namespace = root.tag.rpartition("}")[0] + "}" if "}" in root.tag else ""
        result = root if protocol == "rest-xml" else root.find(f"{namespace}{model.name}Result")
        assert result is not None
        _check_xml(shape, result, namespace)


def _check_error(http_response: Any, model: OperationModel) -> None:
    if model.service_model.resolved_protocol == "rest-json":
        code = http_response.headers["x-amzn-ErrorType"]
    elif model.service_model.resolved_protocol == "json":
        code = json.loads(http_response.content)["__type"]
    else:
        element = _parsed(http_response.content).find("Error/Code")
        code = element.text if element is not None else None
    for shape in model.error_shapes:
        metadata: dict[str, Any] = shape.metadata
        described = metadata.get("error", {})
        # A fault has no status in newer models, and JSON 1.1 has one for all that a caller did wrong
        status = described.get("httpStatusCode", 500 if metadata.get("fault") else 400)
        if described.get("code", shape.name) == code and http_response.status_code == status:
            if "json" in model.service_model.resolved_protocol:
                _check_json(shape, _error_members(http_response), code)
            return
    assert http_response.status_code in COMMON_ERRORS.get(code, set()), code


def _error_members(http_response: Any) -> dict[str, Any]:
    """Without the type, which is of the protocol."""
    members: dict[str, Any] = json.loads(http_response.content)
    return {name: value for name, value in members.items() if name != "__type"}


def _check_json(shape: Shape, value: Any, where: str) -> None:
    if getattr(shape, "is_document_type", False):
        return
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict), where
        assert set(value) <= set(shape.members), f"{where} has members that the model does not know"
        assert set(shape.required_members) <= set(value), f"{where} lacks required members"
        for name, item in value.items():
            _check_json(shape.members[name], item, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), where
        for item in value:
            _check_json(shape.member, item, where)
    else:
        kind = {"string": str, "integer": int, "long": int, "timestamp": int, "boolean": bool}[shape.type_name]
        assert isinstance(value, kind), f"{where} is not of type {shape.type_name}"
        _check_limits(shape, value, where)


def _check_xml(shape: Shape, element: ET.Element, namespace: str) -> None:
    where, text = element.tag, element.text or ""
    if isinstance(shape, StructureShape):
        children = {child.tag.removeprefix(namespace): child for child in element}
        assert set(children) <= set(shape.members), f"{where} has members that the model does not know"
        assert set(shape.required_members) <= set(children), f"{where} lacks required members"
        for name, child in children.items():
            _check_xml(shape.members[name], child, namespace)
    elif isinstance(shape, ListShape):
        names = {child.tag.removeprefix(namespace) for child in element}
        assert names <= {shape.member.serialization.get("name", "member")}, where
        for child in element:
            _check_xml(shape.member, child, namespace)
    elif shape.type_name == "boolean":
        assert text in ("true", "false"), where
    elif shape.type_name == "timestamp":
        assert datetime.fromisoformat(text).utcoffset() is not None, where
    elif shape.type_name == "integer":
        _check_limits(shape, int(text), where)
    else:
        assert shape.type_name == "string"
        _check_limits(shape, text, where)


def _parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - our own emulator wrote it


def _check_limits(shape: Shape, value: Any, where: str) -> None:
    limits: dict[str, Any] = shape.metadata
    size = value if isinstance(value, int) else len(value)
    assert limits.get("min", size) <= size <= limits.get("max", size), where
    assert value in limits.get("enum", [value]), where
