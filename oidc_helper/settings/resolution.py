"""From the layers of a configuration to Settings: check everything, merge, fill in, freeze."""

from collections.abc import Iterable, Mapping, Sequence

from oidc_helper.settings.layers import DEFAULT, Layer, Place
from oidc_helper.settings.model import Caller, ClientSecret, Generated, Identity, Profile, S3Grant, Settings
from oidc_helper.settings.problems import Problem, Problems
from oidc_helper.settings.rules import check_rules, check_unnamed, merge, stack
from oidc_helper.settings.schema import KEYS, SOURCES
from oidc_helper.settings.sections import Sections, Table, Values, check_sections
from oidc_helper.settings.soundness import EVERYTHING, broken


def resolve(layers: Sequence[Layer], unread: Sequence[Problem], path: str, stamp: str) -> Settings:
    """The settings of all layers merged; for each key the first layer wins.

    `unread` are the problems of files that could not become layers. Their content is unknown, so nothing can be used,
    and no rule between keys can be checked.
    """
    problems = Problems(layers)
    sections_by_file = {layer.path: check_sections(layer, problems) for layer in layers}
    sections = stack(list(sections_by_file.values()))
    merged = {name: merge(own, sections.defaults) for name, own in sections.profiles.items()}
    if not unread:
        check_rules(sections, merged, problems)
    defects = dict(broken(sections_by_file, sections, merged, problems.in_order))
    if unread:
        defects[EVERYTHING] = [*unread, *defects.get(EVERYTHING, ())]
    is_usable = EVERYTHING not in defects
    identities = {
        name: _identity(name, table)
        for name, table in sections.identities.items()
        if is_usable and ("identity", name) not in defects
    }
    profiles = {
        name: _profile(name, table, identities)
        for name, table in merged.items()
        if is_usable and ("profile", name) not in defects
    }
    return Settings(
        path,
        stamp,
        identities,
        profiles,
        tenant=sections.defaults.values.get("account_access"),
        files=tuple(layer.path for layer in layers),
        problems=[*unread, *problems.in_order],
        broken=defects,
        generated={name: _generated(table.values) for name, table in sections.generated.items()},
        defaults=sections.defaults.values,
        unnamed=_unnamed(layers, sections, identities),
    )


def for_sign_in(name: str, identity: Identity, *, ca_bundle: str | None = None) -> Profile:
    """A profile that is only good for signing in at the identity provider: nothing about AWS is known yet."""
    unset: Values = {key.name: key.default if key.default is not None else "" for key in KEYS["profile"]}
    return Profile(
        name, **{**unset, "identity": identity, "caller": Caller(), "ca_bundle": ca_bundle, "s3_grant": None}
    )


def _unnamed(layers: Sequence[Layer], sections: Sections, identities: Mapping[str, Identity]) -> Profile | None:
    merged = sections.defaults.only([key.name for key in KEYS["profile"] if not (key.targets or key.own)])
    problems = Problems(layers)
    check_unnamed(merged, sections.identities, problems)
    is_sound = not problems.in_order and None not in merged.values.values() and merged.values["identity"] in identities
    return _profile("", merged, identities) if is_sound else None


def _generated(values: Values) -> Generated:
    sound = {name: value for name, value in values.items() if value is not None}
    return Generated(**({key.name: key.default for key in KEYS["generated"]} | sound))


def _identity(name: str, table: Table) -> Identity:
    source = SOURCES[table.values["source"]]
    defaults = {key.name: key.default for key in KEYS["identity"] if key.name in source.takes and key.default}
    filled = {**defaults, **table.values}
    if secret := table.values.get("client_secret"):
        filled["client_secret"] = ClientSecret(**secret)
    return Identity(name, **filled, origins=_origins(filled, table.places))


def _profile(name: str, merged: Table, identities: Mapping[str, Identity]) -> Profile:
    filled: Values = {**{key.name: key.default for key in KEYS["profile"]}, **merged.values}
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
    return Profile(name, **filled, origins=_origins(filled, merged.places))


def _origins(keys: Iterable[str], places: Mapping[str, Place]) -> dict[str, Place]:
    return {key: places.get(key, DEFAULT) for key in keys}
