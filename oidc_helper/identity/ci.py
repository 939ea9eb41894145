"""Identity tokens that a CI system issues to its jobs: GitHub, GitLab, CircleCI, Buildkite, Google Cloud."""

import json
import os
from urllib.parse import parse_qsl, urlencode, urlsplit

from oidc_helper.errors import SignInNeeded, TryAgain
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.machine.requests import ask, host_of
from oidc_helper.redaction import covered
from oidc_helper.settings import Identity
from oidc_helper.words import printable

_NETWORK = "check the network and the proxy (HTTPS_PROXY)"
_PERMISSION = "let the job ask for one (GitHub: permissions, id-token: write; GitLab: id_tokens)"


def fetch(identity: Identity, timeout_s: float, *, ca_bundle: str | None = None) -> str | None:
    """Ask the CI system for a token with the identity's audience; None outside of CI.

    Raises SignInNeeded where the job may have none, TryAgain where no usable answer comes, WrongSettings.
    """
    if os.environ.get("GITHUB_ACTIONS"):
        return _from_github(identity.audience, timeout_s, ca_bundle)
    return _from_others(identity.audience, timeout_s)


def _from_github(audience: str, timeout_s: float, ca_bundle: str | None) -> str:
    """GitHub's protocol: a URL and a secret in the environment of a job that has the permission."""
    url, secret = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
    if not url or not secret:
        missing = "ACTIONS_ID_TOKEN_REQUEST_TOKEN" if url else "ACTIONS_ID_TOKEN_REQUEST_URL"
        raise SignInNeeded(f"the CI system gives no identity token: {missing} is not set", _PERMISSION)
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(parts.query, keep_blank_values=True)), "audience": audience})
    answer = ask(
        parts._replace(query=query).geturl(),
        headers={"Authorization": f"Bearer {secret}"},
        timeout_s=timeout_s,
        ca_bundle=ca_bundle,
    )
    try:
        value = json.loads(answer.body)["value"] if answer.status == 200 else None
    except (ValueError, LookupError, TypeError, RecursionError):
        value = None
    if isinstance(value, str):
        return value
    said = covered(answer.said, [secret])
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        raise SignInNeeded(f"the CI system gives no identity token: HTTP status {answer.status}: {said}", _PERMISSION)
    raise TryAgain(
        f"{host_of(url)} gives no identity token: HTTP status {answer.status}: {said}", "try again in a while"
    )


def _from_others(audience: str, timeout_s: float) -> str | None:
    """By the library `id`, which reads a variable, runs the system's own command, or asks Google's metadata server."""
    from id import IdentityError, detect_credential
    from urllib3.exceptions import HTTPError

    try:
        return Deadline(timeout_s).run(lambda: detect_credential(audience))
    except DeadlinePassed:
        raise TryAgain("the CI system does not answer in time", "try again in a while") from None
    except (HTTPError, UnicodeDecodeError) as error:
        raise TryAgain(f"the CI system gives no usable answer ({type(error).__name__})", _NETWORK) from None
    except IdentityError as error:
        message = f"the CI system gives no identity token: {printable(str(error))}"
        if "timed out" in str(error):  # the library's word for all trouble of the network
            raise TryAgain(message, _NETWORK) from None
        raise SignInNeeded(message, _PERMISSION) from None
