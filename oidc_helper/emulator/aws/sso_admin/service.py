"""What the operations of Identity Center for administrators have in common."""

from typing import Any

from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import Application, DirectoryUser, Group
from oidc_helper.emulator.state import State

SERVICE = Service("sso-admin", invalid="ValidationException", actions="sso")
MOST = 100  # entries of a page
# Some operations have no other error in the service model that would fit.
_NO_INSTANCE = Refusal("AccessDeniedException", "You are not authorized to perform this operation.")
CREATED_AT = 1_767_225_600  # epoch seconds, of everything


def not_found(what: str) -> Refusal:
    """The refusal of an ARN or id that nothing has."""
    return Refusal("ResourceNotFoundException", f"{what} not found")


def application(state: State, parameters: Parameters) -> Application:
    """The application that is asked for. Raises Refusal."""
    found = state.directory.application_named(parameters["ApplicationArn"])
    if found is None:
        raise not_found("Application")
    return found


def check_instance(state: State, parameters: Parameters) -> None:
    """Raises Refusal if the instance that is asked for does not exist."""
    if parameters["InstanceArn"] != state.directory.instance.arn:
        raise _NO_INSTANCE


def check_principal(state: State, parameters: Parameters) -> DirectoryUser | Group:
    """The user or group that is asked for. Raises Refusal."""
    identity, is_user = parameters["PrincipalId"], parameters["PrincipalType"] == "USER"
    found = state.directory.user(user_id=identity) if is_user else state.directory.group(identity)
    if found is None:
        raise not_found(parameters["PrincipalType"].capitalize())
    return found


def kind_of(state: State, principal_id: str) -> str:
    """Whether the id is of a user or a group."""
    return "GROUP" if state.directory.group(principal_id) else "USER"


def listed(state: State, name: str, items: list[Any], parameters: Parameters, most: int = MOST) -> Parameters:
    """One page of the items."""
    largest = min(most, state.directory.administrator_page or most)
    return page(name, items, parameters, invalid=SERVICE.invalid, most=largest)


def regional(name: str, perform: Perform) -> Perform:
    """The operation, in the regions of the instance; elsewhere there is no instance."""

    def performed(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
        if required(signer).region in state.directory.identity_center_regions:
            return perform(state, signer, parameters)
        if name == "ListInstances":
            return (
                perform(state, signer, parameters)
                if parameters.get("RegionScope") == "ALL_REGIONS"
                else {"Instances": []}
            )
        raise _NO_INSTANCE

    return performed
