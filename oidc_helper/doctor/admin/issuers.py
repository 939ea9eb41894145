"""The trusted token issuer: whose tokens the application takes, and which claim of theirs names the user."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Finding, NotKnown, failed, ok, skipped
from oidc_helper.settings.schema import JWT_BEARER
from oidc_helper.words import printable

_VARIABLE = "issuer"
# Claims that often name the user -> the attribute of the identity store with the same value, likeliest first.
_RULES = (
    ("email", "emails.value"),
    ("preferred_username", "userName"),
    ("upn", "userName"),
    ("email", "userName"),
    ("sub", "userName"),
)
_EMAIL = "emails.value"
_NAME = "userName"


class Rule(NamedTuple):
    """A trusted token issuer, and how it finds the user: the claim equals the attribute of the identity store."""

    arn: str
    claim: str
    attribute: str


def issuer(audit: Audit) -> Finding:
    """One of the grant's trusted token issuers is, to the character, that of the person's tokens."""
    audit.require_identity_token()
    if not audit.jwt_bearer:
        return skipped("there is no grant jwt-bearer, which would name issuers")
    wanted, trusted = audit.expected_issuer, dict(_trusted(audit))
    if wanted in trusted:
        return ok(printable(wanted))
    near = next((url for url in trusted if url.rstrip("/") == wanted.rstrip("/")), "")
    remark = ": a slash at the end counts" if near else ""
    return failed(
        f"identity tokens are of {printable(wanted)}, and the application trusts "
        f"{' and '.join(map(printable, trusted)) or 'nobody'}{remark}",
        trusting(audit),
    )


def claim(audit: Audit) -> Finding:
    """The claim that names the user is in the person's token."""
    rule = rule_of(audit)
    value = claimed(audit.claims, rule.claim)
    if value:
        return ok(f"{rule.claim} is {audit.person(value)!r}, to be found as {rule.attribute}")
    present = ", ".join(sorted(name for name, each in audit.claims.items() if isinstance(each, str)))
    better = _better(audit)
    if better is None:
        return failed(
            f"the identity token has no {rule.claim}; it has {printable(present)}",
            f"let the identity provider put {rule.claim} into the tokens, with the user's {rule.attribute}",
        )
    return failed(f"the identity token has no {rule.claim}; it has {printable(present)}", _change(audit, rule, better))


def user(audit: Audit) -> Finding:
    """Exactly one user has it, who is enabled."""
    rule = rule_of(audit)
    value = claimed(audit.claims, rule.claim)
    if not value:
        raise NotKnown(f"the identity token has no {rule.claim}")
    found = find(audit, rule.attribute, value)
    shown = f"{rule.attribute} {audit.person(value)!r}"
    if found is None:
        better = _better(audit)
        remedy = _change(audit, rule, better) if better else _new_user(audit, rule.attribute, value)
        return failed(f"no user, or more than one, of {audit.store_id} has the {shown}", remedy)
    described = (
        audit.admin.get(reads.USER, region=audit.center_region, IdentityStoreId=audit.store_id, UserId=found) or {}
    )
    name = audit.person(str(described.get("UserName", found)))
    if described.get("UserStatus", "ENABLED") != "ENABLED":
        return failed(
            f"{name} is disabled",
            f"enable the user where users come from, or in the console of Identity Center: {found}",
        )
    written = {_NAME: [described.get("UserName")], _EMAIL: [each.get("Value") for each in described.get("Emails", ())]}
    differs = rule.attribute in written and value not in written[rule.attribute]
    remark = "; it differs in the case of letters, which may count" if differs else ""
    return ok(f"{name}, {found}, enabled{remark}")


def trusting(audit: Audit) -> str:
    """The commands that let the application trust the person's issuer and audience; what there is of that is kept."""
    for arn in (str(each["TrustedTokenIssuerArn"]) for each in _listed(audit)):
        if audit.issuer_rule(arn).get("IssuerUrl") == audit.expected_issuer:
            return _grant(audit, arn)
    claim_path, attribute = (_better(audit) if _has_claims(audit) else None) or _RULES[0]
    made = audit.shell.aws(
        "sso-admin",
        "create-trusted-token-issuer",
        region=audit.center_region,
        instance_arn=audit.instance_arn,
        name=_fresh_name(audit),
        trusted_token_issuer_type="OIDC_JWT",  # noqa: S106 - the name of a kind
        trusted_token_issuer_configuration={
            "OidcJwtConfiguration": {
                "IssuerUrl": audit.expected_issuer,
                "ClaimAttributePath": claim_path,
                "IdentityStoreAttributePath": attribute,
                "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
            }
        },
    )
    kept = audit.shell.keeping(_VARIABLE, made, "TrustedTokenIssuerArn")
    lines = [*kept.splitlines(), *_grant(audit, audit.shell.variable(_VARIABLE)).splitlines()]
    return "\n".join(dict.fromkeys(lines))


def rule_of(audit: Audit) -> Rule:
    """How the user of the person's tokens is found. Raises NotKnown, and as Audit."""
    audit.require_identity_token()
    for each in audit.jwt_bearer:
        arn = str(each.get("TrustedTokenIssuerArn", ""))
        rule = audit.issuer_rule(arn)
        if rule.get("IssuerUrl") == audit.expected_issuer:
            return Rule(arn, str(rule["ClaimAttributePath"]), str(rule["IdentityStoreAttributePath"]))
    raise NotKnown("the application does not trust the issuer of this person")


def user_id(audit: Audit) -> str:
    """The id of the person's user. Raises NotKnown, and as Audit."""
    rule = rule_of(audit)
    value = claimed(audit.claims, rule.claim)
    found = find(audit, rule.attribute, value) if value else None
    if found is None:
        raise NotKnown("no user of Identity Center is found for the person")
    return found


def find(audit: Audit, attribute: str, value: str) -> str | None:
    """The id of the one user with that attribute; None where there is none, or more than one. Raises as Audit."""
    if attribute in (_EMAIL, _NAME):
        wanted: dict[str, Any] = {"UniqueAttribute": {"AttributePath": attribute, "AttributeValue": value}}
    else:
        raise NotKnown(f"users cannot be looked up by {attribute}")
    found = audit.admin.get(
        reads.USER_ID, region=audit.center_region, IdentityStoreId=audit.store_id, AlternateIdentifier=wanted
    )
    return str(found["UserId"]) if found else None


def claimed(claims: Mapping[str, Any], path: str) -> str:
    """The text of a claim, which a path may lead to through objects; empty where there is none."""
    if isinstance(claims.get(path), str):
        return str(claims[path])
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return claimed(inner, rest) if rest and isinstance(inner, Mapping) else ""


def _trusted(audit: Audit) -> Iterator[tuple[str, str]]:
    """URL and ARN of the issuers of the grant."""
    for each in audit.jwt_bearer:
        arn = str(each.get("TrustedTokenIssuerArn", ""))
        yield str(audit.issuer_rule(arn).get("IssuerUrl", f"{arn}, which does not exist")), arn


def _listed(audit: Audit) -> list[Mapping[str, Any]]:
    """All issuers of the instance, without their rules; none where they may not be listed: a remedy is poorer then."""
    try:
        return audit.admin.all(reads.ISSUERS, region=audit.center_region, InstanceArn=audit.instance_arn) or []
    except Denied:
        return []


def _fresh_name(audit: Audit) -> str:
    taken, name = {str(each.get("Name")) for each in _listed(audit)}, audit.profile.identity.name
    return next(each for number in range(1, 100) if (each := name if number == 1 else f"{name}-{number}") not in taken)


def _grant(audit: Audit, arn: str) -> str:
    """Put the grant anew: with all that it has, and the person's audience at that issuer."""
    listed = [dict(each) for each in audit.jwt_bearer]
    ours = next((each for each in listed if each.get("TrustedTokenIssuerArn") == arn), None)
    if ours is None:
        ours = {"TrustedTokenIssuerArn": arn, "AuthorizedAudiences": []}
        listed.append(ours)
    kept, wanted = list(ours["AuthorizedAudiences"]), audit.expected_audiences
    ours["AuthorizedAudiences"] = kept + ([wanted[0]] if set(kept).isdisjoint(wanted) else [])
    listed = [each for each in listed if each.get("AuthorizedAudiences")]
    return audit.mend_center(
        "put-application-grant", grant_type=JWT_BEARER, grant={"JwtBearer": {"AuthorizedTokenIssuers": listed}}
    )


def _has_claims(audit: Audit) -> bool:
    try:
        return bool(audit.claims)
    except NotKnown:
        return False


def _better(audit: Audit) -> tuple[str, str] | None:
    """A claim of the person's token, and the attribute by which it finds one user; None also where none is found."""
    for path, attribute in _RULES:
        value = claimed(audit.claims, path)
        try:
            if value and find(audit, attribute, value):
                return path, attribute
        except Denied:
            return None
    return None


def _change(audit: Audit, rule: Rule, better: tuple[str, str]) -> str:
    path, attribute = better
    return audit.shell.aws(
        "sso-admin",
        "update-trusted-token-issuer",
        region=audit.center_region,
        trusted_token_issuer_arn=rule.arn,
        trusted_token_issuer_configuration={
            "OidcJwtConfiguration": {"ClaimAttributePath": path, "IdentityStoreAttributePath": attribute}
        },
    )


def _new_user(audit: Audit, attribute: str, value: str) -> str:
    """Make the user, as far as the claims tell who it is; where users come by SCIM, they are made there."""
    claims = audit.claims
    email = value if attribute == _EMAIL else str(claims.get("email") or "")
    name = str(claims.get("name") or value)
    given, _, family = name.rpartition(" ")
    options: dict[str, Any] = {
        "user_name": value,
        "display_name": name,
        "name": {"GivenName": str(claims.get("given_name") or given or name), "FamilyName": family or name},
    }
    if email:
        options["emails"] = {"Value": email, "Type": "work", "Primary": True}
    return audit.shell.aws(
        "identitystore", "create-user", region=audit.center_region, identity_store_id=audit.store_id, **options
    )
