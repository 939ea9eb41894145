"""The parameters are compared with the grant before sending: doubts are warnings, and the request is sent anyway."""

import time

import pytest
from create_token_with_iam.runs import ACCESS_TOKEN, APPLICATION, JWT_BEARER, TOKEN_EXCHANGE, Place, jwt

CODE = ("--grant-type", "authorization_code", "--code", "c0de", "--redirect-uri", "http://127.0.0.1/cb")
EXCHANGE = ("--grant-type", TOKEN_EXCHANGE, "--subject-token", "aoaEEEE", "--subject-token-type", ACCESS_TOKEN)
BEARER = ("--grant-type", JWT_BEARER, "--assertion")

FITTING = (
    (*BEARER, jwt()),
    (*BEARER, jwt(), "--scope", "openid"),
    (*CODE, "--code-verifier", "v3rifier"),
    ("--grant-type", "refresh_token", "--refresh-token", "aorCCCC"),
    (*EXCHANGE, "--requested-token-type", ACCESS_TOKEN),
)
DOUBTFUL = {
    "this grant needs --redirect-uri": CODE[:4],
    "this grant needs --assertion": BEARER[:2],
    "this grant needs --refresh-token": ("--grant-type", "refresh_token"),
    "this grant needs --subject-token-type": EXCHANGE[:4],
    "this grant ignores --code": (*BEARER, jwt(), "--code", "c0de"),
    "this grant ignores --assertion": (*CODE, "--assertion", jwt()),
    "--subject-token-type should be urn:ietf:params:oauth:token-type:access_token": (
        *EXCHANGE[:4],
        *("--subject-token-type", "urn:ietf:params:oauth:token-type:jwt"),
    ),
    "--requested-token-type should be": (*EXCHANGE, "--requested-token-type", "access_token"),
    "--assertion has no jti": (*BEARER, jwt(jti=None)),
    "--assertion has no aud": (*BEARER, jwt(aud=None)),
    "--assertion does not hold a JWT": (*BEARER, "aoaEEEE"),
    "expired": (*BEARER, jwt(exp=int(time.time()) - 60)),
    "--assertion has white space at its ends": (*BEARER, jwt() + "\n"),
    "did you mean urn:ietf:params:oauth:grant-type:jwt-bearer?": ("--grant-type", "jwt-bearer", "--assertion", jwt()),
    "'password' is no grant type that AWS documents": ("--grant-type", "password"),
}


@pytest.mark.parametrize("words", FITTING, ids=lambda words: words[1])
def test_parameters_that_fit_the_grant_are_sent_without_a_warning(place: Place, words: tuple[str, ...]) -> None:
    done = place.run("--client-id", APPLICATION, *words)

    assert (done.exit, len(done.sent), done.stderr) == (0, 1, "")


@pytest.mark.parametrize(("doubt", "words"), DOUBTFUL.items(), ids=DOUBTFUL.keys())
def test_a_parameter_that_does_not_fit_the_grant_is_a_warning(place: Place, doubt: str, words: tuple[str, ...]) -> None:
    """In one line; the request is sent, since Identity Center's rules may have changed."""
    done = place.run("--client-id", APPLICATION, *words)

    assert (done.exit, len(done.sent)) == (0, 1)
    assert any(line.startswith("oidc-helper: warning: ") and doubt in line for line in done.stderr.splitlines()), (
        done.stderr
    )


def test_a_skeleton_of_the_answer_is_printed_without_doubts(place: Place) -> None:
    """Nothing is sent."""
    done = place.run("--client-id", "x", "--grant-type", JWT_BEARER, "--generate-cli-skeleton", "output")

    assert (done.exit, done.stderr) == (0, "")
