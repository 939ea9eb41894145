"""The rules between keys: each source has its own keys, a profile one target, and names must exist."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import Problems
from oidc_helper.settings.schema import KEYS, SOURCES
from oidc_helper.settings.sections import Sections, Values
from oidc_helper.words import did_you_mean, listed

_LISTED = 8  # names in a message
_MISFITS = {"account access": "must not stand with account_access: it belongs to an identity-enhanced role session"}
_PROFILE_KEYS = {key.name: key for key in KEYS["profile"]}


class Merged(NamedTuple):
    """A profile's own values and those that it inherits from [defaults], with the table of each."""

    values: Values
    tables: Mapping[str, KeyPath]


def merge(name: str, own: Values, defaults: Values) -> Merged:
    """Merge [defaults] into a profile; its own target displaces the default one, and the keys that serve only that.

    So a profile's own role_arn is not opened through the account_access of [defaults].
    """
    target = _target(own) or _target(defaults | own)
    inherited = {key for key in defaults if _serves(key, target)} - own.keys()
    return Merged(
        values={key: defaults[key] for key in inherited} | own,
        tables=dict.fromkeys(inherited, ("defaults",)) | dict.fromkeys(own, ("profile", name)),
    )


def check_rules(sections: Sections, profiles: Mapping[str, Merged], problems: Problems) -> None:
    """Add a problem for every broken rule; values that failed their own check are passed over."""
    for name, values in sections.identities.items():
        _check_source(("identity", name), values, problems)
        _check_name(("identity", name, "profile"), values.get("profile"), "profile", sections.profiles, problems)
    tables = {("defaults",): sections.defaults} | {("profile", name): own for name, own in sections.profiles.items()}
    for table, values in tables.items():
        _check_name((*table, "identity"), values.get("identity"), "identity", sections.identities, problems)
        _check_one_target(table, values, problems)
    for key in sections.defaults:
        if _PROFILE_KEYS[key].own:
            problems.add(("defaults", key), "belongs to a single profile: put it under [profile.NAME]")
    for identity in sections.generated:
        _check_name(("generated", identity), identity, "identity", sections.identities, problems)
    for name, merged in profiles.items():
        _check_complete(("profile", name), merged.values, problems)
        _check_caller(("profile", name), merged, sections.identities, problems)
    _check_circles(sections.identities, profiles, problems)


def _check_source(path: KeyPath, values: Values, problems: Problems) -> None:
    if "source" not in values:
        problems.add((*path, "source"), f"missing: one of {listed(SOURCES)}")
    if not (source := values.get("source")):
        return
    needed, taken = SOURCES[source].requires, SOURCES[source].takes
    for key in needed:
        if key not in values:
            problems.add((*path, key), f'missing: source "{source}" needs it')
    for key in values:
        if key not in ("source", *needed, *taken):
            owners = listed(name for name, other in SOURCES.items() if key in other.requires + other.takes)
            problems.add((*path, key), f'belongs to source {owners}, and this one is "{source}"')
    if "client_authentication" in values and "client_secret" not in values:
        problems.add((*path, "client_authentication"), "needs client_secret, which this identity does not have")


def _check_name(path: KeyPath, name: str | None, section: str, known: Iterable[str], problems: Problems) -> None:
    if name is not None and name not in known:
        others = f": the file has {', '.join(sorted(known)[:_LISTED])}" if known else ""
        problems.add(path, f"there is no {section} {name}{did_you_mean(name, known) or others}")


def _serves(key: str, target: str) -> bool:
    targets = _PROFILE_KEYS[key].targets
    return not targets or target in targets


def _target(values: Values) -> str:
    if "role_arn" in values:
        return "account access" if "account_access" in values else "role"
    return "permission set" if values.keys() & {"account_id", "permission_set"} else ""


def _check_one_target(path: KeyPath, values: Values, problems: Problems) -> None:
    """A table may name one target only; [defaults] may add an account_id for the profiles that need one."""
    others = ("permission_set",) if path == ("defaults",) else ("account_id", "permission_set")
    for key in others:
        if key in values and "role_arn" in values:
            problems.add((*path, key), "must not stand with role_arn: a profile has one target")


def _check_complete(path: KeyPath, values: Values, problems: Problems) -> None:
    target = _target(values)
    for key in _PROFILE_KEYS.values():
        if key.required and key.name not in values:
            problems.add((*path, key.name), "missing: set it in the profile or in [defaults]")
        if key.name in values and not _serves(key.name, target) and "permission set" not in key.targets:
            reason = _MISFITS.get(target, "needs role_arn, which this profile does not have")
            problems.add((*path, key.name), reason)
    if "role_arn" not in values:
        for name, other in (("account_id", "permission_set"), ("permission_set", "account_id")):
            if name in values and other not in values:
                problems.add((*path, other), f"missing: {name} needs it")


def is_usable(merged: Merged, identities: Mapping[str, Values]) -> bool:
    """Whether a profile that is not in the file keeps the rules."""
    problems = Problems("", {})
    _check_complete(("profile",), merged.values, problems)
    _check_caller(("profile",), merged, identities, problems)
    return not problems.found


def _identity_of(profile: Merged, identities: Mapping[str, Values]) -> Values:
    return identities.get(profile.values["identity"], {}) if "identity" in profile.values else {}


def _check_caller(path: KeyPath, merged: Merged, identities: Mapping[str, Values], problems: Problems) -> None:
    source = _identity_of(merged, identities).get("source")
    caller = merged.values.get("caller") or {}
    if source and not SOURCES[source].gives_identity_token and "web_identity_role_arn" in caller:
        problems.add(
            (*path, "caller"),
            f'web_identity_role_arn needs an identity token, and source "{source}" gives none',
            written=(*merged.tables["caller"], "caller"),
        )


def _check_circles(identities: Mapping[str, Values], profiles: Mapping[str, Merged], problems: Problems) -> None:
    """A row of profiles, each of which exchanges the next one's token, may not come back to where it began."""
    next_of = {}
    for name, merged in profiles.items():
        if profile := _identity_of(merged, identities).get("profile"):
            next_of[name] = profile
    seen: set[str] = set()
    for start in next_of:
        trail: dict[str, None] = {}
        name = start
        while name in next_of and name not in seen:
            seen.add(name)
            trail[name] = None
            name = next_of[name]
        if name in trail:
            names = list(trail)
            circle = " -> ".join([*names[names.index(name) :], name])
            written = (*profiles[name].tables["identity"], "identity")
            problems.add(("profile", name, "identity"), f"its token would come from itself: {circle}", written)
