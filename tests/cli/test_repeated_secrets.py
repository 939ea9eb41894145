"""A service that repeats a secret, whole or cut, in any member of its answer, gets it into no message of ours."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cli.arrangements import with_the_iam_user
from fakes.one_answer import answering
from homes import Home, file_config

from oidc_helper.emulator import Emulator

# What a refusal of CreateTokenWithIAM makes of the secret.
REFUSALS: dict[str, Callable[[str], dict[str, Any]]] = {
    "as its code": lambda secret: {"__type": secret},
    "as the region": lambda secret: {"__type": "InvalidRequestRegionException", "region": secret},
    "as its words": lambda secret: {"__type": "InvalidGrantException", "error_description": f"no {secret} here"},
    "as its reason": lambda secret: {"__type": "InvalidRequestException", "reason": secret},
}


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    return with_the_iam_user(home, emulator)


@pytest.mark.parametrize("length", [20, 40, 100, None])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_shows_nothing_of_the_token(ready: Home, refusal: str, length: int | None) -> None:
    """Neither message, nor hint, nor the trace, nor the failure that `status` remembers."""
    token = (ready.path / "token").read_text()
    with answering(400, json.dumps(REFUSALS[refusal](token[:length])).encode()) as (url, asked):
        failed = ready.run("get", "--debug", "analytics", AWS_ENDPOINT_URL_SSO_OIDC=url)
    remembered = ready.run("status", "--json")

    assert asked, failed.stderr
    assert failed.returncode in (4, 5)
    assert "***" in failed.stderr + remembered.stdout
    assert token[:16] not in failed.stderr + remembered.stdout + (ready.path / ".local").as_posix()


@pytest.mark.parametrize(
    "url",
    [
        "http://planted-user:planted-word@127.0.0.1:9",
        "http://planted-user:planted-word@192.0.2.1",
        "127.0.0.1:9/planted-user:planted-word@x",
    ],
)
def test_a_password_in_an_endpoint_is_not_shown(ready: Home, url: str) -> None:
    failed = ready.run("get", "--debug", "analytics", AWS_ENDPOINT_URL_SSO_OIDC=url)

    assert failed.returncode in (2, 4)
    assert "planted" not in failed.stderr.replace("127.0.0.1:9/planted-user:planted-word@x", "")


def test_a_password_of_a_proxy_is_not_shown(ready: Home) -> None:
    proxy = {"HTTPS_PROXY": "http://planted-user:planted%20word@127.0.0.1:9"}
    failed = ready.run(
        "get", "--debug", "analytics", AWS_ENDPOINT_URL_SSO_OIDC="https://identity-center.example", **proxy
    )

    assert failed.returncode == 4
    assert "planted" not in failed.stderr


@pytest.mark.parametrize("told", ["{token}", "Bearer {token}", "%7B{token}%7D"])
def test_the_request_token_of_a_ci_system_is_not_shown(ready: Home, emulator: Emulator, told: str) -> None:
    """The runner repeats it in its refusal."""
    token = "planted-request-token-of-the-runner"
    ready.configure(file_config(emulator, identity=f'source = "ci"\naudience = "{emulator.client_id}"'))
    with answering(403, told.format(token=token).encode()) as (url, _):
        failed = ready.run(
            *("get", "--debug", "analytics"),
            GITHUB_ACTIONS="true",
            ACTIONS_ID_TOKEN_REQUEST_URL=f"{url}/token?",
            ACTIONS_ID_TOKEN_REQUEST_TOKEN=token,
        )

    assert failed.returncode == 3
    assert "planted" not in failed.stderr


def test_an_identity_command_shows_nothing_of_what_it_printed(ready: Home, emulator: Emulator) -> None:
    """It prints a token, complains with it, and fails."""
    script = "echo planted-output-token; echo no planted-output-token today >&2; exit 1"
    ready.configure(file_config(emulator, identity=f'source = "command"\ncommand = ["sh", "-c", "{script}"]'))

    failed = ready.run("get", "--debug", "analytics")

    assert failed.returncode == 3
    assert "no *** today" in failed.stderr
    assert "planted" not in failed.stderr
