"""The rules between keys: each source has its own keys, a profile one target, and names must exist."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import Problems
from oidc_helper.settings.schema import KEYS, SOURCES
from oidc_helper.settings.sections import Sections, Table, Values
from oidc_helper.words import listed

_LISTED = 8  # names in a message
_MISFITS = {"account access": "must not stand with account_access: it belongs to an identity-enhanced role session"}
_PROFILE_KEYS = {key.name: key for key in KEYS["profile"]}


def stack(layers: Sequence[Sections]) -> Sections:
    """The layers merged: for each key, the first layer that has it wins.

    A profile's target in an upper layer replaces the one of a lower layer, as it does that of [defaults].
    """
    identities: dict[str, Table] = {}
    defaults = Table({}, {})
    profiles: dict[str, Table] = {}
    generated: dict[str, Table] = {}
    for layer in reversed(layers):
        for tables, below in ((layer.identities, identities), (layer.generated, generated)):
            below |= {name: own.over(below[name]) if name in below else own for name, own in tables.items()}
        defaults = layer.defaults.over(defaults)
        for name, own in layer.profiles.items():
            profiles[name] = _over_profile(own, profiles[name]) if name in profiles else own
    return Sections(identities, defaults, profiles, generated)


def _over_profile(own: Table, below: Table) -> Table:
    target = target_of(own.values)
    return own.over(below.only([key for key in below.values if not target or serves(key, target)]))


def merge(own: Table, defaults: Table) -> Table:
    """Merge [defaults] into a profile; its own target replaces the default one, and the keys that serve only that.

    So a profile's own role_arn is not opened through the account_access of [defaults].
    """
    target = target_of(own.values) or target_of({**defaults.values, **own.values})
    return own.over(defaults.only([key for key in defaults.values if serves(key, target)]))


def check_rules(sections: Sections, profiles: Mapping[str, Table], problems: Problems) -> None:
    """Add a problem for every broken rule; values that failed their own check are skipped."""
    for name, identity in sections.identities.items():
        _check_source(("identity", name), identity.values, problems)
        exchanged = identity.values.get("profile")
        _check_name(("identity", name, "profile"), exchanged, "profile", sections.profiles, problems)
    for key in sections.defaults.values:
        if _PROFILE_KEYS[key].own:
            problems.add(("defaults", key), "belongs to a single profile: put it under [profile.NAME]")
    for name in sections.generated:
        _check_name(("generated", name), name, "identity", sections.identities, problems)
    tables = {("defaults",): sections.defaults} | {("profile", name): own for name, own in sections.profiles.items()}
    for path, table in tables.items():
        _check_name((*path, "identity"), table.values.get("identity"), "identity", sections.identities, problems)
        _check_one_target(path, table.values, problems)
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


def _check_name(path: KeyPath, name: str | None, section: str, known: Collection[str], problems: Problems) -> None:
    if name is not None and name not in known:
        others = f": the configuration has {', '.join(sorted(known)[:_LISTED])}" if known else ""
        problems.add(path, f"there is no {section} {name}{problems.advice(name, known) or others}")


def serves(key: str, target: str) -> bool:
    """Whether a profile with that kind of target may have the key."""
    targets = _PROFILE_KEYS[key].targets
    return not targets or target in targets


def target_of(values: Mapping[str, Any]) -> str:
    """The kind of target that these values name; empty if they name none."""
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
    target = target_of(values)
    for key in _PROFILE_KEYS.values():
        if key.required and key.name not in values:
            problems.add((*path, key.name), "missing: set it in the profile or in [defaults]")
        if key.name in values and not serves(key.name, target) and "permission set" not in key.targets:
            reason = _MISFITS.get(target, "needs role_arn, which this profile does not have")
            problems.add((*path, key.name), reason)
    if "role_arn" not in values:
        for name, other in (("account_id", "permission_set"), ("permission_set", "account_id")):
            if name in values and other not in values:
                problems.add((*path, other), f"missing: {name} needs it")


def check_unnamed(merged: Table, identities: Mapping[str, Table], problems: Problems) -> None:
    """Add a problem for every rule that the profile made of [defaults] alone breaks."""
    _check_complete(("profile",), merged.values, problems)
    _check_caller(("profile",), merged, identities, problems)


def _identity_of(profile: Table, identities: Mapping[str, Table]) -> Values:
    identity = identities.get(profile.values["identity"]) if "identity" in profile.values else None
    return identity.values if identity else {}


def _check_caller(path: KeyPath, merged: Table, identities: Mapping[str, Table], problems: Problems) -> None:
    source = _identity_of(merged, identities).get("source")
    caller = merged.values.get("caller") or {}
    if source and not SOURCES[source].gives_identity_token and "web_identity_role_arn" in caller:
        problems.add(
            (*path, "caller"),
            f'web_identity_role_arn needs an identity token, and source "{source}" gives none',
            written=(*merged.places["caller"].table, "caller"),
        )


def _check_circles(identities: Mapping[str, Table], profiles: Mapping[str, Table], problems: Problems) -> None:
    """Profiles that exchange each other's tokens must not form a circle."""
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
            written = (*profiles[name].places["identity"].table, "identity")
            problems.add(("profile", name, "identity"), f"its token would come from itself: {circle}", written=written)
