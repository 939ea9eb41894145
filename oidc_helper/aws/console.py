"""The AWS console: a sign-in token, requested for credentials by POST, and the address that redeems it."""

import json
import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlencode

from oidc_helper import redaction
from oidc_helper.aws.clients import endpoint_variable, refuse_clear_text
from oidc_helper.errors import Refused, TryAgain, WrongSettings
from oidc_helper.machine.hosts import host_in
from oidc_helper.machine.requests import Answer, ask, host_of
from oidc_helper.settings import Profile
from oidc_helper.words import shown

ADDRESS_LIFE_S = 900  # IAM User Guide, "Enable custom identity broker access to the AWS console"

# Beginning of a region's name -> the domain of its sign-in and of its console; the last is for all others. Sources:
# botocore's endpoint rules of the service `signin`, and the links to consoles in AWS's documentation.
DOMAINS: Mapping[str, str] = {
    "cn-": "amazonaws.cn",
    "eu-isoe-": "csphome.adc-e.uk",
    "eusc-": "amazonaws-eusc.eu",
    "us-gov-": "amazonaws-us-gov.com",
    "us-iso-": "c2shome.ic.gov",
    "us-isob-": "sc2shome.sgov.gov",
    "us-isof-": "csphome.hci.ic.gov",
    "": "aws.amazon.com",
}
_SERVICE_ID = "signin"  # botocore's
# The only host that signs out and then goes on to an address: saml2aws and kion-cli found no other that does.
_SIGN_OUT_REGION = "us-east-1"
_PAGE = re.compile(r"[a-z0-9][a-z0-9-]*(?:/[a-z0-9-]+)*", re.ASCII)
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_COLORS = ("blue", "turquoise", "green", "yellow", "orange", "red", "pink", "purple")
# Firefox extension -> its URL scheme: "Open external links in a container", and granted's.
CONTAINERS: Mapping[str, str] = {
    "open-url-in-container": "ext+container",
    "granted-containers": "ext+granted-containers",
}


class Kind(NamedTuple):
    """What the console can do with credentials: the page to open, and a note on what works there; both may be empty.

    `outlasts`: the console's session may last longer than the credentials. AWS refuses that for chained roles (IAM User
    Guide), and our role sessions are chained.
    """

    page: str = ""
    note: str = ""
    outlasts: bool = False


_ENHANCED = Kind(
    "athena",
    "this role session is identity-enhanced: only Athena, Glue's catalog, Lake Formation, S3 Access Grants, EMR, "
    "OpenSearch and Amazon Q work in the console; for all else, use a profile with a permission set",
)
_OF_GRANT = Kind("s3", "these credentials come from an S3 access grant: only its prefix works in the console")
_WHOLE = Kind(outlasts=True)


def kind(profile: Profile) -> Kind:
    """What the console can do with the profile's credentials."""
    if profile.target != "role":
        return _WHOLE
    return _OF_GRANT if profile.s3_grant else _ENHANCED


class Place(NamedTuple):
    """Where to sign in, and where the console is: URLs without a slash at the end."""

    sign_in: str
    console: str

    @property
    def federation(self) -> str:
        """The endpoint that gives sign-in tokens, and redeems them."""
        return f"{self.sign_in}/federation"


def place(region: str, *, signs_out: bool = False) -> Place:
    """The place of a region's console; AWS_ENDPOINT_URL_SIGNIN counts as for an SDK.

    `signs_out`: a place that can also sign out first. Raises WrongSettings.
    """
    domain = next(domain for beginning, domain in DOMAINS.items() if region.startswith(beginning))
    if signs_out and domain != DOMAINS[""]:
        raise WrongSettings(f"the sign-in of {region} cannot sign out and in again", "leave out --logout")
    own = os.environ.get(endpoint_variable(_SERVICE_ID), "").rstrip("/")
    sign_in = own or f"https://{_SIGN_OUT_REGION if signs_out else region}.signin.{domain}"
    refuse_clear_text(sign_in, _SERVICE_ID)
    return Place(sign_in, f"https://{region}.console.{domain}")


def page(where: Place, region: str, *, service: str = "", destination: str = "") -> str:
    """The URL to land on: a service's home, or a page given by its path or its whole URL. Raises WrongSettings."""
    if destination.startswith("/") and host_in(f"{where.console}{destination}"):
        return f"{where.console}{destination}"
    if destination:
        if destination.startswith("https://") and host_in(destination):
            return destination
        raise WrongSettings(
            f"--destination {shown(destination, 60)} is no page of the console",
            "write it as /ec2/home, or as its whole address with https://",
        )
    if service and not _PAGE.fullmatch(service):
        raise WrongSettings(
            f"--service {shown(service, 60)} is no service of the console",
            "write it as in the console's addresses, such as s3, athena or cloudwatch",
        )
    return f"{where.console}/{service or 'console'}/home?region={region}"


def sign_in_token(
    where: Place, credentials: Mapping[str, str], *, duration_s: int | None, timeout_s: float, ca_bundle: str | None
) -> str:
    """The token that signs a browser in, for credentials in the form of credential_process; it lives ADDRESS_LIFE_S.

    Raises DurationRefused, Refused, TryAgain, WrongSettings.
    """
    session = {
        "sessionId": credentials["AccessKeyId"],
        "sessionKey": credentials["SecretAccessKey"],
        "sessionToken": credentials["SessionToken"],
    }
    redaction.learn(session["sessionKey"], session["sessionToken"])
    lasting = {} if duration_s is None else {"SessionDuration": str(duration_s)}
    form = {"Action": "getSigninToken", **lasting, "Session": json.dumps(session, separators=(",", ":"))}
    answer = ask(
        where.federation, headers=_FORM, body=urlencode(form).encode(), timeout_s=timeout_s, ca_bundle=ca_bundle
    )
    token = _token(answer)
    if token is None:
        raise _failure(host_of(where.federation), answer, lasts=duration_s is not None)
    redaction.learn(token)
    return token


def address(where: Place, token: str, landing: str, *, signs_out: bool = False) -> str:
    """The address that signs a browser in and goes on to the page `landing`; if `signs_out`, it signs out first."""
    query = {"Action": "login", "Issuer": "oidc-helper", "Destination": landing, "SigninToken": token}
    login = f"{where.federation}?{urlencode(query)}"
    if not signs_out:
        return login
    return f"{where.sign_in}/oauth?{urlencode({'Action': 'logout', 'redirect_uri': login})}"


def in_container(url: str, *, form: str | None, name: str) -> str:
    """The address that opens the URL in a Firefox container of that name, always in the same colour.

    `form` is one of CONTAINERS, None for no container.
    """
    if form is None:
        return url
    color = _COLORS[sum(name.encode()) % len(_COLORS)]
    return f"{CONTAINERS[form]}:{urlencode({'name': name, 'url': url, 'color': color}, quote_via=quote, safe='')}"


class DurationRefused(Refused):
    """The duration may be the reason: the same request without one may be granted."""


def _token(answer: Answer) -> str | None:
    """The token in an answer, if it can be put into an address; None otherwise."""
    try:
        token = json.loads(answer.body)["SigninToken"] if answer.status == 200 else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return token if isinstance(token, str) and token and token.isascii() and token.isprintable() else None


def _failure(host: str, answer: Answer, *, lasts: bool) -> Refused | TryAgain:
    status = answer.status
    if status >= 500 or status in (408, 429):
        return TryAgain(f"{host} gives no sign-in token: HTTP status {status}", "try again in a while")
    if 200 <= status < 400:
        return Refused(
            f"{host} answers with HTTP status {status} and no sign-in token",
            f"check the proxy (HTTPS_PROXY) and {endpoint_variable(_SERVICE_ID) or 'the network'}: "
            "a log-in page may answer in its place",
        )
    message = f"{host} refuses to sign these credentials in: HTTP status {status}"
    if status == 400 and lasts:
        return DurationRefused(message)
    return Refused(
        message,
        "get new ones: oidc-helper get --refresh PROFILE; or a network perimeter policy keeps them out of the console "
        "(signin:PutConsoleAuthorizationConfiguration)",
    )
