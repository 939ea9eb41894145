"""A person at a terminal: missing parameters are asked for, and the answer comes through a pager and in colour."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from create_token_with_iam.runs import ACCESS_TOKEN, APPLICATION, BASE, JWT_BEARER, TOKEN_EXCHANGE, Place
from create_token_with_iam.terminals import AtTerminal, terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@contextmanager
def asking(place: Place, *words: str) -> Iterator[AtTerminal]:
    with terminal(*words, environment=place.environment, directory=place.path, shows_answer=False) as person:
        yield person


def test_auto_prompt_asks_for_all_missing_parameters(place: Place) -> None:
    """The grant by its number; the answer goes to standard output, the questions do not."""
    with asking(place, "--cli-auto-prompt") as person:
        person.answer("client id: ", APPLICATION)
        person.answer("1 to 4: ", "1")
        person.answer("assertion: ", "typed.by.hand")
        code, stdout = person.end()

    assert code == 0
    assert json.loads(stdout) == place.server.answer
    assert place.server.sent[0].body == {
        "clientId": APPLICATION,
        "grantType": JWT_BEARER,
        "assertion": "typed.by.hand",
    }


def test_auto_prompt_does_not_show_secrets(place: Place) -> None:
    """It shows the rest."""
    with asking(place, "--cli-auto-prompt", "--client-id", APPLICATION) as person:
        person.answer("1 to 4: ", "authorization_code")
        person.answer("code: ", "typed-c0de")
        person.answer("redirect uri: ", "http://127.0.0.1:8400/callback")
        person.answer("code verifier (enter leaves it out): ", "typed-v3rifier")
        person.end()

    assert place.server.sent[0].body["codeVerifier"] == "typed-v3rifier"
    assert "http://127.0.0.1:8400/callback" in person.seen
    assert "typed" not in person.seen


def test_enter_alone_leaves_an_optional_parameter_out(place: Place) -> None:
    """A required one is asked for again."""
    with asking(place, "--cli-auto-prompt", "--client-id", APPLICATION, "--grant-type", TOKEN_EXCHANGE) as person:
        person.answer("subject token: ", "")
        person.answer("subject token: ", "aoaEEEE")
        person.answer("subject token type: ", ACCESS_TOKEN)
        person.answer("requested token type (enter leaves it out): ", "")
        person.end()

    assert place.server.sent[0].body.keys() == {"clientId", "grantType", "subjectToken", "subjectTokenType"}


def test_auto_prompt_takes_a_file_for_a_value(place: Place) -> None:
    """As on the command line."""
    place.write({"token.jwt": "from.the.file"})

    with asking(place, "--cli-auto-prompt", "--client-id", APPLICATION, "--grant-type", JWT_BEARER) as person:
        person.answer("assertion: ", "file://token.jwt")
        person.end()

    assert place.server.sent[0].body["assertion"] == "from.the.file"


def test_on_partial_asks_only_where_something_required_is_missing(place: Place) -> None:
    place.set({"AWS_CLI_AUTO_PROMPT": "on-partial"})

    with asking(place, *BASE) as unasked:
        complete = unasked.end()[0]
    with asking(place, "--grant-type", "refresh_token", "--refresh-token", "r") as person:
        person.answer("client id: ", APPLICATION)
        completed = person.end()[0]

    assert (complete, completed) == (0, 0)
    assert "client id" not in unasked.seen


@contextmanager
def reading(place: Place, *words: str) -> Iterator[AtTerminal]:
    with terminal(*BASE, *words, environment=place.environment, directory=place.path) as person:
        yield person


def fake_program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_terminal_gets_the_answer_through_less(place: Place) -> None:
    """With the AWS CLI's flags, unless LESS says otherwise."""
    fake_program(place.path, "less", 'echo "less $LESS"; cat')
    place.set({"PATH": f"$DIR:{place.environment['PATH']}"})

    with reading(place, "--query", "expiresIn") as usual:
        code = usual.end()[0]
    place.set({"LESS": "S"})
    with reading(place, "--query", "expiresIn") as chosen:
        chosen.end()

    assert (code, usual.seen) == (0, "less FRX\n900\n")
    assert chosen.seen == "less S\n900\n"


@pytest.mark.parametrize(
    ("variables", "words", "shown"),
    [
        ({"AWS_PAGER": "sed s/^/aws:/", "PAGER": "sed s/^/other:/"}, (), "aws:900\n"),
        ({"PAGER": "sed s/^/other:/"}, (), "other:900\n"),
        ({"AWS_PAGER": "", "PAGER": "sed s/^/other:/"}, (), "900\n"),
        ({"AWS_PAGER": "sed s/^/aws:/"}, ("--no-cli-pager",), "900\n"),
        ({"AWS_PAGER": "sed s/^/aws:/"}, ("--query", "missing", "--output", "table"), ""),
    ],
    ids=["AWS_PAGER wins", "PAGER", "AWS_PAGER empty", "--no-cli-pager", "nothing to show"],
)
def test_the_user_chooses_the_pager(
    place: Place, variables: dict[str, str], words: tuple[str, ...], shown: str
) -> None:
    """With AWS_PAGER, the AWS profile, or PAGER."""
    place.set(variables)

    with reading(place, "--query", "expiresIn", *words) as person:
        code = person.end()[0]

    assert (code, person.seen) == (0, shown)


def test_a_missing_pager_is_a_wrong_setting(place: Place) -> None:
    place.set({"AWS_PAGER": "no-such-pager"})

    with reading(place) as person:
        code = person.end()[0]

    assert code == 253


def test_a_table_on_a_terminal_has_colours(place: Place) -> None:
    """Through a pager too; `--color off` takes them away."""
    place.set({"AWS_PAGER": "cat"})

    with reading(place, "--output", "table") as coloured:
        coloured.end()
    with reading(place, "--output", "table", "--color", "off") as plain:
        plain.end()

    assert "\x1b[1m\x1b[34mBearer\x1b[0m" in coloured.seen
    assert "\x1b" not in plain.seen
