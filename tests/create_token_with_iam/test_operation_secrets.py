"""No secret reaches standard error: not in the trace, not in a warning, not in an error."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from create_token_with_iam.runs import ANSWER, BASE, JWT_BEARER, Outcome, Place, jwt, newer_model
from fakes.one_answer import answering
from homes import Home

from oidc_helper.create_token_with_iam import service
from oidc_helper.create_token_with_iam.model import Model, is_secret
from oidc_helper.emulator import Emulator

PLANT = 'planted-{}-"quoted" & späced\\'  # looks different in JSON, in a URL, in Python's repr
MEMBERS = Model(service.begin()).members
SECRETS = {member.name: PLANT.format(member.name) for member in MEMBERS.values() if member.secret}
PUBLIC = {"clientId": "an-application", "grantType": JWT_BEARER, "scope": ["a-scope"]}


def by_options(place: Place) -> Outcome:
    words = [word for name, value in SECRETS.items() for word in (MEMBERS[name].option, value)]
    return place.run("--client-id", "an-application", "--grant-type", JWT_BEARER, "--debug", *words)


def by_files(place: Place) -> Outcome:
    place.write(SECRETS)
    words = [word for name in SECRETS for word in (MEMBERS[name].option, f"file://{name}")]
    return place.run("--client-id", "an-application", "--grant-type", JWT_BEARER, "--debug", *words)


def by_input(place: Place) -> Outcome:
    return place.run("--debug", "--cli-input-json", json.dumps({**PUBLIC, **SECRETS}))


def by_standard_input(place: Place) -> Outcome:
    return place.run("--debug", "--cli-input-yaml", "-", stdin=json.dumps({**PUBLIC, **SECRETS}))


def assert_hidden(stderr: str) -> None:
    for word in ("planted", "quoted", "sp\\u00e4ced", "späced", "sp%C3%A4ced", "sp\\xc3\\xa4ced"):
        assert word not in stderr


@pytest.mark.parametrize("run", [by_options, by_files, by_input, by_standard_input])
def test_the_trace_shows_no_secret_parameter(place: Place, run: Callable[[Place], Outcome]) -> None:
    """Wherever the parameter comes from; all of them are sent."""
    done = run(place)

    assert done.exit == 0
    assert SECRETS.items() <= done.sent[0].body.items()
    assert "an-application" in done.stderr  # it is a trace of this request
    assert_hidden(done.stderr)


def test_no_public_member_is_sensitive_in_the_service_model() -> None:
    """Neither in the request nor in the answer."""
    model = Model(service.begin()).operation
    sensitive = {
        name
        for shape in (model.input_shape, model.output_shape)
        for name, member in shape.members.items()
        if member.metadata.get("sensitive")
    }

    assert sensitive >= {"assertion", "accessToken"}
    assert [name for name in sensitive if not is_secret(name)] == []


def test_the_trace_shows_no_secret_of_the_answer(place: Place) -> None:
    """Neither tokens nor the identity context, which opens a role."""
    secrets = {name: PLANT.format(name) for name in ("accessToken", "refreshToken", "idToken")}
    place.server.answer = {**ANSWER, **secrets, "awsAdditionalDetails": {"identityContext": PLANT.format("context")}}

    done = place.run(*BASE, "--debug")

    assert "planted-context" in done.stdout
    assert "expiresIn=900" in done.stderr
    assert_hidden(done.stderr)


def test_the_trace_shows_no_secret_of_a_refusal(place: Place) -> None:
    """Even if the service repeats a secret, in every form of an error."""
    said = f"no: {PLANT.format('x')}"
    place.server.answer = {
        "status": 400,
        "body": {"error": "invalid_grant", "error_description": said, "message": said},
    }

    for form in ("enhanced", "json", "yaml", "text", "table", "legacy"):
        done = place.run(*BASE, "--code", PLANT.format("x"), "--debug", "--cli-error-format", form)

        assert done.exit == 254
        assert_hidden(done.stderr)


def test_the_trace_shows_no_credentials_that_sign(place: Place) -> None:
    place.set({"AWS_SECRET_ACCESS_KEY": "planted-secret-key", "AWS_SESSION_TOKEN": "planted-session-token"})

    done = place.run(*BASE, "--debug")

    assert "Found credentials in environment variables" in done.stderr
    assert "planted" not in done.stderr


def test_the_trace_shows_no_credentials_that_sts_gives(home: Home, emulator: Emulator) -> None:
    """Nor the web identity token that STS took for them."""
    token = emulator.mint("alice@example.com")
    (home.path / "token").write_text(token)

    done = home.run(
        *("create-token-with-iam", "--debug", "--client-id", emulator.directory.application_arn),
        *("--grant-type", JWT_BEARER, "--assertion", "file://token"),
        AWS_REGION=emulator.directory.identity_center_region,
        AWS_ROLE_ARN=emulator.directory.caller_role_arn,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(home.path / "token"),
    )

    assert done.returncode == 0, done.stderr
    assert emulator.count("AssumeRoleWithWebIdentity", ok=True) == 1
    assert "assume-role-with-web-identity" in done.stderr
    for word in (token, "SecretAccessKey", "SessionToken", *_texts(json.loads(done.stdout))):
        assert word not in done.stderr


def _texts(answer: dict[str, Any]) -> list[str]:
    hidden = ("accessToken", "refreshToken", "idToken")
    return [answer[name] for name in hidden] + [answer["awsAdditionalDetails"]["identityContext"]]


@pytest.mark.parametrize("length", [20, 60, 100, None])
@pytest.mark.parametrize("form", ["enhanced", "json"])
def test_a_refusal_shows_nothing_of_the_assertion(place: Place, length: int | None, form: str) -> None:
    """Though each member repeats its beginning, nested ones and names of members too."""
    token = jwt(sub="somebody-with-a-long-name", email="somebody-with-a-long-name@example.com")
    piece = token[:length]
    place.server.answer = {
        "status": 400,
        "headers": {"x-amzn-ErrorType": piece},
        "body": {"error": piece, "reason": piece, "region": piece, "deep": {piece: [f"no {piece} here"]}},
    }

    done = place.run(*BASE[:-1], token, "--debug", "--cli-error-format", form)

    assert done.exit == 254
    assert "***" in done.stderr
    assert token[:16] not in done.stderr


def test_a_refusal_of_sts_shows_nothing_of_the_web_identity_token(place: Place) -> None:
    """It is botocore that sends this one, for the caller's keys."""
    token = jwt(sub="planted")
    place.write({"pod": token})
    place.set({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None})
    place.set({"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "$DIR/pod"})
    said = f"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no {token[:60]}</Message></Error></ErrorResponse>"

    with answering(403, said.encode()) as (url, _):
        place.set({"AWS_ENDPOINT_URL_STS": url})
        done = place.run(*BASE, "--debug")

    assert done.exit == 254
    assert token[:16] not in done.stderr


def test_a_value_where_none_belongs_is_not_shown_by_the_trace(place: Place) -> None:
    """`--store` takes none; argparse repeats it in the exception that the trace shows."""
    done = place.run(*BASE, "--debug", "--store=planted")

    assert done.exit == 252
    assert "ended by WrongUsage" in done.stderr
    assert "planted" not in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1:1", "192.0.2.1"])
def test_a_password_in_the_endpoint_is_not_shown(place: Place, host: str) -> None:
    done = place.run(*BASE, "--debug", "--endpoint-url", f"http://planted-user:planted%20word@{host}")

    assert done.exit in (252, 255)
    assert "planted" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        (*BASE, "--asertion", "planted"),
        (*BASE, "--asertion=planted"),
        (*BASE, "--subject=planted"),
        (*BASE, "planted"),
        (*BASE, "--scope", '["planted"'),
        (*BASE, "--code", "fileb://planted.txt"),
        ("--cli-input-json", '{"assertion": "planted"'),
        ("--cli-input-json", '{"assertion": {"planted": "planted"}}'),
        ("--cli-input-json", '{"clientId": "x", "grantType": "y", "assertion": 4815162342}'),
        ("--cli-input-yaml", "assertion: [planted"),
    ],
    ids=lambda words: words[-1],
)
def test_an_error_repeats_no_value(place: Place, words: tuple[str, ...]) -> None:
    """A misspelt option, a broken list or a wrong type may carry the secret."""
    (place.path / "planted.txt").write_text("planted")

    done = place.run(*words)

    assert done.exit == 252
    assert "planted" not in done.stderr.replace("planted.txt", "")
    assert "4815162342" not in done.stderr


def test_a_parameter_of_a_newer_botocore_is_an_option_and_a_secret(place: Place) -> None:
    """The options are those of the service model, and only members known to be public are shown."""
    newer_model(place.path)
    place.set({"AWS_DATA_PATH": "$DIR/models"})

    done = place.run(*BASE, "--debug", "--proof-key", "planted", "--proof-count", "7", "--with-proof")

    assert done.sent[0].body.items() >= {"proofKey": "planted", "proofCount": 7, "withProof": True}.items()
    assert "planted" not in done.stderr
    assert "--proof-key" in place.run("--help").stdout
    assert json.loads(place.run("--generate-cli-skeleton").stdout).items() >= {"proofKey": "", "proofCount": 0}.items()
    assert "withProof: " in place.run("--generate-cli-skeleton", "yaml-input").stdout
