"""`status`: the state of every profile, without reading a secret or asking a server."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, TextIO

from oidc_helper import kernel, settings
from oidc_helper.cli import readiness, streams
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, WrongSettings
from oidc_helper.handover.variables import PROFILE
from oidc_helper.identity import INTERACTIVE
from oidc_helper.person import times
from oidc_helper.settings import Profile, Settings
from oidc_helper.store import quota
from oidc_helper.store.index import Entry, Failure
from oidc_helper.store.kinds import CREDENTIALS, SIGN_IN, TOKENS
from oidc_helper.store.places import KERNEL, name_of
from oidc_helper.store.store import Store
from oidc_helper.words import printable

_SCHEMA = 1  # of --json: members are added, and none changes its meaning or goes away, under the same number
_FULL_BYTES = 2_000  # with fewer bytes left, a record of credentials does not fit
_LONGEST_NOTE = 1_000  # characters of a message or hint
_TITLES = ("profile", "signed in", "credentials", "tokens", "person needed")
_GAP = 2  # blanks between two columns
_MENDED_BY_A_PERSON = (SignInNeeded.exit_code, Refused.exit_code)


def status(options: argparse.Namespace, answer: TextIO) -> int:
    """Print what is cached for every profile, or for the one that is named."""
    if options.min_ttl and not options.check:
        raise WrongSettings("--min-ttl is for --check", "oidc-helper status --check --min-ttl SECONDS")
    if options.prompt:
        answer.write(_prompt(options.profile))
        return 0
    loaded = settings.load()
    chosen = [loaded.profile(options.profile)] if options.profile else list(loaded.profiles.values())
    store = Store()
    profiles = _described(loaded, store, chosen)
    if options.check:
        if not options.profile:
            loaded.require_sound()
        return readiness.exit_code(profiles, min_ttl_s=options.min_ttl)
    report = _report(loaded, store, profiles)
    if options.json:
        answer.write(json.dumps(report, indent=2) + "\n")
    else:
        _show(report, answer)
    return WrongSettings.exit_code if loaded.problems and not options.profile else 0


def _prompt(name: str | None) -> str:
    """The text for the named profile, or else for that of `exec` or of AWS_PROFILE; empty if anything is wrong.

    A shell prints it before every command, so an error would be in the way.
    """
    try:
        loaded = settings.load()
        names = (name, os.environ.get(PROFILE), os.environ.get("AWS_PROFILE"))
        chosen = [loaded.profiles[each] for each in names if each and each in loaded.profiles][:1]
        return "".join(f"{readiness.prompt(profile)}\n" for profile in _described(loaded, Store(), chosen))
    except OidcHelperError:
        return ""


def _described(loaded: Settings, store: Store, chosen: Sequence[Profile]) -> list[dict[str, Any]]:
    """The profiles as `--json` has them."""
    index = _Index(loaded, store, {(entry.kind, entry.name): entry for entry in store.entries()}, time.time())
    return [index.profile(profile) for profile in chosen]


def _report(loaded: Settings, store: Store, profiles: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What `--json` prints. To say where new records go, this looks for the vault."""
    return {
        "schema": _SCHEMA,
        "config": loaded.path,
        "site": [file for file in loaded.files if file != loaded.path],
        "stores": {kind: store.where(kind) for kind in (CREDENTIALS, TOKENS)},
        "kernel_keyring": _quota(),
        "profiles": profiles,
        "problems": [problem.message for problem in loaded.problems],
    }


def _quota() -> dict[str, int] | None:
    """How full the kernel keyring is; None if it is not used."""
    used = quota.of_this_user() if kernel.available() else None
    return used and used._asdict()


@dataclass(frozen=True)
class _Index:
    """The index as JSON; times are UTC as in credential_process JSON, or null if they are unknown."""

    settings: Settings
    store: Store
    entries: Mapping[tuple[str, str], Entry]
    now: float

    def profile(self, profile: Profile) -> dict[str, Any]:
        credentials, failure = self._credentials(profile), self.store.failure(profile.name)
        return {
            "name": profile.name,
            "identity": profile.identity.name,
            "source": profile.identity.source,
            "credentials": credentials
            and {"expires_at": times.iso(credentials.expires_at), "store": name_of(credentials.place)},
            "tokens": self._tokens(profile),
            "provider": self._provider(profile),
            "sign_in": self._sign_in(profile),
            "last_failure": failure and _failure(failure),
        }

    def _credentials(self, profile: Profile) -> Entry | None:
        """The entry of the index; if the index was lost, an entry without an expiry for the record in the kernel."""
        entry = self._alive(CREDENTIALS, profile.name)
        if entry is None and self.store.exists(CREDENTIALS, profile.name):
            return Entry(CREDENTIALS, profile.name, "", KERNEL, None, 0)
        return entry

    def _tokens(self, profile: Profile) -> dict[str, Any] | None:
        tokens = self.entries.get((TOKENS, profile.tokens_name))
        return (
            None
            if tokens is None
            else {
                "user": tokens.details.get("user"),
                "access_token_expires_at": times.iso(_number(tokens, "access_expires_at")),
                "refreshable": bool(tokens.details.get("refreshable")),
                "store": name_of(tokens.place),
            }
        )

    def _provider(self, profile: Profile) -> dict[str, Any] | None:
        """The provider session, if the identity provider gave a refresh token."""
        session = self._alive(SIGN_IN, profile.identity.name)
        return (
            None
            if session is None
            else {
                "user": session.details.get("user"),
                "refresh_token_expires_at": times.iso(session.expires_at),
                "store": name_of(session.place),
            }
        )

    def _sign_in(self, profile: Profile) -> dict[str, Any]:
        """When a person must next sign in, null if only the servers know; `by` is null if nobody ever must."""
        if profile.identity.profile:
            return self._sign_in(self.settings.profiles[profile.identity.profile])
        if profile.identity.source not in INTERACTIVE:
            return {"needed": False, "at": None, "by": None}
        at = self._lasts_until(profile)
        return {"needed": at is not None and at <= self.now, "at": times.iso(at), "by": profile.identity.source}

    def _lasts_until(self, profile: Profile) -> float | None:
        """Until when the profile works without a person, in epoch seconds; None if only the servers know."""
        if session := self._alive(SIGN_IN, profile.identity.name):
            return session.expires_at
        tokens = self.entries.get((TOKENS, profile.tokens_name))
        if tokens is None:
            return self.now
        at = _number(tokens, "access_expires_at")
        if not tokens.details.get("refreshable"):
            return at
        signs_until = tokens.details.get("signs_until")
        return max(at, signs_until) if isinstance(signs_until, int) else None

    def _alive(self, kind: str, name: str) -> Entry | None:
        entry = self.entries.get((kind, name))
        return entry if entry and (entry.expires_at is None or entry.expires_at > self.now) else None


def _failure(failure: Failure) -> dict[str, Any]:
    at = times.iso(failure.at)
    return {"at": at, "message": failure.message, "hint": failure.hint, "exit_code": failure.exit_code}


def _number(entry: Entry, detail: str) -> int:
    value = entry.details.get(detail)
    return value if isinstance(value, int) else 0


def _show(report: dict[str, Any], answer: TextIO) -> None:
    rest = streams.fitting(_beside_profiles(report), answer)
    answer.write("".join(f"{line}\n" for line in (*_profiles(report["profiles"], answer), *rest)))


def _beside_profiles(report: dict[str, Any]) -> Iterator[str]:
    """The lines below the profiles: about all of them together, and about those that failed."""
    if not (report["profiles"] or report["problems"]):
        yield f"no profile in {printable(report['config'])} yet; to make one: oidc-helper configure"
    for kind, place in report["stores"].items():
        yield f"{kind}: {place}"
    if used := report["kernel_keyring"]:
        in_use = f"{used['used_bytes']:,} of {used['limit_bytes']:,} bytes in use"
        is_full = used["limit_bytes"] - used["used_bytes"] < _FULL_BYTES
        full = "; it is full, and records go elsewhere" if is_full else ""
        yield f"kernel keyring: {in_use}, by all programs of this user{full}"
    for profile in report["profiles"]:
        if failure := profile["last_failure"]:
            at = times.moment(times.epoch_s(failure["at"]))
            yield f"{profile['name']} failed ({at}): {printable(failure['message'], _LONGEST_NOTE)}"
            if failure["hint"]:
                yield f"hint: {printable(failure['hint'], _LONGEST_NOTE)}"
    for problem in report["problems"]:
        yield f"wrong settings: {printable(problem, _LONGEST_NOTE)}"


def _profiles(profiles: Sequence[dict[str, Any]], answer: TextIO) -> list[str]:
    """A table, or a few lines for each profile if the terminal is too narrow: a name must stay whole, to be typed."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not profiles:
        return []
    rows = [_cells(profile) for profile in profiles]
    widths = [max(map(cell_len, column)) for column in zip(_TITLES, *rows, strict=True)]
    width, room = sum(widths) + _GAP * (len(widths) - 1), streams.columns(answer)
    if room and width > room:
        return [line for row in rows for line in _in_lines(row)]
    table = Table(*_TITLES, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    text = StringIO()
    Console(file=text, force_terminal=answer.isatty(), width=width, highlight=False).print(table)
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _in_lines(row: Sequence[str]) -> Iterator[str]:
    """The name, and below it the other cells after their titles."""
    widest = max(map(len, _TITLES[1:]))
    yield row[0]
    yield from (f"  {title:{widest}}  {cell}" for title, cell in zip(_TITLES[1:], row[1:], strict=True))


def _cells(profile: dict[str, Any]) -> tuple[str, ...]:
    credentials, tokens = profile["credentials"], profile["tokens"]
    return (
        profile["name"],
        _who(profile),
        _left(credentials["expires_at"]) if credentials else "none",
        _life(tokens) if tokens else "none",
        _person_needed(profile),
    )


def _who(profile: dict[str, Any]) -> str:
    """The person, if one is known; otherwise the identity, with which nobody has been seen."""
    sessions = (profile["tokens"], profile["provider"])
    user = next((session["user"] for session in sessions if session and session["user"]), None)
    return printable(user) if user else f"nobody ({profile['identity']})"


def _life(tokens: dict[str, Any]) -> str:
    return "refreshable" if tokens["refreshable"] else _left(tokens["access_token_expires_at"])


def _person_needed(profile: dict[str, Any]) -> str:
    needed, at, by = profile["sign_in"].values()
    if needed:
        return "now"
    failure = profile["last_failure"]
    if failure and failure["exit_code"] in _MENDED_BY_A_PERSON:
        return "see the hint"
    if at:
        return f"in {_left(at).removesuffix(' left')}"
    return "when the session ends" if by else "no"


def _left(at: str | None) -> str:
    if at is None:
        return "some time left"
    left = times.seconds_left(at)
    return f"{times.span(left)} left" if left > 0 else "expired"
