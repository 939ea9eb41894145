"""Variables in the words of a shell or of a file, quoted for its reader."""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from oidc_helper.errors import WrongSettings

Format = Callable[[Mapping[str, str], Sequence[str]], str]
"""Takes the variables to set, and the names of those to remove."""

_PLAIN = re.compile(r"[A-Za-z0-9_+=/.,:@-]*")


def _sh(given: Mapping[str, str], gone: Sequence[str]) -> str:
    removed = f"unset {' '.join(gone)}\n" if gone else ""
    return removed + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())


def _fish(given: Mapping[str, str], gone: Sequence[str]) -> str:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"

    removed = "".join(f"set -e {name};\n" for name in gone)
    return removed + "".join(f"set -gx {name} {quoted(value)};\n" for name, value in given.items())


def powershell_quoted(value: str) -> str:
    """The value as a word of PowerShell that stands for itself."""
    return "'" + value.replace("'", "''") + "'"


def _powershell(given: Mapping[str, str], gone: Sequence[str]) -> str:
    removed = "".join(f"Remove-Item Env:{name} -ErrorAction SilentlyContinue\n" for name in gone)
    return removed + "".join(f"$Env:{name} = {powershell_quoted(value)}\n" for name, value in given.items())


def _cmd(given: Mapping[str, str], gone: Sequence[str]) -> str:
    for name, value in given.items():
        if set(value) & set('"%!'):
            raise WrongSettings(f"cmd cannot take the value of {name}", "name the profile without quotes and % and !")
    removed = "".join(f"set {name}=\n" for name in gone)
    return removed + "".join(f'set "{name}={value}"\n' for name, value in given.items())


def _dotenv(given: Mapping[str, str], _gone: Sequence[str]) -> str:
    """Docker's env files know no quotes, so that there are some only where other readers need them."""
    return "".join(
        f"{name}={value if _PLAIN.fullmatch(value) else shlex.quote(value)}\n" for name, value in given.items()
    )


def _json(given: Mapping[str, str], _gone: Sequence[str]) -> str:
    return json.dumps(given, indent=2) + "\n"


FORMATS: Mapping[str, Format] = {
    "sh": _sh,
    "fish": _fish,
    "powershell": _powershell,
    "cmd": _cmd,
    "dotenv": _dotenv,
    "json": _json,
}
