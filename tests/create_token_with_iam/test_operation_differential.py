"""Side by side with the AWS CLI from PyPI, version 1, on the emulator: the same stdout and the same request.

Its exit codes are others: version 1 has fewer kinds.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
from create_token_with_iam.runs import ACCESS_TOKEN, JWT_BEARER, TOKEN_EXCHANGE
from emulator.browsing import CHALLENGE, VERIFIER, send, with_query
from homes import Home

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.skipif(
    find_spec("awscli") is None and os.environ.get("OIDC_HELPER_REQUIRE_ALL") != "1", reason="awscli is not installed"
)

Words = list[str]

OURS = [sys.executable, "-m", "oidc_helper", "create-token-with-iam"]
THEIRS = [sys.executable, "-m", "awscli", "sso-oidc", "create-token-with-iam"]
REDIRECT = "http://127.0.0.1:8400/callback"


@pytest.fixture
def signer(home: Home, emulator: Emulator) -> Home:
    """A home whose environment has the caller's keys; version 1 would fetch a redirect URI and send the page."""
    (home.path / "aws").write_text("[default]\ncli_follow_urlparam = false\n")
    user = emulator.directory.iam_user
    home.environment |= {
        "AWS_ACCESS_KEY_ID": user.access_key_id,
        "AWS_SECRET_ACCESS_KEY": user.secret_access_key,
        "AWS_DEFAULT_REGION": emulator.directory.identity_center_region,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": str(home.path / "aws"),
    }
    return home


def ran(command: list[str], words: Words, home: Home) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, *words],
        env=home.environment,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def run(command: list[str], words: Words, home: Home) -> tuple[int, str]:
    done = ran(command, words, home)
    return done.returncode, done.stdout


def granted(command: list[str], words: Words, home: Home) -> dict[str, Any]:
    """The answer of a run that succeeds."""
    done = ran(command, words, home)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def bearer(emulator: Emulator, **claims: Any) -> Words:
    token = emulator.mint("alice@example.com", **claims)
    return ["--client-id", emulator.directory.application_arn, "--grant-type", JWT_BEARER, "--assertion", token]


def refresh(home: Home, emulator: Emulator) -> Words:
    token = granted(OURS, bearer(emulator), home)["refreshToken"]
    application = emulator.directory.application_arn
    return ["--client-id", application, "--grant-type", "refresh_token", "--refresh-token", token, "--scope", "openid"]


def code(_home: Home, emulator: Emulator) -> Words:
    application = emulator.directory.second_application.arn
    asked = {
        "response_type": "code",
        "client_id": application,
        "redirect_uri": REDIRECT,
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page = send(with_query(emulator.url + "/authorize", asked))
    decision = {**page.hidden, "user": "alice@example.com", "decision": "approve"}
    redirected = send(emulator.url + "/authorize/decision", decision).redirected
    return [
        *("--client-id", application, "--grant-type", "authorization_code", "--code", redirected["code"]),
        *("--redirect-uri", REDIRECT, "--code-verifier", VERIFIER),
    ]


def token_exchange(home: Home, emulator: Emulator) -> Words:
    words = bearer(emulator)
    words[1] = emulator.directory.second_application.arn
    subject = granted(OURS, words, home)["accessToken"]
    return [
        *("--client-id", emulator.directory.application_arn, "--grant-type", TOKEN_EXCHANGE),
        *("--subject-token", subject, "--subject-token-type", ACCESS_TOKEN),
    ]


GRANTS = {
    "jwt-bearer": lambda _home, emulator: bearer(emulator),
    "refresh_token": refresh,
    "authorization_code": code,
    "token-exchange": token_exchange,
}


@pytest.mark.parametrize("grant", GRANTS)
def test_both_send_the_same_request(signer: Home, emulator: Emulator, grant: str) -> None:
    """The same parameters by the same signer, and granted; each has tokens of its own, which are single-use."""
    seen = []
    for command in (OURS, THEIRS):
        words = GRANTS[grant](signer, emulator)
        answer = granted(command, words, signer)
        request = emulator.requests[-1]
        seen.append((request.signer, request.parameters.keys(), answer.keys()))
        options = dict(zip(words[::2], words[1::2], strict=True))
        assert request.parameters["clientId"] == options["--client-id"]
        assert request.parameters["grantType"] == options["--grant-type"]

    assert seen[0] == seen[1]


@pytest.mark.parametrize(("form", "words"), [("json", []), ("text", ["--scope", "openid", "aws"]), ("table", [])])
def test_both_print_the_same(signer: Home, emulator: Emulator, form: str, words: Words) -> None:
    """Byte for byte, in the members that are the same in each exchange."""
    query = (
        "{kind: tokenType, seconds: expiresIn, scopes: scope, lives: [expiresIn, expiresIn], details: {a: tokenType}}"
    )
    printed = [
        run(command, [*bearer(emulator), *words, "--output", form, "--query", query], signer)
        for command in (OURS, THEIRS)
    ]

    assert printed[0] == printed[1]
    assert printed[0][0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--generate-cli-skeleton"],
        ["--generate-cli-skeleton", "input"],
        ["--client-id", "x", "--grant-type", "y", "--generate-cli-skeleton", "output"],
        ["--client-id", "x", "--grant-type", "y", "--generate-cli-skeleton", "output", "--output", "table"],
    ],
    ids=" ".join,
)
def test_both_print_the_same_skeleton(signer: Home, emulator: Emulator, words: Words) -> None:
    """Nothing is asked of the emulator."""
    assert run(OURS, words, signer) == run(THEIRS, words, signer)
    assert emulator.count("CreateTokenWithIAM") == 0


REFUSED = {
    "a wrong audience": {"aud": "somebody-else"},
    "an expired token": {"exp": 1_000_000_000},
    "no jti": {"jti": None},
}


@pytest.mark.parametrize("claims", REFUSED.values(), ids=REFUSED.keys())
def test_both_are_refused_alike(signer: Home, emulator: Emulator, claims: dict[str, Any]) -> None:
    """With nothing on stdout; a doubt of ours keeps nothing from being sent."""
    ends = []
    for command in (OURS, THEIRS):
        status, stdout = run(command, bearer(emulator, **claims), signer)
        ends.append((status > 0, stdout, emulator.requests[-1].error))

    assert ends[0] == ends[1]
    assert ends[0][:2] == (True, "")
    assert emulator.count("CreateTokenWithIAM", ok=False) == 2


@pytest.mark.parametrize(
    "words",
    [[], ["--client-id", "x"], ["--client-id", "x", "--grant-type", "y", "--scope", "[7]"]],
    ids=["nothing", "a parameter missing", "a wrong type"],
)
def test_both_refuse_the_same_words(signer: Home, emulator: Emulator, words: Words) -> None:
    """Before anything is sent."""
    for command in (OURS, THEIRS):
        status, stdout = run(command, words, signer)
        assert (status > 0, stdout) == (True, "")
    assert emulator.requests == []
