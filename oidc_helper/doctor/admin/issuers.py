"""Check the trusted token issuer, the claim that names the user, and the user."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oidc_helper.aws import administration as reads
from oidc_helper.aws.administration import Denied
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.findings import Finding, NotKnown, failed, ok, skipped
from oidc_helper.settings.schema import JWT_BEARER
from oidc_helper.words import printable

_VARIABLE = "issuer"
# A claim that often names the user, and the identity store attribute with the same value; likeliest first.
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
    """A trusted token issuer, and how it finds the user: whose `attribute` in the identity store equals the `claim`."""

    arn: str
    claim: str
    attribute: str


def issuer(audit: Audit) -> Finding:
    """One of the grant's trusted token issuers matches the issuer of the person's tokens, to the character."""
    audit.require_identity_token()
    if not audit.jwt_bearer:
        return skipped("there is no grant jwt-bearer, which would name issuers")
    expected, by_url = audit.expected_issuer, dict(_trusted(audit))
    if expected in by_url:
        return ok(printable(expected))
    similar = next((url for url in by_url if url.rstrip("/") == expected.rstrip("/")), "")
    remark = ": the slash at the end matters" if similar else ""
    return failed(
        f"identity tokens come from {printable(expected)}, but the application trusts "
        f"{' and '.join(map(printable, by_url)) or 'nobody'}{remark}",
        trusting(audit),
    )


def claim(audit: Audit) -> Finding:
    """The claim that names the user is in the person's token."""
    rule = rule_of(audit)
    value = claimed(audit.claims, rule.claim)
    if value:
        return ok(f"{rule.claim} is {audit.person(value)!r}, compared with {rule.attribute}")
    present = ", ".join(sorted(name for name, each in audit.claims.items() if isinstance(each, str)))
    better = _better(audit)
    if better is None:
        return failed(
            f"the identity token has no {rule.claim}; it has {printable(present)}",
            f"let the identity provider put {rule.claim} into the tokens, with the user's {rule.attribute}",
        )
    return failed(f"the identity token has no {rule.claim}; it has {printable(present)}", _change(audit, rule, better))


def user(audit: Audit) -> Finding:
    """Exactly one user has the claim's value, and is enabled."""
    rule = rule_of(audit)
    value = claimed(audit.claims, rule.claim)
    if not value:
        raise NotKnown(f"the identity token has no {rule.claim}")
    user_id = find(audit, rule.attribute, value)
    shown = f"{rule.attribute} {audit.person(value)!r}"
    if user_id is None:
        better = _better(audit)
        remedy = _change(audit, rule, better) if better else _new_user(audit, rule.attribute, value)
        return failed(f"no user, or more than one, in {audit.store_id} has the {shown}", remedy)
    described = (
        audit.admin.get(reads.USER, region=audit.center_region, IdentityStoreId=audit.store_id, UserId=user_id) or {}
    )
    name = audit.person(str(described.get("UserName", user_id)))
    if described.get("UserStatus", "ENABLED") != "ENABLED":
        return failed(
            f"{name} is disabled",
            f"enable the user at the source of your users, or in the console of Identity Center: {user_id}",
        )
    stored = {_NAME: [described.get("UserName")], _EMAIL: [each.get("Value") for each in described.get("Emails", ())]}
    differs = rule.attribute in stored and value not in stored[rule.attribute]
    remark = "; upper and lower case differ, which may matter" if differs else ""
    return ok(f"{name}, {user_id}, enabled{remark}")


def trusting(audit: Audit) -> str:
    """The commands that make the application trust the person's issuer and audience too."""
    for arn in (str(each["TrustedTokenIssuerArn"]) for each in _listed(audit)):
        if audit.issuer_rule(arn).get("IssuerUrl") == audit.expected_issuer:
            return _grant(audit, arn)
    claim_path, attribute = (_better(audit) if _has_claims(audit) else None) or _RULES[0]
    creation = audit.shell.aws(
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
    creation = audit.shell.keeping(_VARIABLE, creation, "TrustedTokenIssuerArn")
    lines = [*creation.splitlines(), *_grant(audit, audit.shell.variable(_VARIABLE)).splitlines()]
    return "\n".join(dict.fromkeys(lines))


def rule_of(audit: Audit) -> Rule:
    """The rule that finds the user of the person's tokens. Raises NotKnown, and as `Audit`."""
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
    found_id = find(audit, rule.attribute, value) if value else None
    if found_id is None:
        raise NotKnown("no user of Identity Center is found for the person")
    return found_id


def find(audit: Audit, attribute: str, value: str) -> str | None:
    """The id of the only user with that attribute; None if there is none or more than one. Raises as Audit."""
    if attribute in (_EMAIL, _NAME):
        identifier: dict[str, Any] = {"UniqueAttribute": {"AttributePath": attribute, "AttributeValue": value}}
    else:
        raise NotKnown(f"users cannot be looked up by {attribute}")
    answer = audit.admin.get(
        reads.USER_ID, region=audit.center_region, IdentityStoreId=audit.store_id, AlternateIdentifier=identifier
    )
    return str(answer["UserId"]) if answer else None


def claimed(claims: Mapping[str, Any], path: str) -> str:
    """The text of the claim at a dotted path through objects; empty if there is none."""
    if isinstance(claims.get(path), str):
        return str(claims[path])
    first, _, rest = path.partition(".")
    inner = claims.get(first)
    return claimed(inner, rest) if rest and isinstance(inner, Mapping) else ""


def _trusted(audit: Audit) -> Iterator[tuple[str, str]]:
    """The URL and ARN of each issuer of the grant."""
    for each in audit.jwt_bearer:
        arn = str(each.get("TrustedTokenIssuerArn", ""))
        yield str(audit.issuer_rule(arn).get("IssuerUrl", f"{arn}, which does not exist")), arn


def _listed(audit: Audit) -> list[Mapping[str, Any]]:
    """All issuers of the instance, without their rules; none if they may not be listed, which makes remedies poorer."""
    try:
        return audit.admin.all(reads.ISSUERS, region=audit.center_region, InstanceArn=audit.instance_arn) or []
    except Denied:
        return []


def _fresh_name(audit: Audit) -> str:
    taken, name = {str(each.get("Name")) for each in _listed(audit)}, audit.profile.identity.name
    return next(each for number in range(1, 100) if (each := name if number == 1 else f"{name}-{number}") not in taken)


def _grant(audit: Audit, arn: str) -> str:
    """The command that replaces the grant by all that it has, plus the person's audience at that issuer."""
    listed = [dict(each) for each in audit.jwt_bearer]
    entry = next((each for each in listed if each.get("TrustedTokenIssuerArn") == arn), None)
    if entry is None:
        entry = {"TrustedTokenIssuerArn": arn, "AuthorizedAudiences": []}
        listed.append(entry)
    audiences, expected = list(entry["AuthorizedAudiences"]), audit.expected_audiences
    entry["AuthorizedAudiences"] = audiences + ([expected[0]] if set(audiences).isdisjoint(expected) else [])
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
    """A claim of the person's token and an attribute by which it finds one user; None if there is none or no access."""
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
    """The command that creates the user from the claims; users that come by SCIM are created at their source."""
    claims = audit.claims
    email = value if attribute == _EMAIL else str(claims.get("email") or "")
    name = str(claims.get("name") or value)
    given_name, _, family_name = name.rpartition(" ")
    options: dict[str, Any] = {
        "user_name": value,
        "display_name": name,
        "name": {"GivenName": str(claims.get("given_name") or given_name or name), "FamilyName": family_name or name},
    }
    if email:
        options["emails"] = {"Value": email, "Type": "work", "Primary": True}
    return audit.shell.aws(
        "identitystore", "create-user", region=audit.center_region, identity_store_id=audit.store_id, **options
    )
