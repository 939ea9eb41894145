"""oidc-helper-ci(7): a stand-in for the runner of each system does what the example says, and no more."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes.manuals import blocks
from fakes.places import needs
from fakes.proxies import intercepting_proxy
from homes import COMMAND, Home
from ruamel.yaml import YAML

from oidc_helper.emulator import Emulator
from oidc_helper.identity import ci
from oidc_helper.manual.pages import page_on
from oidc_helper.settings import Identity

_PAGE = page_on("ci").read_text()
_EXAMPLES = {block.partition("\n")[0].removeprefix("# "): block for block in blocks(_PAGE) if block.startswith("# ")}
_CONFIG, _IN_A_FILE = (block for block in blocks(_PAGE) if block.startswith("[identity.job]"))
_AUDIENCE, _OF_AZURE = "oidc-helper", "api://AzureADTokenExchange"
# A program that prints the token only for the words of its manual.
_PROGRAM = """#!/bin/sh
[ "$*" = '{words}' ] || {{ echo "unknown: $*" >&2; exit 1; }}
cat '{token}'
"""


@dataclass
class Runner:
    """A job: what its shell runs, with which variables; `tokens` is for the systems whose tokens come by a request."""

    home: Home
    emulator: Emulator
    script: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def token(self, audience: str) -> str:
        return self.emulator.mint("alice@example.com", aud=audience)

    def program(self, name: str, words: str) -> None:
        """Put a program of the system into PATH."""
        (self.home.path / "token").write_text(self.token(_AUDIENCE))
        path = self.home.path / "bin" / name
        path.write_text(_PROGRAM.format(words=words, token=self.home.path / "token"))
        path.chmod(0o755)


Begin = Callable[[Runner, Any, str], None]
"""Reads an example, and sets the job up; the URL is that of the system's own endpoint."""


def github(runner: Runner, document: Any, url: str) -> None:
    (job,) = document["jobs"].values()
    runner.script = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    runner.variables |= {"GITHUB_ACTIONS": "true", **job["env"]}
    if job.get("permissions", {}).get("id-token") == "write":
        runner.variables |= {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "secret-of-the-job",
        }


def gitlab(runner: Runner, document: Any, _url: str) -> None:
    (job,) = document.values()
    runner.script = "\n".join(job["script"])
    tokens = {name: runner.token(asked["aud"]) for name, asked in job.get("id_tokens", {}).items()}
    runner.variables |= {"GITLAB_CI": "true", **job["variables"], **tokens}


def buildkite(runner: Runner, document: Any, _url: str) -> None:
    (step,) = document["steps"]
    runner.script = step["command"]
    runner.variables |= {"BUILDKITE": "true", **step["env"]}
    runner.program("buildkite-agent", f"oidc request-token --audience {_AUDIENCE}")


def circleci(runner: Runner, document: Any, _url: str) -> None:
    (job,) = document["jobs"].values()
    ((called,),) = (workflow["jobs"] for workflow in document["workflows"].values())
    runner.script = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    runner.variables |= {"CIRCLECI": "true", **job["environment"]}
    if (called["deploy"] or {}).get("context"):
        runner.program("circleci", f'run oidc get --claims {{"aud": "{_AUDIENCE}"}} --root-issuer')


def bitbucket(runner: Runner, document: Any, _url: str) -> None:
    ((called,),) = document["pipelines"].values()
    step = called["step"]
    runner.script = "\n".join(step["script"])
    runner.variables["BITBUCKET_BUILD_NUMBER"] = "1"
    if audiences := step.get("oidc", {}).get("audiences"):
        runner.variables["BITBUCKET_STEP_OIDC_TOKEN"] = runner.token(audiences[0])


def azure(runner: Runner, document: Any, url: str) -> None:
    (step,) = document["steps"]
    runner.script = step["script"]
    runner.variables |= {"TF_BUILD": "True", "SYSTEM_OIDCREQUESTURI": f"{url}/oidctoken", **step["env"]}
    if runner.variables.get("SYSTEM_ACCESSTOKEN") == "$(System.AccessToken)":
        runner.variables["SYSTEM_ACCESSTOKEN"] = "secret-of-the-job"
    text = runner.home.config.read_text()
    runner.home.configure(text.replace(f'audience = "{_AUDIENCE}"', f'audience = "{_OF_AZURE}"'))


def kubernetes(runner: Runner, document: Any, _url: str) -> None:
    """The kubelet writes the token where the volume is mounted; here, that is below the home."""
    pod = document["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    runner.script = " ".join(container["command"])
    ((variable,), configured) = container["env"], mounts["config"]
    assert variable == {"name": "OIDC_HELPER_CONFIG", "value": f"{configured}/config.toml"}
    runner.variables["OIDC_HELPER_CONFIG"] = str(runner.home.config)
    (source,) = volumes["tokens"]["projected"]["sources"]
    projected = source["serviceAccountToken"]
    path = f"{mounts['tokens']}/{projected['path']}"
    assert f'"{path}"' in _IN_A_FILE
    (runner.home.path / "token").write_text(runner.token(projected["audience"]))
    settings = _IN_A_FILE.replace(path, str(runner.home.path / "token"))
    text = runner.home.config.read_text()
    runner.home.configure(settings + text[text.index("\n[profile") :])


# File -> its runner, the setting without which it gives no token, and the words of the hint that then name it.
RUNNERS: dict[str, tuple[Begin, str, str]] = {
    ".github/workflows/deploy.yml": (github, "      id-token: write\n", "permissions: id-token: write"),
    ".gitlab-ci.yml": (
        gitlab,
        "  id_tokens:\n    OIDC_HELPER_ID_TOKEN:\n      aud: oidc-helper\n",
        "id_tokens: {OIDC_HELPER_ID_TOKEN: {aud: oidc-helper}}",
    ),
    ".buildkite/pipeline.yml": (buildkite, "", ""),
    ".circleci/config.yml": (circleci, "          context: aws\n", "give the job a context"),
    "bitbucket-pipelines.yml": (
        bitbucket,
        "        oidc:\n          audiences:\n            - oidc-helper\n",
        "oidc: {audiences: [oidc-helper]}",
    ),
    "azure-pipelines.yml": (
        azure,
        "      SYSTEM_ACCESSTOKEN: $(System.AccessToken)\n",
        "map SYSTEM_ACCESSTOKEN: $(System.AccessToken) in env",
    ),
    "job.yaml": (kubernetes, "", ""),
}


@contextmanager
def endpoint(token: Callable[[str], str]) -> Iterator[str]:
    """The endpoint of GitHub and of Azure, each with its method and its answer."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (audience,) = parse_qs(urlsplit(self.path).query)["audience"]
            self.answer({"value": token(audience)})

        def do_POST(self) -> None:
            assert parse_qs(urlsplit(self.path).query) == {"api-version": ["7.1"]}
            assert self.headers["Content-Type"] == "application/json"
            self.answer({"oidcToken": token(_OF_AZURE)})

        def answer(self, document: dict[str, str]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200 if self.headers["Authorization"] == "Bearer secret-of-the-job" else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def runner(home: Home, emulator: Emulator) -> Runner:
    """With the configuration of the manual, for the emulator's application, which trusts both audiences."""
    directory = emulator.directory
    directory.application.audiences.update({_AUDIENCE, _OF_AZURE})
    directory.caller_role.web_identity_audiences |= {_AUDIENCE, _OF_AZURE}
    directory.oidc_providers[emulator.issuer] |= {_AUDIENCE, _OF_AZURE}
    theirs = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
    home.configure(_CONFIG.replace(theirs, directory.application_arn))
    bin_ = home.path / "bin"
    bin_.mkdir()
    (bin_ / "oidc-helper").symlink_to(COMMAND)
    (bin_ / "aws").write_text('#!/bin/sh\necho "$OIDC_HELPER_PROFILE $AWS_ACCESS_KEY_ID $*"\n')
    (bin_ / "aws").chmod(0o755)
    return Runner(home, emulator)


def ran(runner: Runner, begin: Begin, example: str) -> "subprocess.CompletedProcess[str]":
    with endpoint(runner.token) as url:
        begin(runner, YAML(typ="safe").load(example), url)
        path = f"{runner.home.path}/bin:{os.defpath}"
        return subprocess.run(
            ["sh", "-eu", "-c", runner.script],
            cwd=runner.home.path,
            env={**runner.home.environment, "OIDC_HELPER_CONFIG": "", **runner.variables, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )


def test_each_system_has_an_example() -> None:
    """And each example a runner."""
    assert list(_EXAMPLES) == list(RUNNERS)
    headings = {line.removeprefix(".Ss ") for line in _PAGE.splitlines() if line.startswith(".Ss ")}
    assert headings == {*(system.name for system in ci.SYSTEMS), "Google Cloud", "Kubernetes"}


def test_each_system_has_its_issuer() -> None:
    """Which an administrator types at AWS."""
    sections = _PAGE.partition(".Sh EXAMPLES")[2].partition(".Sh SEE")[0].split("\n.Ss ")[1:]

    assert [section.partition("\n")[0] for section in sections if "\nThe issuer is" not in section] == []


def test_the_manifest_is_sound() -> None:
    """By the schemas of Kubernetes."""
    needs(find_spec("kubernetes_validate"), "kubernetes-validate")
    import kubernetes_validate

    manifest = YAML(typ="safe").load(_EXAMPLES["job.yaml"])
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("name", RUNNERS)
def test_a_job_of_the_manual_gets_credentials(runner: Runner, name: str) -> None:
    """Its command has them in its environment."""
    done = ran(runner, RUNNERS[name][0], _EXAMPLES[name])

    assert (done.returncode, done.stderr) == (0, "")
    profile, key, words = done.stdout.strip().split(" ", 2)
    assert (profile, words) == ("deploy", "sts get-caller-identity")
    assert key in runner.emulator._state.credentials


@pytest.mark.parametrize("name", [name for name, (_, setting, _) in RUNNERS.items() if setting])
def test_a_job_without_the_setting_is_told_it(runner: Runner, name: str) -> None:
    """The hint has what a person has to write, and nothing is sent to AWS."""
    begin, setting, told = RUNNERS[name]
    assert setting in _EXAMPLES[name]
    done = ran(runner, begin, _EXAMPLES[name].replace(setting, ""))

    assert (done.returncode, done.stdout) == (3, "")
    assert told in done.stderr.splitlines()[1], done.stderr
    assert runner.emulator.requests == []


def test_a_job_of_buildkite_needs_its_agent(runner: Runner) -> None:
    """Which a container of the job may lack."""
    begin, _, _ = RUNNERS[".buildkite/pipeline.yml"]

    def without_agent(runner: Runner, document: Any, url: str) -> None:
        begin(runner, document, url)
        (runner.home.path / "bin/buildkite-agent").unlink()

    done = ran(runner, without_agent, _EXAMPLES[".buildkite/pipeline.yml"])

    assert done.returncode == 3
    assert "buildkite-agent does not exist" in done.stderr
    assert "Buildkite: run it where buildkite-agent is in PATH" in done.stderr


def test_azure_has_one_audience(runner: Runner) -> None:
    """It is named before anything is sent."""
    runner.variables |= {"TF_BUILD": "True", "OIDC_HELPER_CONFIG": str(runner.home.config)}
    done = runner.home.run("get", "deploy", **runner.variables)

    assert done.returncode == 2
    assert f'set audience = "{_OF_AZURE}"' in done.stderr


@pytest.mark.parametrize("name", [".github/workflows/deploy.yml", "azure-pipelines.yml"])
def test_a_job_goes_through_the_companys_proxy(runner: Runner, tmp_path: Path, name: str) -> None:
    """And trusts the authority that AWS_CA_BUNDLE names; without it, nothing is sent."""
    audience = _OF_AZURE if "azure" in name else _AUDIENCE
    answer = json.dumps(dict.fromkeys(("value", "oidcToken"), runner.token(audience))).encode()
    begin = partial(_at, RUNNERS[name][0])
    with intercepting_proxy(tmp_path, "runner.test", answer) as (proxy, authority, seen):
        runner.variables |= {"HTTPS_PROXY": proxy}
        untrusted = ran(runner, begin, _EXAMPLES[name])
        assert (untrusted.returncode, "is not trusted" in untrusted.stderr, seen) == (4, True, [])
        runner.variables |= {"AWS_CA_BUNDLE": str(authority)}
        done = ran(runner, begin, _EXAMPLES[name])

    assert done.returncode == 0, done.stderr
    assert seen


def _at(begin: Begin, runner: Runner, document: Any, _url: str) -> None:
    begin(runner, document, "https://runner.test")


@pytest.mark.parametrize("impersonates", [False, True])
def test_google_asks_the_metadata_server_past_any_proxy(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, impersonates: bool
) -> None:
    """And Google's API, for the token of another service account, through it."""
    asked = []

    class Metadata(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(urlsplit(self.path).path.rpartition("/")[2])
            assert self.headers["Metadata-Flavor"] == "Google"
            body = b'{"access_token": "of-google"}' if impersonates else runner.token(_AUDIENCE).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    body = json.dumps({"token": runner.token(_AUDIENCE)}).encode()
    product = tmp_path / "product"
    product.write_text("Google Compute Engine\n")
    monkeypatch.setattr(ci, "_PRODUCT", product)
    google = intercepting_proxy(tmp_path, "iamcredentials.googleapis.com", body)
    with ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server, google as (proxy, authority, seen):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        for variable, value in {
            "GCE_METADATA_HOST": f"127.0.0.1:{server.server_port}",
            "HTTPS_PROXY": proxy,
            "HTTP_PROXY": "http://127.0.0.1:9",
            "AWS_CA_BUNDLE": str(authority),
            **({"GOOGLE_SERVICE_ACCOUNT_NAME": "deploy@example.iam.gserviceaccount.com"} if impersonates else {}),
        }.items():
            monkeypatch.setenv(variable, value)
        for system in ci.SYSTEMS:
            monkeypatch.delenv(system.variable, raising=False)
        got = ci.fetch(Identity("job", "ci", audience=_AUDIENCE), 20)
        server.shutdown()

    assert got
    assert got.count(".") == 2
    assert asked == ["token" if impersonates else "identity"]
    assert len(seen) == impersonates
