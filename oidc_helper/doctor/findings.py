"""Checks and their findings."""

from collections.abc import Callable, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

from oidc_helper.errors import OidcHelperError

_Case = TypeVar("_Case")

Status = Literal["ok", "failed", "skipped"]

_UNKNOWN = "see what happens: oidc-helper doctor --debug"

Scope = Literal["machine", "profile", "sign-in", "target"]
"""If no profile is named, a check runs once (machine), for each profile, for each sign-in, or not at all (target)."""


class Finding(NamedTuple):
    """What was found. The remedy of a failure is a command, a policy or a setting, in one or more lines."""

    status: Status
    found: str
    remedy: str = ""


class NotChecked(Exception):  # noqa: N818  # as the kinds of errors.py
    """A check cannot run because the check `failed_check` has failed; `error` is why that failed."""

    def __init__(self, failed_check: str, error: OidcHelperError) -> None:
        super().__init__(failed_check)
        self.failed_check = failed_check
        self.error = error


class NotKnown(Exception):  # noqa: N818  # as the kinds of errors.py
    """A check cannot run because something is not known here; the text says what."""


class Check(NamedTuple, Generic[_Case]):
    """One link of a chain: its lasting id, what it looks at, and how.

    `look` raises OidcHelperError if the link is broken. The check is skipped if one in `needs` failed.
    """

    id: str
    about: str
    look: Callable[[_Case], Finding | Sequence[Finding]]
    scope: Scope = "machine"
    needs: tuple[str, ...] = ()


def ok(found: str) -> Finding:
    """All is well."""
    return Finding("ok", found)


def failed(found: str, remedy: str) -> Finding:
    """The link is broken."""
    return Finding("failed", found, remedy)


def skipped(reason: str) -> Finding:
    """There is nothing to check, or no way to check it."""
    return Finding("skipped", reason)


def of_error(error: OidcHelperError) -> Finding:
    """The finding for an error that a part of the chain raised."""
    return failed(error.message, error.hint or _UNKNOWN)
