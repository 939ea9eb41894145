"""`profiles`: what a person may use, as a list, and as profiles in both files."""

import argparse
import json
import logging
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import StringIO
from typing import Any, TextIO

from oidc_helper.aws.client import Aws
from oidc_helper.aws.portal_listing import Access
from oidc_helper.aws.tokens import Tokens
from oidc_helper.cli import streams
from oidc_helper.cli.wiring import errand, only_application
from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.fetch import broker
from oidc_helper.person import pager
from oidc_helper.profiles import generation, listing
from oidc_helper.profiles.filters import Filters
from oidc_helper.profiles.generation import Plan, Wish
from oidc_helper.profiles.listing import Offer
from oidc_helper.settings import Generated, Profile, Settings, checks, regions, writing
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.cli.profiles")

_CALL_S = 20.0  # for each call: all calls together may take longer than any deadline of `get`
_MOST_LINES = 8  # of one kind of problem
_KINDS = {"permission-set": "set", "account-access": "role"}
_GAP = 2  # blanks between two columns
_FEWEST = 2  # columns that are shown even on the narrowest terminal


def profiles(options: argparse.Namespace, answer: TextIO) -> int:
    """List what may be used; with `--write`, `--prune` and `--diff`, make, remove or show the profiles for it."""
    choose = partial(only_application, typed=_command(options))
    looking = errand(options.profile, choose=choose)
    loaded, profile = looking.settings, looking.profile
    changes_files = options.write or options.prune or options.diff
    wish = _wish(options, generation.remembered(loaded, profile), profile, remembers_filters=changes_files)
    for doubt in regions.doubts(filter(None, [options.region])):
        log.warning("%s", doubt)

    def get_tokens(refused: str) -> Tokens:
        getting = errand(options.profile, choose=choose)  # with its own deadline
        return getting.deadline.run(lambda: broker.fetch_tokens(profile, getting.means, refused=refused))

    with _progress() as report:
        aws = Aws(profile, time_left=lambda: _CALL_S)
        found = listing.look(aws, get_tokens, loaded.tenants(profile), wish.filters, report)
    left: Mapping[str, WrongSettings] = {}
    if changes_files:
        plan = generation.plan(loaded, profile, found, wish)
        left = plan.left
        if options.diff:
            _show("".join(writing.diff(change) for change in plan.changes if change.is_needed), answer)
        else:
            writing.carry_out(plan.changes)
            streams.write_lines(answer, *([] if options.json else _summary(plan)))
    if options.json or not changes_files:
        _list(found.access, loaded, generation.names(loaded, profile, found.access, wish.template), answer, options)
    _warn(found, left)
    return 1 if found.failures or left else 0


def _command(options: argparse.Namespace, *more: str) -> str:
    """The command as it was typed, with more options."""
    words = [f"--{name}" for name in ("write", "prune", "diff", "json") if getattr(options, name)]
    for name in ("account", "permission_set", "template", "region"):
        values = getattr(options, name) or ()
        for value in [values] if isinstance(values, str) else values:
            words += [f"--{name.replace('_', '-')}", printable(value)]
    return shlex.join(["oidc-helper", "profiles", *words, *more])


def _wish(options: argparse.Namespace, before: Generated, profile: Profile, *, remembers_filters: bool) -> Wish:
    """What the options say, or else what was remembered. Raises WrongSettings."""
    last = before if remembers_filters else before._replace(account=(), permission_set=())
    return Wish(
        write=options.write or options.diff,
        prune=options.prune,
        template=_fit("--template", checks.template, options.template) or before.template,
        filters=Filters(
            _patterns(options.account, last.account), _patterns(options.permission_set, last.permission_set)
        ),
        region=_fit("--region", checks.region, options.region) or before.region or profile.region,
    )


def _patterns(typed: Sequence[str] | None, last: Sequence[str]) -> tuple[str, ...]:
    patterns = tuple(typed or last)
    return () if "*" in patterns else patterns


def _fit(option: str, check: Callable[[object], Any], value: str | None) -> str:
    if value is None:
        return ""
    try:
        return str(check(value))
    except checks.UnfitError as error:
        raise WrongSettings(f"{option} {error}", "oidc-helper profiles --help") from None


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar, with the time left, if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("accounts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
    console = Console(stderr=True)
    shows = console.is_terminal and not console.is_dumb_terminal
    with Progress(*columns, console=console, transient=True, disable=not shows) as bar:
        task = bar.add_task("accounts", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _summary(plan: Plan) -> list[str]:
    """What was done, for people."""
    counts = [
        f"{len(names)} {done}"
        for done, names in (("made", plan.made), ("renamed", plan.renamed), ("removed", plan.pruned))
        if names
    ]
    changed = [printable(change.path) for change in plan.changes if change.is_needed]
    lines = [f"profiles: {', '.join(counts)}"] if counts else []
    lines += [f"{old} is now called {new}" for old, new in plan.renamed.items()][:_MOST_LINES]
    lines += [f"changed {path}" for path in changed]
    if plan.made:
        lines.append(f"to try one: aws sts get-caller-identity --profile {plan.made[0]}")
    return lines or ["nothing to change"]


def _list(
    access: Sequence[Access],
    loaded: Settings,
    names: Mapping[tuple[str, str], str],
    answer: TextIO,
    options: argparse.Namespace,
) -> None:
    if options.json:
        answer.write(json.dumps([_described(each, names[each.key]) for each in access], indent=2) + "\n")
        return
    rows = [(each, names[each.key], names[each.key] in loaded.profiles) for each in access]
    to_make = _command(options, "--write", *filter(None, [options.profile]))
    _show(_table(rows, to_make, answer), answer)


def _show(text: str, answer: TextIO) -> None:
    """Write the text; if it is longer than the screen, through the pager, which can search."""
    is_long = answer.isatty() and text.count("\n") >= shutil.get_terminal_size().lines
    if is_long and (command := pager.chosen("PAGER")):
        with suppress(OSError, ValueError):  # a pager that is not there
            pager.show(text, command, answer)
            return
    answer.write(text)


def _described(access: Access, name: str) -> dict[str, str]:
    which = {"permission_set": access.permission_set} if access.permission_set else {"role_arn": access.role_arn}
    account_id, account_name, email = access.account
    return {
        "kind": access.kind,
        "account_id": account_id,
        "account_name": account_name,
        "email": email,
        **which,
        "profile": name,
    }


def _table(rows: Sequence[tuple[Access, str, bool]], to_make: str, answer: TextIO) -> str:
    """The rows in as many columns as there is room for; a name in brackets has no profile yet.

    `to_make` is the command that makes these profiles.
    """
    if not rows:
        return "nothing that you may use matches these filters\n"
    cells = {
        "profile": [name if is_there else f"({name})" for _, name, is_there in rows],
        "access": [printable(access.name) for access, *_ in rows],
        "kind": [_KINDS[access.kind] for access, *_ in rows],
        "account id": [access.account.account_id for access, *_ in rows],
        "account": [printable(access.account.name) for access, *_ in rows],
        "e-mail": [printable(access.account.email) for access, *_ in rows],
    }
    lines = [line.rstrip() for line in _in_columns(cells, answer).splitlines()]
    if without := sum(not is_there for *_, is_there in rows):
        lines += streams.fitting([f"{without} of {len(rows)} have no profile yet; to make them: {to_make}"], answer)
    return "".join(f"{line}\n" for line in lines)


def _in_columns(cells: Mapping[str, Sequence[str]], answer: TextIO) -> str:
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widths = {title: max(map(cell_len, (title, *column))) for title, column in cells.items()}
    room = streams.columns(answer) or sum(widths.values()) + _GAP * len(widths)
    shown = list(cells)
    while len(shown) > _FEWEST and sum(widths[title] + _GAP for title in shown) - _GAP > room:
        shown.pop()
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for title in shown:
        table.add_column(title, overflow="fold")  # a name is there to be copied
    for row in zip(*(cells[title] for title in shown), strict=True):
        table.add_row(*map(Text, row))
    text = StringIO()
    Console(file=text, force_terminal=answer.isatty(), width=room, highlight=False).print(table)
    return text.getvalue()


def _warn(found: Offer, left: Mapping[str, WrongSettings]) -> None:
    """Warn of what could not be listed, and of profiles that stay as they are; if there is too much, of some."""
    _warn_of(found.failures, lambda owner: "the accounts" if owner == listing.PORTAL else owner, "could not be listed")
    _warn_of(left, lambda name: f"profile {name}", "is left as it is")


def _warn_of(troubles: Mapping[str, OidcHelperError], named: Callable[[str], str], what: str) -> None:
    for name, trouble in list(troubles.items())[:_MOST_LINES]:
        log.warning("%s %s: %s", named(name), what, trouble.message)
    if len(troubles) > _MOST_LINES:
        log.warning("and %d more: %s", len(troubles) - _MOST_LINES, what)
