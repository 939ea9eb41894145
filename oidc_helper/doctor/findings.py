"""What a check is, and what it finds."""

from collections.abc import Callable, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

from oidc_helper.errors import OidcHelperError

_Case = TypeVar("_Case")

Status = Literal["ok", "failed", "skipped"]

_UNKNOWN = "see what happens: oidc-helper doctor --debug"

Scope = Literal["machine", "profile", "sign-in", "target"]
"""Where no profile is named, a check is made once, for each profile, once for each sign-in, or not at all."""


class Finding(NamedTuple):
    """What was found; the remedy of what failed is a command, a policy or a setting, of one line or several."""

    status: Status
    found: str
    remedy: str = ""


class NotLookedAt(Exception):  # noqa: N818  # as the kinds of errors.py
    """There is nothing to look at, since the check with that id has failed; `error` is what that told."""

    def __init__(self, failed_check: str, error: OidcHelperError) -> None:
        super().__init__(failed_check)
        self.failed_check = failed_check
        self.error = error


class NotKnown(Exception):  # noqa: N818  # likewise
    """What a check would look at is not known here, and this is why."""


class Check(NamedTuple, Generic[_Case]):
    """One link of a chain: its lasting id, what it looks at, and how.

    `look` raises OidcHelperError where the link is broken. Where a check of `needs` failed, it is skipped.
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


def skipped(why: str) -> Finding:
    """There is nothing to look at, or no way to."""
    return Finding("skipped", why)


def of_error(error: OidcHelperError) -> Finding:
    """The finding for what a part of the chain says itself."""
    return failed(error.message, error.hint or _UNKNOWN)
