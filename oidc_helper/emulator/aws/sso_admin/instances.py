"""The instance and its regions."""

from oidc_helper.emulator.aws.endpoint import Perform
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.aws.sso_admin.service import check_instance, listed, not_found
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import CREATED_AT
from oidc_helper.emulator.state import State


def _list_instances(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return listed(state, "Instances", [_described(state)], parameters)


def _describe_instance(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    instance = state.directory.instance
    key: Parameters = {"KeyType": "AWS_OWNED_KMS_KEY", "EncryptionStatus": "ENABLED"}
    if instance.kms_key_arn:
        key |= {"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": instance.kms_key_arn}
    network: Parameters = {"VpceAccessRequired": state.directory.vpc_endpoint_required}
    if state.directory.vpc_endpoint_required:
        network["ExcludeApplicationArns"] = sorted(instance.vpc_exempt_applications)
    return {
        **_described(state),
        "EncryptionConfigurationDetails": key,
        "NetworkConfigurationDetails": network,
        "PermissionSetsEnabled": instance.permission_sets_enabled,
    }


def _update_instance(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    directory = state.directory
    directory.instance.permission_sets_enabled = parameters.get(
        "PermissionSetsEnabled", directory.instance.permission_sets_enabled
    )
    if network := parameters.get("NetworkConfiguration"):
        directory.vpc_endpoint_required = network["VpceAccessRequired"]
        directory.instance.vpc_exempt_applications = set(network.get("ExcludeApplicationArns", ()))
    return {}


def _list_regions(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    return listed(state, "Regions", _regions(state), parameters)


def _describe_region(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    region = next((each for each in _regions(state) if each["RegionName"] == parameters["RegionName"]), None)
    if region is None:
        raise not_found("Region")
    return region


def _add_region(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    check_instance(state, parameters)
    if parameters["RegionName"] in state.directory.identity_center_regions:
        raise Refusal("ConflictException", "The Region has been added already")
    state.directory.identity_center_regions.append(parameters["RegionName"])
    return {"Status": "ACTIVE"}


def _regions(state: State) -> list[Parameters]:
    regions = state.directory.identity_center_regions
    return [
        {"RegionName": region, "Status": "ACTIVE", "AddedDate": CREATED_AT, "IsPrimaryRegion": region == regions[0]}
        for region in regions
    ]


def _described(state: State) -> Parameters:
    instance = state.directory.instance
    return {
        "InstanceArn": instance.arn,
        "IdentityStoreId": instance.identity_store_id,
        "IdentityStoreArn": store_arn(state),
        "OwnerAccountId": instance.owner_account_id,
        "CreatedDate": CREATED_AT,
        "Status": instance.status,
        "PrimaryRegion": state.directory.identity_center_region,
        "Regions": _regions(state),
    }


def store_arn(state: State) -> str:
    """The ARN of the identity store."""
    instance = state.directory.instance
    return f"arn:aws:identitystore::{instance.owner_account_id}:identitystore/{instance.identity_store_id}"


OPERATIONS: dict[str, Perform] = {
    "ListInstances": _list_instances,
    "DescribeInstance": _describe_instance,
    "UpdateInstance": _update_instance,
    "ListRegions": _list_regions,
    "DescribeRegion": _describe_region,
    "AddRegion": _add_region,
}
