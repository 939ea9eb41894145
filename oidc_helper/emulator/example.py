"""Lines for a shell and a configuration with which a user tries something against a running emulator."""

import json
import shlex
import sys

from oidc_helper.emulator.control import TOKEN_PATH
from oidc_helper.emulator.emulator import Emulator

LOOPBACK = "127.0.0.1,localhost"  # to reach without a proxy, which has a loopback of its own
_FETCH = (
    "import sys, urllib.request as r; "
    "sys.stdout.write(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=10).read().decode())"
)
_OWN_IDENTITY = """\
source = "command"
command = {command}
"""
_FOREIGN_IDENTITY = """\
source = "browser"
issuer = {issuer}
client_id = {client_id}
"""
_CONFIG = """\
[identity.example]
{identity}
[defaults]
identity = "example"
application_arn = {application_arn}
identity_center_region = {region}
caller = {{ web_identity_role_arn = {caller_role_arn} }}

[profile.analytics]
role_arn = {role_arn}
region = {region}

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"
"""


def example_config(emulator: Emulator, user: str = "alice@example.com", python: str = sys.executable) -> str:
    """A config.toml with a role session and a permission set; `python` fetches that user's identity tokens.

    If Identity Center trusts another issuer than the emulator's, the identity signs in there with the browser.
    """
    directory = emulator.directory
    issuer, client_id = _trusted(emulator)
    values = {
        "command": [python, "-I", "-c", _FETCH, f"{emulator.url}{TOKEN_PATH}?user={user}"],
        "issuer": issuer,
        "client_id": client_id,
        "application_arn": directory.application_arn,
        "region": directory.identity_center_region,
        "caller_role_arn": directory.caller_role_arn,
        "role_arn": directory.analytics_role_arn,
    }
    # JSON's strings and lists of ASCII are TOML's too
    quoted = {name: json.dumps(value) for name, value in values.items()}
    identity = _OWN_IDENTITY if issuer == emulator.issuer else _FOREIGN_IDENTITY
    return _CONFIG.format(identity=identity.format(**quoted), **quoted)


def _trusted(emulator: Emulator) -> tuple[str, str]:
    """The issuer that Identity Center trusts, and its client that IAM accepts."""
    issuer = emulator.directory.application.issuer.issuer_url
    return issuer, min(emulator.directory.oidc_providers[issuer])


def shell_exports(emulator: Emulator) -> str:
    """Lines for a POSIX shell that lead SDKs and tools to the emulator; comments give the other addresses and names."""
    directory = emulator.directory
    issuer, client_id = _trusted(emulator)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in emulator.environment.items()]
    lines += [
        f'export NO_PROXY="{LOOPBACK}${{no_proxy:+,$no_proxy}}${{NO_PROXY:+,$NO_PROXY}}"',
        'export no_proxy="$NO_PROXY"',
    ]
    notes = {
        "issuer": issuer,
        "client id": client_id,
        "application": directory.application_arn,
        "requests so far": f"{emulator.url}/_emulator/requests",
    }
    if issuer == emulator.issuer:
        notes["identity token"] = f"{emulator.url}{TOKEN_PATH}?user=alice@example.com"
    return "\n".join([*lines, *(f"# {name}: {value}" for name, value in notes.items())]) + "\n"
