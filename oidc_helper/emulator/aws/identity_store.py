"""The identity store: users, groups and memberships."""

import uuid
from dataclasses import replace
from typing import Any

from oidc_helper.emulator.aws.endpoint import Perform, Service, required
from oidc_helper.emulator.aws.paging import page
from oidc_helper.emulator.aws.sigv4 import Signer
from oidc_helper.emulator.calls import Parameters, Refusal
from oidc_helper.emulator.directory import DirectoryUser, Group
from oidc_helper.emulator.state import State

SERVICE = Service("identitystore", invalid="ValidationException", actions="identitystore")
_MOST = 100  # entries of a page
_ISSUER = "https://idp.example.com/scim"  # the issuer of all external ids
# Attribute path -> field of DirectoryUser that identifies one user.
_UNIQUE = {"userName": "user_name", "emails.value": "email"}


def _get_user_id(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    identifier = parameters["AlternateIdentifier"]
    if "ExternalId" in identifier:
        users = [user for user in state.directory.users if user.external_id == identifier["ExternalId"]["Id"]]
    else:
        unique = identifier["UniqueAttribute"]
        attribute = _UNIQUE.get(unique["AttributePath"])
        if attribute is None:
            raise Refusal(SERVICE.invalid, f"The attribute {unique['AttributePath']} is not unique")
        # The identity store ignores case in user names and addresses.
        value = str(unique["AttributeValue"]).lower()
        users = [user for user in state.directory.users if str(getattr(user, attribute)).lower() == value]
    if len(users) != 1:
        raise _not_found("USER", f"{len(users)} users found")
    return {"IdentityStoreId": parameters["IdentityStoreId"], **_user_names(users[0])}


def _describe_user(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return _user(parameters, _existing_user(state, parameters["UserId"]))


def _list_users(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    users = state.directory.users
    for condition in parameters.get("Filters", ()):
        attribute = _UNIQUE.get(condition["AttributePath"][:1].lower() + condition["AttributePath"][1:])
        if attribute is None:
            raise Refusal(SERVICE.invalid, f"The filter {condition['AttributePath']} is not supported")
        value = condition["AttributeValue"].lower()
        users = [user for user in users if str(getattr(user, attribute)).lower() == value]
    return _page(state, "Users", [_user(parameters, user) for user in users], parameters)


def _create_user(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    emails = [each.get("Value", "") for each in parameters.get("Emails", ())]
    if "UserName" not in parameters:
        raise Refusal(SERVICE.invalid, "userName is required")
    if state.directory.user(user_name=parameters["UserName"]):
        raise Refusal("ConflictException", "The user name is taken")
    created = DirectoryUser(str(uuid.uuid4()), parameters["UserName"], emails[0] if emails else "")
    state.directory.users.append(created)
    return {"IdentityStoreId": parameters["IdentityStoreId"], "Revision": "1", **_user_names(created)}


def _update_user(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    user = _existing_user(state, parameters["UserId"])
    updated = user
    for operation in parameters["Operations"]:
        updated = _changed(updated, operation["AttributePath"], operation.get("AttributeValue"))
    state.directory.users[state.directory.users.index(user)] = updated
    return {"IdentityStoreId": parameters["IdentityStoreId"], "Revision": "2", **_user_names(updated)}


def _changed(user: DirectoryUser, path: str, value: Any) -> DirectoryUser:
    if path == "userName" and isinstance(value, str):
        return replace(user, user_name=value)
    if path == "emails" and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        values = [each.get("Value") or each.get("value") for each in value]
        return replace(user, email=str(values[0]) if values else "")
    raise Refusal(SERVICE.invalid, f"The attribute {path} cannot be changed to that")


def _get_group_id(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    unique = parameters["AlternateIdentifier"].get("UniqueAttribute", {})
    named = [group for group in state.directory.groups if group.name == unique.get("AttributeValue")]
    if unique.get("AttributePath") != "displayName" or len(named) != 1:
        raise _not_found("GROUP", "group not found")
    return {"IdentityStoreId": parameters["IdentityStoreId"], **_group_names(named[0])}


def _describe_group(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    return _group(parameters, _existing_group(state, parameters["GroupId"]))


def _list_groups(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    criteria = {each["AttributePath"].lower(): each["AttributeValue"] for each in parameters.get("Filters", ())}
    groups = [group for group in state.directory.groups if criteria.get("displayname", group.name) == group.name]
    return _page(state, "Groups", [_group(parameters, group) for group in groups], parameters)


def _create_group(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    name = parameters.get("DisplayName", "")
    if any(group.name == name for group in state.directory.groups):
        raise Refusal("ConflictException", "The display name is taken")
    created = Group(str(uuid.uuid4()), name)
    state.directory.groups.append(created)
    return {"IdentityStoreId": parameters["IdentityStoreId"], "Revision": "1", **_group_names(created)}


def _create_membership(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    group, user = _existing_group(state, parameters["GroupId"]), _existing_user(state, parameters["MemberId"]["UserId"])
    if user.user_id in group.members:
        raise Refusal("ConflictException", "The user is a member already")
    group.members.add(user.user_id)
    membership = _membership(parameters, group, user.user_id)
    return {name: membership[name] for name in ("IdentityStoreId", "MembershipId", "MembershipArn")}


def _list_memberships_for_member(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    user = _existing_user(state, parameters["MemberId"]["UserId"])
    groups = [group for group in state.directory.groups if user.user_id in group.members]
    return _page(
        state, "GroupMemberships", [_membership(parameters, group, user.user_id) for group in groups], parameters
    )


def _list_memberships(state: State, _signer: Signer | None, parameters: Parameters) -> Parameters:
    group = _existing_group(state, parameters["GroupId"])
    memberships = [_membership(parameters, group, user_id) for user_id in sorted(group.members)]
    return _page(state, "GroupMemberships", memberships, parameters)


def _existing_user(state: State, user_id: str) -> DirectoryUser:
    user = state.directory.user(user_id=user_id.rpartition("/")[2])
    if user is None:
        raise _not_found("USER", "user not found")
    return user


def _existing_group(state: State, group_id: str) -> Group:
    group = state.directory.group(group_id.rpartition("/")[2])
    if group is None:
        raise _not_found("GROUP", "group not found")
    return group


def _not_found(kind: str, message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, members={"ResourceType": kind})


def _user(parameters: Parameters, user: DirectoryUser) -> Parameters:
    return {
        "IdentityStoreId": parameters["IdentityStoreId"],
        **_user_names(user),
        "Revision": "1",
        "UserName": user.user_name,
        "DisplayName": user.user_name.title(),
        **({"ExternalIds": [{"Issuer": _ISSUER, "Id": user.external_id}]} if user.external_id else {}),
        **({"Emails": [{"Value": user.email, "Type": "work", "Primary": True}]} if user.email else {}),
        "UserStatus": "ENABLED" if user.enabled else "DISABLED",
    }


def _user_names(user: DirectoryUser) -> Parameters:
    return {"UserId": user.user_id, "UserArn": f"arn:aws:identitystore:::user/{user.user_id}"}


def _group(parameters: Parameters, group: Group) -> Parameters:
    described = {"IdentityStoreId": parameters["IdentityStoreId"], **_group_names(group), "Revision": "1"}
    return described | ({"DisplayName": group.name} if group.name else {})


def _group_names(group: Group) -> Parameters:
    return {"GroupId": group.group_id, "GroupArn": f"arn:aws:identitystore:::group/{group.group_id}"}


def _membership(parameters: Parameters, group: Group, user_id: str) -> Parameters:
    membership_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{group.group_id}/{user_id}"))
    return {
        "IdentityStoreId": parameters["IdentityStoreId"],
        "MembershipId": membership_id,
        "MembershipArn": f"arn:aws:identitystore:::membership/{membership_id}",
        "GroupId": group.group_id,
        "MemberId": {"UserId": user_id},
    }


def _page(state: State, name: str, items: list[Parameters], parameters: Parameters) -> Parameters:
    return page(name, items, parameters, invalid=SERVICE.invalid, most=state.directory.administrator_page or _MOST)


def _of_this_store(perform: Perform) -> Perform:
    """Limit the operation to the store of the instance, in its regions."""

    def performed(state: State, signer: Signer | None, parameters: Parameters) -> Parameters:
        store_id = state.directory.instance.identity_store_id
        in_region = required(signer).region in state.directory.identity_center_regions
        if not in_region or parameters["IdentityStoreId"].rpartition("/")[2] != store_id:
            raise _not_found("IDENTITY_STORE", "identity store not found")
        return perform(state, signer, parameters)

    return performed


_IN_THE_STORE: dict[str, Perform] = {
    "GetUserId": _get_user_id,
    "DescribeUser": _describe_user,
    "ListUsers": _list_users,
    "CreateUser": _create_user,
    "UpdateUser": _update_user,
    "GetGroupId": _get_group_id,
    "DescribeGroup": _describe_group,
    "ListGroups": _list_groups,
    "CreateGroup": _create_group,
    "CreateGroupMembership": _create_membership,
    "ListGroupMembershipsForMember": _list_memberships_for_member,
    "ListGroupMemberships": _list_memberships,
}
OPERATIONS = {name: _of_this_store(perform) for name, perform in _IN_THE_STORE.items()}
