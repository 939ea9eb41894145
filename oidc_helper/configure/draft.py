"""A profile that is being set up: what the files say about it, the answers, and the changes to write."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from oidc_helper.configure.flags import FLAGS, flag_of
from oidc_helper.settings.rules import serves, target_of
from oidc_helper.settings.schema import KEYS, SOURCES
from oidc_helper.settings.writing import Tables

# All profiles of a person or a company share these: the first profile puts them into [defaults] for the next ones.
_SHARED = ("identity", "application_arn", "identity_center_region", "caller")
_PROFILE_KEYS = {key.name: key for key in KEYS["profile"]}
_NOTES = [key.name for key in KEYS["profile"] if key.own]  # profiles --write's; a copy belongs to the person instead
_PERMISSION_SET, _ROLE = ("account_id", "permission_set"), ("role_arn", "account_access")
DEFAULT_SOURCE = "browser"


@dataclass
class Draft:
    """One profile and its identity.

    `document` is what all files of the configuration say together, as in TOML, and `own_document` what the user's own
    file says. `name` is empty until it is known. `answers` are values by section and key; a key without an answer has
    the value that it has in the profile `copy_of`. `tokens_only` is for a profile that gets no credentials.
    """

    document: Mapping[str, Any]
    own_document: Mapping[str, Any]
    name: str = ""
    aws_profile: str = ""
    tokens_only: bool = False
    copy_of: str = ""
    answers: dict[str, dict[str, Any]] = field(default_factory=lambda: {"identity": {}, "profile": {}})

    def answer(self, section: str, key: str, value: Any) -> None:
        """Take an answer; None removes the key."""
        self.answers[section][key] = value

    def value(self, section: str, key: str) -> Any:
        """The key's value: the answer, or else what the files say; None if neither has one."""
        if section == "identity":
            return {**self._table("identity", self.identity), **self.answers["identity"]}.get(key)
        return self._effective.get(key)

    @property
    def identity(self) -> str:
        """The name of the identity; empty until it is known."""
        return str(self._effective.get("identity") or "")

    @property
    def source(self) -> str:
        """The identity's source, or the default one."""
        return str(self.value("identity", "source") or DEFAULT_SOURCE)

    @property
    def target(self) -> str:
        """What the credentials are for, as in `Profile.target`; empty until it is known."""
        return target_of(self._effective)

    @property
    def region(self) -> str:
        """The region to work in: the profile's own, or the first one of Identity Center."""
        return next(iter(self.regions), "")

    @property
    def regions(self) -> list[str]:
        """All regions that the profile names, its own first."""
        values = (self.value("profile", key) or [] for key in ("region", "identity_center_region"))
        return [name for value in values for name in ([value] if isinstance(value, str) else value)]

    @property
    def identities(self) -> list[str]:
        """The names of the identities that exist."""
        return list(self.document.get("identity", {}))

    @property
    def profiles(self) -> list[str]:
        """The names of the profiles that exist."""
        return list(self.document.get("profile", {}))

    @property
    def is_new(self) -> bool:
        """Whether the configuration does not know the profile yet."""
        return self.name not in self.profiles

    def settle_identity(self) -> None:
        """Use an existing identity that the answers describe, or else a new one: others may share the default one."""
        described = self.answers["identity"]
        if described and self.is_new and "identity" not in self.answers["profile"]:
            tables = self.document.get("identity", {}).items()
            same = (name for name, table in tables if _changes(described, table) == {})
            self.answer("profile", "identity", next(same, ""))

    def name_identity(self) -> None:
        """If the identity has no name, give it one that no other has."""
        if self.identity:
            return
        issuer = self.value("identity", "issuer")
        name = name_of_issuer(issuer) if issuer else self.source
        names = (name, *(f"{name}-{number}" for number in range(2, len(self.identities) + 3)))
        self.answer("profile", "identity", next(name for name in names if name not in self.identities))

    def missing(self, *, will_find_region: bool = False) -> list[str]:
        """The flags that are still needed, with their values' meaning, in the order of the questions."""
        flags = [*self._missing_of_identity(), *self._missing_of_profile()]
        return [flag for flag in flags if not (will_find_region and flag.startswith("--identity-center-region:"))]

    def tables(self) -> Tables:
        """The changes that make the configuration say what the draft says."""
        changes: dict[tuple[str, ...], Mapping[str, Any]] = {}
        if identity := self._identity_values():
            changes["identity", self.identity] = identity
        own, shared = self._profile_values()
        if shared:
            changes["defaults",] = shared
        if own or self.is_new:
            changes["profile", self.name] = own
        return changes

    def _missing_of_identity(self) -> Iterator[str]:
        for key in KEYS["identity"]:
            if key.name in SOURCES[self.source].requires and self.value("identity", key.name) is None:
                yield f"{flag_of('identity', key.name)}: {key.meaning}"

    def _missing_of_profile(self) -> Iterator[str]:
        if not self.name:
            yield "PROFILE: the name of the profile"
        for name in ("application_arn", "identity_center_region"):
            if self.value("profile", name) is None:
                yield f"{flag_of('profile', name)}: {_PROFILE_KEYS[name].meaning}"
        if self.value("profile", "caller") is None:
            ways = [flag.name for flag in FLAGS if flag.key.name == "caller"]
            yield f"{' or '.join(ways)}: {_PROFILE_KEYS['caller'].meaning}"
        if not self.target and not self.tokens_only:
            yield "--role-arn, or --account-id with --permission-set: what the credentials are for; else --tokens-only"
        if self.target == "permission set":
            for name in _PERMISSION_SET:
                if self.value("profile", name) is None:
                    yield f"{flag_of('profile', name)}: {_PROFILE_KEYS[name].meaning}"

    def _identity_values(self) -> dict[str, Any]:
        """The identity's changes; keys that its source does not take are removed."""
        source, now = SOURCES[self.source], self._table("identity", self.identity)
        values = {"source": self.source, **self.answers["identity"]}
        allowed = ("source", *source.requires, *source.takes)
        unfit = [key for key in self.own_document.get("identity", {}).get(self.identity, {}) if key not in allowed]
        return {**_changes(values, now), **dict.fromkeys(key for key in unfit if key not in values)}

    def _profile_values(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The changes of the profile, and those of [defaults]."""
        own, shared = self._own, {}
        if not self.profiles:
            shared = {key: own.pop(key) for key in _SHARED if key in own and key not in self._defaults}
        unfit = [key for key in self.own_document.get("profile", {}).get(self.name, {}) if key not in own]
        changes = _changes(own, {**self._defaults, **self._table("profile", self.name)})
        return {**changes, **dict.fromkeys(unfit)}, shared

    @property
    def _own(self) -> dict[str, Any]:
        """The profile's own values: the answers, and the former values that do not contradict them."""
        answers, former = self.answers["profile"], self._table("profile", self.copy_of if self.is_new else self.name)
        own = {key: value for key, value in former.items() if not (self.is_new and key in _NOTES)}
        for answer, displaced in (("role_arn", _PERMISSION_SET), ("permission_set", _ROLE), ("account_id", _ROLE)):
            if answers.get(answer):
                own = {key: value for key, value in own.items() if key not in displaced}
        own = {key: value for key, value in {**own, **answers}.items() if value is not None}
        target = target_of(own) or target_of({**self._defaults, **own})
        return {key: value for key, value in own.items() if key not in _PROFILE_KEYS or serves(key, target)}

    @property
    def _effective(self) -> Mapping[str, Any]:
        """The profile's values, over those of [defaults]."""
        own, defaults = self._own, self._defaults
        target = target_of(own) or target_of({**defaults, **own})
        return {**{key: defaults[key] for key in defaults if key not in _PROFILE_KEYS or serves(key, target)}, **own}

    @property
    def _defaults(self) -> Mapping[str, Any]:
        defaults: Mapping[str, Any] = self.document.get("defaults", {})
        return defaults

    def _table(self, section: str, name: str) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.document.get(section, {}).get(name, {})
        return table


def _changes(values: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in now or now[key] != value}


def name_of_issuer(issuer: str) -> str:
    """A name for the identity of that issuer: the part of its host that a person knows it by."""
    from ipaddress import ip_address
    from urllib.parse import urlsplit

    host = urlsplit(issuer).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        *labels, _ = host.split(".") if "." in host else (host, "")
        known = [label for label in labels if len(label) > 2] or labels  # not the `co` of co.uk
        return known[-1][:64] if known and known[-1] != "localhost" else "local"
    return "local"
