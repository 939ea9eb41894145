"""Leads an HTTP call through an operation: signature, parameters, constraints, work, answer."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from oidc_helper.emulator.aws import errors, service_model
from oidc_helper.emulator.aws.sigv4 import BadSignature, Rules, Signer, verified
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.state import State

# The signer (None if the operation is not signed) and the parameters, with `accessToken` where a service takes a bearer
# token -> the output, with the names of the model.
Perform = Callable[[State, Signer | None, Parameters], Parameters]


# By signing name and operation: what AWSIAMIdentityCenterAllowListForIdentityContext exempts of the operations here,
# and GetCallerIdentity, which no policy can deny.
_ALLOWED_WITH_CONTEXT = {("s3", "GetDataAccess"), ("sts", "GetCallerIdentity")}
_OUTSIDE = "Access to this IAM Identity Center instance must originate from a VPC endpoint that its settings allow"


@dataclass(frozen=True)
class Service:
    """One AWS service. `outside` is its error for a network that an Identity Center instance does not allow."""

    name: str  # botocore's
    invalid: str  # the error for a value outside of the model's constraints
    outside: str = ""  # empty: not of Identity Center

    def endpoint(self, operation: str, perform: Perform) -> Endpoint:
        """The endpoint of one operation."""
        operation_model = service_model.operation(self.name, operation)
        return Endpoint(
            service=self.name,
            operation=operation,
            read=lambda call: service_model.read(operation_model, call),
            work=lambda state, call: _work(state, call, self, operation_model, perform),
            refuse=lambda refusal: errors.refuse(operation_model, refusal),
        )

    def route(self, operation: str, perform: Perform) -> dict[tuple[str, str], Endpoint]:
        """The endpoint of one operation by its method and path in the service model."""
        http = service_model.operation(self.name, operation).http
        return {(http["method"], http["requestUri"].partition("?")[0]): self.endpoint(operation, perform)}


def required(signer: Signer | None) -> Signer:
    """The signer of an operation that must be signed. Raises Refusal."""
    if signer is None:
        raise Refusal("AccessDenied", status=403)
    return signer


def _work(state: State, call: Call, service: Service, operation: OperationModel, perform: Perform) -> Answer:
    fixed = operation.http["requestUri"].partition("?")[2]
    if fixed and fixed not in call.query.split("&"):
        raise Refusal("UnknownOperationException", status=404)
    if service.outside and state.directory.vpc_endpoint_required:
        raise Refusal(service.outside, _OUTSIDE, status=None if service.name == "sso-oidc" else 403)
    bearer = operation.service_model.signature_version == "bearer"
    signer = None if bearer or operation.auth_type == "none" else _signer(state, call, operation)
    arn = signer.credentials.arn if signer else None
    token = {"accessToken": _bearer_token(call)} if bearer else {}
    try:
        _check_context(signer, operation)
        output = perform(state, signer, token | _parameters(call, service, operation))
    except Refusal as refusal:
        return replace(errors.refuse(operation, refusal), signer=arn)
    return _answer(operation, output, arn, as_json="json" in call.headers.get("Accept", ""))


def _check_context(signer: Signer | None, operation: OperationModel) -> None:
    """Refuse what no identity-enhanced session may do: STS attaches a policy that denies all but a list of actions."""
    service, name = operation.service_model.signing_name, operation.name
    if signer and signer.credentials.context and (service, name) not in _ALLOWED_WITH_CONTEXT:
        text = (
            f"User: {signer.credentials.arn} is not authorized to perform: {service}:{name} "
            "with an explicit deny in a session policy"
        )
        raise Refusal("AccessDeniedException" if service == "sso-oauth" else "AccessDenied", text)


def _bearer_token(call: Call) -> str:
    """The token of the Authorization header (RFC 6750 section 2.1). Raises Refusal."""
    scheme, _, token = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal("UnauthorizedException", "The bearer token is missing", status=401)
    return token


def _parameters(call: Call, service: Service, operation: OperationModel) -> Parameters:
    parameters = service_model.read(operation, call)
    violations = service_model.violations(operation.input_shape, parameters)
    if violations:
        raise Refusal(service.invalid, service_model.violations_text(violations))
    return parameters


def _signer(state: State, call: Call, operation: OperationModel) -> Signer:
    name = operation.service_model.signing_name
    rules = Rules(name, state.directory.clocks_differ_s, of_s3=name == "s3")
    try:
        return verified(call, rules, state.credentials_of, wall=state.clock.wall(), now=state.clock())
    except BadSignature as bad:
        raise errors.signature_refusal(operation.service_model.resolved_protocol, bad) from bad


def _answer(operation: OperationModel, output: Parameters, signer: str | None, *, as_json: bool) -> Answer:
    request_id = str(uuid.uuid4())
    shape = operation.output_shape
    if as_json and operation.service_model.resolved_protocol == "query":  # as the authenticator of EKS asks of STS
        name = operation.name
        answer = {f"{name}Result": output, "ResponseMetadata": {"RequestId": request_id}}
        body, kind = json.dumps({f"{name}Response": answer}), "application/json"
    elif operation.service_model.resolved_protocol == "rest-json":
        body, kind = json.dumps(output) if shape else "", "application/json"
    else:
        inner, kind = _members(shape, output) if isinstance(shape, StructureShape) else "", "text/xml"
        namespace = operation.service_model.metadata.get("xmlNamespace", "")
        if operation.service_model.resolved_protocol == "query":
            name = operation.name
            body = (
                f'<{name}Response xmlns="{namespace}"><{name}Result>{inner}</{name}Result>'
                f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
            )
        else:
            body = f"<{operation.name}Result>{inner}</{operation.name}Result>"
    return Answer(200, body.encode(), {"Content-Type": kind, "x-amzn-RequestId": request_id}, signer=signer)


def _members(shape: StructureShape, values: Parameters) -> str:
    return "".join(_element(name, member, values[name]) for name, member in shape.members.items() if name in values)


def _element(name: str, shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        text = _members(shape, value)
    elif isinstance(shape, ListShape):
        text = "".join(_element("member", shape.member, item) for item in value)
    elif shape.type_name == "timestamp":
        text = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        text = escape(str(value))
    return f"<{name}>{text}</{name}>"
