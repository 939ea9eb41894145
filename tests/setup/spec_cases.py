"""The spec of a set-up for each kind of profile."""

from typing import Any

from oidc_helper.setup.spec import Spec, of

OKTA = "https://example.okta.com/oauth2/default"
ROLE = "arn:aws:iam::123456789012:role/teams/analytics"
_USUAL = {"issuer": OKTA, "client_id": "0oa1b2c3d4", "identity_center_region": "eu-west-1"}
_CASES: dict[str, dict[str, Any]] = {
    "role": {"role_arn": ROLE, "group": "analysts"},
    "everybody": {"role_arn": ROLE},
    "tokens": {},
    "redshift": {"role_arn": ROLE, "for": ("redshift",)},
    "permission set": {"account_id": "111122223333", "permission_set": "Admin", "group": "analysts"},
    "account access": {"role_arn": ROLE, "account_access": "aa-0123456789ab", "group": "analysts"},
    "S3 grant": {"role_arn": ROLE, "s3_grant_target": "s3://reports/2026/*", "group": "analysts"},
    "one object in another region": {
        "role_arn": ROLE,
        "s3_grant_target": "s3://reports/a b",
        "s3_grant_permission": "READWRITE",
        "region": "eu-central-1",
        "group": "analysts",
    },
    "existing application": {
        "role_arn": ROLE,
        "application_arn": "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef",
        "caller_role": "arn:aws:iam::123456789012:role/callers/laptops",
        "group": "analysts",
    },
    "another caller": {"role_arn": ROLE, "caller_profile": "base", "group": "analysts"},
    "Google": {"role_arn": ROLE, "issuer": "https://accounts.google.com", "group": "analysts"},
}
CASES: dict[str, Spec] = {name: of({**_USUAL, **values}) for name, values in _CASES.items()}


def spec(**values: Any) -> Spec:
    return of({**_USUAL, **values})
