"""From a parsed document to Settings: check everything, merge the defaults, fill in, freeze."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from oidc_helper.settings.lines import KeyPath, line_of
from oidc_helper.settings.model import Caller, ClientSecret, Generated, Identity, Profile, S3Grant, Settings
from oidc_helper.settings.problems import Problems, dotted
from oidc_helper.settings.rules import Merged, check_rules, is_usable, merge
from oidc_helper.settings.schema import KEYS, SOURCES
from oidc_helper.settings.sections import Sections, Values, check_sections


def resolve(document: Mapping[str, Any], lines: Mapping[KeyPath, int], path: str, stamp: str) -> Settings:
    """The settings of the whole document. Raises WrongSettings with every problem of it."""
    problems = Problems(path, lines)
    sections = check_sections(document, Path(path).parent, problems)
    merged = {name: merge(name, own, sections.defaults) for name, own in sections.profiles.items()}
    check_rules(sections, merged, problems)
    problems.report()
    identities = {name: _identity(name, values, lines) for name, values in sections.identities.items()}
    profiles = {name: _profile(name, values, identities, lines) for name, values in merged.items()}
    return Settings(
        path,
        stamp,
        identities,
        profiles,
        tenant=sections.defaults.get("account_access"),
        generated={name: _generated(values) for name, values in sections.generated.items()},
        defaults=sections.defaults,
        unnamed=_unnamed(sections, identities, lines),
    )


def _unnamed(sections: Sections, identities: Mapping[str, Identity], lines: Mapping[KeyPath, int]) -> Profile | None:
    general = {key.name for key in KEYS["profile"] if not key.targets}
    merged = merge("", {}, {name: value for name, value in sections.defaults.items() if name in general})
    return _profile("", merged, identities, lines) if is_usable(merged, sections.identities) else None


def _generated(values: Values) -> Generated:
    return Generated(**({key.name: key.default for key in KEYS["generated"]} | values))


def _identity(name: str, values: Values, lines: Mapping[KeyPath, int]) -> Identity:
    source = SOURCES[values["source"]]
    defaults = {key.name: key.default for key in KEYS["identity"] if key.name in source.takes and key.default}
    filled = defaults | values
    if secret := values.get("client_secret"):
        filled["client_secret"] = ClientSecret(**secret)
    tables = dict.fromkeys(values, ("identity", name))
    return Identity(name, **filled, origins=_origins(filled, tables, lines))


def _profile(name: str, merged: Merged, identities: Mapping[str, Identity], lines: Mapping[KeyPath, int]) -> Profile:
    filled: Values = {key.name: key.default for key in KEYS["profile"]} | merged.values
    partition = (filled["role_arn"] or filled["application_arn"]).split(":")[1]
    filled["identity"] = identities[filled["identity"]]
    filled["caller"] = Caller(**filled["caller"])
    center = filled["identity_center_region"]
    filled["region"] = filled["region"] or (center if isinstance(center, str) else center[0])
    filled["identity_context_provider_arn"] = (
        filled["identity_context_provider_arn"] or f"arn:{partition}:iam::aws:contextProvider/IdentityCenter"
    )
    if filled["s3_grant"]:
        account_id = filled["role_arn"].split(":")[4]
        defaults = {key.name: key.default for key in KEYS["s3_grant"]} | {"account_id": account_id}
        filled["s3_grant"] = S3Grant(**(defaults | filled["s3_grant"]))
    return Profile(name, **filled, origins=_origins(filled, merged.tables, lines))


def _origins(keys: Iterable[str], tables: Mapping[str, KeyPath], lines: Mapping[KeyPath, int]) -> dict[str, str]:
    """The table and line where each key's value was written."""
    return {
        key: _place(tables[key], line_of(lines, (*tables[key], key))) if key in tables else "default" for key in keys
    }


def _place(table: KeyPath, line: int | None) -> str:
    return f"{dotted(table)} (line {line})" if line else dotted(table)
