"""Run the checks in order, each within its time, and skip those that need a check that failed."""

import logging
import traceback
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Check, Finding, NotChecked, NotKnown, Status, failed, of_error, ok, skipped
from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.deadline import DeadlinePassed
from oidc_helper.settings import Settings
from oidc_helper.words import few

log = logging.getLogger("oidc_helper.doctor.examination")

_CHECK_S = 15  # so that no single check uses up all the time


_Case = TypeVar("_Case", bound=Case)


class Result(NamedTuple):
    """One line of the report."""

    id: str
    status: Status
    found: str
    remedy: str


def examine(case: _Case, checks: Sequence[Check[_Case]], *, only: Collection[str] = ()) -> Iterator[Result]:
    """Run the checks, or just those with the ids in `only`, then regardless of what they need.

    If the case names no profile, `findings.Scope` says how often each check runs.
    """
    broken: dict[tuple[str, str], str] = {}  # (profile, id of a check) -> id of the failed check behind it
    case_of = cache(case.of)  # so that a check finds what an earlier one has looked up
    for check in checks:
        if only and check.id not in only:
            continue
        findings: list[tuple[str, Finding]] = []
        for name in _names(case, check):
            failed_check = next(
                (
                    broken[key]
                    for needed_id in check.needs
                    for key in ((name, needed_id), ("", needed_id))
                    if key in broken
                ),
                "",
            )
            try:
                found = [_not_checked(failed_check)] if failed_check and not only else _findings(check, case_of(name))
            except NotChecked as not_checked:
                failed_check = not_checked.failed_check
                found = [of_error(not_checked.error) if only else _not_checked(failed_check)]
            findings += ((name, finding) for finding in found)
            if failed_check:
                broken[name, check.id] = failed_check
            if any(finding.status == "failed" for finding in found):
                broken[name, check.id] = check.id
        for finding in _grouped(findings, names_profiles=not case.name):
            yield Result(check.id, *finding)


def _not_checked(failed_check: str) -> Finding:
    return skipped(f"not checked: {failed_check} failed")


def _names(case: _Case, check: Check[_Case]) -> Sequence[str]:
    """The profiles to run the check for; an empty name stands for none in particular."""
    if check.scope == "machine" or case.name:
        return [case.name]
    loaded = case.loaded
    if not isinstance(loaded, Settings) or check.scope == "target":
        return []
    if check.scope == "profile":
        broken = (table[1] for table in loaded.broken if table[:1] == ("profile",))
        return list(dict.fromkeys([*loaded.profiles, *broken]))
    first = {profile.tokens_name: name for name, profile in reversed(list(loaded.profiles.items()))}
    return list(reversed(first.values()))


def _findings(check: Check[_Case], case: _Case) -> Sequence[Finding]:
    if not case.deadline.left():
        return [skipped(f"not checked: the {case.deadline.seconds:g} s for all checks are over")]
    with case.deadline.shortened(_CHECK_S):
        seconds = min(_CHECK_S, case.deadline.seconds)
        try:
            findings = case.deadline.run(lambda: check.look(case))
        except NotChecked:
            raise
        except Exception as error:  # noqa: BLE001  a bug in one check must not stop the others
            return [_of_exception(error, seconds)]
    return [findings] if isinstance(findings, Finding) else findings


def _of_exception(error: Exception, seconds: float) -> Finding:
    if isinstance(error, DeadlinePassed):
        return failed(f"no answer within {seconds:.0f} s", "see what is slow: oidc-helper doctor --debug")
    if isinstance(error, NotKnown):
        return skipped(str(error))
    if isinstance(error, Denied):
        return skipped(f"not checked: the administrator may not do {error.action}")
    if isinstance(error, OidcHelperError):
        return of_error(error)
    log.debug("%s", "".join(traceback.format_tb(error.__traceback__)))
    return failed(f"unexpected {type(error).__name__}, which is a bug", "oidc-helper doctor --debug")


def _grouped(findings: Sequence[tuple[str, Finding]], *, names_profiles: bool) -> Iterator[Finding]:
    """The findings to report. Findings for several profiles are grouped, each with the names of its profiles."""
    if not names_profiles or not any(name for name, _ in findings):
        yield from (finding for _, finding in findings)
        return
    if len(findings) == 1:
        yield from (finding._replace(found=f"{name}: {finding.found}") for name, finding in findings)
        return
    for status in ("failed", "skipped"):
        alike: dict[tuple[str, str], list[str]] = {}
        for name, finding in findings:
            if finding.status == status:
                alike.setdefault((finding.found, finding.remedy), []).append(name)
        yield from (Finding(status, f"{few(names)}: {found}", remedy) for (found, remedy), names in alike.items())
    if well := [name for name, finding in findings if finding.status == "ok"]:
        yield ok(few(list(dict.fromkeys(well))))
