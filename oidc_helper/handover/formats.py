"""Variables in the syntax of a shell or of a file, quoted for its reader."""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from oidc_helper.errors import WrongSettings

Format = Callable[[Mapping[str, str], Sequence[str]], str]
"""Takes the variables to set, and the names of those to remove."""

_PLAIN = re.compile(r"[A-Za-z0-9_+=/.,:@-]*")


def _sh(to_set: Mapping[str, str], to_remove: Sequence[str]) -> str:
    unset = f"unset {' '.join(to_remove)}\n" if to_remove else ""
    return unset + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in to_set.items())


def _fish(to_set: Mapping[str, str], to_remove: Sequence[str]) -> str:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    unset = "".join(f"set -e {name};\n" for name in to_remove)
    return unset + "".join(f"set -gx {name} {quoted(value)};\n" for name, value in to_set.items())


def powershell_quoted(value: str) -> str:
    """The value as a literal string of PowerShell."""
    return "'" + value.replace("'", "''") + "'"


def _powershell(to_set: Mapping[str, str], to_remove: Sequence[str]) -> str:
    unset = "".join(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue\n" for name in to_remove)
    return unset + "".join(f"$Env:{name} = {powershell_quoted(value)}\n" for name, value in to_set.items())


def _cmd(to_set: Mapping[str, str], to_remove: Sequence[str]) -> str:
    for name, value in to_set.items():
        if set(value) & set('"%!'):
            raise WrongSettings(f"cmd cannot take the value of {name}", "name the profile without quotes and % and !")
    unset = "".join(f"set {name}=\n" for name in to_remove)
    return unset + "".join(f'set "{name}={value}"\n' for name, value in to_set.items())


def _dotenv(to_set: Mapping[str, str], _to_remove: Sequence[str]) -> str:
    """Docker's env files know no quotes, so a value is quoted only if other readers need it."""
    return "".join(
        f"{name}={value if _PLAIN.fullmatch(value) else shlex.quote(value)}\n" for name, value in to_set.items()
    )


def _json(to_set: Mapping[str, str], _to_remove: Sequence[str]) -> str:
    return json.dumps(to_set, indent=2) + "\n"


FORMATS: Mapping[str, Format] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
    "dotenv": _dotenv,
    "json": _json,
}
