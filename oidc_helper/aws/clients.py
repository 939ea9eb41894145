"""Clients of AWS's services, made and checked before anything single-use is spent on a request that could not leave.

A mistake in a variable, a certificate file or a proxy shows here, under its own name.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.utils import get_environ_proxies

from oidc_helper import redaction
from oidc_helper.errors import TryAgain, WrongSettings
from oidc_helper.machine import tls
from oidc_helper.settings.checks import is_loopback
from oidc_helper.words import printable

_TELLING = 3  # characters
# The members of requests and answers that no message may repeat, by their names on the wire.
_SECRET = {
    "ContextAssertion",
    "SAMLAssertion",
    "SecretAccessKey",
    "SessionToken",
    "TokenCode",
    "WebIdentityToken",
    "accessToken",
    "assertion",
    "clientSecret",
    "code",
    "codeVerifier",
    "deviceCode",
    "idToken",
    "identityContext",
    "refreshToken",
    "secretAccessKey",
    "sessionToken",
    "subjectToken",
}


def watch(session: Any) -> None:
    """Learn the secrets of all requests and answers of a botocore session, and let none leave in clear text."""
    session.register("before-parameter-build", lambda params, **_: _learn(params))
    session.register("after-call", lambda parsed, **_: _learn(parsed))
    session.register("request-created", _before_it_leaves)


def _learn(members: Any) -> None:
    redaction.learn(*redaction.secrets_in(members, _SECRET.__contains__))


def _before_it_leaves(request: Any, event_name: str, **_: Any) -> None:
    refuse_clear_text(request.url, event_name.split(".")[1])


def checked(client: Any, *, authorities: tuple[str, str] | None, endpoint: str = "") -> Any:
    """The client, if nothing keeps its requests from leaving. Raises WrongSettings.

    `authorities` are those of `tls.authorities`. `endpoint` is the option that names the URL, empty where it is a
    variable.
    """
    url = client.meta.endpoint_url
    refuse_clear_text(url, client.meta.service_model.service_id, endpoint)
    _check_proxy(url)
    if url.startswith("https:") and authorities:
        check_authorities(*authorities)
    return client


def mistaken(error: Exception) -> WrongSettings:
    """The error for a value that botocore cannot use; it names the variables that may have it."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    place = " or ".join(variables_in(reason))
    return WrongSettings(
        f"{place or 'the settings for AWS'} cannot be used: {printable(reason)}",
        f"correct or unset {place}" if place else "see which variables are set: env | grep AWS_",
    )


def variables_in(reason: str) -> list[str]:
    """The AWS_* variables that a message of botocore means: their names or values are in it, with as much of the name.

    Botocore says `STS regional endpoints option true is invalid`, and another variable may be `true` too.
    """
    likeness = {
        name: sum(word.lower() in reason.lower() for word in name.split("_")[1:])
        for name, value in os.environ.items()
        if name.startswith("AWS_") and (name in reason or _is_quoted(value.strip(), reason))
    }
    return sorted(name for name, alike in likeness.items() if alike == max(likeness.values()))


def _is_quoted(value: str, reason: str) -> bool:
    """Whether the reason repeats the value; a very short one is found in any text, and must be in quotes."""
    if len(value) < _TELLING:
        return repr(value) in reason
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reason) is not None


def short_of_memory(work: str) -> TryAgain:
    """The error where this machine has no memory or thread left for the work, which has not begun."""
    return TryAgain(f"there is not enough memory for {work}", "close other programs", never_sent=True)


def refuse_clear_text(url: str, service: str, named: str = "") -> None:
    """Raise WrongSettings where secrets would go to another machine without TLS.

    `service` is botocore's id of it, and `named` the option that holds the URL, where it is no variable.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return
    variable = f"AWS_ENDPOINT_URL_{re.sub('[ -]', '_', service).upper()}"
    named = named or next(
        (name for name in (variable, "AWS_ENDPOINT_URL") if os.environ.get(name)), "endpoint_url of the AWS profile"
    )
    raise WrongSettings(
        f"{named} leads to {printable(parts.hostname or url)} without TLS, and secrets would go there in clear text",
        f"let {named} begin with https://; plain http is for loopback hosts only",
    )


@cache  # reading a large file takes 25 ms
def check_authorities(path: str, named: str) -> None:
    """Raise WrongSettings for a file that botocore would find unusable only once the request is under way."""
    if Path(path).is_dir():
        raise WrongSettings(f"{named}: {printable(path)} is a directory", f"let {named} name a file of certificates")
    tls.context(path, named)


def _check_proxy(url: str) -> None:
    """Raise WrongSettings for a proxy that no request could go through."""
    scheme = urlsplit(url).scheme
    proxy = get_environ_proxies(url).get(scheme)
    if not proxy or _is_possible(proxy):
        return
    names = (name for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY") if os.environ.get(name) == proxy)
    named = next(names, "the system's proxy")
    raise WrongSettings(
        f"{named} is no URL of an http proxy",
        f"write {named} as http://HOST:PORT, with percent signs for what is special in its user and password",
    )


def _is_possible(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and re.fullmatch(r"[\w.:%-]+", host) is not None
