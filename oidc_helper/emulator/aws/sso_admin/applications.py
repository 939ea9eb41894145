"""Applications: create, describe, update and delete them."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.instances import store_arn
from oidc_helper.emulator.aws.sso_admin.service import check_instance, existing_application, listed, not_found
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT, CUSTOM_PROVIDER, Application
from oidc_helper.emulator.keys import hexadecimal
from oidc_helper.emulator.state import State

_MANAGED_PROVIDER = (
    "arn:aws:sso::aws:applicationProvider/qbusiness"  # of the example's application that is not customer managed
)
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
    return _described(state, existing_application(state, parameters))


def _list_applications(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    criteria = parameters.get("Filter", {})
    described = [
        each
        for each in (_described(state, application) for application in state.directory.applications)
        if criteria.get("ApplicationAccount", each["ApplicationAccount"]) == each["ApplicationAccount"]
        and criteria.get("ApplicationProvider", each["ApplicationProviderArn"]) == each["ApplicationProviderArn"]
    ]
    return listed(state, "Applications", described, parameters, _MOST)


def _update_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application = existing_application(state, parameters)
    application.name = parameters.get("Name", application.name)
    application.enabled = parameters.get("Status", "ENABLED" if application.enabled else "DISABLED") == "ENABLED"
    return {}


def _delete_application(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    application, directory = existing_application(state, parameters), state.directory
    for applications in (directory.example_applications, directory.other_applications):
        if application in applications:
            applications.remove(application)
    return {}


def _described(state: State, application: Application) -> Parameters:
    return {
        "ApplicationArn": application.arn,
        "ApplicationProviderArn": CUSTOM_PROVIDER if application.customer_managed else _MANAGED_PROVIDER,
        "Name": application.name,
        "ApplicationAccount": application.arn.split(":")[4],
        "InstanceArn": state.directory.instance.arn,
        "IdentityStoreArn": store_arn(state),
        "Status": "ENABLED" if application.enabled else "DISABLED",
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
