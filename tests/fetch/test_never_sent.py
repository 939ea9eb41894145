"""What fails before the first byte has left spends no identity token, and is told under its own name."""

import pytest
from cli.arrangements import with_the_iam_user
from cli.transcript import answer, complaint
from homes import Home

from oidc_helper.emulator import Emulator

EXCHANGE = "CreateTokenWithIAM"
# Variable -> a value that no request can be made with. ENDPOINT stands for the emulator's URL, as if it knew TLS.
HTTPS = {"AWS_ENDPOINT_URL_SSO_OIDC": "ENDPOINT"}
ELSEWHERE = {"AWS_ENDPOINT_URL_SSO_OIDC": "https://identity-center.example"}  # to this machine no proxy is used
MISTAKES: dict[str, dict[str, str]] = {
    "no such bundle": {"AWS_CA_BUNDLE": "/nonexistent/ca.pem", **HTTPS},
    "home in a bundle's path": {"AWS_CA_BUNDLE": "~/ca.pem", **HTTPS},
    "an empty bundle": {"AWS_CA_BUNDLE": "/dev/null", **HTTPS},
    "a directory as bundle": {"AWS_CA_BUNDLE": "/", **HTTPS},
    "no such bundle of requests": {"REQUESTS_CA_BUNDLE": "/nonexistent/ca.pem", **HTTPS},
    "an endpoint without scheme": {"AWS_ENDPOINT_URL_SSO_OIDC": "localhost:4566"},
    "a general endpoint without host": {"AWS_ENDPOINT_URL": "https://", "AWS_ENDPOINT_URL_SSO_OIDC": ""},
    "an endpoint in clear text": {"AWS_ENDPOINT_URL_SSO_OIDC": "http://192.0.2.1"},
    "a general endpoint in clear text": {"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_SSO_OIDC": ""},
    "an endpoint with two hosts": {"AWS_ENDPOINT_URL_SSO_OIDC": r"http://192.0.2.1\@127.0.0.1"},
    "regional endpoints": {"AWS_STS_REGIONAL_ENDPOINTS": "true"},
    "checksums": {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_needed"},
    "a proxy with a space": {"HTTPS_PROXY": "http://us er:p#ss@127.0.0.1:9", **ELSEWHERE},
    "a proxy of another kind": {"HTTPS_PROXY": "gopher://127.0.0.1:9", **ELSEWHERE},
    "a proxy with an impossible port": {"https_proxy": "http://127.0.0.1:99999", **ELSEWHERE},
}
# What runs out of memory -> statements that let it.
STARVED = {
    "the client": """
from botocore.session import Session
def starved(*_, **__):
    raise MemoryError
Session.create_client = starved
""",
    "the request": """
from botocore.endpoint import Endpoint
def starved(*_, **__):
    raise MemoryError
Endpoint.create_request = starved
""",
    "the thread": """
import threading
true_start = threading.Thread.start
def starved(self):
    import traceback
    if any(frame.name == "_ask" for frame in traceback.extract_stack()):
        raise RuntimeError("can't start new thread")
    true_start(self)
threading.Thread.start = starved
""",
}
HARMLESS = {"AWS_MAX_ATTEMPTS": "x", "AWS_RETRY_MODE": "x"}  # no setting of ours depends on them


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """No other call comes before the exchange."""
    return with_the_iam_user(home, emulator)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_variable_spends_no_token_and_is_named(ready: Home, emulator: Emulator, mistake: str) -> None:
    """It was `did not answer (SSL)` or `a bug`, and after mending it `was sent before`."""
    https = emulator.environment["AWS_ENDPOINT_URL_SSO_OIDC"].replace("http:", "https:")
    variables = {name: https if value == "ENDPOINT" else value for name, value in MISTAKES[mistake].items()}

    failed = complaint(ready.run("get", "analytics", **variables))

    assert failed.code == 2
    assert next(iter(variables)) in failed.message
    assert "AWS_EC2_METADATA_DISABLED" not in failed.message, "which is `true` as well, and no mistake"
    assert failed.hint
    assert emulator.count(EXCHANGE) == 0
    answer(ready.run("get", "analytics"))


def test_retries_of_the_caller_are_not_ours(ready: Home) -> None:
    answer(ready.run("get", "analytics", **HARMLESS))


def test_a_bundle_of_the_settings_is_named_as_such(ready: Home, emulator: Emulator) -> None:
    good = ready.config.read_text()
    https = emulator.environment["AWS_ENDPOINT_URL_SSO_OIDC"].replace("http:", "https:")
    ready.configure(good.replace("[defaults]", '[defaults]\nca_bundle = "/nonexistent/ca.pem"'))

    failed = complaint(ready.run("get", "analytics", AWS_ENDPOINT_URL_SSO_OIDC=https))

    assert (failed.code, failed.message) == (
        2,
        "ca_bundle: the certificates in /nonexistent/ca.pem cannot be read: No such file or directory",
    )
    ready.configure(good)
    answer(ready.run("get", "analytics"))


@pytest.mark.parametrize("work", STARVED)
def test_a_machine_without_memory_spends_no_token(ready: Home, emulator: Emulator, work: str) -> None:
    """It is no bug either, and may be over the next time."""
    (ready.path / "starved").mkdir()
    (ready.path / "starved/sitecustomize.py").write_text(STARVED[work])

    failed = complaint(ready.run("get", "analytics", PYTHONPATH=str(ready.path / "starved")))

    assert failed.code == 4
    assert "not enough memory" in failed.message
    assert emulator.count(EXCHANGE) == 0
    answer(ready.run("get", "analytics"))
