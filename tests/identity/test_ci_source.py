"""The identity token of a CI job, from an endpoint like that of GitHub's runners."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from cli.transcript import complaint
from homes import Home, file_config

from oidc_helper.emulator import Emulator


@contextmanager
def github(answer: bytes, status: int = 200) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Run such an endpoint: the variables of a job, and the audiences of the tokens that it asks for."""
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
        url = f"http://127.0.0.1:{server.server_address[1]}/token?"
        variables = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner"}
        yield {"GITHUB_ACTIONS": "true", **variables}, audiences
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
