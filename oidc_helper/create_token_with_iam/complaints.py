"""Standard error: warnings, and the one error that ended the run."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

from botocore.exceptions import ClientError

from oidc_helper.create_token_with_iam import formats, table
from oidc_helper.create_token_with_iam.arguments import ERROR_FORMATS
from oidc_helper.create_token_with_iam.exits import NotConfigured, ServiceRefused, WrongUsage
from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.readers import takes_a_message
from oidc_helper.redaction import without_secrets

# The AWS CLI's codes for errors that do not come from the service; all other errors are plain text in every form.
_CODES: Mapping[type[OidcHelperError], str] = {WrongUsage: "ParamValidation", NotConfigured: "Configuration"}
_PLAIN = table.Style(colour=False, resets=False, width=80)


class Complaints:
    """Standard error, without secrets; a failure to write to it changes nothing.

    `form` is a value of `--cli-error-format`; for `enhanced` and `legacy`, errors have the form of all our commands.
    """

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.form = "enhanced"
        self._is_read = True

    def warn(self, doubt: str) -> None:
        """Print a doubt in one line."""
        self._say(f"oidc-helper: warning: {doubt}")

    def fail(self, failure: OidcHelperError, cause: BaseException) -> None:
        """Print the cause and the remedy."""
        details = _details(failure, cause)
        if details and self.form in ERROR_FORMATS and self.form not in ("enhanced", "legacy"):
            if self._takes_a_message():
                with suppress(OSError):
                    formats.write(self.form, _covered(details), self.out, title="error", style=_PLAIN)
            return
        self._say(f"oidc-helper: {failure.message}")
        if failure.hint and self.form != "legacy":
            self._say(f"hint: {failure.hint}")

    def _say(self, text: str) -> None:
        line = "".join(character if character.isprintable() else " " for character in without_secrets(text))
        if self._takes_a_message():
            with suppress(OSError):
                self.out.write(line + "\n")

    def _takes_a_message(self) -> bool:
        """Whether somebody reads; it waits for a full pipe only once."""
        self._is_read = self._is_read and takes_a_message(self.out)
        return self._is_read


def _covered(value: Any) -> Any:
    """The value with every text in it covered, the names of members included."""
    if isinstance(value, dict):
        return {_covered(key): _covered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_covered(inner) for inner in value]
    return without_secrets(value) if isinstance(value, str) else value


def _details(failure: OidcHelperError, cause: BaseException) -> dict[str, Any]:
    """The members of the service's error, or our code and message; empty for an error without a code."""
    if isinstance(failure, ServiceRefused) and isinstance(cause, ClientError):
        members = {key: item for key, item in cause.response.items() if key not in ("Error", "ResponseMetadata")}
        return {
            **cause.response.get("Error", {}),
            **{key: item for key, item in members.items() if key.lower() != "message"},
        }
    code = _CODES.get(type(failure))
    return {"Code": code, "Message": failure.message} if code else {}
