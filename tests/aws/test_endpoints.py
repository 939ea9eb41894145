"""Where each call to AWS goes: partitions, and the SDK's own variables for dual-stack and FIPS endpoints."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from fakes.hosts import Hosts, stand_in
from service_limits import knows_account_access

from oidc_helper import settings
from oidc_helper.aws.client import Aws
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from oidc_helper.errors import OidcHelperError, WrongSettings

ACCOUNT = "123456789012"
KEYS, TOKENS = Credentials("AKIAIOSFODNN7EXAMPLE", "s", None, None), Tokens(binding="b", identity_context="context")
# The call -> the profile that makes it, and how.
CALLS: Mapping[str, tuple[str, Callable[[Aws], object]]] = {
    "oidc": ("set", lambda aws: aws.create_token(KEYS, {"grantType": "refresh_token", "refreshToken": "r"})),
    "portal": ("set", lambda aws: aws.credentials(TOKENS, lambda: KEYS)),
    "sts": ("grant", lambda aws: aws.credentials(TOKENS, lambda: KEYS)),
    "s3": ("grant", lambda aws: aws._data_access(KEYS)),
    "account access": ("given", lambda aws: aws.credentials(TOKENS, lambda: KEYS)),
}
# Partition -> a region, what its hosts end with, and what those end with that have IPv6 too ("": there are none).
PARTITIONS = {
    "aws": ("eu-west-1", "amazonaws.com", "api.aws"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com", "api.aws"),
    "aws-eusc": ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
    "aws-iso": ("us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"),
    "aws-iso-b": ("us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"),
    "aws-iso-e": ("eu-isoe-west-1", "cloud.adc-e.uk", ""),
    "aws-iso-f": ("us-isof-south-1", "csp.hci.ic.gov", ""),
}
# Account access manager has such hosts alone, also where all else has none of them.
ACCOUNT_ACCESS = {"aws-iso-e": "api.cloud-aws.adc-e.uk", "aws-iso-f": "api.aws.hci.ic.gov"}


def expected(partition: str, *, dualstack: bool, fips: bool) -> dict[str, str]:
    """The host of each call; none for one that botocore has no host for."""
    region, suffix, both = PARTITIONS[partition]
    if dualstack and not both:
        return {}
    infix = "-fips" if fips else ""
    # The hosts of GovCloud are FIPS endpoints anyway.
    usual = "" if partition == "aws-us-gov" and not dualstack else infix
    end = both if dualstack else suffix
    hosts = {
        "oidc": f"oidc{usual}.{region}.{end}",
        "portal": f"portal.sso{usual}.{region}.{end}",
        "sts": f"sts{usual}.{region}.{end}",
        "s3": f"{ACCOUNT}.s3-control{infix}.{'dualstack.' * dualstack}{region}.{suffix}",
        "account access": f"account-access-runtime{infix}.{region}.{ACCOUNT_ACCESS.get(partition, both)}",
    }
    if partition == "aws-cn" and fips:
        del hosts["s3"]
    if not knows_account_access():
        del hosts["account access"]
    return hosts


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hosts:
    """No host answers, and each that is tried is noted."""
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return stand_in(monkeypatch, Hosts())


def profiles(partition: str) -> str:
    """A configuration with a profile of each kind."""
    role = f'role_arn = "arn:{partition}:iam::{ACCOUNT}:role/r"'
    return f"""
[identity.job]
source = "file"
path = "token"

[defaults]
identity = "job"
application_arn = "arn:{partition}:sso::{ACCOUNT}:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
identity_center_region = "{PARTITIONS[partition][0]}"
caller = {{ environment = true }}

[profile.grant]
{role}
s3_grant = {{ target = "s3://bucket/*", permission = "READ" }}

[profile.set]
account_id = "{ACCOUNT}"
permission_set = "Admin"

[profile.given]
{role}
account_access = "aa-0123456789ab"
"""


@pytest.mark.parametrize("fips", [False, True], ids=["", "FIPS"])
@pytest.mark.parametrize("dualstack", [False, True], ids=["IPv4", "dual-stack"])
@pytest.mark.parametrize("partition", PARTITIONS)
def test_each_call_goes_to_the_host_of_its_partition(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partition: str, *, dualstack: bool, fips: bool
) -> None:
    """By botocore's rules, which follow the SDK's own variables; where it has none, the error says so."""
    (tmp_path / "config.toml").write_text(profiles(partition))
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", str(dualstack).lower())
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", str(fips).lower())
    loaded, found = settings.load(), dict[str, str]()
    for call, (profile, make) in CALLS.items():
        hosts.tried.clear()
        with suppress(OidcHelperError):
            make(Aws(loaded.profile(profile), time_left=lambda: 30))
        if hosts.tried:
            found[call] = hosts.tried[0]

    assert found == expected(partition, dualstack=dualstack, fips=fips)

    if found:
        assert Aws(loaded.profile("set"), time_left=lambda: 30).center_url == f"https://{found['oidc']}"


@pytest.mark.parametrize(
    ("partition", "kind", "call"),
    [("aws-iso-e", "DUALSTACK", "oidc"), ("aws-iso-f", "DUALSTACK", "sts"), ("aws-cn", "FIPS", "s3")],
)
def test_a_variable_for_hosts_that_a_partition_lacks_is_named(
    hosts: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partition: str, kind: str, call: str
) -> None:
    """It was `the settings for AWS`: botocore does not repeat the value."""
    (tmp_path / "config.toml").write_text(profiles(partition))
    monkeypatch.setenv(f"AWS_USE_{kind}_ENDPOINT", "true")
    profile, make = CALLS[call]

    with pytest.raises(WrongSettings) as caught:
        make(Aws(settings.load().profile(profile), time_left=lambda: 30))

    assert hosts.tried == []
    assert caught.value.message.startswith(f"AWS_USE_{kind}_ENDPOINT cannot be used: ")
    assert caught.value.hint == f"correct or unset AWS_USE_{kind}_ENDPOINT"
