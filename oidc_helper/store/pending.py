"""A store for settings not yet written: it keeps its records once they are written, and drops them otherwise."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from oidc_helper.errors import OidcHelperError
from oidc_helper.store.index import Detail, Failure
from oidc_helper.store.saving import save_or_warn
from oidc_helper.store.store import Store


class PendingStore(Store):
    """Records of settings already in force go straight to their place, since a refresh token can be used only once.

    `in_force` says, by kind and name, whether a record is one of these. Locks and the marks of spent tokens are shared
    with all processes; failures are not noted, since nobody else has these settings.
    """

    def __init__(self, in_force: Callable[[str, str], bool], **options: Any) -> None:
        super().__init__(**options)
        self._in_force = in_force
        self._waiting: dict[tuple[str, str], tuple[str, Callable[[], object]]] = {}

    def get(self, kind: str, name: str) -> str | None:
        """See Store."""
        if waiting := self._waiting.get((kind, name)):
            return waiting[0]
        return super().get(kind, name) if self._in_force(kind, name) else None

    def put(
        self, kind: str, name: str, text: str, *, expires_at: int | None, details: Mapping[str, Detail] | None = None
    ) -> str:
        """See Store; the place is empty for a record that waits."""
        put = partial(super().put, kind, name, text, expires_at=expires_at, details=details)
        if self._in_force(kind, name):
            return put()
        self._waiting[kind, name] = text, put
        return ""

    def delete(self, kind: str, name: str) -> bool:
        """See Store."""
        was_waiting = self._waiting.pop((kind, name), None) is not None
        return (self._in_force(kind, name) and super().delete(kind, name)) or was_waiting

    def remember_failure(
        self, profile: str, error: OidcHelperError, *, conditions: str = "", identity: str = ""
    ) -> None:
        """Note nothing."""

    def failure(self, profile: str) -> Failure | None:  # noqa: ARG002
        """Always None."""
        return None

    def keep(self) -> None:
        """Keep the waiting records, now that their settings are written; failing to is only a warning."""
        for _, put in self._waiting.values():
            save_or_warn(put)
        self._waiting.clear()
