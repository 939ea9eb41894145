"""Shell lines and a configuration with which a user can try a running emulator."""

import json
import shlex
import sys

from oidc_helper.emulator.control import TOKEN_PATH
from oidc_helper.emulator.directory import Directory, IamUser
from oidc_helper.emulator.emulator import Emulator

LOOPBACK = "127.0.0.1,localhost"  # never through a proxy: loopback there is another machine
_FETCH = (
    "import sys, urllib.request as r; "
    "sys.stdout.write(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=10).read().decode())"
)
# Read by OpenSSL, Python's requests, the AWS SDKs and Node.js; the first three then trust no other authority.
_AUTHORITY_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_COMMAND = """\
[identity.example]
source = "command"
command = {command}
"""
_PERSON = """\
[identity.{name}]
source = "browser"
issuer = {issuer}
client_id = {client_id}
"""
_DEFAULTS = """\
[defaults]
identity = "example"
application_arn = {application_arn}
identity_center_region = {regions}
caller = {{ web_identity_role_arn = {caller_role_arn} }}
"""
_AUTHORITY = "ca_bundle = {authority}\n"
_PERSONAL = """\
# with the browser, as anybody whom its page offers: oidc-helper login personal
[profile.personal]
identity = "person"
role_arn = {role_arn}
region = {region}
"""
_PROFILES = """\
[profile.analytics]
role_arn = {role_arn}
region = {region}

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"

# a role that account access manager gives
[profile.builder]
role_arn = {given_role_arn}
account_access = {tenant}
"""


def example_config(
    emulator: Emulator, user: str = "alice@example.com", python: str = sys.executable, *, authority: str = ""
) -> str:
    """A config.toml with a profile of each kind except S3 access grants; `python` fetches identity tokens of `user`.

    `authority` is the file with the emulator's `authority_pem`, if it uses https.

    A second identity, with a profile of its own, signs in with the browser. If Identity Center trusts an issuer other
    than the emulator's, the only identity signs in there. In an empty organization there are no profiles yet.
    """
    directory, regions = emulator.directory, emulator.directory.identity_center_regions
    issuer, client_id = _trusted(emulator)
    if not directory.applications:
        return _PERSON.format(name="person", issuer=json.dumps(issuer), client_id=json.dumps(client_id))
    values = {
        "command": [python, "-I", "-c", _FETCH, f"{emulator.url}{TOKEN_PATH}?user={user}"],
        "authority": authority,
        "issuer": issuer,
        "client_id": client_id,
        "application_arn": directory.application_arn,
        "regions": regions if len(regions) > 1 else regions[0],
        "region": regions[0],
        "caller_role_arn": directory.caller_role_arn,
        "role_arn": directory.analytics_role_arn,
        "given_role_arn": directory.other_roles[0].arn,
        "tenant": directory.tenant.tenant_id,
    }
    # ASCII strings and lists are the same in JSON and TOML
    quoted = {name: json.dumps(value) for name, value in values.items()}
    defaults = _DEFAULTS + _AUTHORITY if authority else _DEFAULTS
    own = (_COMMAND, _PERSON, defaults, _PERSONAL, _PROFILES)
    name, sections = ("person", own) if issuer == emulator.issuer else ("example", (_PERSON, defaults, _PROFILES))
    return "\n".join(section.format(name=name, **quoted) for section in sections)


def _trusted(emulator: Emulator) -> tuple[str, str]:
    """The issuer that Identity Center trusts, and a client id of it that IAM accepts."""
    if not emulator.directory.applications:
        return emulator.issuer, emulator.client_id
    issuer = emulator.directory.application.issuer.issuer_url
    return issuer, min(emulator.directory.oidc_providers[issuer])


def shell_exports(emulator: Emulator, *, authority: str = "") -> str:
    """Lines for a POSIX shell that point SDKs and tools to the emulator; `authority` is as in `example_config`.

    Comments give the other addresses, names and keys, and who may do what. The keys are not exported: SDKs would prefer
    them to every profile.
    """
    directory = emulator.directory
    issuer, client_id = _trusted(emulator)
    regions = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), directory.identity_center_region)
    trusted = dict.fromkeys(_AUTHORITY_VARIABLES, authority) if authority else {}
    exported = emulator.environment | regions | trusted
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    lines += [
        f'export NO_PROXY="{LOOPBACK}${{no_proxy:+,$no_proxy}}${{NO_PROXY:+,$NO_PROXY}}"',
        'export no_proxy="$NO_PROXY"',
    ]
    notes = {
        "issuer": issuer,
        "client id": client_id,
        **(_set_up(emulator) if directory.applications else {"instance": directory.instance.arn}),
        "keys of an administrator": _keys(directory.administrator),
        "S3 Control": _account_host(directory),
        "requests so far": f"{emulator.url}/_emulator/requests",
    }
    if issuer == emulator.issuer:
        notes["identity token"] = f"{emulator.url}{TOKEN_PATH}?user=alice@example.com"
        notes |= {
            f"confidential client id {client.client_id}, secret": client.secret
            for client in directory.identity_provider.clients.values()
            if client.secret
        }
    users = directory.users if issuer == emulator.issuer else directory.users[:1]
    notes |= {user.email: f"may use {_reach(user.user_id, directory)}" for user in users}
    return "\n".join([*lines, *(f"# {name}: {value}" for name, value in notes.items())]) + "\n"


def _set_up(emulator: Emulator) -> dict[str, str]:
    """Notes on what an administrator has set up."""
    directory = emulator.directory
    return {
        "application": directory.application_arn,
        "caller role, for AssumeRoleWithWebIdentity": directory.caller_role_arn,
        "role, for AssumeRole with an identity context": directory.analytics_role_arn,
        **_second_application(emulator),
        "keys of an IAM user who may call and assume the same": _keys(directory.iam_user),
    }


def _second_application(emulator: Emulator) -> dict[str, str]:
    """Notes on the application for the grants that the first application lacks."""
    second, first = emulator.directory.second_application, emulator.directory.application
    of_first = [scope for scope, accepting in second.scopes.items() if first.arn in accepting]
    return {
        "second application, for authorization_code": second.arn,
        "its sign-in page and redirect URIs": f"{emulator.url}/authorize {' '.join(second.redirect_uris)}",
        "its scopes for token-exchange at the first": " ".join(of_first),
    }


def _keys(user: IamUser) -> str:
    return f"AWS_ACCESS_KEY_ID={user.access_key_id} AWS_SECRET_ACCESS_KEY={shlex.quote(user.secret_access_key)}"


def _account_host(directory: Directory) -> str:
    """A note on the host that SDKs use for S3 Control; systemd's resolver knows all names below localhost."""
    host = f"{directory.instance.owner_account_id}.localhost"
    return f"SDKs call {host}; if that does not resolve, add to /etc/hosts: 127.0.0.1 {host}"


def _reach(user_id: str, directory: Directory) -> str:
    """What a user may do with the applications, for display."""
    if not any(user_id in application.assigned for application in directory.applications):
        return "nothing, for tests of a refusal" if directory.applications else "nothing, since nothing is set up"
    sets = sorted((each.permission_set, each.account_id) for each in directory.assignments if each.user_id == user_id)
    permission_sets = [f"{name} in {account}" for name, account in sets]
    grants = [f"{each.scope} ({each.permission})" for each in directory.s3_grants if each.user_id == user_id]
    entitlements = sorted(
        (role_arn, tenant.tenant_id)
        for tenant in directory.tenants
        for principal_id, role_arn in tenant.entitlements
        if principal_id == user_id
    )
    roles = [f"{role_arn} through {tenant_id}" for role_arn, tenant_id in entitlements]
    return ", ".join(["the role analytics", *permission_sets, *grants, *roles])
