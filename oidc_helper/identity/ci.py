"""Identity tokens that a CI system issues to its jobs: GitHub, GitLab, CircleCI, Buildkite, Google Cloud."""

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from oidc_helper.errors import SignInNeeded, TryAgain
from oidc_helper.machine import tls
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.redaction import covered
from oidc_helper.settings import Identity
from oidc_helper.words import printable

if TYPE_CHECKING:
    from urllib3 import PoolManager

_LARGEST = 1_048_576  # bytes of an answer
_CHUNK = 65_536
_NETWORK = "check the network and the proxy (HTTPS_PROXY)"
_PERMISSION = "let the job ask for one (GitHub: permissions, id-token: write; GitLab: id_tokens)"


class _Answer(NamedTuple):
    status: int
    body: bytes


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
    host = printable(parts.netloc.rpartition("@")[2])
    answer = _asked(
        parts._replace(query=query).geturl(), host, {"Authorization": f"Bearer {secret}"}, timeout_s, ca_bundle
    )
    try:
        value = json.loads(answer.body)["value"] if answer.status == 200 else None
    except (ValueError, LookupError, TypeError, RecursionError):
        value = None
    if isinstance(value, str):
        return value
    said = covered(printable(answer.body.decode("utf-8", "replace").strip()), [secret])
    if 400 <= answer.status < 500 and answer.status not in (408, 429):
        raise SignInNeeded(f"the CI system gives no identity token: HTTP status {answer.status}: {said}", _PERMISSION)
    raise TryAgain(f"{host} gives no identity token: HTTP status {answer.status}: {said}", "try again in a while")


def _asked(url: str, host: str, headers: Mapping[str, str], timeout_s: float, ca_bundle: str | None) -> _Answer:
    """The answer to a GET, sent as all other requests are. Raises TryAgain, WrongSettings."""
    from urllib3.exceptions import HTTPError

    from oidc_helper.machine.http import way_to
    from oidc_helper.machine.trust import trust

    way = way_to(url, trust=trust(ca_bundle) if url.startswith("https:") else None)
    try:
        return Deadline(timeout_s).run(lambda: _read(way, url, headers, timeout_s))
    except DeadlinePassed:
        raise TryAgain(f"{host} does not answer in time", _NETWORK) from None
    except HTTPError as error:
        if trouble := tls.trouble(host, error):
            raise TryAgain(*trouble) from None
        raise TryAgain(f"{host} cannot be reached ({type(error).__name__})", _NETWORK) from None


def _read(way: "PoolManager", url: str, headers: Mapping[str, str], timeout_s: float) -> _Answer:
    """The answer, whose body is cut where nobody will read on."""
    answer = way.request(
        "GET", url, headers=dict(headers), timeout=timeout_s, retries=False, redirect=False, preload_content=False
    )
    body, ends = b"", time.monotonic() + timeout_s
    for part in answer.stream(_CHUNK):
        body += part
        if len(body) > _LARGEST or time.monotonic() > ends:
            break
    answer.close()
    return _Answer(answer.status, body)


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
