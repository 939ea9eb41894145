"""Standard input as a value, which the AWS CLI does not have."""

import json

import pytest
from create_token_with_iam.runs import APPLICATION, JWT_BEARER, Place

# Each level names the one before nine times.
_NINE = ",".join(9 * ["*{0}"])
BOMBS = {
    "lists": "l0: &l0 [x]\n" + "".join(f"l{n + 1}: &l{n + 1} [{_NINE.format(f'l{n}')}]\n" for n in range(12)),
    "merged maps": "m0: &m0 {x: y}\n"
    + "".join(f"m{n + 1}: &m{n + 1}\n  <<: [{_NINE.format(f'm{n}')}]\n" for n in range(12)),
    "long texts": f"t: &t {20_000 * 'x'}\nscope: [{','.join(60 * ['*t'])}]\n",
    "a circle": "scope: &c [*c]\n",
}
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


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_yaml_input_whose_aliases_multiply_is_refused(place: Place, bomb: str) -> None:
    """A few hundred bytes kept a processor busy, and took all memory."""
    done = place.run("--cli-input-yaml", BOMBS[bomb])

    assert (done.exit, done.sent) == (252, [])
    assert "--cli-input-yaml: too large once its aliases are resolved" in done.stderr


def test_a_yaml_input_may_name_a_value_twice(place: Place) -> None:
    """The AWS CLI resolves aliases."""
    text = f"clientId: &a {APPLICATION}\ngrantType: {JWT_BEARER}\nassertion: a.b.c\nscope: [&s openid, *s]\n"

    done = place.run("--cli-input-yaml", text)

    assert done.sent[0].body["scope"] == ["openid", "openid"]
