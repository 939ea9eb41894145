"""Check the settings: both layers, and what they say the profile is."""

from collections.abc import Sequence

from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, NotChecked, failed, ok
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Problem, Profile, Settings, regions


def settings(case: Case) -> Sequence[Finding]:
    """Report every problem in any file, except those of the named profile, which `profile` reports."""
    loaded = case.settings
    of_profile = () if loaded.broken.get(()) else loaded.broken.get(("profile", case.name), ())
    if problems := [problem for problem in loaded.problems if problem not in of_profile]:
        return [failed(problem.message, _remedy(problem)) for problem in problems]
    counts = f"{_count(len(loaded.identities), 'identity', 'identities')}, {_count(len(loaded.profiles), 'profile')}"
    return [ok(f"{loaded.where}: {counts}")]


def profile(case: Case) -> Sequence[Finding]:
    """What the profile gives, and from what."""
    try:
        return [ok(_described(case.profile))]
    except WrongSettings as error:
        loaded = case.loaded
        if not isinstance(loaded, Settings) or loaded.broken.get(()) or not case.is_named:
            raise NotChecked("settings", error) from None
        return [failed(problem.message, _remedy(problem)) for problem in loaded.broken["profile", case.name]]


def _described(profile: Profile) -> str:
    what = {
        "role": f"role {profile.role_arn}",
        "permission set": f"permission set {profile.permission_set} in account {profile.account_id}",
        "account access": f"role {profile.role_arn}, given through {profile.account_access}",
        None: "tokens only",
    }[profile.target]
    grant = f" and the S3 grant on {profile.s3_grant.target}" if profile.s3_grant else ""
    doubts = "".join(f"; {doubt}" for doubt in regions.doubts((*profile.identity_center_regions, profile.region)))
    identity = f"identity {profile.identity.name} ({profile.identity.source})"
    places = ", ".join(profile.identity_center_regions)
    return f"{what}{grant}; {identity}, application {profile.application_arn} in {places}{doubts}"


def _remedy(problem: Problem) -> str:
    if problem.hint:
        return problem.hint
    line = f" (line {problem.line})" if problem.line else ""
    return f"edit {problem.file}{line}; for every key: oidc-helper help config"


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"
