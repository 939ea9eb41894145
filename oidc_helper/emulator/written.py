"""Write the two configuration files for a newcomer's first steps, in a directory of their choice."""

import json
import logging
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

from oidc_helper import paths
from oidc_helper.emulator.control import TOKEN_PATH
from oidc_helper.emulator.emulator import Emulator
from oidc_helper.emulator.example import shell_exports
from oidc_helper.errors import WrongSettings
from oidc_helper.settings.writing import BACKUP, Change, carry_out, credential_process, of_lines, running_program
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.emulator.written")

_MARK = "# Made by oidc-helper emulator --write, which keeps what is added."
_TOKEN_LIFETIME_S = 86_400
_SETTINGS = """\
{mark}

[identity.corp]
source = "browser"
issuer = {issuer}
client_id = {client_id}

[identity.phone]
source = "device"
issuer = {issuer}
client_id = {client_id}

# Each token counts once; for another:
#   curl {trusting}{token_url} > {token_shown}
[identity.job]
source = "file"
path = {token}

[defaults]
identity = "corp"
application_arn = {application_arn}
identity_center_region = {region}
caller = {{ web_identity_role_arn = {caller_role_arn} }}
{ca_bundle}
[profile.analytics]
role_arn = {role_arn}

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"

[profile.remote]
identity = "phone"
role_arn = {role_arn}

[profile.nightly]
identity = "job"
role_arn = {role_arn}
"""
_PROFILES = ("analytics", "dev-admin", "remote", "nightly")


def write(emulator: Emulator, directory: str) -> str:
    """Write the files, and return shell lines that point to them and to the emulator.

    A file that already says all of this stays as it is, with anything that the user added. If it raises
    OidcHelperError, it has written nothing.
    """
    folder = Path(directory).absolute()
    settings, aws, token = (str(folder / name) for name in ("config.toml", "aws-config", "identity-token"))
    authority = str(folder / "ca.pem") if emulator.authority_pem else ""
    identity_token = emulator.mint("alice@example.com", lifetime_s=_TOKEN_LIFETIME_S)
    contents = {settings: _settings(emulator, token, authority), aws: _aws_config(emulator), token: identity_token}
    if authority:
        contents[authority] = emulator.authority_pem
    plan = [of_lines(path, text.splitlines(), whole=True) for path, text in contents.items()]
    replaceable = {change.path for change in plan if (change.before or b"").startswith(_MARK.encode())}
    if settings in replaceable:
        replaceable |= {token, authority}  # files that cannot hold the mark
    if foreign := [change.path for change in plan if change.before is not None and change.path not in replaceable]:
        raise WrongSettings(f"{printable(foreign[0])} is not the emulator's", "name another directory, or move it")
    outdated = [change for change in plan if not _says_that(change)]
    carry_out(outdated)
    for change in outdated:
        if change.before is not None and change.path in (settings, aws):
            log.warning("%s was rewritten; its old content is in %s", printable(change.path), change.path + BACKUP)
    if any(change.path == settings and change.before is not None for change in plan):
        log.warning("sign-ins at the emulator's last run no longer work; to forget them: oidc-helper logout --all")
    variables = {
        paths.CONFIG_VARIABLE: settings,
        paths.SITE_CONFIG_VARIABLE: "",  # leave out a company's settings
        "AWS_CONFIG_FILE": aws,
    }
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    return exports + shell_exports(emulator, authority=authority)


def _says_that(change: Change) -> bool:
    """Whether the file already says all that would be written; it may also say more, which the user added."""
    before, after = (change.before or b"").decode("utf-8", "replace"), change.after.decode()
    if not change.path.endswith(".toml"):
        return all(section.strip() in before for section in after.split("\n\n"))
    try:
        return _has(tomllib.loads(before), tomllib.loads(after))
    except ValueError:
        return False


def _has(present: Any, required: Any) -> bool:
    if isinstance(required, dict) and isinstance(present, dict):
        return all(key in present and _has(present[key], value) for key, value in required.items())
    return bool(present == required)


def _settings(emulator: Emulator, token: str, authority: str) -> str:
    directory, token_url = emulator.directory, f"{emulator.url}{TOKEN_PATH}?user=alice@example.com"
    values = {
        "issuer": emulator.issuer,
        "client_id": emulator.client_id,
        "token": token,
        "application_arn": directory.application_arn,
        "region": directory.identity_center_region,
        "caller_role_arn": directory.caller_role_arn,
        "role_arn": directory.analytics_role_arn,
    }
    quoted = {name: json.dumps(value) for name, value in values.items()}  # ASCII strings are the same in JSON and TOML
    return _SETTINGS.format(
        mark=_MARK,
        token_url=token_url,
        token_shown=printable(token),
        trusting=f"--cacert {printable(authority)} " if authority else "",
        ca_bundle=f"ca_bundle = {json.dumps(authority)}\n" if authority else "",
        **quoted,
    )


def _aws_config(emulator: Emulator) -> str:
    region, program, windows = emulator.directory.identity_center_region, running_program(), sys.platform == "win32"
    commands = {name: credential_process(program, name, windows=windows) for name in _PROFILES}
    sections = [
        f"[profile {name}]\ncredential_process = {command}\nregion = {region}\n" for name, command in commands.items()
    ]
    return f"{_MARK}\n\n" + "\n".join(sections)
