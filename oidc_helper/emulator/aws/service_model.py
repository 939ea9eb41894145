"""Use botocore's service models on the server side: read parameters, check constraints, name errors."""

import functools
import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree as ET

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from oidc_helper.emulator.calls import Call, Parameters, Refusal, json_object

# Errors common to all AWS services: code -> HTTP status. A fault may also name one of these.
_COMMON = {
    "AccessDenied": 403,
    "ForbiddenException": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InvalidIdentityToken": 400,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "ServiceUnavailableException": 503,
}
_LETTER = r"[^\W\d_]"  # stands for \p{L}, which Python lacks; patterns with it in brackets are not checked


@functools.cache
def service(name: str) -> ServiceModel:
    """The model of a service, loaded once, since that takes up to 60 ms.

    Without a botocore session, which would read AWS_PROFILE.
    """
    return ServiceModel(Loader().load_service_model(name, "service-2"), service_name=name)


@functools.cache
def operation(service_name: str, name: str) -> OperationModel:
    """The model of one operation."""
    return service(service_name).operation_model(name)


def error(model: OperationModel, code: str) -> tuple[str, int]:
    """The name on the wire and the HTTP status of an error; `code` is its shape name or its code."""
    for shape in model.error_shapes:
        described = cast("dict[str, Any]", shape.metadata.get("error", {}))
        if code in (shape.name, described.get("code")):
            status = 500 if shape.metadata.get("fault") else 400  # if the model has none
            return described.get("code", shape.name), described.get("httpStatusCode", status)
    return code, _COMMON.get(code, 400)


def read(model: OperationModel, call: Call) -> Parameters:
    """The parameters of the call, with boto3's names and the model's types. Raises Refusal."""
    shape = model.input_shape
    if shape is None:
        return {}
    protocol = model.service_model.resolved_protocol
    if protocol == "query":
        return cast("Parameters", _from_form(shape, form(call), "")) or {}
    if protocol == "json":
        return cast("Parameters", _typed(shape, _json_object(call)))
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    body: Parameters = {}
    if _has_body(shape):
        body = _json_object(call) if protocol == "rest-json" else _xml_members(shape, _xml_root(call))
    path = in_path(model).fullmatch(call.path)
    uri = {name: unquote(value) for name, value in (path.groupdict() if path else {}).items()}
    locations: dict[str | None, Any] = {"querystring": query, "header": call.headers, "uri": uri, None: body}
    parameters = {}
    for name, member in shape.members.items():
        location = locations[member.serialization.get("location")]
        in_xml = location is body and protocol == "rest-xml"
        value = location.get(name if in_xml else member.serialization.get("name", name))
        if value is not None:
            parameters[name] = _typed(member, value)
    return parameters


@functools.cache
def in_path(model: OperationModel) -> re.Pattern[str]:
    """A pattern for the operation's path, with a group for each parameter in it, which is still percent-encoded."""
    template = model.http["requestUri"].partition("?")[0]
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template)))


def form(call: Call) -> dict[str, str]:
    """The parameters of the query protocol, from the query and, in a POST, also from the body."""
    body = call.body.decode("utf-8", "replace") if call.method == "POST" else ""
    return {name: value for text in (call.query, body) for name, value in parse_qsl(text, keep_blank_values=True)}


def violations(shape: Shape | None, value: Any, path: str = "") -> list[str]:
    """The model's constraints that a value violates, in AWS's words; sensitive values are masked."""
    return list(_violations(shape, value, path)) if shape else []


def violations_text(violations: list[str]) -> str:
    """The message of a ValidationError."""
    errors = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {errors} detected: {'; '.join(violations)}"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    elif getattr(shape, "is_document_type", False):
        return
    elif isinstance(shape, StructureShape):
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            yield f"Value at '{path}' failed to satisfy constraint: Member must have exactly one member set"
        for name, member in shape.members.items():
            if name in value or name in shape.required_members:
                below = name[0].lower() + name[1:]
                yield from _violations(member, value.get(name), f"{path}.{below}" if path else below)
    else:
        shown = "***" if shape.metadata.get("sensitive") else value
        for constraint in _broken(shape, value):
            yield f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"
        if isinstance(shape, ListShape):
            for index, item in enumerate(value, 1):
                yield from _violations(shape.member, item, f"{path}.{index}.member")


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    limits: dict[str, Any] = shape.metadata
    if isinstance(value, bool):
        return
    measure, noun = (value, "value") if isinstance(value, int) else (len(value), "length")
    if measure < limits.get("min", measure):
        yield f"have {noun} greater than or equal to {limits['min']}"
    if measure > limits.get("max", measure):
        yield f"have {noun} less than or equal to {limits['max']}"
    pattern = limits.get("pattern", "")
    expression = pattern if "[" in pattern else pattern.replace(r"\p{L}", _LETTER)
    if pattern and r"\p{" not in expression.replace(r"\P{", r"\p{") and not re.fullmatch(expression, value):
        yield f"satisfy regular expression pattern: {pattern}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"satisfy enum value set: [{', '.join(limits['enum'])}]"


def _from_form(shape: Shape, form: dict[str, str], prefix: str) -> Any:
    """Read a value from flat names such as `ProvidedContexts.member.1.ProviderArn`; None if there is none."""
    if isinstance(shape, StructureShape):
        below = prefix and prefix + "."
        values = {name: _from_form(member, form, below + name) for name, member in shape.members.items()}
        return {name: value for name, value in values.items() if value is not None} or None
    if isinstance(shape, ListShape):
        items: list[Any] = []
        while (item := _from_form(shape.member, form, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    return _typed(shape, form[prefix]) if prefix in form else None


def _typed(shape: Shape, value: Any) -> Any:  # noqa: PLR0911 - one for each type
    """Convert a value to the model's type. Raises Refusal if it does not fit."""
    kind = shape.type_name
    if getattr(shape, "is_document_type", False):
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = shape.members
        return {
            name: _typed(members[name], each) for name, each in value.items() if name in members and each is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_typed(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _typed(shape.value, each) for name, each in value.items()}
    if kind in ("integer", "long") and not isinstance(value, bool) and re.fullmatch(r"-?\d{1,18}", str(value)):
        return int(value)
    if kind == "boolean" and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind == "string" and isinstance(value, str):
        return value
    raise Refusal("SerializationException", f"the value cannot be converted to {kind}")


def _xml_root(call: Call) -> ET.Element:
    try:
        return ET.fromstring(call.body)  # noqa: S314 - clients are on this machine and can harm only themselves
    except ET.ParseError:
        raise Refusal("MalformedXML", "The XML you provided was not well-formed", status=400) from None


def _xml_members(shape: StructureShape, element: ET.Element) -> Parameters:
    """The members among the children of an element, as text; `_typed` converts them."""
    members: Parameters = {}
    children = {child.tag.rpartition("}")[2]: child for child in element}
    for name, member in shape.members.items():
        if "location" not in member.serialization:
            wire_name = member.serialization.get("name", name)
            if wire_name in children:
                members[name] = _xml_value(member, children[wire_name])
    return members


def _xml_value(shape: Shape, element: ET.Element) -> Any:
    if isinstance(shape, StructureShape):
        return _xml_members(shape, element)
    if isinstance(shape, ListShape):
        return [_xml_value(shape.member, item) for item in element]
    return element.text or ""


def _has_body(shape: StructureShape) -> bool:
    return any("location" not in member.serialization for member in shape.members.values())


def _json_object(call: Call) -> Parameters:
    value = json_object(call.body or b"{}")
    if value is None:
        raise Refusal("SerializationException", "the body is not a JSON object")
    return value
