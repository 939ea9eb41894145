"""Check the application: its status, its actor policy, its grants and its scopes."""

from collections.abc import Mapping, Sequence
from typing import Any

from oidc_helper.aws import administration as reads
from oidc_helper.doctor.admin import issuers, policies
from oidc_helper.doctor.admin.audit import Audit
from oidc_helper.doctor.admin.policies import Ask
from oidc_helper.doctor.findings import Finding, failed, ok, skipped
from oidc_helper.settings.schema import JWT_BEARER, TOKEN_EXCHANGE, Target

EXCHANGE = "sso-oauth:CreateTokenWithIAM"
_CUSTOM = "applicationProvider/custom"
# The scopes that a profile's credentials need beyond its own settings. Athena, Glue and Lake Formation need none.
_SCOPES: Mapping[Target | None, tuple[str, ...]] = {
    "permission set": ("sso:account:access",),
    "account access": ("account_access:read_only", "account_access:assume"),
}
_GRANTS_SCOPE = "s3:access_grants:read_write"
_DEFAULTS = {"openid", "aws", "sts:identity_context"}  # every application has them, unlisted


def application(audit: Audit) -> Finding:
    """The application exists, is enabled, and is customer managed."""
    answer = audit.admin.get(reads.APPLICATION, region=audit.center_region, ApplicationArn=audit.application_arn)
    if answer is None:
        return failed(
            f"there is no application {audit.application_arn}",
            audit.shell.aws(
                "sso-admin", "list-applications", region=audit.center_region, instance_arn=audit.instance_arn
            )
            + "  # then set application_arn",
        )
    if answer.get("Status") != "ENABLED":
        return failed(
            f"{_named(audit, answer)} is {str(answer.get('Status')).lower()}",
            audit.mend_center("update-application", status="ENABLED"),
        )
    provider = str(answer.get("ApplicationProviderArn", ""))
    remark = "" if provider.endswith(_CUSTOM) else f"; it belongs to {provider.rpartition('/')[2]}, and AWS manages it"
    origin = f", made in {answer['CreatedFrom']}" if answer.get("CreatedFrom") else ""
    return ok(f"{_named(audit, answer)}, enabled{origin}{remark}")


def actor_policy(audit: Audit) -> Finding:
    """The actor policy admits the caller."""
    arn = policies.as_role(audit.caller_arn)
    answer = audit.center(reads.ACTORS, AuthenticationMethodType="IAM")
    policy = (answer or {}).get("AuthenticationMethod", {}).get("Iam", {}).get("ActorPolicy") or {}
    ask = Ask(EXCHANGE, arn)
    verdict = policies.verdict(policy, ask)
    if verdict.allowed:
        return ok(f"admits {arn}{policies.remarked(verdict.remarks)}")
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": EXCHANGE, "Resource": "*"}
    mended = policies.extended(policy, statement, [ask])
    how = "denies" if verdict.denied else "does not admit"
    return failed(
        f"the policy {how} {arn}" if policy else f"there is no policy to admit {arn}",
        audit.mend_center(
            "put-application-authentication-method",
            authentication_method_type="IAM",
            authentication_method={"Iam": {"ActorPolicy": mended}},
        ),
    )


def grant(audit: Audit) -> Finding:
    """The application has the grant for the profile's proof."""
    kinds = {str(each.get("GrantType")): each.get("Grant", {}) for each in audit.center_all(reads.GRANTS)}
    kind = audit.profile.grant
    if kind in kinds:
        return ok(_short(kind))
    if kind == JWT_BEARER:
        return failed(f"the application has no grant {_short(kind)}", issuers.trusting(audit))
    empty: dict[str, Any] = {"TokenExchange": {}}
    if kind != TOKEN_EXCHANGE:
        empty = {"AuthorizationCode": {"RedirectUris": _redirects(audit)}}
    return failed(
        f"the application has no grant {_short(kind)}",
        audit.mend_center("put-application-grant", grant_type=kind, grant=empty),
    )


def refresh_token(audit: Audit) -> Finding:
    """The application has the grant refresh_token; without it the person signs in every hour."""
    if any(each.get("GrantType") == "refresh_token" for each in audit.center_all(reads.GRANTS)):
        return ok("tokens are renewed until the session ends")
    return failed(
        "the application has no grant refresh_token: each hour takes a new proof",
        audit.mend_center("put-application-grant", grant_type="refresh_token", grant={"RefreshToken": {}}),
    )


def audience(audit: Audit) -> Finding:
    """The grant accepts the audience of the person's tokens."""
    audit.require_identity_token()
    audiences, trusted_issuers = audit.expected_audiences, audit.jwt_bearer
    if not trusted_issuers:
        return skipped(f"there is no grant {_short(JWT_BEARER)}")
    accepted = sorted({str(each) for issuer in trusted_issuers for each in issuer.get("AuthorizedAudiences", ())})
    if not set(accepted).isdisjoint(audiences):
        return ok(f"{_clients(audit, audiences)} is authorised")
    return failed(
        f"the aud of identity tokens is {_clients(audit, audiences)}, but the grant takes {_clients(audit, accepted)}",
        issuers.trusting(audit),
    )


def scopes(audit: Audit) -> Finding:
    """The application has the scopes that the profile needs."""
    profile = audit.profile
    needed = [*_SCOPES.get(profile.target, ()), *((_GRANTS_SCOPE,) if profile.s3_grant else ()), *profile.scopes]
    needed = [scope for scope in dict.fromkeys(needed) if scope not in _DEFAULTS]
    present = [str(each["Scope"]) for each in audit.center_all(reads.SCOPES)]
    missing = [scope for scope in needed if scope not in present]
    if missing:
        commands = [audit.mend_center("put-application-access-scope", scope=scope) for scope in missing]
        return failed(f"the application lacks {' and '.join(missing)}", "\n".join(commands))
    if not needed:
        return ok("none are needed beyond those that every application has")
    return ok(", ".join(needed))


def _named(audit: Audit, answer: Mapping[str, Any]) -> str:
    return audit.named("application", str(answer.get("Name") or answer.get("ApplicationArn")))


def _clients(audit: Audit, names: Sequence[str]) -> str:
    return ", ".join(audit.named("client", name) for name in names) or "none"


def _short(grant_type: str) -> str:
    return grant_type.rpartition(":")[2]


def _redirects(audit: Audit) -> list[str]:
    """The redirect URIs of the settings. It is not known whether AWS accepts a loopback address with any port."""
    identity = audit.profile.identity
    return [f"http://{identity.redirect_host}:{port}{identity.redirect_path}" for port in identity.redirect_ports]
