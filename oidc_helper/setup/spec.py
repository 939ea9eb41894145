"""What a plan sets up, from a profile and from flags, checked so that AWS and all three languages take it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oidc_helper.errors import WrongSettings
from oidc_helper.identity.token import IdentityToken
from oidc_helper.settings import Profile
from oidc_helper.settings.schema import SOURCES
from oidc_helper.setup.flags import SERVICES, refuse
from oidc_helper.words import shown

_PLAIN = r"[A-Za-z0-9!#$%&()*+,./:;<=>?@\[\]^_|~-]+"  # no quotes, backslashes or spaces: ARNs and queries contain it
_CLAIM = "[A-Za-z]+(?:[._][A-Za-z]+){0,2}"  # ClaimAttributePath of the service model, in ASCII
_ROLE = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>\d{12}):role(?P<path>/(?:.*/)?)(?P<name>[^/]+)")
_BUCKET = re.compile("s3://(?P<bucket>[^/]+)/?(?P<prefix>.*)", re.DOTALL)
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}  # beginning of a region -> its partition
_GOOGLE = "accounts.google.com"  # IAM trusts it without an OIDC provider in the account


@dataclass(frozen=True)
class Role:
    """A role, by the parts of its ARN; without an account, it is in the one that the plan runs in."""

    name: str
    path: str = "/"
    account: str = ""

    @classmethod
    def of(cls, arn: str) -> "Role":
        """The role with that ARN. Raises WrongSettings for one that no plan can contain."""
        match = _ROLE.fullmatch(arn)
        if not match or not re.fullmatch(_PLAIN, arn):
            raise WrongSettings(f"no plan can be made: no role such as {shown(arn, 80)}", "name it without quotes")
        return cls(match["name"], match["path"], match["account"])


@dataclass(frozen=True)
class Spec:
    """The set-up of a profile. What the profile does not have, or a plan makes, is empty.

    `source` is the identity's. Without a `caller`, a plan makes the role `tip-caller`; `other_caller` is a caller that
    no plan makes, as the settings name it. `target` is that of an S3 access grant, in the account `grants_account`.
    `group` may use the application, or every user if it is empty. `for_` are keys of SERVICES.
    """

    issuer: str
    audience: str
    region: str
    source: str = "browser"
    application: str = ""
    caller: Role | None = None
    other_caller: str = ""
    role: Role | None = None
    tenant: str = ""
    account_id: str = ""
    permission_set: str = ""
    target: str = ""
    permission: str = ""
    grants_account: str = ""
    grants_region: str = ""
    scopes: tuple[str, ...] = ()
    for_: tuple[str, ...] = ()
    group: str = ""
    claim: str = "email"
    attribute: str = "emails.value"
    partition: str = "aws"

    @property
    def host(self) -> str:
        """The issuer's host."""
        return urlsplit(self.issuer).hostname or ""

    @property
    def issuer_name(self) -> str:
        """The issuer as IAM writes it."""
        return self.issuer.partition("://")[2]

    @property
    def trusted_name(self) -> str:
        """The name of the trusted token issuer, of which there may be several."""
        return re.sub(r"[^A-Za-z0-9.]+", "-", f"oidc-helper-{self.issuer_name}").strip("-")[:255]

    @property
    def is_known_to_iam(self) -> bool:
        """Whether IAM needs no OIDC provider for the issuer."""
        return self.issuer_name == _GOOGLE

    @property
    def has_caller_role(self) -> bool:
        """Whether the plan makes the caller."""
        return not self.other_caller

    @property
    def caller_role(self) -> Role:
        """The role of the caller."""
        return self.caller or Role("tip-caller")

    @property
    def is_account_access(self) -> bool:
        """Whether account access manager gives the role."""
        return bool(self.tenant)

    @property
    def account(self) -> str:
        """The application's account; empty if nothing tells it."""
        if self.application:
            return self.application.split(":")[4]
        return next((role.account for role in (self.caller, self.role) if role and role.account), "")

    @property
    def instance(self) -> str:
        """The ARN of the application's instance; empty if it is not known."""
        parts = self.application.split("/")
        return f"arn:{self.partition}:sso:::instance/{parts[1]}" if self.application else ""

    @property
    def bucket(self) -> str:
        """The bucket of the target."""
        return self._target["bucket"]

    @property
    def sub_prefix(self) -> str:
        """The target within the location of all buckets; a bucket alone means all that is in it."""
        return f"{self.bucket}/{self._target['prefix'] or '*'}"

    @property
    def is_one_object(self) -> bool:
        """Whether the target is an object and not a prefix."""
        return not self.sub_prefix.endswith("*")

    @property
    def all_scopes(self) -> tuple[str, ...]:
        """The scopes that the application needs for this kind of profile."""
        needed = [
            *(["sso:account:access"] if self.permission_set else []),
            *(["account_access:read_only", "account_access:assume"] if self.tenant else []),
            *(["s3:access_grants:read_write"] if self.target else []),
            *(SERVICES[each] for each in self.for_),
            *(each for each in self.scopes if ":" in each and each != "sts:identity_context"),
        ]
        return tuple(dict.fromkeys(needed))

    @property
    def _target(self) -> re.Match[str]:
        match = _BUCKET.fullmatch(self.target)
        assert match, "settings have checked the form"  # noqa: S101
        return match


def of(values: Mapping[str, Any]) -> Spec:
    """The set-up from values by keys of the settings; a key inside a table has the table's name before it.

    Raises WrongSettings with one problem a line.
    """
    refuse(list(_problems(values)))
    caller, role = (Role.of(values[key]) if values.get(key) else None for key in ("caller_role", "role_arn"))
    arn = values.get("role_arn") or values.get("application_arn") or values.get("caller_role")
    region, target = _first(values["identity_center_region"]), values.get("s3_grant_target", "")
    return Spec(
        issuer=values["issuer"],
        audience=_audience(values),
        region=region,
        source=values.get("source", "browser"),
        application=values.get("application_arn", ""),
        caller=caller,
        other_caller=_other_caller(values),
        role=role,
        tenant=values.get("account_access", ""),
        account_id=values.get("account_id", ""),
        permission_set=values.get("permission_set", ""),
        target=target,
        permission=values.get("s3_grant_permission", "READ") if target else "",
        grants_account=(values.get("s3_grant_account_id") or (role.account if role else "")) if target else "",
        grants_region=values.get("region") or region,
        scopes=tuple(values.get("application_scopes", ())),
        for_=tuple(values.get("for", ())),
        group=values.get("group", ""),
        claim=values.get("claim") or Spec.claim,
        attribute=values.get("attribute") or Spec.attribute,
        partition=arn.split(":")[1] if arn else _partition(region),
    )


def of_token(token: IdentityToken) -> dict[str, str]:
    """Values for `of` from an identity token, for a source whose settings do not name issuer and audience."""
    return {"issuer": token.issuer, "audience": _first(token.claims.get("aud"))}


def of_profile(profile: Profile) -> dict[str, Any]:
    """Values for `of` from a profile. Raises WrongSettings for a source that no administrator can set up."""
    identity = profile.identity
    if not SOURCES[identity.source].gives_identity_token:
        raise WrongSettings(
            f'a plan needs the issuer of identity tokens, and source "{identity.source}" has none',
            "name a profile whose people sign in at an identity provider, or --issuer and --client-id alone",
        )
    caller, grant = profile.caller, profile.s3_grant
    of_grant = {"target": grant.target, "permission": grant.permission, "account_id": grant.account_id} if grant else {}
    values = {
        "source": identity.source,
        "issuer": identity.issuer,
        "client_id": identity.client_id,
        "assertion": identity.assertion,
        "audience": identity.audience or identity.resource,
        "application_arn": profile.application_arn,
        "identity_center_region": profile.identity_center_region,
        "caller_role": caller.web_identity_role_arn,
        "caller_profile": caller.profile,
        "caller_environment": caller.environment,
        "role_arn": profile.role_arn,
        "account_access": profile.account_access,
        "account_id": profile.account_id if profile.permission_set else None,
        "permission_set": profile.permission_set,
        **{f"s3_grant_{key}": value for key, value in of_grant.items()},
        "region": profile.region,
        "application_scopes": profile.scopes,
    }
    return {key: value for key, value in values.items() if value}


def _problems(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value, pattern in (
        ("--issuer", values.get("issuer"), _PLAIN),
        ("--client-id", _audience(values), _PLAIN),
        ("--identity-center-region", _first(values.get("identity_center_region")), _PLAIN),
        ("--claim", values.get("claim", Spec.claim), _CLAIM),
        ("--attribute", values.get("attribute", Spec.attribute), _CLAIM),
    ):
        if not value:
            yield f"a plan needs {name}"
        elif not re.fullmatch(pattern, value):
            yield f"{name}: AWS takes no {shown(value, 60)}"
    group = values.get("group", "")
    if not group.isprintable() or group != group.strip():
        yield "--group: has control characters, or white space at its ends"
    if values.get("s3_grant_target") and values.get("account_access"):
        yield "--s3-grant-target: an S3 access grant goes with a role session, not with account access manager"
    for needing, needed in (
        ("s3_grant_target", "role_arn"),
        ("s3_grant_permission", "s3_grant_target"),
        ("account_access", "role_arn"),
        ("account_id", "permission_set"),
        ("permission_set", "account_id"),
    ):
        if values.get(needing) and not values.get(needed):
            yield f"{_flag(needing)} needs {_flag(needed)}"
    if values.get("role_arn") and values.get("permission_set"):
        yield "--role-arn and --permission-set: a profile has one target"


def _audience(values: Mapping[str, Any]) -> str:
    """The `aud` of the token that is exchanged: the client's ID for an ID token, else the audience."""
    client, audience = values.get("client_id", ""), values.get("audience", "")
    is_for_another = values.get("assertion") == "access_token" or not client
    return str(audience if is_for_another and audience else client)


def _other_caller(values: Mapping[str, Any]) -> str:
    """A caller that is no role of a web identity, as config.toml names it."""
    if name := values.get("caller_profile"):
        return f"{{ profile = {json.dumps(name)} }}"  # JSON of printable text is a string of TOML, too
    return "{ environment = true }" if values.get("caller_environment") else ""


def _first(value: Any) -> str:
    return str(next(iter(value), "")) if isinstance(value, list | tuple) else str(value or "")


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _partition(region: str) -> str:
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")
