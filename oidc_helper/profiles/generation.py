"""The plan that makes a profile for each permission set and role found, in our settings and in the AWS configuration.

It compares with what was written last time: a value or name that is unchanged since then is updated to what is found
now, and one that was changed by hand stays.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from oidc_helper.aws.portal_listing import Access, Account
from oidc_helper.errors import WrongSettings
from oidc_helper.profiles import naming
from oidc_helper.profiles.filters import Filters
from oidc_helper.profiles.listing import Offer
from oidc_helper.settings import Generated, Profile, Settings, of_text, writing
from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.schema import KEYS

Key = tuple[str, str]  # of an Access

_SHARED = ("identity", "application_arn", "identity_center_region", "caller", "scopes", "ca_bundle")


class Wish(NamedTuple):
    """What to do, and how; `region` is that of the AWS profiles."""

    write: bool
    prune: bool
    template: str
    filters: Filters
    region: str


class Plan(NamedTuple):
    """The changes to both files, the names of the profiles that they concern, and why some are left alone, by name."""

    changes: Sequence[writing.Change]
    made: Sequence[str]
    renamed: Mapping[str, str]
    pruned: Sequence[str]
    left: Mapping[str, WrongSettings]


def remembered(loaded: Settings, profile: Profile) -> Generated:
    """The options of the last `--write` for the profile's identity, or the defaults."""
    defaults = Generated(**{key.name: key.default for key in KEYS["generated"]})
    return loaded.generated.get(profile.identity.name, defaults)


def generated(loaded: Settings, profile: Profile) -> dict[Key, Profile]:
    """The generated profiles of the same identity and application, by the key of their target."""
    by_key: dict[Key, Profile] = {}
    for key, other in _of_same_person(loaded, profile):
        if other.generated and other.origins["generated"].file == loaded.path:  # the site's are not ours to change
            by_key.setdefault(key, other)
    return by_key


def _of_same_person(loaded: Settings, profile: Profile) -> Iterator[tuple[Key, Profile]]:
    for other in loaded.profiles.values():
        if other.tokens_name == profile.tokens_name and (key := _key(other)):
            yield key, other


def names(loaded: Settings, profile: Profile, targets: Sequence[Access], template: str) -> dict[Key, str]:
    """The name of the profile for each target: the name that it has, or would get.

    A generated profile keeps a name that the last template does not make: somebody gave it by hand. A profile that is
    not generated and has the same target keeps its name too: nobody needs two.
    """
    present, last_template = generated(loaded, profile), remembered(loaded, profile).template
    by_key = {access.key: access for access in targets}
    by_hand = dict[Key, str]()
    for key, other in _of_same_person(loaded, profile):
        if key in by_key and key not in present:
            by_hand.setdefault(key, other.name)
    by_template = dict[Key, str]()
    for key, existing in present.items():
        if access := by_key.get(key):
            is_of_template = naming.is_of_template(existing.name, last_template, _as_it_was(access, existing))
            (by_template if is_of_template else by_hand)[key] = existing.name
    broken = {table[1] for table in loaded.broken if table[:1] == ("profile",)}
    others = (loaded.profiles.keys() | broken) - set(by_template.values())
    rest = [access for access in targets if access.key not in by_hand]
    return by_hand | naming.name_all(rest, template, by_template, others)


def plan(loaded: Settings, profile: Profile, offer: Offer, wish: Wish) -> Plan:
    """Plan the changes for the person, the application and the region of `profile`. Raises OidcHelperError."""
    loaded.require_sound(loaded.path)  # nobody knows what a profile with a mistake is meant to be
    work = _Work(loaded, profile, offer, wish)
    if wish.write:
        work.write()
    if wish.prune:
        work.prune()
    changes = [
        writing.of_settings(loaded.path, work.tables, {_path(old): _path(new) for old, new in work.renamed.items()}),
        writing.of_aws_config(work.aws, work.renamed),
    ]
    of_text(loaded.path, changes[0].after.decode("utf-8-sig")).require_sound(loaded.path)
    return Plan(changes, work.made, work.renamed, work.pruned, work.left)


@dataclass
class _Work:
    loaded: Settings
    profile: Profile
    offer: Offer
    wish: Wish
    tables: dict[KeyPath, Mapping[str, Any] | None] = field(default_factory=dict)
    aws: dict[str, Mapping[str, str | None] | None] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    pruned: list[str] = field(default_factory=list)
    left: dict[str, WrongSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = remembered(self.loaded, self.profile)
        self.present = generated(self.loaded, self.profile)
        self.now = writing.aws_now()
        self.program = writing.running_program()

    def write(self) -> None:
        new_names = names(self.loaded, self.profile, self.offer.access, self.wish.template)
        self.renamed = self._renamed(new_names)
        for access in self.offer.access:
            if existing := self.present.get(access.key):
                self._change(existing, access)
            else:
                self._make(new_names[access.key], access)
        for identity in self.loaded.identities.values():
            if new := self.renamed.get(identity.profile):
                self.tables["identity", identity.name] = {"profile": new}
        self.tables["generated", self.profile.identity.name] = {
            "template": self.wish.template,
            "account": list(self.wish.filters.accounts) or None,
            "permission_set": list(self.wish.filters.permission_sets) or None,
            "region": self.wish.region,
        }

    def prune(self) -> None:
        identities = self.loaded.identities.values()
        users = self.now.users() | {identity.profile: f"identity {identity.name}" for identity in identities}
        for key, existing in self.present.items():
            if not self.offer.is_gone(key):
                continue
            if user := users.get(existing.name):
                self.left[existing.name] = WrongSettings(
                    f"profile {existing.name} is gone, and {user} uses it", f"change {user}, then prune again"
                )
                continue
            self.pruned.append(existing.name)
            self.tables[_path(existing.name)] = None
            keys = self.now.keys(existing.name)
            if keys and writing.profile_in(keys.get("credential_process", "")) == existing.name:
                if obstacle := self.now.obstacle(existing.name):
                    self.left[existing.name] = obstacle
                else:
                    self.aws[existing.name] = None

    def _renamed(self, new_names: Mapping[Key, str]) -> dict[str, str]:
        """The profiles that get another name, unless an AWS profile of the old or new name is not ours."""
        renamed = {
            existing.name: new_names[key]
            for key, existing in self.present.items()
            if new_names.get(key, existing.name) != existing.name
        }
        while stuck := dict(self._stuck(renamed)):  # a profile that keeps its name may be in the way of another
            self.left |= stuck
            renamed = {old: new for old, new in renamed.items() if old not in stuck}
        return renamed

    def _stuck(self, renamed: Mapping[str, str]) -> Iterator[tuple[str, WrongSettings]]:
        for old, new in renamed.items():
            if obstacle := self.now.obstacle(old):
                yield old, obstacle
            elif new not in renamed and self.now.keys(new) is not None:
                yield (
                    old,
                    WrongSettings(
                        f"profile {old} would now be called {new}, and there is an AWS profile of that name",
                        f"rename or remove AWS profile {new}",
                    ),
                )

    def _make(self, name: str, access: Access) -> None:
        if name in self.loaded.profiles and name not in self.renamed:
            return  # somebody made it by hand
        if obstacle := self.now.obstacle(name):
            self.left[name] = obstacle
            return
        self.made.append(name)
        target = (
            {"account_id": access.account.account_id, "permission_set": access.permission_set}
            if access.permission_set
            else {"role_arn": access.role_arn, "account_access": access.account_access}
        )
        region = {"region": self.wish.region} if self.wish.region != self._inherited_region() else {}
        account = {"account_name": access.account.name} if _fits_settings(access.account.name) else {}
        self.tables[_path(name)] = {**target, **region, **self._not_in_defaults(), "generated": True, **account}
        self._make_aws(name, {} if name in self.renamed else self.now.keys(name) or {})

    def _change(self, existing: Profile, access: Access) -> None:
        name = self.renamed.get(existing.name, existing.name)
        values: dict[str, Any] = {}
        if _fits_settings(access.account.name) and access.account.name != existing.account_name:
            values["account_name"] = access.account.name
        last, region = self.before.region, self.wish.region
        if last not in (None, region) and existing.region == last:
            values["region"] = region if region != self._inherited_region() else None
        if values:
            self.tables[_path(name)] = values
        if existing.name in self.left:
            return
        if obstacle := self.now.obstacle(existing.name):
            self.left[existing.name] = obstacle
            return
        keys = self.now.keys(existing.name)
        process = (keys or {}).get("credential_process")
        if keys is None or process is None:
            self._make_aws(name, keys or {})
            return
        works = writing.can_run(process)
        aws = {"credential_process": writing.with_profile(process, name) if works else self._line(name)}
        if last not in (None, region) and keys.get("region") == last:
            aws["region"] = region
        self.aws[name] = aws

    def _make_aws(self, name: str, keys: Mapping[str, str]) -> None:
        self.aws[name] = {"credential_process": self._line(name), "region": keys.get("region", self.wish.region)}

    def _line(self, name: str) -> str:
        return writing.credential_process(self.program, name, windows=sys.platform == "win32")

    def _inherited_region(self) -> str:
        return str(self.loaded.defaults.get("region") or self.profile.identity_center_regions[0])

    def _not_in_defaults(self) -> dict[str, Any]:
        """The values of the profile on which the tokens depend, unless [defaults] has them."""
        schema = {key.name: key.default for key in KEYS["profile"]}
        values = {name: _plain(getattr(self.profile, name)) for name in _SHARED}
        return {
            name: value
            for name, value in values.items()
            if value != _plain(self.loaded.defaults.get(name, schema[name]))
        }


def _path(name: str) -> KeyPath:
    return "profile", name


def _key(profile: Profile) -> Key | None:
    if profile.account_access:
        return profile.account_access, str(profile.role_arn)
    return (str(profile.account_id), profile.permission_set) if profile.permission_set else None


def _as_it_was(access: Access, existing: Profile) -> Access:
    """The target with the account's name from when the profile was written."""
    account = access.account
    return access._replace(account=Account(account.account_id, existing.account_name or "", account.email))


def _fits_settings(name: str) -> bool:
    """Whether the settings accept the account's name."""
    return bool(name) and name.isprintable() and name == name.strip()


def _plain(value: Any) -> Any:
    """A value of the settings as TOML has it."""
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "web_identity_role_arn"):
        return {name: inner for name, inner in vars(value).items() if inner}
    return getattr(value, "name", value)
