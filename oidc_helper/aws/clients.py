"""Clients of AWS's services, made and checked before a single-use token is spent on a request that cannot leave.

A mistake in a variable, a certificate file or a proxy is found here, and named.
"""

import os
import re
from typing import Any

from botocore import xform_name

from oidc_helper import redaction
from oidc_helper.aws.transport import Transport
from oidc_helper.errors import TryAgain, WrongSettings
from oidc_helper.machine.hosts import host_in, is_loopback
from oidc_helper.words import printable

_DISTINCTIVE_LENGTH = 3  # characters
# Variables that choose a kind of endpoint -> its name in botocore's messages, which do not repeat the variable's value.
_VARIANTS = {"AWS_USE_DUALSTACK_ENDPOINT": "dualstack", "AWS_USE_FIPS_ENDPOINT": "fips"}
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
    """Let redaction learn the secrets in a botocore session's requests and answers; refuse requests in clear text."""
    session.register("before-parameter-build", lambda params, **_: _learn(params))
    session.register("after-call", lambda parsed, **_: _learn(parsed))
    session.register("request-created", _before_it_leaves)


def _learn(members: Any) -> None:
    redaction.learn(*redaction.secrets_in(members, _SECRET.__contains__))


def _before_it_leaves(request: Any, event_name: str, **_: Any) -> None:
    refuse_clear_text(request.url, event_name.split(".")[1])


def checked(client: Any, transport: Transport | None, *, endpoint: str = "") -> Any:
    """The client, its requests sent by the transport, if nothing keeps them from leaving. Raises WrongSettings.

    `endpoint` is the option that gives the URL, empty if no option does.
    """
    refuse_clear_text(client.meta.endpoint_url, client.meta.service_model.service_id, endpoint)
    if transport:
        transport.serve(client)
    return client


def wrong_value(error: Exception) -> WrongSettings:
    """The error for a value that botocore cannot use; it names the variables that may hold the value."""
    reason = " ".join(str(error).split()).rstrip(".: ") or type(error).__name__
    place = " or ".join(variables_in(reason))
    return WrongSettings(
        f"{place or 'the settings for AWS'} cannot be used: {printable(reason)}",
        f"correct or unset {place}" if place else "see which variables are set: env | grep AWS_",
    )


def variables_in(reason: str) -> list[str]:
    """The AWS_* variables that a botocore message is about: it has their name or value, and most words of their name.

    The words decide between variables of the same value: `STS regional endpoints option true is invalid` fits each one
    that is `true`.
    """
    likeness = {
        name: sum(word.lower() in reason.lower() for word in name.split("_")[1:])
        for name, value in os.environ.items()
        if name.startswith("AWS_")
        and (name in reason or _is_quoted(value.strip(), reason) or _is_variant(name, value, reason))
    }
    return sorted(name for name, alike in likeness.items() if alike == max(likeness.values()))


def _is_quoted(value: str, reason: str) -> bool:
    """Whether the reason repeats the value. A very short value occurs in any text, and so must be in quotes."""
    if len(value) < _DISTINCTIVE_LENGTH:
        return repr(value) in reason
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reason) is not None


def _is_variant(name: str, value: str, reason: str) -> bool:
    return name in _VARIANTS and value.lower() == "true" and _VARIANTS[name] in reason.lower()


def short_of_memory(work: str) -> TryAgain:
    """The error for work that has not begun, since this machine has no memory or thread left for it."""
    return TryAgain(f"there is not enough memory for {work}", "close other programs", never_sent=True)


def endpoint_variable(service: str) -> str:
    """The variable that sets the address of a service, by botocore's service id; empty if none does."""
    own = f"AWS_ENDPOINT_URL_{re.sub('[ -]', '_', service).upper()}"
    return next((name for name in (own, "AWS_ENDPOINT_URL") if os.environ.get(name)), "")


def base_url(client: Any, operation: str) -> str:
    """The URL of an operation without its path, by botocore's endpoint rules.

    `meta.endpoint_url` ignores these rules: it has other hosts for FIPS in GovCloud and dual-stack in some partitions.
    """
    path = client.meta.service_model.operation_model(operation).http["requestUri"]
    parameters = {"clientId": "-", "clientSecret": "-", "grantType": "-"}
    url: str = client.generate_presigned_url(xform_name(operation), Params=parameters)
    return url.partition("?")[0].removesuffix(path)


def refuse_clear_text(url: str, service: str, option: str = "") -> None:
    """Raise WrongSettings if secrets would go to another machine without TLS, or if the URL names no host.

    `service` is botocore's service id, and `option` the one that holds the URL, if an option does.
    """
    host = host_in(url)
    if host and (url.lower().startswith("https:") or is_loopback(url)):
        return
    setting = option or endpoint_variable(service) or "endpoint_url of the AWS profile"
    if not host:
        raise WrongSettings(f"{setting} is not the address of a host", f"write {setting} as https://HOST:PORT")
    raise WrongSettings(
        f"{setting} leads to {printable(host)} without TLS, and secrets would go there in clear text",
        f"let {setting} begin with https://; plain http is for loopback hosts only",
    )
