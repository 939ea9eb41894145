"""`status` and `explain`: what there is, without opening a secret or asking anybody."""

import argparse
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TextIO

from oidc_helper import settings
from oidc_helper.cli import wording
from oidc_helper.identity import INTERACTIVE
from oidc_helper.settings import Profile, Settings
from oidc_helper.store.index import Entry
from oidc_helper.store.places import KERNEL, name_of
from oidc_helper.store.store import CREDENTIALS, SIGN_IN, TOKENS, Store
from oidc_helper.words import printable


def explain(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the resolved settings of a profile as JSON."""
    loaded = settings.load()
    described = settings.explain(loaded, loaded.profile(options.profile))
    answer.write(json.dumps(described, indent=2) + "\n")
    return 0


def status(options: argparse.Namespace, answer: TextIO) -> int:
    """Print what is cached for every profile."""
    loaded = settings.load()
    store = Store()
    kept = _Kept(loaded, store, {(entry.kind, entry.name): entry for entry in store.entries()}, time.time())
    report = {
        "config": loaded.path,
        "stores": {kind: store.where(kind) for kind in (CREDENTIALS, TOKENS)},
        "profiles": [kept.described(one) for one in loaded.profiles.values()],
    }
    if options.json:
        answer.write(json.dumps(report, indent=2) + "\n")
    else:
        _show(report, answer)
    return 0


@dataclass(frozen=True)
class _Kept:
    """What the index tells; times in its answers are UTC as in credential_process JSON, null where none is known."""

    settings: Settings
    store: Store
    entries: Mapping[tuple[str, str], Entry]
    now: float

    def described(self, one: Profile) -> dict[str, Any]:
        credentials, failure = self._credentials(one), self.store.failure(one.name)
        return {
            "name": one.name,
            "identity": one.identity.name,
            "source": one.identity.source,
            "credentials": credentials
            and {"expires_at": wording.iso(credentials.expires_at), "store": name_of(credentials.place)},
            "tokens": self._tokens(one),
            "provider": self._provider(one),
            "sign_in": self._sign_in(one),
            "last_failure": failure and {**asdict(failure), "at": wording.iso(failure.at)},
        }

    def _credentials(self, one: Profile) -> Entry | None:
        """The noted ones; or what is there though the index was lost, of which only that it lives is known."""
        noted = self._living(CREDENTIALS, one.name)
        unnoted = not noted and self.store.exists(CREDENTIALS, one.name)
        return Entry(CREDENTIALS, one.name, "", KERNEL, None, 0) if unnoted else noted

    def _tokens(self, one: Profile) -> dict[str, Any] | None:
        held = self.entries.get((TOKENS, one.tokens_name))
        if held is None:
            return None
        return {
            "user": held.details.get("user"),
            "access_token_expires_at": wording.iso(_number(held, "access_expires_at")),
            "refreshable": bool(held.details.get("refreshable")),
            "store": name_of(held.place),
        }

    def _provider(self, one: Profile) -> dict[str, Any] | None:
        """The session at the identity provider, where it gave a refresh token."""
        held = self._living(SIGN_IN, one.identity.name)
        if held is None:
            return None
        return {
            "user": held.details.get("user"),
            "refresh_token_expires_at": wording.iso(held.expires_at),
            "store": name_of(held.place),
        }

    def _sign_in(self, one: Profile) -> dict[str, Any]:
        """When a person is next needed, null where the servers have not told; `by` is null where nobody ever is."""
        if one.identity.profile:
            return self._sign_in(self.settings.profiles[one.identity.profile])
        if one.identity.source not in INTERACTIVE:
            return {"needed": False, "at": None, "by": None}
        at = self._lasts_until(one)
        return {"needed": at is not None and at <= self.now, "at": wording.iso(at), "by": one.identity.source}

    def _lasts_until(self, one: Profile) -> float | None:
        """How long it goes on without a person, in epoch seconds, None where only the servers know."""
        if provider := self._living(SIGN_IN, one.identity.name):
            return provider.expires_at
        held = self.entries.get((TOKENS, one.tokens_name))
        if held is None:
            return self.now
        at = _number(held, "access_expires_at")
        if not held.details.get("refreshable"):
            return at
        signs_until = held.details.get("signs_until")
        return max(at, signs_until) if isinstance(signs_until, int) else None

    def _living(self, kind: str, name: str) -> Entry | None:
        noted = self.entries.get((kind, name))
        return noted if noted and (noted.expires_at is None or noted.expires_at > self.now) else None


def _number(entry: Entry, detail: str) -> int:
    value = entry.details.get(detail)
    return value if isinstance(value, int) else 0


def _show(report: dict[str, Any], answer: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("profile", "identity", "credentials", "tokens", "person needed", box=None, pad_edge=False)
    for one in report["profiles"]:
        kept, held = one["credentials"], one["tokens"]
        table.add_row(
            one["name"],
            Text(printable((held and held["user"]) or one["identity"])),
            _left(kept["expires_at"]) if kept else "none",
            ("refreshable" if held["refreshable"] else _left(held["access_token_expires_at"])) if held else "none",
            _person_needed(one),
        )
    shown = StringIO()  # whole before it is written: what cannot be written is one error
    console = Console(file=shown, force_terminal=answer.isatty(), width=_width(answer), highlight=False, soft_wrap=True)
    console.print(table)
    for kind, place in report["stores"].items():
        console.print(Text(f"{kind}: {place}"))
    for one in report["profiles"]:
        if failure := one["last_failure"]:
            console.print(Text(f"{one['name']} failed at {failure['at']}: {printable(failure['message'])}"))
            if failure["hint"]:
                console.print(Text(f"hint: {printable(failure['hint'])}"))
    answer.write(shown.getvalue())


def _person_needed(one: dict[str, Any]) -> str:
    needed, at, by = one["sign_in"].values()
    if needed:
        return "now"
    if at:
        return f"in {_left(at).removesuffix(' left')}"
    return "when the session ends" if by else "no"


def _width(answer: TextIO) -> int:
    return shutil.get_terminal_size().columns if answer.isatty() else 200


def _left(at: str | None) -> str:
    if at is None:
        return "some time left"
    left = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() - time.time()
    return f"{wording.span(left)} left" if left > 0 else "over"
