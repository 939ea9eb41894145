"""Identity tokens that CI systems and Google Cloud issue to their jobs; oidc-helper-ci(7) says what a job must set."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from oidc_helper.errors import SignInNeeded, TryAgain, WrongSettings
from oidc_helper.identity import command
from oidc_helper.machine.requests import Answer, ask, host_of
from oidc_helper.redaction import covered
from oidc_helper.settings import Identity
from oidc_helper.words import printable

_NONE = "the CI system gives no identity token"
_PASSING = (408, 429)
# As in GitLab's own example: the audience in capitals, with an underscore for each character that no variable may have.
_NOT_IN_VARIABLE = re.compile(r"[^A-Z0-9_]|^[^A-Z_]")
_AZURE_AUDIENCE = "api://AzureADTokenExchange"  # the only audience that it issues tokens for
_GOOGLE = ("Google", "Google Compute Engine")
_PRODUCT = Path("/sys/class/dmi/id/product_name")


class _Job(NamedTuple):
    """The token to ask for, and how to ask: `timeout_s` and `ca_bundle` are those of `machine.requests`."""

    identity: str
    audience: str
    timeout_s: float
    ca_bundle: str | None

    def ask(self, url: str, secret: str, **more: Any) -> Answer:
        return ask(
            url,
            headers={"Authorization": f"Bearer {secret}", **more.pop("headers", {})},
            timeout_s=self.timeout_s,
            ca_bundle=self.ca_bundle,
            **more,
        )

    @property
    def gitlab_variable(self) -> str:
        return _NOT_IN_VARIABLE.sub("_", self.audience.upper()) + "_ID_TOKEN"


class System(NamedTuple):
    """A CI system: the variable that its jobs have, how to get a token there, and the hint how to allow a job that.

    `allow` may contain `{audience}`, and `{variable}` for GitLab's name of its variable.
    """

    name: str
    variable: str
    token: Callable[[_Job], str]
    allow: str


def fetch(identity: Identity, timeout_s: float, *, ca_bundle: str | None = None) -> str | None:
    """Ask the CI system for a token with the identity's audience; None outside of CI.

    Raises SignInNeeded if the job may not have one, TryAgain if no usable answer comes, WrongSettings.
    """
    job = _Job(identity.name, identity.audience, timeout_s, ca_bundle)
    system = next((system for system in SYSTEMS if os.environ.get(system.variable)), None)
    if system is None:
        return _of_google(job)
    try:
        return system.token(job)
    except SignInNeeded as error:
        allow = system.allow.format(audience=printable(job.audience), variable=job.gitlab_variable)
        error.hint = f"{system.name}: {allow}"
        raise


def _of_github(job: _Job) -> str:
    url, secret = (_variable(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(parts.query, keep_blank_values=True)), "audience": job.audience})
    url = parts._replace(query=query).geturl()
    return _member(job.ask(url, secret), "value", url, secret)


def _of_gitlab(job: _Job) -> str:
    return _variable(job.gitlab_variable)


def _of_buildkite(job: _Job) -> str:
    return _printed(job, "buildkite-agent", "oidc", "request-token", "--audience", job.audience)


def _of_circleci(job: _Job) -> str:
    claims = json.dumps({"aud": job.audience})
    return _printed(job, "circleci", "run", "oidc", "get", "--claims", claims, "--root-issuer")


def _of_bitbucket(_job: _Job) -> str:
    return _variable("BITBUCKET_STEP_OIDC_TOKEN")


def _of_azure(job: _Job) -> str:
    """Azure DevOps' REST API, "Oidctoken - Create"; azure-identity sends the same request."""
    if job.audience != _AZURE_AUDIENCE:
        raise WrongSettings(
            f"Azure Pipelines issues identity tokens for {_AZURE_AUDIENCE} only", f'set audience = "{_AZURE_AUDIENCE}"'
        )
    url = f"{_variable('SYSTEM_OIDCREQUESTURI')}?api-version=7.1"
    secret = _variable("SYSTEM_ACCESSTOKEN")
    headers = {"Content-Type": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}
    return _member(job.ask(url, secret, headers=headers, body=b""), "oidcToken", url, secret)


def _of_google(job: _Job) -> str | None:
    """The metadata server's token, or one of the service account GOOGLE_SERVICE_ACCOUNT_NAME; None outside Google."""
    account = os.environ.get("GOOGLE_SERVICE_ACCOUNT_NAME")
    if not account and not _is_of_google():
        return None
    metadata = f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}/computeMetadata/v1"
    default_account = f"{metadata}/instance/service-accounts/default"
    query = urlencode({"audience": job.audience, "format": "full"})
    url = f"{default_account}/token" if account else f"{default_account}/identity?{query}"
    answer = ask(url, headers={"Metadata-Flavor": "Google"}, timeout_s=job.timeout_s, directly=True)
    if not account:
        return _checked(answer, url).body.decode("ascii", "replace")
    secret = _member(answer, "access_token", url)
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateIdToken"
    body = json.dumps({"audience": job.audience, "includeEmail": True}).encode()
    return _member(job.ask(url, secret, headers={"Content-Type": "application/json"}, body=body), "token", url, secret)


def _is_of_google() -> bool:
    try:
        return _PRODUCT.read_text().strip() in _GOOGLE
    except (OSError, UnicodeDecodeError):
        return False


def _variable(name: str) -> str:
    """The value of a variable that the CI system sets for the job. Raises SignInNeeded."""
    value = os.environ.get(name)
    if not value:
        raise SignInNeeded(f"{_NONE}: {name} is not set")
    return value


def _printed(job: _Job, *words: str) -> str:
    """The output of the CI system's own program. Raises SignInNeeded, TryAgain."""
    try:
        return command.printed(words, job.identity, "CI system's program", job.timeout_s)
    except (SignInNeeded, WrongSettings) as error:
        raise SignInNeeded(f"{_NONE}: {error.message}") from None


def _member(answer: Answer, name: str, url: str, secret: str = "") -> str:
    """A string member of the JSON object in an answer. Raises SignInNeeded, TryAgain."""
    try:
        value = json.loads(_checked(answer, url, secret).body)[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        value = None
    if not isinstance(value, str):
        raise _unusable(answer, url, secret)
    return value


def _checked(answer: Answer, url: str, secret: str = "") -> Answer:
    """The answer, if it is a success. Raises SignInNeeded, TryAgain."""
    if 400 <= answer.status < 500 and answer.status not in _PASSING:
        raise SignInNeeded(f"{_NONE}: HTTP status {answer.status}: {covered(answer.said, [secret])}")
    if answer.status != 200:
        raise _unusable(answer, url, secret)
    return answer


def _unusable(answer: Answer, url: str, secret: str) -> TryAgain:
    said = covered(answer.said, [secret])
    return TryAgain(
        f"{host_of(url)} gives no identity token: HTTP status {answer.status}: {said}", "try again in a while"
    )


SYSTEMS = (
    System("GitHub Actions", "GITHUB_ACTIONS", _of_github, "let the job have permissions: id-token: write"),
    System("GitLab", "GITLAB_CI", _of_gitlab, "add to the job id_tokens: {{{variable}: {{aud: {audience}}}}}"),
    System("Buildkite", "BUILDKITE", _of_buildkite, "run it where buildkite-agent is in PATH, 3.104 or newer"),
    System("CircleCI", "CIRCLECI", _of_circleci, "give the job a context: only jobs with one get OIDC tokens"),
    System("Bitbucket", "BITBUCKET_BUILD_NUMBER", _of_bitbucket, "let the step have oidc: {{audiences: [{audience}]}}"),
    System(
        "Azure Pipelines", "TF_BUILD", _of_azure, "map SYSTEM_ACCESSTOKEN: $(System.AccessToken) in env of the step"
    ),
)
