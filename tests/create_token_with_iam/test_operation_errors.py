"""An error is told in our voice, with the cause and the remedy, and the request is never sent again."""

import json
from typing import Any

import pytest
from create_token_with_iam.runs import APPLICATION, BASE, JWT_BEARER, Place, jwt
from fakes.certificates import garbles, tls_server

GOOD = ("--client-id", APPLICATION, "--grant-type", JWT_BEARER, "--assertion", jwt())


def refusal(kind: str, status: int = 400, **body: Any) -> dict[str, Any]:
    return {"status": status, "headers": {"x-amzn-ErrorType": kind}, "body": body}


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (refusal("AccessDeniedException", error="access_denied"), "assign the user"),
        (refusal("InvalidGrantException", error="invalid_grant"), "the token was already exchanged"),
        (refusal("InvalidClientException", 401, error="invalid_client"), "check --client-id and --region"),
        (
            refusal("InvalidRequestRegionException", error="invalid_request", region="eu-west-1"),
            "add --region eu-west-1",
        ),
        (refusal("UnsupportedGrantTypeException", error="unsupported_grant_type"), "put-application-grant"),
        ({"status": 502, "raw": "<html>"}, "the proxy (HTTPS_PROXY)"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_refusal_carries_cause_and_remedy(place: Place, answer: dict[str, Any], hint: str) -> None:
    """One line says what, another what to do."""
    place.server.answer = answer

    done = place.run(*GOOD)

    said, advised = done.stderr.splitlines()
    assert done.exit == 254
    assert said.startswith("oidc-helper: CreateTokenWithIAM")
    assert advised.startswith("hint: ")
    assert hint in advised


def test_all_that_the_service_says_is_told(place: Place) -> None:
    """Description, OAuth error and reason."""
    place.server.answer = refusal(
        "InvalidRequestException", error="invalid_request", error_description="why", reason="KMS_KeyNotFoundException"
    )

    said = place.run(*GOOD).stderr.splitlines()[0]

    assert said.endswith("InvalidRequestException: why (error: invalid_request, reason: KMS_KeyNotFoundException)")


def test_what_could_steer_a_terminal_is_taken_out(place: Place) -> None:
    """The words are somebody else's."""
    place.server.answer = refusal("InvalidGrantException", error_description="red\x1b[31m\nhint: run rm")

    assert "\x1b" not in (stderr := place.run(*GOOD).stderr)
    assert stderr.count("\nhint: ") == 1


@pytest.mark.parametrize("answer", [{"status": 500, "raw": ""}, refusal("SlowDownException"), None], ids=str)
def test_a_request_is_sent_once(place: Place, answer: Any) -> None:
    """A code or an assertion counts once, and nobody knows what became of it; AWS_MAX_ATTEMPTS changes nothing."""
    place.server.answer = answer
    place.set({"AWS_MAX_ATTEMPTS": "5"})

    done = place.run(*GOOD)

    assert done.exit in (254, 255)
    assert len(done.sent) == 1


@pytest.mark.parametrize(
    ("server", "hint"),
    [
        ({"days": -1}, "check this machine's clock"),
        ({"address": "127.0.0.2"}, "a log-in page may answer in its place"),
        ({"then": garbles}, "the request may have been carried out"),
    ],
)
def test_a_certificates_fault_is_told_as_its_own(place: Place, server: dict[str, Any], hint: str) -> None:
    """Nothing was sent then; what breaks off later may have been received."""
    with tls_server(place.path, **server) as url:
        done = place.run(*GOOD, "--endpoint-url", url, "--ca-bundle", "ca.pem")

    assert done.exit == 255
    assert hint in done.stderr.splitlines()[1]


def test_a_lost_answer_is_told_as_such(place: Place) -> None:
    """The same assertion may be of no use any more."""
    place.server.answer = None

    done = place.run(*GOOD)

    assert done.exit == 255
    assert "hint: the request may have been carried out" in done.stderr


def test_an_answer_that_is_none(place: Place) -> None:
    """JSON of another shape, as a proxy may give."""
    place.server.answer = {"raw": "[1]"}

    done = place.run(*GOOD)

    assert (done.exit, done.stderr.splitlines()[0]) == (255, "oidc-helper: the answer cannot be read")


def test_nobody_there(place: Place) -> None:
    """Nothing was sent; the way there is to be checked."""
    done = place.run(*GOOD, "--endpoint-url", "http://127.0.0.1:1")

    assert done.exit == 255
    assert "hint: check the network" in done.stderr


@pytest.mark.parametrize(
    ("form", "first"), [("json", "{"), ("yaml", "Code: InvalidGrantException"), ("table", "---"), ("text", "Inv")]
)
def test_an_error_can_be_data(place: Place, form: str, first: str) -> None:
    """For programs that read it, with every member of the service's error."""
    place.server.answer = refusal("InvalidGrantException", error="invalid_grant", error_description="why")

    done = place.run(*GOOD, "--cli-error-format", form)

    assert done.stderr.startswith(first)
    assert {"InvalidGrantException", "invalid_grant", "why"} <= set(
        done.stderr.replace('"', " ").replace(",", " ").split()
    )


def test_a_usage_error_can_be_data(place: Place) -> None:
    """Under the AWS CLI's names."""
    done = place.run(*GOOD, "--scope", "[7]", "--cli-error-format", "json")

    assert json.loads(done.stderr)["Code"] == "ParamValidation"


def test_a_misspelt_option_is_met_with_the_right_one(place: Place) -> None:
    """Of the operation, or a global one."""
    assert "did you mean --assertion?" in place.run(*BASE, "--asertion", "x").stderr
    assert "did you mean --region?" in place.run(*BASE, "--regoin", "x").stderr


def test_the_command_is_the_installed_one(place: Place) -> None:
    """What a user types, in a process of its own: answer, errors and exit code."""
    done = place.start(*GOOD, "--query", "tokenType", "--output", "text")
    assert (done.exit, done.stdout, done.stderr) == (0, "Bearer\n", "")

    done = place.start("--client-id", APPLICATION)
    assert (done.exit, done.stdout) == (252, "")
    assert done.stderr.startswith("oidc-helper: the following arguments are required: --grant-type\n")
