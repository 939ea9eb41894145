"""Files with the tokens, for AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: SDKs read them again before each request."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from oidc_helper.errors import WrongSettings
from oidc_helper.machine import private_files
from oidc_helper.words import printable

PLACEHOLDER = "{profile}"
_TOKEN_BYTES = 32


def new_token() -> str:
    """A new token of letters, digits, - and _ only: SDKs send it unescaped."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def paths(template: str, profiles: Sequence[str]) -> dict[str, Path]:
    """The file of each profile. Raises WrongSettings if several would share one."""
    if len(profiles) > 1 and PLACEHOLDER not in template:
        raise WrongSettings(
            "each profile has a token of its own, and needs a file of its own",
            f"name them with {PLACEHOLDER}: --token-file '{printable(template)}.{PLACEHOLDER}'",
        )
    return {name: Path(template.replace(PLACEHOLDER, quote(name, safe=""))).absolute() for name in profiles}


def write(path: Path, token: str) -> None:
    """Rename a complete file over the old one. Only we can read it; it has no newline, which would go into a header.

    Raises WrongSettings.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(private_files.open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(token.encode())
        private_files.patiently(lambda: temporary.replace(path))
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        reason = (error.strerror or "failed").lower()
        raise WrongSettings(
            f"the token file {printable(str(path))} cannot be written: {reason}", "name another with --token-file"
        ) from None


def remove(path: Path, token: str) -> None:
    """Delete the file, unless another process has put its own token there."""
    with suppress(OSError):
        if path.read_bytes() == token.encode():
            path.unlink()
