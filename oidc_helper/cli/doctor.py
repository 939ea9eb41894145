"""`doctor`: checks every link of the chain, and says how to mend what is broken."""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any, TextIO

from oidc_helper import settings
from oidc_helper.cli import streams, wiring
from oidc_helper.doctor import CHECKS, Anonymity, Case, Check, Result, examine
from oidc_helper.errors import WrongSettings
from oidc_helper.machine.deadline import Deadline
from oidc_helper.person import folding
from oidc_helper.redaction import without_secrets
from oidc_helper.settings import Profile, Settings, writing
from oidc_helper.setup import flags
from oidc_helper.words import did_you_mean, printable, shown

if TYPE_CHECKING:
    from oidc_helper.doctor.admin import Audit

_SCHEMA = 1  # of --json: members are added, and none changes its meaning or goes away, under the same number
_USUAL_S = 50  # for all checks, unless a profile says more
_LONGEST = 2_000  # characters of a line
_LEAST_FOR_FINDINGS = 40  # columns; with fewer, each finding has its own lines
_INDENT = "    "
# Status -> mark, its substitute if the stream cannot encode it, and style.
_MARKS = {"ok": ("✓", "+", "green"), "failed": ("✗", "x", "red"), "skipped": ("\N{EN DASH}", "-", "dim")}


def doctor(options: argparse.Namespace, answer: TextIO) -> int:
    """Run the checks of a profile, or of all profiles, and print the findings; or print a plan."""
    if options.plan or flags.are_given(vars(options)):
        from oidc_helper.cli import plan

        return plan.plan(options, answer)
    _check_together(options)
    if options.policy:
        from oidc_helper.doctor import admin

        _, profile = _settings_of(options.profile) if options.profile else (None, None)
        answer.write(json.dumps(admin.policy(profile), indent=2) + "\n")
        return 0
    if options.list:
        _list(_all_checks(options), answer, as_json=options.json)
        return 0
    only = _known(options.only or (), _all_checks(options))
    if options.admin:
        audit = _audit(options)
        results: Iterable[Result] = examine(audit, _concerning(audit, only), only=only)
        return _report(options, answer, audit, results, may_name_one=False)
    case = _case(options.profile, may_spend=options.exchange)
    has_profiles = isinstance(case.loaded, Settings) and bool(case.loaded.profiles)
    may_name_one = has_profiles and not (case.name or only)
    return _report(options, answer, case, examine(case, CHECKS, only=only), may_name_one=may_name_one)


def _check_together(options: argparse.Namespace) -> None:
    """Raise WrongSettings for options that do not go together."""
    of_admin = {
        "--admin-profile": options.admin_profile,
        "--claims": options.claims,
        "--powershell": options.powershell,
        "--policy": options.policy,
    }
    for option, value in of_admin.items():
        if value and not options.admin:
            raise WrongSettings(f"{option} goes with --admin", "oidc-helper doctor --admin PROFILE")
    if options.exchange and options.admin:
        raise WrongSettings("--exchange does not go with --admin, which spends nothing", "leave --exchange out")


def _report(
    options: argparse.Namespace, answer: TextIO, case: Case, results: Iterable[Result], *, may_name_one: bool
) -> int:
    """Print the results as they come, or as JSON. Returns the exit code."""
    results = map(_cleaned, results)
    if options.anonymize:
        results = _anonymized(results, case)
    if options.json:
        results = list(results)
        answer.write(json.dumps({"schema": _SCHEMA, "checks": list(map(_described, results))}, indent=2) + "\n")
        return int(any(result.status == "failed" for result in results))
    return _show(results, answer, _all_checks(options), may_name_one=may_name_one)


def _all_checks(options: argparse.Namespace) -> Sequence[Check[Any]]:
    if not options.admin:
        return CHECKS
    from oidc_helper.doctor import admin

    return admin.CHECKS


def _concerning(audit: "Audit", only: Sequence[str]) -> "Sequence[Check[Audit]]":
    """The checks for the profile's kind, and those that --only names."""
    from oidc_helper.doctor import admin

    concerning = admin.checks_of(audit.profile)
    return [check for check in admin.CHECKS if check in concerning or check.id in only]


def _audit(options: argparse.Namespace) -> "Audit":
    """Raises WrongSettings, also for a broken profile: it gives nothing to compare AWS's side with."""
    from oidc_helper.doctor import admin
    from oidc_helper.doctor.admin import claims

    loaded, profile = _settings_of(options.profile)
    given_claims = claims.read(options.claims) if options.claims else None
    deadline = Deadline(max(profile.deadline_seconds, _USUAL_S))
    return admin.Audit(
        loaded,
        profile.name,
        writing.running_program(),
        deadline,
        lambda profile, loaded: wiring.means(profile, loaded, deadline),
        admin_profile=options.admin_profile or "",
        given_claims=given_claims,
        shell=admin.Shell(options.admin_profile or "", powershell=options.powershell),
    )


def _settings_of(name: str | None) -> tuple[Settings, Profile]:
    """The settings, and the profile of that name, or the only one. Raises WrongSettings."""
    loaded = settings.load()
    if name is None:
        if len(loaded.profiles) != 1:
            raise WrongSettings("--admin looks at one profile", "oidc-helper doctor --admin PROFILE")
        (name,) = loaded.profiles
    return loaded, loaded.profile(name)


def _known(ids: Sequence[str], checks: Sequence[Check[Any]]) -> Sequence[str]:
    """The same ids. Raises WrongSettings for one that no check has."""
    known = [check.id for check in checks]
    for each in ids:
        if each not in known:
            listing = "oidc-helper doctor --admin --list" if checks is not CHECKS else "oidc-helper doctor --list"
            raise WrongSettings(f"there is no check {shown(each, 40)}{did_you_mean(each, known)}", listing)
    return ids


def _case(name: str | None, *, may_spend: bool) -> Case:
    """Raises WrongSettings for a profile that does not exist; the checks report a broken one."""
    loaded: Settings | WrongSettings
    try:
        loaded = settings.load()
    except WrongSettings as error:
        loaded = error
    seconds = _USUAL_S
    if isinstance(loaded, Settings):
        if name and not (loaded.broken.get(()) or ("profile", name) in loaded.broken):
            seconds = loaded.profile(name).deadline_seconds
        if not name and len(loaded.profiles) == 1 and not loaded.problems:
            (name,) = loaded.profiles
    deadline = Deadline(seconds)
    return Case(
        loaded,
        name or "",
        writing.running_program(),
        deadline,
        lambda profile, loaded: wiring.means(profile, loaded, deadline),
        may_spend=may_spend,
    )


def _cleaned(result: Result) -> Result:
    """Printable, and without secrets; a remedy keeps its lines."""
    lines = [printable(without_secrets(line), _LONGEST) for line in result.remedy.split("\n")]
    return result._replace(found=printable(without_secrets(result.found), _LONGEST), remedy="\n".join(lines))


def _anonymized(results: Iterable[Result], case: Case) -> Iterator[Result]:
    anonymity = Anonymity(case.loaded if isinstance(case.loaded, Settings) else None)
    for result in results:
        found, remedy = (anonymity.of(text, case.names) for text in (result.found, result.remedy))
        yield result._replace(found=found, remedy=remedy)


def _described(result: Result) -> dict[str, str | None]:
    return {**result._asdict(), "remedy": result.remedy or None}


def _list(checks: Sequence[Check[Any]], answer: TextIO, *, as_json: bool) -> None:
    if as_json:
        listed = [{"id": check.id, "about": check.about} for check in checks]
        answer.write(json.dumps({"schema": _SCHEMA, "checks": listed}, indent=2) + "\n")
        return
    width = max(len(check.id) for check in checks)
    answer.write("".join(f"{check.id:{width}}  {check.about}\n" for check in checks))


def _show(results: Iterable[Result], answer: TextIO, checks: Sequence[Check[Any]], *, may_name_one: bool) -> int:
    """Print the results, each at once if a person watches. Returns the exit code."""
    from rich.console import Console
    from rich.text import Text

    width = streams.columns(answer)
    column = max(len(check.id) for check in checks) + 2
    is_plain = not _can_write(answer, "".join(mark for mark, *_ in _MARKS.values()))
    counts = Counter[str]()
    for result in results:
        counts[result.status] += 1
        mark, plain, style = _MARKS[result.status]
        text = StringIO()  # written in one piece, so that a failure to write is one error
        console = Console(
            file=text,
            force_terminal=answer.isatty(),
            width=10_000,
            highlight=False,
            soft_wrap=True,
            legacy_windows=False,
        )
        first, *others = _lines(result, column, width)
        console.print(Text.assemble((plain if is_plain else mark, style), f" {first}"))
        for line in others:
            console.print(Text(line))
        for line in _remedy(result.remedy, answer) if result.remedy else ():
            console.print(Text(line, style="bold"))
        answer.write(text.getvalue())
        if width:
            answer.flush()
    streams.write_lines(answer, _summary(counts, may_name_one=may_name_one))
    return int(counts["failed"] > 0)


def _lines(result: Result, column: int, width: int) -> list[str]:
    """The id, with the finding beside it, or below it if there is little room."""
    room = width - 2 - column
    if not width:
        return [f"{result.id:{column}}{result.found}"]
    if room < _LEAST_FOR_FINDINGS:
        return [result.id, *(f"  {line}" for line in folding.column(result.found, width - 2))]
    first, *others = folding.column(result.found, room) or [""]
    return [f"{result.id:{column}}{first}", *(" " * (column + 2) + line for line in others)]


def _remedy(remedy: str, answer: TextIO) -> Iterable[str]:
    """Its lines; a remedy of several lines is a document or a script, to be copied unchanged."""
    lines = [f"{_INDENT}{line}" for line in remedy.split("\n")]
    return streams.fitting(lines, answer) if len(lines) == 1 else lines


def _summary(counts: Counter[str], *, may_name_one: bool) -> str:
    run, skipped = counts["ok"] + counts["failed"], counts["skipped"]
    if counts["failed"]:
        verdict = f"{counts['failed']} of {run} {'check' if run == 1 else 'checks'} failed"
    else:
        verdict = {0: "no check was run", 1: "1 check passed"}.get(run, f"all {run} checks passed")
    rest = f", {skipped} {'was' if skipped == 1 else 'were'} skipped" if skipped else ""
    more = "; for the credentials of one profile: oidc-helper doctor PROFILE" if may_name_one else ""
    return f"{verdict}{rest}{more}"


def _can_write(answer: TextIO, text: str) -> bool:
    try:
        text.encode(answer.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
