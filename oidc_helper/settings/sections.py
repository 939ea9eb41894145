"""Check each key of each section by itself, against the schema; rules between keys are not checked here."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from oidc_helper.settings import checks
from oidc_helper.settings.layers import Layer, Place, dotted
from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.problems import Problems
from oidc_helper.settings.schema import KEYS, TOP_LEVEL, Key
from oidc_helper.words import nearest, toml_type

_FEW = 4  # keys that a message lists; the manual lists more
_SECTIONS = ": there are [identity.NAME], [defaults] and [profile.NAME]"

Values = dict[str, Any]  # by key; None for a value that failed its check


class Table(NamedTuple):
    """The values of one table, and where each is written."""

    values: Values
    places: Mapping[str, Place]

    def over(self, below: "Table") -> "Table":
        """The table, with the keys that it lacks taken from the one below."""
        return Table({**below.values, **self.values}, {**below.places, **self.places})

    def only(self, keys: Collection[str]) -> "Table":
        """These keys of the table."""
        return Table(
            {key: value for key, value in self.values.items() if key in keys},
            {key: place for key, place in self.places.items() if key in keys},
        )


class Sections(NamedTuple):
    """The content of one layer or of all, with every value checked and converted; no default is filled in yet."""

    identities: Mapping[str, Table]
    defaults: Table
    profiles: Mapping[str, Table]
    generated: Mapping[str, Table]


def check_sections(layer: Layer, problems: Problems) -> Sections:
    """Check all sections of a layer; relative paths begin at its directory."""
    reader = _Reader(layer, problems)
    for name in layer.document:
        if name not in TOP_LEVEL:
            reader.add((name,), reader.unknown_section(name))
    return Sections(
        identities=reader.named("identity", layer.document.get("identity", {})),
        defaults=reader.placed("profile", layer.document.get("defaults", {}), ("defaults",)),
        profiles=reader.named("profile", layer.document.get("profile", {})),
        generated=reader.named("generated", layer.document.get("generated", {})),
    )


class _Reader(NamedTuple):
    layer: Layer
    problems: Problems

    def add(self, key: KeyPath, text: str) -> None:
        self.problems.add(key, text, layer=self.layer)

    def named(self, section: str, tables: object) -> dict[str, Table]:
        """The tables [section.NAME] by name."""
        if not isinstance(tables, dict):
            self.add((section,), f"must be a table with a name, as in [{section}.analytics]")
            return {}
        checked: dict[str, Table] = {}
        for name, table in tables.items():
            own, nested = self._without_nested(section, table)
            for parts in nested:
                whole = ".".join((name, *parts))
                text = f"a name with a dot in it is written in quotes: [{dotted((section, whole))}]"
                self.problems.add((section, whole), text, written=(section, name, *parts), layer=self.layer)
                checked[whole] = _stand_in(section)
            if nested and not own:
                continue
            try:
                checks.name(name)
            except checks.UnfitError as error:
                self.add((section, name), str(error))
            placed = self.placed(section, own, (section, name))
            if isinstance(table, dict):
                checked[name] = placed
        return checked

    def _without_nested(self, section: str, table: object) -> tuple[object, list[KeyPath]]:
        """The table without the inner tables that are not keys, and the names of these, whose dots need quotes."""
        if not isinstance(table, dict):
            return table, []
        known = [key.name for key in KEYS[section]]
        nested = [
            name
            for name, value in table.items()
            if isinstance(value, dict) and name not in known and not self.problems.advice(name, known)
        ]
        own = {name: value for name, value in table.items() if name not in nested}
        return own, [(name, *parts) for name in nested for parts in _further_parts(table[name], known)]

    def placed(self, section: str, table: object, path: KeyPath) -> Table:
        """One table, with the places of its values."""
        values = self.table(section, table, path)
        return Table(values, {key: self.layer.place(path, key) for key in values})

    def table(self, section: str, table: object, path: KeyPath) -> Values:
        """The values of one table that has the keys of `section`."""
        if not isinstance(table, dict):
            self.add(path, f"must be a table, not {toml_type(table)}")
            return {}
        known = {key.name: key for key in KEYS[section]}
        values: Values = {}
        for name, value in table.items():
            if name in known:
                values[name] = self._value(known[name], value, (*path, name))
            else:
                self.add((*path, name), self._unknown_key(name, known))
                if intended := "" if self.problems.are_many else nearest(name, known):
                    values.setdefault(intended, None)  # so that no rule calls it missing
        return values

    def _value(self, key: Key, value: object, path: KeyPath) -> Any:
        if key.table:
            return self._inner_table(key, value, path)
        try:
            checked = key.check(value)
        except checks.UnfitError as error:
            self.add(path, str(error))
            return None
        return str(Path(self.layer.path).parent / checked) if key.is_path and checked not in key.words else checked

    def _inner_table(self, key: Key, value: object, path: KeyPath) -> Values | None:
        if not isinstance(value, dict) and key.why_table:
            self.add(path, key.why_table)
            return None
        values = self.table(key.table, value, path)
        if not isinstance(value, dict):
            return None
        for inner in KEYS[key.table]:
            if inner.required and inner.name not in values:
                self.add((*path, inner.name), "missing")
        if key.one_of and len(value) != 1:
            names = ", ".join(inner.name for inner in KEYS[key.table])
            self.add(path, f"must have exactly one of {names}")
        return values

    def unknown_section(self, name: str) -> str:
        if any(key.name == name for key in KEYS["profile"]):
            return "stands outside of any section: put it under [defaults] or [profile.NAME]"
        return f"unknown section{self.problems.advice(name, TOP_LEVEL) or _SECTIONS}"

    def _unknown_key(self, name: str, known: Mapping[str, Key]) -> str:
        advice = self.problems.advice(name, known)
        if not advice and len(known) <= _FEW:
            advice = f": the keys here are {', '.join(known)}"
        return f"unknown key{advice}"


def _further_parts(table: Mapping[str, object], known: Collection[str]) -> list[KeyPath]:
    """How a dotted name goes on, by the tables in this one if it has nothing else; not at all if it has own keys."""
    inner = {name: value for name, value in table.items() if isinstance(value, dict) and name not in known}
    if not table or len(inner) < len(table):
        return [()]
    return [(name, *parts) for name, value in inner.items() for parts in _further_parts(value, known)]


def _stand_in(section: str) -> Table:
    """A table that counts as present, so that nothing else is reported because it is missing."""
    return Table({key.name: None for key in KEYS[section] if key.required}, {})
