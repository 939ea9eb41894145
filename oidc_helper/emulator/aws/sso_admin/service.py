"""Parts that the administrator operations of Identity Center share."""

from typing import Any

from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import Application
from oidc_helper.emulator.state import State

SERVICE = Service("sso-admin", invalid="ValidationException", actions="sso")
MOST = 100  # entries of a page
# In the service model, some of these operations have no other error that fits.
_NO_INSTANCE = Refusal("AccessDeniedException", "You are not authorized to perform this operation.")


def not_found(what: str) -> Refusal:
    """The refusal of an ARN or id that does not exist."""
    return Refusal("ResourceNotFoundException", f"{what} not found")


def existing_application(state: State, parameters: Parameters) -> Application:
    """The requested application. Raises Refusal if it does not exist."""
    application = state.directory.application_named(parameters["ApplicationArn"])
    if application is None:
        raise not_found("Application")
    return application


def check_instance(state: State, parameters: Parameters) -> None:
    """Raise Refusal if the requested instance does not exist."""
    if parameters["InstanceArn"] != state.directory.instance.arn:
        raise _NO_INSTANCE


def check_principal(state: State, parameters: Parameters) -> None:
    """Raise Refusal if the requested user or group does not exist."""
    principal_id, is_user = parameters["PrincipalId"], parameters["PrincipalType"] == "USER"
    if not (state.directory.user(user_id=principal_id) if is_user else state.directory.group(principal_id)):
        raise not_found(parameters["PrincipalType"].capitalize())


def kind_of(state: State, principal_id: str) -> str:
    """The PrincipalType of an id: USER or GROUP."""
    return "GROUP" if state.directory.group(principal_id) else "USER"


def listed(state: State, name: str, items: list[Any], parameters: Parameters, most: int = MOST) -> Parameters:
    """One page of the items."""
    largest = min(most, state.directory.administrator_page or most)
    return page(name, items, parameters, invalid=SERVICE.invalid, most=largest)


def regional(name: str, perform: Perform) -> Perform:
    """Limit the operation to the regions of the instance: elsewhere there is no instance."""

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
