"""Which tables a problem breaks: a mistake in an identity or a profile breaks what uses it, and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import MOST, Problem
from oidc_helper.settings.schema import KEYS
from oidc_helper.settings.sections import Sections, Table

Broken = Mapping[KeyPath, Sequence[Problem]]
"""The problems by table, as ("profile", "analytics"); by () those that concern everything."""

EVERYTHING: KeyPath = ()
_DEFAULTS: KeyPath = ("defaults",)
_UNKNOWN = ""
_PROFILE_KEYS = {key.name for key in KEYS["profile"]}


def broken(
    layers: Mapping[str, Sections], sections: Sections, profiles: Mapping[str, Table], problems: Iterable[Problem]
) -> Broken:
    """The tables that cannot be used, and why: a problem breaks each table that takes the value in question.

    `layers` are the sections of each file, `sections` those of all files merged, `profiles` the profiles with
    [defaults] merged in.
    """
    own: dict[KeyPath, list[Problem]] = {}
    by_default: dict[str, list[Problem]] = {}
    for problem in problems:
        table = _table(problem.key)
        if table == _DEFAULTS:
            key = problem.key[1] if problem.key[1] in _PROFILE_KEYS else _UNKNOWN
            by_default.setdefault(key, []).append(problem)
        elif not _is_overruled(problem, table, layers, sections):
            own.setdefault(table, []).append(problem)
    for name, profile in profiles.items():
        if inherited := _inherited(by_default, profile):
            own.setdefault(("profile", name), []).extend(inherited)
    uses: dict[KeyPath, KeyPath] = {}
    for name, identity in sections.identities.items():
        uses["identity", name] = ("profile", identity.values.get("profile") or "")
    for name, profile in profiles.items():
        uses["profile", name] = ("identity", profile.values.get("identity") or "")
    return {table: defects for table, defects in _with_what_they_use(own, uses).items() if defects}


def _table(key: KeyPath) -> KeyPath:
    """The named table or [defaults] that the key is in; EVERYTHING for any other key."""
    if key[:1] in (("identity",), ("profile",), ("generated",)) and len(key) > 1:
        return key[:2]
    return _DEFAULTS if key[:1] == _DEFAULTS and len(key) > 1 else EVERYTHING


def _is_overruled(problem: Problem, table: KeyPath, layers: Mapping[str, Sections], sections: Sections) -> bool:
    """Whether another layer overrules the very value that the problem is about."""
    if table == EVERYTHING or not problem.key[2:]:
        return False
    written, key = _at(layers[problem.file], table), problem.key[2]
    if not written or key not in written.values:
        return False
    in_force = _at(sections, table)
    return not in_force or in_force.places.get(key) != written.places[key]


def _at(sections: Sections, table: KeyPath) -> Table | None:
    kind, name = table
    tables = {"identity": sections.identities, "profile": sections.profiles, "generated": sections.generated}
    return tables[kind].get(name)


def _inherited(by_default: Mapping[str, Sequence[Problem]], profile: Table) -> list[Problem]:
    """The problems of values that the profile takes from [defaults], and of unknown keys there, which may mean any."""
    inherited = list(by_default.get(_UNKNOWN, ())[: MOST + 1])
    for key, place in profile.places.items():
        if place.table == _DEFAULTS:
            inherited += [problem for problem in by_default.get(key, ()) if problem.file == place.file]
    return inherited


def _with_what_they_use(
    own: Mapping[KeyPath, Sequence[Problem]], uses: Mapping[KeyPath, KeyPath]
) -> dict[KeyPath, Sequence[Problem]]:
    """The problems of each table, and then of all that it uses, directly or not; uses may form a circle."""
    whole: dict[KeyPath, Sequence[Problem]] = {}
    for start in (*own, *uses) if own else ():
        trail: dict[KeyPath, None] = {}
        table: KeyPath | None = start
        while table and table not in whole and table not in trail:
            trail[table] = None
            table = uses.get(table)
        names = list(trail)
        circle = names[names.index(table) :] if table in trail else []
        below = _together(*(own.get(each, ()) for each in circle)) if circle else whole.get(table or (), ())
        for each in reversed(names):
            below = whole[each] = _together(own.get(each, ()), below)
    whole[EVERYTHING] = own.get(EVERYTHING, ())
    return whole


def _together(*problems: Sequence[Problem]) -> Sequence[Problem]:
    """Each problem once, and no more than one message holds."""
    return list(dict.fromkeys(chain(*problems)))[: MOST + 1]
