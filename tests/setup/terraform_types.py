"""The types of Terraform that plans may have: the version of the provider that brought each, and its arguments.

From the provider's changelog and the pages of its documentation.
"""

from typing import NamedTuple


class Type(NamedTuple):
    """A resource or data source; blocks have their members behind dots."""

    since: tuple[int, int]
    arguments: frozenset[str]


def _type(since: tuple[int, int], arguments: str) -> Type:
    return Type(since, frozenset(arguments.split()))


META = frozenset({"count", "provider", "depends_on"})
TYPES = {
    "aws_iam_openid_connect_provider": _type((5, 81), "url client_id_list"),  # thumbprint_list became optional
    "aws_iam_role": _type((0, 1), "name path assume_role_policy"),
    "aws_iam_role_policy": _type((0, 1), "name role policy"),
    "aws_ssoadmin_application": _type((5, 30), "name instance_arn application_provider_arn"),
    "aws_ssoadmin_application_assignment": _type((5, 30), "application_arn principal_type principal_id"),
    "aws_ssoadmin_application_assignment_configuration": _type((5, 30), "application_arn assignment_required"),
    "aws_ssoadmin_application_access_scope": _type((5, 32), "application_arn scope"),
    "aws_ssoadmin_trusted_token_issuer": _type(
        (5, 31),
        "name instance_arn trusted_token_issuer_type trusted_token_issuer_configuration"
        " trusted_token_issuer_configuration.oidc_jwt_configuration"
        " trusted_token_issuer_configuration.oidc_jwt_configuration.claim_attribute_path"
        " trusted_token_issuer_configuration.oidc_jwt_configuration.identity_store_attribute_path"
        " trusted_token_issuer_configuration.oidc_jwt_configuration.issuer_url"
        " trusted_token_issuer_configuration.oidc_jwt_configuration.jwks_retrieval_option",
    ),
    "aws_ssoadmin_permission_set": _type((3, 24), "name instance_arn"),
    "aws_ssoadmin_account_assignment": _type(
        (3, 24), "instance_arn permission_set_arn target_type target_id principal_type principal_id"
    ),
    "aws_accountaccess_entitlement": _type(
        (6, 64),
        "application_arn entitlement entitlement.principal_role entitlement.principal_role.role_arn"
        " entitlement.principal_role.principal entitlement.principal_role.principal.identity_center"
        " entitlement.principal_role.principal.identity_center.group_id",
    ),
    "aws_s3control_access_grants_instance": _type((5, 29), "account_id identity_center_arn"),
    "aws_s3control_access_grants_location": _type((5, 29), "account_id location_scope iam_role_arn"),
    "aws_s3control_access_grant": _type(
        (5, 29),
        "account_id access_grants_location_id permission s3_prefix_type access_grants_location_configuration"
        " access_grants_location_configuration.s3_sub_prefix grantee grantee.grantee_type grantee.grantee_identifier",
    ),
    "aws_identitystore_group": _type(
        (5, 0),
        "identity_store_id alternate_identifier alternate_identifier.unique_attribute"
        " alternate_identifier.unique_attribute.attribute_path alternate_identifier.unique_attribute.attribute_value",
    ),
    "aws_accountaccess_application": _type((6, 64), "identity_center_instance_arn"),
    "aws_ssoadmin_instances": _type((3, 24), ""),
    "aws_partition": _type((0, 1), ""),
    "aws_caller_identity": _type((0, 1), ""),
}
# Of Terraform itself: the version that brought it.
BUILT_IN = {"terraform_data": ((1, 4), frozenset({"triggers_replace", "provisioner"}))}
