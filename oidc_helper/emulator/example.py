"""What a user needs to try something against a running emulator: lines for a shell and a configuration."""

import json
import shlex
import sys

from oidc_helper.emulator.control import TOKEN_PATH
from oidc_helper.emulator.emulator import Emulator

# Without proxies: what is set for the internet must not be asked for loopback.
_FETCH = (
    "import sys, urllib.request as r; "
    "sys.stdout.write(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=10).read().decode())"
)
_CONFIG = """\
[identity.example]
source = "command"
command = {command}

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
    """A config.toml with a role session and a permission set; `python` fetches that user's identity tokens."""
    directory = emulator.directory
    values = {
        "command": [python, "-I", "-c", _FETCH, f"{emulator.url}{TOKEN_PATH}?user={user}"],
        "application_arn": directory.application_arn,
        "region": directory.identity_center_region,
        "caller_role_arn": directory.caller_role_arn,
        "role_arn": directory.analytics_role_arn,
    }
    # JSON's strings and lists of ASCII are TOML's too
    return _CONFIG.format(**{name: json.dumps(value) for name, value in values.items()})


def shell_exports(emulator: Emulator) -> str:
    """Lines for a POSIX shell that point SDKs and tools to the emulator; comments name what else one may need."""
    directory = emulator.directory
    lines = [f"export {name}={shlex.quote(value)}" for name, value in emulator.environment.items()]
    notes = {
        "issuer": emulator.issuer,
        "client id": emulator.client_id,
        "application": directory.application_arn,
        "identity token": f"{emulator.url}{TOKEN_PATH}?user=alice@example.com",
        "requests so far": f"{emulator.url}/_emulator/requests",
    }
    return "\n".join([*lines, *(f"# {name}: {value}" for name, value in notes.items())]) + "\n"
