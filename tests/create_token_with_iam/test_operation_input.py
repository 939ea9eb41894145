"""Standard input as a value, which the AWS CLI does not have."""

import json

import pytest
from create_token_with_iam.runs import APPLICATION, JWT_BEARER, Place

REFRESH = ("--client-id", APPLICATION, "--grant-type", "refresh_token")


@pytest.mark.parametrize("typed", ["aorFFFF", "aorFFFF\n", "aorFFFF\r\n"])
def test_a_dash_stands_for_standard_input(place: Place, typed: str) -> None:
    """Without the line end that `echo` adds; so a secret need not stand on a command line."""
    done = place.run(*REFRESH, "--refresh-token", "-", stdin=typed)

    assert done.sent[0].body["refreshToken"] == "aorFFFF"


@pytest.mark.parametrize("typed", ["openid aws", "openid\naws\n", '["openid", "aws"]\n'])
def test_a_list_from_standard_input_is_words_or_json(place: Place, typed: str) -> None:
    """Either way people write one."""
    done = place.run(*REFRESH, "--refresh-token", "r", "--scope", "-", stdin=typed)

    assert done.sent[0].body["scope"] == ["openid", "aws"]


@pytest.mark.parametrize("option", ["--cli-input-json", "--cli-input-yaml"])
def test_the_whole_input_can_come_from_standard_input(place: Place, option: str) -> None:
    """JSON is YAML too."""
    body = {"clientId": APPLICATION, "grantType": JWT_BEARER, "assertion": "a.b.c"}

    done = place.run(option, "-", stdin=json.dumps(body))

    assert done.sent[0].body == body


def test_standard_input_can_be_read_only_once(place: Place) -> None:
    """Two values cannot both come from it."""
    done = place.run(*REFRESH, "--refresh-token", "-", "--assertion", "-", stdin="x")

    assert (done.exit, done.sent) == (252, [])
    assert "standard input was already read for --refresh-token" in done.stderr


def test_empty_standard_input_is_no_value(place: Place) -> None:
    """A command in front of the pipe may have failed."""
    done = place.run(*REFRESH, "--refresh-token", "-")

    assert (done.exit, done.sent) == (252, [])
    assert "standard input is empty" in done.stderr


def test_a_file_of_words_is_split_into_characters_with_a_warning(place: Place) -> None:
    """The AWS CLI splits it too, without a warning."""
    place.write({"scopes": "aws"})

    done = place.run(*REFRESH, "--refresh-token", "r", "--scope", "file://scopes")

    assert done.sent[0].body["scope"] == ["a", "w", "s"]
    assert "warning: --scope: the file holds no JSON list" in done.stderr
