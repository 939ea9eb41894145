"""An administrator reads and changes what CreateTokenWithIAM and STS obey."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from emulator.administrators import SetUp, administrator, policy, set_up
from emulator.aws_callers import Caller, identity_context, refusal
from fakes.places import needs
from service_limits import knows_account_access

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import JWT_BEARER
from oidc_helper.emulator.keys import SigningKeys

NOT_FOUND = ("ResourceNotFoundException", 400)
ACCOUNT = "123456789012"
MALLORY = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a03"
ALICE = "93a4c812-0051-70f2-8a4e-1d3c5b7f9a01"
ANALYSTS = "93a4c812-0051-70f2-8a4e-1d3c5b7f9b01"


@pytest.fixture
def empty(keys: SigningKeys) -> Iterator[Emulator]:
    """An organization in which nothing is set up."""
    with Emulator(keys=keys, empty=True) as running:
        yield running


@pytest.fixture
def admin(emulator: Emulator) -> Caller:
    return administrator(emulator)


def exchange(emulator: Emulator, made: SetUp, email: str = "alice@example.com") -> tuple[Caller, dict[str, Any]]:
    """The caller's role, opened with an identity token, and the tokens that the token brings."""
    nobody = Caller(emulator, "AKIANOBODY", "nothing")
    token = emulator.mint(email)
    answer = nobody.client("sts").assume_role_with_web_identity(
        RoleArn=made.caller_role_arn, RoleSessionName="alice", WebIdentityToken=token
    )
    caller = nobody.using(answer["Credentials"])
    return caller, caller.create_token(clientId=made.application_arn, grantType=JWT_BEARER, assertion=token)


def test_an_empty_organization_ends_in_credentials_once_it_is_set_up(empty: Emulator) -> None:
    """Every part of it was made by an administrator's calls."""
    caller, tokens = exchange(empty, made := set_up(empty))
    provided = [
        {
            "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
            "ContextAssertion": identity_context(tokens),
        }
    ]
    session = caller.assume(made.session_role_arn, ProvidedContexts=provided)

    assert session.identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/alice"
    assert "refreshToken" in tokens


def test_an_empty_organization_has_people_and_nothing_else(empty: Emulator) -> None:
    """Whoever sets it up begins with the instance, its users and its groups."""
    admin = administrator(empty)
    center, store = admin.client("sso-admin"), admin.client("identitystore")
    (instance,) = center.list_instances()["Instances"]
    arn, store_id = instance["InstanceArn"], instance["IdentityStoreId"]

    assert center.list_applications(InstanceArn=arn)["Applications"] == []
    assert center.list_trusted_token_issuers(InstanceArn=arn)["TrustedTokenIssuers"] == []
    assert center.list_permission_sets(InstanceArn=arn)["PermissionSets"] == []
    assert admin.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert refusal(admin.client("s3control").get_access_grants_instance, AccountId=ACCOUNT) == (
        "AccessGrantsInstanceNotExistsError",
        404,
    )
    assert [user["UserName"] for user in store.list_users(IdentityStoreId=store_id)["Users"]] == [
        "alice",
        "bob",
        "mallory",
    ]


def test_a_new_application_demands_an_assignment(empty: Emulator) -> None:
    """As at AWS: until the administrator says otherwise."""
    made = set_up(empty)
    center = administrator(empty).client("sso-admin")
    where = {"ApplicationArn": made.application_arn}

    assert center.get_application_assignment_configuration(**where)["AssignmentRequired"] is True
    assert refusal(exchange, empty, made, "mallory@example.com") == ("AccessDeniedException", 400)

    center.put_application_assignment_configuration(**where, AssignmentRequired=False)

    assert exchange(empty, made, "mallory@example.com")


def test_a_group_brings_its_members(empty: Emulator) -> None:
    """An assignment by a group counts, is listed for the member, and DescribeApplicationAssignment misses it."""
    made = set_up(empty, assigned="mallory")
    center = administrator(empty).client("sso-admin")
    where = {"ApplicationArn": made.application_arn}
    center.create_application_assignment(**where, PrincipalId=ANALYSTS, PrincipalType="GROUP")
    listed = center.list_application_assignments_for_principal(
        InstanceArn=empty.directory.instance.arn, PrincipalId=ALICE, PrincipalType="USER"
    )["ApplicationAssignments"]

    assert exchange(empty, made)
    assert [(each["PrincipalType"], each["PrincipalId"]) for each in listed] == [("GROUP", ANALYSTS)]
    assert (
        refusal(center.describe_application_assignment, **where, PrincipalId=ALICE, PrincipalType="USER") == NOT_FOUND
    )


CHANGES: dict[str, tuple[Callable[[Any, SetUp], Any], tuple[str, int]]] = {
    "application disabled": (
        lambda client, made: client("sso-admin").update_application(
            ApplicationArn=made.application_arn, Status="DISABLED"
        ),
        ("AccessDeniedException", 400),
    ),
    "grant deleted": (
        lambda client, made: client("sso-admin").delete_application_grant(
            ApplicationArn=made.application_arn, GrantType=JWT_BEARER
        ),
        ("UnauthorizedClientException", 400),
    ),
    "actor policy names another account": (
        lambda client, made: client("sso-admin").put_application_authentication_method(
            ApplicationArn=made.application_arn,
            AuthenticationMethodType="IAM",
            AuthenticationMethod={
                "Iam": {
                    "ActorPolicy": json.loads(
                        policy(
                            {
                                "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
                                "Action": "sso-oauth:CreateTokenWithIAM",
                                "Resource": "*",
                            }
                        )
                    )
                }
            },
        ),
        ("AccessDeniedException", 400),
    ),
    "actor policy deleted": (
        lambda client, made: client("sso-admin").delete_application_authentication_method(
            ApplicationArn=made.application_arn, AuthenticationMethodType="IAM"
        ),
        ("AccessDeniedException", 400),
    ),
    "assignment deleted": (
        lambda client, made: client("sso-admin").delete_application_assignment(
            ApplicationArn=made.application_arn, PrincipalId=ALICE, PrincipalType="USER"
        ),
        ("AccessDeniedException", 400),
    ),
    "provider without the audience": (
        lambda client, _made: client("iam").remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"][0][
                "Arn"
            ],
            ClientID="oidc-helper-cli",
        ),
        ("InvalidIdentityToken", 400),
    ),
    "trust of another audience": (
        lambda client, _made: client("iam").update_assume_role_policy(
            RoleName="tip",
            PolicyDocument=client_trust(client, "another"),
        ),
        ("AccessDenied", 403),
    ),
    "claim that nobody has": (
        lambda client, made: client("sso-admin").update_trusted_token_issuer(
            TrustedTokenIssuerArn=client("sso-admin").get_application_grant(
                ApplicationArn=made.application_arn, GrantType=JWT_BEARER
            )["Grant"]["JwtBearer"]["AuthorizedTokenIssuers"][0]["TrustedTokenIssuerArn"],
            TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": {"ClaimAttributePath": "upn"}},
        ),
        ("InvalidGrantException", 400),
    ),
}


def client_trust(client: Callable[[str], Any], audience: str) -> str:
    """The trust of the caller's role, for another audience."""
    document = client("iam").get_role(RoleName="tip")["Role"]["AssumeRolePolicyDocument"]
    ((_, condition),) = document["Statement"][0]["Condition"].items()
    (key,) = condition
    condition[key] = audience
    return json.dumps(document)


@pytest.mark.parametrize("change", CHANGES)
def test_an_exchange_obeys_what_the_administrator_changed(empty: Emulator, change: str) -> None:
    """One state for both sides."""
    made = set_up(empty)

    assert exchange(empty, made)

    make, expected = CHANGES[change]
    make(administrator(empty).client, made)

    assert refusal(exchange, empty, made) == expected


def test_a_role_obeys_its_new_trust(empty: Emulator) -> None:
    """Without sts:SetContext nobody brings an identity context."""
    made = set_up(empty)
    caller, tokens = exchange(empty, made)
    administrator(empty).client("iam").update_assume_role_policy(
        RoleName="reader",
        PolicyDocument=policy({"Principal": {"AWS": made.caller_role_arn}, "Action": "sts:AssumeRole"}),
    )
    provided = [
        {
            "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
            "ContextAssertion": identity_context(tokens),
        }
    ]

    assert caller.assume(made.session_role_arn)
    assert refusal(caller.assume, made.session_role_arn, ProvidedContexts=provided) == ("AccessDenied", 403)


def test_a_caller_of_another_account_needs_a_policy_of_its_own(empty: Emulator) -> None:
    """Across accounts, both sides must allow it."""
    made = set_up(empty)
    application = empty.directory.applications[0]
    application.arn = made.application_arn.replace(ACCOUNT, "444455556666")
    made = replace(made, application_arn=application.arn)

    assert refusal(exchange, empty, made) == ("AccessDeniedException", 400)

    administrator(empty).client("iam").put_role_policy(
        RoleName="tip",
        PolicyName="exchange",
        PolicyDocument=policy({"Action": "sso-oauth:CreateTokenWithIAM", "Resource": application.arn}),
    )

    assert exchange(empty, made)


REFUSED: dict[str, tuple[str, str, dict[str, Any], tuple[str, int]]] = {
    "default scope": (
        "sso-admin",
        "put_application_access_scope",
        {"Scope": "sts:identity_context"},
        ("ValidationException", 400),
    ),
    "scope with four parts": (
        "sso-admin",
        "put_application_access_scope",
        {"Scope": "a:b:c:d"},
        ("ValidationException", 400),
    ),
    "assigned twice": (
        "sso-admin",
        "create_application_assignment",
        {"PrincipalId": ALICE, "PrincipalType": "USER"},
        ("ConflictException", 400),
    ),
    "unknown user": (
        "sso-admin",
        "create_application_assignment",
        {"PrincipalId": ALICE[:-1] + "9", "PrincipalType": "USER"},
        ("ResourceNotFoundException", 400),
    ),
    "grant of another kind": (
        "sso-admin",
        "put_application_grant",
        {"GrantType": JWT_BEARER, "Grant": {"RefreshToken": {}}},
        ("ValidationException", 400),
    ),
    "code of a customer managed application": (
        "sso-admin",
        "put_application_grant",
        {"GrantType": "authorization_code", "Grant": {"AuthorizationCode": {"RedirectUris": ["http://127.0.0.1/"]}}},
        ("ValidationException", 400),
    ),
    "actor policy without a principal": (
        "sso-admin",
        "put_application_authentication_method",
        {
            "AuthenticationMethodType": "IAM",
            "AuthenticationMethod": {
                "Iam": {"ActorPolicy": {"Statement": [{"Effect": "Allow", "Action": "sso-oauth:*"}]}}
            },
        },
        ("ValidationException", 400),
    ),
    "two pages too many": (
        "sso-admin",
        "list_application_access_scopes",
        {"MaxResults": 11},
        ("ValidationException", 400),
    ),
}


@pytest.mark.parametrize("mistake", REFUSED)
def test_identity_center_is_as_strict_as_aws(emulator: Emulator, admin: Caller, mistake: str) -> None:
    """In codes of the service model."""
    service, operation, parameters, expected = REFUSED[mistake]
    call = getattr(admin.client(service), operation)

    assert refusal(call, ApplicationArn=emulator.directory.application_arn, **parameters) == expected


def test_iam_has_its_own_refusals(emulator: Emulator, admin: Caller) -> None:
    """Of names that are taken, that nobody has, and of documents that it does not take."""
    iam = admin.client("iam")
    stranger = policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "Action": "sts:AssumeRole"})
    good = policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"})

    assert refusal(iam.get_role, RoleName="nobody") == ("NoSuchEntity", 404)
    assert refusal(iam.create_role, RoleName="analytics", AssumeRolePolicyDocument=good) == ("EntityAlreadyExists", 409)
    assert refusal(iam.create_role, RoleName="new", AssumeRolePolicyDocument=stranger) == (
        "MalformedPolicyDocument",
        400,
    )
    assert refusal(iam.create_role, RoleName="new", AssumeRolePolicyDocument="{}") == ("MalformedPolicyDocument", 400)
    assert refusal(iam.create_open_id_connect_provider, Url=emulator.issuer) == ("EntityAlreadyExists", 409)
    assert refusal(iam.create_open_id_connect_provider, Url="http://idp.example.com") == ("InvalidInput", 400)


def test_lists_come_in_pages(emulator: Emulator, admin: Caller) -> None:
    """Of ten scopes at most; a reader who does not ask on sees a part."""
    center = admin.client("sso-admin")
    where = {"ApplicationArn": emulator.directory.application_arn}
    for number in range(12):
        center.put_application_access_scope(**where, Scope=f"own:scope:n{number}")
    first = center.list_application_access_scopes(**where)
    second = center.list_application_access_scopes(**where, NextToken=first["NextToken"])

    assert len(first["Scopes"]) == 10
    assert {each["Scope"] for each in first["Scopes"] + second["Scopes"]} == set(emulator.directory.application.scopes)
    assert refusal(center.list_application_access_scopes, **where, NextToken="%%") == ("ValidationException", 400)


def test_whoever_has_no_policy_is_denied_with_the_action(emulator: Emulator, caller: Caller) -> None:
    """In the words of each protocol."""
    directory = emulator.directory
    calls = {
        "sso:DescribeApplication": lambda: caller.client("sso-admin").describe_application(
            ApplicationArn=directory.application_arn
        ),
        "iam:GetRole": lambda: caller.client("iam").get_role(RoleName="analytics"),
        "s3:ListAccessGrants": lambda: caller.client("s3control").list_access_grants(AccountId=ACCOUNT),
        "identitystore:ListUsers": lambda: caller.client("identitystore").list_users(
            IdentityStoreId=directory.instance.identity_store_id
        ),
    }
    for action, call in calls.items():
        code, _ = refusal(call)

        assert code in ("AccessDeniedException", "AccessDenied")
        assert action in emulator.requests[-1].reason


def test_a_role_with_a_policy_is_an_administrator_of_what_it_names(emulator: Emulator, admin: Caller) -> None:
    """An inline policy opens the services of administrators."""
    admin.client("iam").put_role_policy(
        RoleName="analytics", PolicyName="read", PolicyDocument=policy({"Action": "sso:List*", "Resource": "*"})
    )
    user = emulator.directory.iam_user
    session = Caller(emulator, user.access_key_id, user.secret_access_key).assume(emulator.directory.analytics_role_arn)
    center = session.client("sso-admin")

    assert center.list_instances()["Instances"]
    assert refusal(center.describe_instance, InstanceArn=emulator.directory.instance.arn) == (
        "AccessDeniedException",
        400,
    )


def test_elsewhere_there_is_no_instance(emulator: Emulator, admin: Caller) -> None:
    """And permission sets are read in the primary region only."""
    emulator.directory.identity_center_regions = ["eu-central-1", "eu-west-1"]
    center = admin.client("sso-admin")
    arn = emulator.directory.instance.arn

    assert center.describe_application(ApplicationArn=emulator.directory.application_arn)["Status"] == "ENABLED"
    assert refusal(center.list_permission_sets, InstanceArn=arn) == ("ValidationException", 400)

    admin.region = "us-east-1"

    assert admin.client("sso-admin").list_instances()["Instances"] == []
    assert refusal(admin.client("sso-admin").list_applications, InstanceArn=arn) == (
        "AccessDeniedException",
        400,
    )


def test_a_permission_set_is_made_and_given(empty: Emulator) -> None:
    """The portal lists it for the person."""
    made, center = set_up(empty), administrator(empty).client("sso-admin")
    instance = empty.directory.instance.arn
    created = center.create_permission_set(InstanceArn=instance, Name="Reader", SessionDuration="PT2H")["PermissionSet"]
    center.attach_managed_policy_to_permission_set(
        InstanceArn=instance,
        PermissionSetArn=created["PermissionSetArn"],
        ManagedPolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )
    status = center.create_account_assignment(
        InstanceArn=instance,
        TargetId="111122223333",
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=created["PermissionSetArn"],
        PrincipalType="GROUP",
        PrincipalId=ANALYSTS,
    )["AccountAssignmentCreationStatus"]
    described = center.describe_account_assignment_creation_status(
        InstanceArn=instance, AccountAssignmentCreationRequestId=status["RequestId"]
    )
    caller, tokens = exchange(empty, made)
    roles = caller.client("sso").list_account_roles(accessToken=tokens["accessToken"], accountId="111122223333")

    assert described["AccountAssignmentCreationStatus"]["Status"] == "SUCCEEDED"
    assert [role["roleName"] for role in roles["roleList"]] == ["Reader"]


def test_an_access_grant_is_made_and_used(empty: Emulator) -> None:
    """From no instance at all to the credentials of a prefix."""
    made, admin = set_up(empty), administrator(empty)
    trust = policy({"Principal": {"Service": "access-grants.s3.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = admin.client("iam").create_role(RoleName="location", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    control = admin.client("s3control")
    control.create_access_grants_instance(AccountId=ACCOUNT, IdentityCenterArn=empty.directory.instance.arn)
    location = control.create_access_grants_location(AccountId=ACCOUNT, LocationScope="s3://", IAMRoleArn=role)
    control.create_access_grant(
        AccountId=ACCOUNT,
        AccessGrantsLocationId=location["AccessGrantsLocationId"],
        AccessGrantsLocationConfiguration={"S3SubPrefix": "reports/*"},
        Grantee={"GranteeType": "DIRECTORY_GROUP", "GranteeIdentifier": ANALYSTS},
        Permission="READ",
    )
    (listed,) = control.list_access_grants(AccountId=ACCOUNT, GranteeType="DIRECTORY_GROUP")["AccessGrantsList"]
    caller, tokens = exchange(empty, made)
    provided = [
        {
            "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
            "ContextAssertion": identity_context(tokens),
        }
    ]
    session = caller.assume(made.session_role_arn, ProvidedContexts=provided)
    access = session.client("s3control").get_data_access(
        AccountId=ACCOUNT, Target="s3://reports/2026/*", Permission="READ"
    )

    assert listed["GrantScope"] == access["MatchedGrantTarget"] == "s3://reports/*"
    assert access["Grantee"]["GranteeType"] == "DIRECTORY_GROUP"


def test_a_tenant_gives_a_role_to_a_group(empty: Emulator) -> None:
    """By an entitlement, which is listed for that principal only."""
    needs(knows_account_access(), "a newer botocore")
    set_up(empty)
    access = administrator(empty).client("account-access")
    arn = access.create_application(identitySource={"identityCenter": {"instanceArn": empty.directory.instance.arn}})[
        "applicationArn"
    ]
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    principal = {"identityCenter": {"groupId": ANALYSTS}}
    access.create_entitlement(
        applicationArn=arn, entitlement={"principalRole": {"principal": principal, "roleArn": role}}
    )
    listed = access.list_entitlements(applicationArn=arn, filter={"principalRole": {"principal": principal}})

    assert access.get_application(applicationArn=arn)["status"] == "ACTIVE"
    assert [each["entitlement"]["principalRole"]["roleArn"] for each in listed["entitlements"]] == [role]
    assert refusal(access.list_entitlements, applicationArn=arn, filter={"principalRole": {}}) == (
        "ValidationException",
        400,
    )
