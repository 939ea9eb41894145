"""Take an HTTP call through the steps of an operation: signature, parameters, constraints, work, answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from botocore.exceptions import DataNotFoundError
from botocore.model import OperationModel

from oidc_helper.emulator.aws import answers, documents, errors, service_model
from oidc_helper.emulator.aws.sigv4 import BadSignature, Rules, Signer, verified
from oidc_helper.emulator.calls import Answer, Call, Endpoint, Parameters, Refusal
from oidc_helper.emulator.state import State

# The signer (None if the operation is not signed) and the parameters -> the output, with the names of the model. If the
# service takes a bearer token, the parameters have it as `accessToken`.
Perform = Callable[[State, Signer | None, Parameters], Parameters]


# Signing name and operation. Of the operations here, AWSIAMIdentityCenterAllowListForIdentityContext exempts just
# GetDataAccess; no policy can deny GetCallerIdentity.
_ALLOWED_WITH_CONTEXT = {("s3", "GetDataAccess"), ("sts", "GetCallerIdentity")}
_OUTSIDE = "Access to this IAM Identity Center instance must originate from a VPC endpoint that its settings allow"


# How a request names an operation: a method and a path template, or "target" and a JSON 1.1 target, or the version of a
# query API and an action.
Route = tuple[str, str]
TARGET = "target"


@dataclass(frozen=True)
class Service:
    """One AWS service. `outside` is its error for calls from a network that the Identity Center instance excludes."""

    name: str  # as botocore calls it
    invalid: str  # the error for a value that violates the model's constraints
    outside: str = ""  # empty: not an Identity Center service
    actions: str = ""  # for an administrator's service: the prefix of its IAM actions, one per operation

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

    def route(self, operation: str, perform: Perform) -> dict[Route, Endpoint]:
        """The endpoint of one operation, keyed by its route in the service model."""
        model = service_model.operation(self.name, operation)
        service, http = model.service_model, model.http
        if service.resolved_protocol == "json":
            route = (TARGET, f"{service.metadata['targetPrefix']}.{operation}")
        elif service.resolved_protocol == "query":
            route = (service.api_version, operation)
        else:
            route = (http["method"], http["requestUri"].partition("?")[0])
        return {route: self.endpoint(operation, perform)}

    def routes(self, operations: dict[str, Perform]) -> dict[Route, Endpoint]:
        """The endpoints of those operations that the installed botocore knows; it may be older than the service."""
        try:
            modelled = service_model.service(self.name).operation_names
        except DataNotFoundError:
            return {}
        return {
            route: endpoint
            for name, perform in operations.items()
            if name in modelled
            for route, endpoint in self.route(name, perform).items()
        }


def required(signer: Signer | None) -> Signer:
    """The signer of an operation that must be signed. Raises Refusal."""
    if signer is None:
        raise Refusal("AccessDenied", status=403)
    return signer


def _work(state: State, call: Call, service: Service, operation: OperationModel, perform: Perform) -> Answer:
    fixed = operation.http["requestUri"].partition("?")[2]
    if fixed and fixed not in call.query.split("&"):
        raise Refusal("UnknownOperationException", status=404)
    bearer = operation.service_model.signature_version == "bearer"
    signer = None if bearer or operation.auth_type == "none" else _signer(state, call, operation)
    arn = signer.credentials.arn if signer else None
    token = {"accessToken": _bearer_token(call)} if bearer else {}
    try:
        _check_context(signer, operation)
        _check_administrator(state, signer, service, operation)
        parameters = token | _parameters(call, service, operation)
        _check_network(state, service, parameters)
        output = perform(state, signer, parameters)
    except Refusal as refusal:
        return replace(errors.refuse(operation, refusal), signer=arn)
    return answers.answer(operation, output, arn, as_json="json" in call.headers.get("Accept", ""))


def _check_context(signer: Signer | None, operation: OperationModel) -> None:
    """Refuse what identity-enhanced sessions may not do: STS attaches a policy that allows just a list of actions."""
    service, name = operation.service_model.signing_name, operation.name
    if signer and signer.credentials.context and (service, name) not in _ALLOWED_WITH_CONTEXT:
        text = (
            f"User: {signer.credentials.arn} is not authorized to perform: {service}:{name} "
            "with an explicit deny in a session policy"
        )
        raise Refusal("AccessDeniedException" if service == "sso-oauth" else "AccessDenied", text)


def _check_administrator(state: State, signer: Signer | None, service: Service, operation: OperationModel) -> None:
    """Refuse what no identity policy of the caller allows; there are no resource policies here."""
    if not service.actions:
        return
    caller, action = required(signer).credentials, f"{service.actions}:{operation.name}"
    if not documents.may_administer(state.directory, caller, action):
        text = (
            f"User: {caller.arn} is not authorized to perform: {action} "
            f"because no identity-based policy allows the {action} action"
        )
        protocol = operation.service_model.resolved_protocol
        raise Refusal("AccessDeniedException" if "json" in protocol else "AccessDenied", text)


def _check_network(state: State, service: Service, parameters: Parameters) -> None:
    """Refuse the call if the instance requires a VPC endpoint, unless its application is exempt."""
    if not (service.outside and state.directory.vpc_endpoint_required):
        return
    token = state.tokens.get(parameters.get("accessToken", ""))
    application_arn = parameters.get("clientId") or (token.client_id if token else "")
    if application_arn not in state.directory.instance.vpc_exempt_applications:
        raise Refusal(service.outside, _OUTSIDE, status=None if service.name == "sso-oidc" else 403)


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
