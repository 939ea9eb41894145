"""Check the network: the proxy and authorities in force, and whether they let us reach the provider and AWS."""

import sys
import time

from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, NotChecked, failed, of_error, ok, skipped
from oidc_helper.errors import OidcHelperError, Refused, TryAgain, WrongSettings
from oidc_helper.identity import INTERACTIVE
from oidc_helper.machine import clock as clocks
from oidc_helper.machine import proxies, requests
from oidc_helper.machine.hosts import host_in
from oidc_helper.machine.trust import SYSTEM, key_log, roots_variable, trust
from oidc_helper.words import printable

_SERVICES = {"sts": "STS", "sso-oidc": "Identity Center", "sso": "the access portal"}
_CLOCK_S = 5  # for an answer of which only the date matters
# System -> the command that sets the clock from the network.
_SET_CLOCK = {
    "linux": "sudo timedatectl set-ntp true",
    "darwin": "sudo sntp -sS time.apple.com",
    "win32": "w32tm /resync",
}


def proxy(case: Case) -> Finding:
    """Which proxy each host is reached through, and which setting names it."""
    ways: dict[str, list[str]] = {}
    for url in _urls(case):
        through = proxies.proxy_for(url)
        way = f"through {through.url} ({proxies.setting_for(url)})" if through else "directly"
        ways.setdefault(way, []).append(host_in(url))
    return ok(
        "; ".join(f"{', '.join(dict.fromkeys(hosts))} {way}" for way, hosts in ways.items()) or "no host to reach"
    )


def certificates(case: Case) -> Finding:
    """Which authorities vouch for servers, and which setting names them."""
    bundle = case.profile.ca_bundle
    try:
        key_log()
    except WrongSettings as error:
        raise NotChecked("environment", error) from None
    trust(bundle)
    if bundle == SYSTEM:
        return ok("the authorities of the system (ca_bundle)")
    variable = roots_variable()
    usual = f"the authorities of {variable}" if variable else "the authorities of the system and of Mozilla"
    return ok(f"{usual}, and those of ca_bundle ({printable(bundle)})" if bundle else usual)


def provider(case: Case) -> Finding:
    """The identity provider answers."""
    issuer = case.profile.identity.issuer
    if not issuer:
        return skipped("nobody signs in at a provider from here")
    found = case.discovery
    if not isinstance(found, OidcHelperError) or isinstance(found, Refused):
        return ok(f"{printable(host_in(issuer))} answers")
    return _through_proxy(issuer, found)


def discovery(case: Case) -> Finding:
    """Its discovery document is that of the issuer, and offers what the sign-in takes."""
    identity = case.profile.identity
    if not identity.issuer:
        return skipped("nobody signs in at a provider from here")
    provider = case.discovery
    if isinstance(provider, OidcHelperError):
        return of_error(provider)
    if identity.source == "device" and not provider.device_authorization_endpoint:
        return failed(f"{provider.host} offers no sign-in with a code on another device", 'source = "browser"')
    if identity.source == "browser" and not provider.authorization_endpoint:
        return failed(f"{provider.host} offers no sign-in with the browser", 'source = "device"')
    from oidc_helper.oidc.connection import Client, get_json

    client = Client(identity.client_id, ca_bundle=case.profile.ca_bundle)
    left_s = case.deadline.left()
    keys = get_json(provider.jwks_uri, issuer=provider.issuer, client=client, timeout_s=left_s).get("keys")
    if not isinstance(keys, list) or not keys:
        return failed(f"{provider.host} publishes no keys, so that no ID token can be trusted", "check issuer")
    ways = ["browser"] * bool(provider.authorization_endpoint) + ["device"] * bool(
        provider.device_authorization_endpoint
    )
    return ok(f"sign-in by {' and '.join(ways)}, {len(keys)} keys, signatures {', '.join(provider.algorithms)}")


def aws(case: Case) -> Finding:
    """Every service that the profile uses answers."""
    return ok(", ".join(f"{_SERVICES[service]} at {host_in(case.aws.reach(service))}" for service in _services(case)))


def clock(case: Case) -> Finding:
    """The clock of this machine agrees with the servers'; otherwise they refuse signatures and tokens."""
    hosts = []
    for url in _urls(case):
        if not (date := _date(url, case)):
            continue
        hosts.append(host_in(url))
        if skew := clocks.skew(date, time.time()):
            return failed(
                f"{skew} ({printable(host_in(url))})", _SET_CLOCK.get(sys.platform, "set this machine's clock")
            )
    if not hosts:
        return skipped("no server has sent its time")
    return ok(f"as at {', '.join(dict.fromkeys(hosts))}")


def _date(url: str, case: Case) -> str:
    """The Date header of the server's answer; empty if there is none."""
    timeout_s = min(_CLOCK_S, max(1, case.deadline.left()))
    try:
        answer = requests.head(url, timeout_s=timeout_s, ca_bundle=case.profile.ca_bundle)
    except OidcHelperError:
        return ""
    return answer.headers.get("Date", "")


def _urls(case: Case) -> list[str]:
    """The servers of the profile: AWS, and the provider if a person signs in there."""
    identity = case.profile.identity
    issuer = [identity.issuer] if identity.source in INTERACTIVE and identity.issuer else []
    return [*issuer, *_aws_urls(case)]


def _aws_urls(case: Case) -> list[str]:
    """The URLs of the AWS services; empty if the settings for AWS are wrong, which `aws` reports."""
    try:
        return [case.aws.url(service) for service in _services(case)]
    except WrongSettings:
        return []


def _services(case: Case) -> list[str]:
    """The AWS services that the profile uses."""
    profile = case.profile
    uses_sts = profile.target == "role" or profile.caller.web_identity_role_arn
    return ["sts"] * bool(uses_sts) + ["sso-oidc"] + ["sso"] * bool(profile.permission_set)


def _through_proxy(url: str, error: OidcHelperError) -> Finding:
    """The finding for the error, naming the proxy in between that may be to blame."""
    through = proxies.proxy_for(url) if isinstance(error, TryAgain) and error.never_sent else None
    if not through:
        return of_error(error)
    setting = proxies.setting_for(url)
    return failed(
        f"{error.message}, through the proxy {through.url} of {setting}",
        f"correct {setting}, or let NO_PROXY have {host_in(url)}",
    )
