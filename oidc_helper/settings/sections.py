"""Check each key of each section by itself, against the schema; the rules between keys are not known here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from oidc_helper.settings import checks
from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import Problems
from oidc_helper.settings.schema import KEYS, TOP_LEVEL, Key
from oidc_helper.words import did_you_mean, nearest, shown, toml_type

_FEW = 4  # keys that a message lists; the manual lists more
_SECTIONS = ": there are [identity.NAME], [defaults] and [profile.NAME]"

Values = dict[str, Any]  # by key; None for a value that failed its check


class Sections(NamedTuple):
    """The document with every value checked and converted; nothing is merged or filled in yet."""

    identities: Mapping[str, Values]
    defaults: Values
    profiles: Mapping[str, Values]
    generated: Mapping[str, Values]


def check_sections(document: Mapping[str, Any], directory: Path, problems: Problems) -> Sections:
    """Check all sections; relative paths begin at `directory`."""
    for name in document:
        if name not in TOP_LEVEL:
            problems.add((name,), _unknown_section(name))
    reader = _Reader(directory, problems)
    return Sections(
        identities=reader.named("identity", document.get("identity", {})),
        defaults=reader.table("profile", document.get("defaults", {}), ("defaults",)),
        profiles=reader.named("profile", document.get("profile", {})),
        generated=reader.named("generated", document.get("generated", {})),
    )


def _unknown_section(name: str) -> str:
    if any(key.name == name for key in KEYS["profile"]):
        return "stands outside of any section: put it under [defaults] or [profile.NAME]"
    return f"unknown section{did_you_mean(name, TOP_LEVEL) or _SECTIONS}"


class _Reader(NamedTuple):
    directory: Path
    problems: Problems

    def named(self, section: str, tables: object) -> dict[str, Values]:
        """The tables [section.NAME] by name."""
        if not isinstance(tables, dict):
            self.problems.add((section,), f"must be a table with a name, as in [{section}.analytics]")
            return {}
        for name in tables:
            try:
                checks.name(name)
            except checks.UnfitError as error:
                self.problems.add((section, name), str(error))
        values_of = {name: self.table(section, table, (section, name)) for name, table in tables.items()}
        return {name: values for name, values in values_of.items() if isinstance(tables[name], dict)}

    def table(self, section: str, table: object, path: KeyPath) -> Values:
        """The values of one table that has the keys of `section`."""
        if not isinstance(table, dict):
            self.problems.add(path, f"must be a table, not {toml_type(table)}")
            return {}
        known = {key.name: key for key in KEYS[section]}
        values: Values = {}
        for name, value in table.items():
            if name in known:
                values[name] = self._value(known[name], value, (*path, name))
            else:
                self.problems.add((*path, name), _unknown_key(name, value, known, path))
                if meant := nearest(name, known):
                    values.setdefault(meant, None)  # so that no rule calls it missing
        return values

    def _value(self, key: Key, value: object, path: KeyPath) -> Any:
        if key.table:
            return self._inner_table(key, value, path)
        try:
            checked = key.check(value)
        except checks.UnfitError as error:
            self.problems.add(path, str(error))
            return None
        return str(self.directory / checked) if key.is_path and checked not in key.words else checked

    def _inner_table(self, key: Key, value: object, path: KeyPath) -> Values | None:
        if not isinstance(value, dict) and key.why_table:
            self.problems.add(path, key.why_table)
            return None
        values = self.table(key.table, value, path)
        if not isinstance(value, dict):
            return None
        for inner in KEYS[key.table]:
            if inner.required and inner.name not in values:
                self.problems.add((*path, inner.name), "missing")
        if key.one_of and len(value) != 1:
            names = ", ".join(inner.name for inner in KEYS[key.table])
            self.problems.add(path, f"must have exactly one of {names}")
        return values


def _unknown_key(name: str, value: object, known: Mapping[str, Key], path: KeyPath) -> str:
    advice = did_you_mean(name, known)
    if isinstance(value, dict) and not advice and len(path) == 2 and path[0] in KEYS:
        advice = f"; a name with a dot in it is written in quotes, as in [{path[0]}.{shown(f'{path[1]}.{name}', 64)}]"
    if not advice and len(known) <= _FEW:
        advice = f": the keys here are {', '.join(known)}"
    return f"unknown key{advice}"
