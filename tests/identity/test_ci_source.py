"""The identity token of a CI job, from an endpoint like that of GitHub's runners."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cli.transcript import complaint
from fakes.certificates import self_made
from homes import Home, file_config

from oidc_helper.emulator import Emulator

SECRET = "the-secret-of-the-runner"


@contextmanager
def github(
    answer: bytes, status: int = 200, *, tls: Path | None = None, host: str = ""
) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Run such an endpoint: the variables of a job, and the audiences of the tokens that it asks for.

    It speaks TLS with the certificate in the file `tls`. It is the proxy for the `host`, if there is one.
    """
    audiences: list[str] = []

    class Runner(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            audiences.extend(parse_qs(urlsplit(self.path).query).get("audience", []))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Runner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_address[1]}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        url = f"{'https' if tls else 'http'}://{host or place}/token?api-version=2"
        variables = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET}
        proxy = {"HTTP_PROXY": f"http://{place}"} if host else {}
        yield {"GITHUB_ACTIONS": "true", **variables, **proxy}, audiences
        server.shutdown()


@pytest.fixture
def job(home: Home, emulator: Emulator) -> Home:
    identity = f'source = "ci"\naudience = "{emulator.client_id}"'
    home.configure(file_config(emulator, identity=identity))
    return home


def test_a_job_gets_credentials_with_the_token_of_its_runner(job: Home, emulator: Emulator) -> None:
    """The token is asked for the identity's audience."""
    with github(json.dumps({"value": emulator.mint("alice@example.com")}).encode()) as (variables, audiences):
        assert job.get("analytics", **variables)["AccountId"] == "123456789012"

    assert audiences == [emulator.client_id]


def test_a_job_without_the_permission_is_refused(job: Home, emulator: Emulator) -> None:
    """The hint names the permission, and nothing is sent to AWS."""
    with github(b"{}", status=403) as (variables, _):
        failed = complaint(job.run("get", "analytics", **variables))

    assert failed.code == 3
    assert "id-token: write" in failed.hint
    assert emulator.requests == []


def test_outside_of_ci_there_is_no_token(job: Home) -> None:
    failed = complaint(job.run("get", "analytics"))

    assert failed.code == 3
    assert "CI job" in failed.message


def test_a_job_reaches_its_runner_through_the_proxy(job: Home, emulator: Emulator) -> None:
    """It was asked directly, and never answered."""
    token = json.dumps({"value": emulator.mint("alice@example.com")}).encode()
    with github(token, host="pipelines.actions.test") as (variables, audiences):
        assert job.get("analytics", **variables)["AccountId"] == "123456789012"

    assert audiences == [emulator.client_id]


@pytest.mark.parametrize("by", ["ca_bundle", "AWS_CA_BUNDLE"])
def test_a_runner_with_the_certificate_of_its_company_is_trusted(
    job: Home, emulator: Emulator, tmp_path: Path, by: str
) -> None:
    """As GitHub Enterprise Server has one: where nobody vouches for it, nothing is sent."""
    certificate, bundle = self_made(tmp_path), str(tmp_path / "ca.pem")
    token = json.dumps({"value": emulator.mint("alice@example.com")}).encode()
    with github(token, tls=certificate) as (variables, audiences):
        refused = complaint(job.run("get", "analytics", **variables))
        assert audiences == []
        if by == "ca_bundle":
            job.configure(job.config.read_text().replace("[defaults]", f'[defaults]\nca_bundle = "{bundle}"'))
        else:
            variables["AWS_CA_BUNDLE"] = bundle
        assert job.get("analytics", **variables)["AccountId"] == "123456789012"

    assert refused.code == 4
    assert "is not trusted" in refused.message
    assert "ca_bundle" in refused.hint


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"upstream connect error", 503),
        (b"Zugriff verweigert \xfc", 500),
        (b"slow down", 429),
        (b"<h1>Please log in to the network</h1>", 200),
        (b'{"value": 5}', 200),
        (b"[]", 200),
        (b"[" * 100_000, 200),
        (b" " * 3_000_000, 200),
        (b"", 302),
    ],
)
def test_trouble_on_the_way_to_the_runner_may_pass(job: Home, answer: bytes, status: int) -> None:
    """It is not the permission's fault, and no bug."""
    with github(answer, status) as (variables, _):
        failed = complaint(job.run("get", "analytics", **variables))

    assert failed.code == 4
    assert f"HTTP status {status}" in failed.message
    assert "id-token" not in failed.hint


def test_a_runner_that_is_not_there_may_be_tried_again(job: Home) -> None:
    with github(b"") as (variables, _):
        pass
    failed = complaint(job.run("get", "analytics", **variables))

    assert failed.code == 4
    assert "cannot be reached" in failed.message


def test_a_refusal_that_repeats_the_secret_is_shown_without_it(job: Home) -> None:
    with github(json.dumps({"error": f"bad token {SECRET}"}).encode(), 403) as (variables, _):
        done = job.run("--debug", "get", "analytics", **variables)

    assert done.returncode == 3
    assert "bad token ***" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("missing", ["URL", "TOKEN"])
def test_a_job_without_the_permission_has_no_endpoint(job: Home, missing: str) -> None:
    """GitHub leaves the variables out."""
    with github(b"{}") as (variables, _):
        del variables[f"ACTIONS_ID_TOKEN_REQUEST_{missing}"]
        failed = complaint(job.run("get", "analytics", **variables))

    assert failed.code == 3
    assert f"ACTIONS_ID_TOKEN_REQUEST_{missing} is not set" in failed.message
    assert "id-token: write" in failed.hint


def test_another_ci_system_has_the_token_in_a_variable(job: Home, emulator: Emulator) -> None:
    """GitLab names it by the audience."""
    variable = "".join(letter if letter.isalnum() else "_" for letter in emulator.client_id.upper()) + "_ID_TOKEN"
    variables = {"GITLAB_CI": "true", variable: emulator.mint("alice@example.com")}
    assert job.get("analytics", **variables)["AccountId"] == "123456789012"
