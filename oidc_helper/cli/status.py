"""`status` and `explain`: what there is, without opening a secret or asking anybody."""

import argparse
import json
import shutil
import time
from dataclasses import asdict
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TextIO

from oidc_helper import settings
from oidc_helper.cli import wording
from oidc_helper.identity import INTERACTIVE
from oidc_helper.index import Entry, Failure
from oidc_helper.settings import Profile
from oidc_helper.store import CREDENTIALS, KERNEL, TOKENS, Store
from oidc_helper.terminal import printable


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
    entries = {(entry.kind, entry.name): entry for entry in store.entries()}
    report = {
        "config": loaded.path,
        "stores": {kind: store.where(kind) for kind in (CREDENTIALS, TOKENS)},
        "profiles": [
            _profile(
                one,
                _living(entries.get((CREDENTIALS, one.name))) or _unlisted(one, store),
                entries.get((TOKENS, one.tokens_name)),
                store.failure(one.name),
            )
            for one in loaded.profiles.values()
        ],
    }
    if options.json:
        answer.write(json.dumps(report, indent=2) + "\n")
    else:
        _show(report, answer)
    return 0


def _living(kept: Entry | None) -> Entry | None:
    return kept if kept and (kept.expires_at or 0) > time.time() else None


def _unlisted(one: Profile, store: Store) -> Entry | None:
    """Credentials that are there though the index was lost: all that is known is that they have not expired."""
    if not store.exists(CREDENTIALS, one.name):
        return None
    return Entry(CREDENTIALS, one.name, "", KERNEL, None, 0)


def _profile(one: Profile, kept: Entry | None, held: Entry | None, failure: Failure | None) -> dict[str, Any]:
    """Describe a profile; every time is UTC as in credential_process JSON, null where there is none."""
    now = time.time()
    tokens = held and {
        "user": held.details.get("user"),
        "access_token_expires_at": wording.iso(_number(held, "access_expires_at")),
        "refreshable": bool(held.details.get("refreshable")),
        "store": held.place,
    }
    return {
        "name": one.name,
        "identity": one.identity.name,
        "source": one.identity.source,
        "credentials": {"expires_at": wording.iso(kept.expires_at), "store": kept.place} if kept else None,
        "tokens": tokens,
        "sign_in": _sign_in(one, held, now),
        "last_failure": failure and {**asdict(failure), "at": wording.iso(failure.at)},
    }


def _sign_in(one: Profile, held: Entry | None, now: float) -> dict[str, Any]:
    """Tell when a person is next needed: never for sources that work alone."""
    if one.identity.source not in INTERACTIVE:
        return {"needed": False, "at": None}
    at = _number(held, "access_expires_at") if held else now
    if held and held.details.get("refreshable"):
        return {"needed": False, "at": None}
    return {"needed": at <= now, "at": wording.iso(at)}


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
            "now" if one["sign_in"]["needed"] else _left(one["sign_in"]["at"]) if one["sign_in"]["at"] else "no",
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


def _width(answer: TextIO) -> int:
    return shutil.get_terminal_size().columns if answer.isatty() else 200


def _left(at: str | None) -> str:
    if at is None:
        return "some time left"
    left = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() - time.time()
    return f"{wording.span(left)} left" if left > 0 else "over"
