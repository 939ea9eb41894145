"""The settings: both layers, and what the profile is by them."""

from collections.abc import Sequence

from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, NotLookedAt, failed, ok
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Problem, Profile, Settings, regions


def settings(case: Case) -> Sequence[Finding]:
    """Every problem of any file; those that keep the named profile from being used are told with that."""
    loaded = case.settings
    of_profile = () if loaded.broken.get(()) else loaded.broken.get(("profile", case.name), ())
    if problems := [problem for problem in loaded.problems if problem not in of_profile]:
        return [failed(problem.message, _remedy(problem)) for problem in problems]
    counts = f"{_count(len(loaded.identities), 'identity', 'identities')}, {_count(len(loaded.profiles), 'profile')}"
    return [ok(f"{loaded.where}: {counts}")]


def profile(case: Case) -> Sequence[Finding]:
    """What the profile is for, and how it comes to that."""
    try:
        return [ok(_described(case.profile))]
    except WrongSettings as error:
        loaded = case.loaded
        if not isinstance(loaded, Settings) or loaded.broken.get(()) or not case.is_named:
            raise NotLookedAt("settings", error) from None
        return [failed(problem.message, _remedy(problem)) for problem in loaded.broken["profile", case.name]]


def _described(its: Profile) -> str:
    what = {
        "role": f"role {its.role_arn}",
        "permission set": f"permission set {its.permission_set} in account {its.account_id}",
        "account access": f"role {its.role_arn}, given through {its.account_access}",
        None: "tokens only",
    }[its.target]
    grant = f" and the S3 grant on {its.s3_grant.target}" if its.s3_grant else ""
    doubts = "".join(f"; {doubt}" for doubt in regions.doubts((*its.identity_center_regions, its.region)))
    identity = f"identity {its.identity.name} ({its.identity.source})"
    places = ", ".join(its.identity_center_regions)
    return f"{what}{grant}; {identity}, application {its.application_arn} in {places}{doubts}"


def _remedy(problem: Problem) -> str:
    if problem.hint:
        return problem.hint
    line = f" (line {problem.line})" if problem.line else ""
    return f"edit {problem.file}{line}; for every key: oidc-helper help config"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
