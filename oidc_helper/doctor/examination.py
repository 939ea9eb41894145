"""Makes the checks in their order, each within its time, and passes over those whose condition is not met."""

import logging
import traceback
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import NamedTuple, TypeVar

from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Check, Finding, NotKnown, NotLookedAt, Status, failed, of_error, ok, skipped
from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.deadline import DeadlinePassed
from oidc_helper.settings import Settings
from oidc_helper.words import few

log = logging.getLogger("oidc_helper.doctor.examination")

_CHECK_S = 15  # no single check may take all of the time


_Case = TypeVar("_Case", bound=Case)


class Result(NamedTuple):
    """One line of the report."""

    id: str
    status: Status
    found: str
    remedy: str


def examine(case: _Case, checks: Sequence[Check[_Case]], *, only: Collection[str] = ()) -> Iterator[Result]:
    """Make the checks, or those with the ids of `only`, whose conditions then do not count.

    Where the case names no profile, see `findings.Scope`.
    """
    broken: dict[tuple[str, str], str] = {}  # (profile, id of a check) -> id of the check that failed
    of = cache(case.of)  # what one check has looked up, the next one finds
    for check in checks:
        if only and check.id not in only:
            continue
        findings: list[tuple[str, Finding]] = []
        for name in _names(case, check):
            why = next(
                (broken[key] for needed in check.needs for key in ((name, needed), ("", needed)) if key in broken), ""
            )
            try:
                made = [_not_looked_at(why)] if why and not only else _made(check, of(name))
            except NotLookedAt as nothing:
                why = nothing.failed_check
                made = [of_error(nothing.error) if only else _not_looked_at(why)]
            findings += ((name, finding) for finding in made)
            if why:
                broken[name, check.id] = why
            if any(finding.status == "failed" for finding in made):
                broken[name, check.id] = check.id
        for finding in _told(findings, names_profiles=not case.name):
            yield Result(check.id, *finding)


def _not_looked_at(why: str) -> Finding:
    return skipped(f"not looked at: {why} failed")


def _names(case: _Case, check: Check[_Case]) -> Sequence[str]:
    """The profiles that the check is made for; an empty name is for none in particular."""
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


def _made(check: Check[_Case], case: _Case) -> Sequence[Finding]:
    if not case.deadline.left():
        return [skipped(f"not looked at: the {case.deadline.seconds:g} s for all checks are over")]
    with case.deadline.shortened(_CHECK_S):
        seconds = min(_CHECK_S, case.deadline.seconds)
        try:
            made = case.deadline.run(lambda: check.look(case))
        except NotLookedAt:
            raise
        except Exception as error:  # noqa: BLE001  a bug in one check keeps no other from being made
            return [_of_exception(error, seconds)]
    return [made] if isinstance(made, Finding) else made


def _of_exception(error: Exception, seconds: float) -> Finding:
    if isinstance(error, DeadlinePassed):
        return failed(f"no answer within {seconds:.0f} s", "see what is slow: oidc-helper doctor --debug")
    if isinstance(error, NotKnown):
        return skipped(str(error))
    if isinstance(error, Denied):
        return skipped(f"not looked at: the administrator may not do {error.action}")
    if isinstance(error, OidcHelperError):
        return of_error(error)
    log.debug("%s", "".join(traceback.format_tb(error.__traceback__)))
    return failed(f"unexpected {type(error).__name__}, which is a bug", "oidc-helper doctor --debug")


def _told(findings: Sequence[tuple[str, Finding]], *, names_profiles: bool) -> Iterator[Finding]:
    """Of several profiles, what is wrong with each, and which are well."""
    if not names_profiles or not any(name for name, _ in findings):
        yield from (finding for _, finding in findings)
        return
    if len(findings) == 1:
        yield from (finding._replace(found=f"{name}: {finding.found}") for name, finding in findings)
        return
    for status in ("failed", "skipped"):
        told = [(name, finding) for name, finding in findings if finding.status == status]
        alike: dict[tuple[str, str], list[str]] = {}
        for name, finding in told:
            alike.setdefault((finding.found, finding.remedy), []).append(name)
        yield from (Finding(status, f"{few(names)}: {found}", remedy) for (found, remedy), names in alike.items())
    if well := [name for name, finding in findings if finding.status == "ok"]:
        yield ok(few(list(dict.fromkeys(well))))
