"""Applications: made, described, changed, removed."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.instances import store_arn
from oidc_helper.emulator.aws.sso_admin.service import CREATED_AT, application, check_instance, listed, not_found
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CUSTOM_PROVIDER, Application
from oidc_helper.emulator.keys import hexadecimal
from oidc_helper.emulator.state import State

_MANAGED_PROVIDER = "arn:aws:sso::aws:applicationProvider/qbusiness"  # of the example that is not customer managed
_MOST = 50  # entries of a page


def _create_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    if parameters["ApplicationProviderArn"] != CUSTOM_PROVIDER:
        raise not_found("Application provider")
    if any(each.name == parameters["Name"] for each in state.directory.applications):
        raise Refusal("ConflictException", "An application with that name exists")
    instance = state.directory.instance
    created = Application(
        arn=f"arn:aws:sso::{instance.owner_account_id}:application/{instance.name}/apl-{hexadecimal(16)}",
        name=parameters["Name"],
        enabled=parameters.get("Status", "ENABLED") == "ENABLED",
    )
    state.directory.other_applications.append(created)
    return {"ApplicationArn": created.arn, "InstanceArn": instance.arn, "IdentityStoreArn": store_arn(state)}


def _describe_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return _described(state, application(state, parameters))


def _list_applications(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    wanted = parameters.get("Filter", {})
    described = [
        each
        for each in (_described(state, one) for one in state.directory.applications)
        if wanted.get("ApplicationAccount", each["ApplicationAccount"]) == each["ApplicationAccount"]
        and wanted.get("ApplicationProvider", each["ApplicationProviderArn"]) == each["ApplicationProviderArn"]
    ]
    return listed(state, "Applications", described, parameters, _MOST)


def _update_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    found = application(state, parameters)
    found.name = parameters.get("Name", found.name)
    found.enabled = parameters.get("Status", "ENABLED" if found.enabled else "DISABLED") == "ENABLED"
    return {}


def _delete_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    found, directory = application(state, parameters), state.directory
    for applications in (directory.example_applications, directory.other_applications):
        if found in applications:
            applications.remove(found)
    return {}


def _described(state: State, one: Application) -> Parameters:
    return {
        "ApplicationArn": one.arn,
        "ApplicationProviderArn": CUSTOM_PROVIDER if one.customer_managed else _MANAGED_PROVIDER,
        "Name": one.name,
        "ApplicationAccount": one.arn.split(":")[4],
        "InstanceArn": state.directory.instance.arn,
        "IdentityStoreArn": store_arn(state),
        "Status": "ENABLED" if one.enabled else "DISABLED",
        "PortalOptions": {"Visibility": "DISABLED"},
        "CreatedDate": CREATED_AT,
        "CreatedFrom": state.directory.identity_center_region,
    }


OPERATIONS: dict[str, Perform] = {
    "CreateApplication": _create_application,
    "DescribeApplication": _describe_application,
    "ListApplications": _list_applications,
    "UpdateApplication": _update_application,
    "DeleteApplication": _delete_application,
}
