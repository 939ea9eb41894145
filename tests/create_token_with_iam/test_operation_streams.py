"""An answer that nobody would read is not asked for, and a closed standard error changes no exit code."""

import os
import subprocess
import sys

import pytest
from create_token_with_iam.runs import BASE, COMMAND, Place

RUN = [sys.executable, "-m", "oidc_helper", COMMAND, *BASE]
REFUSED = {"status": 400, "headers": {"x-amzn-ErrorType": "InvalidGrantException"}, "body": {"error": "invalid_grant"}}


def in_a_shell(place: Place, redirections: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *RUN],
        env=place.environment,
        cwd=place.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("redirections", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_an_answer_without_a_stdout_is_not_asked_for(place: Place, redirections: str) -> None:
    """The assertion was exchanged, and the tokens were lost."""
    done = in_a_shell(place, redirections)

    assert (done.returncode, place.server.sent) == (255, [])
    assert ("standard output is closed: nothing was sent" in done.stderr) == ("2>&-" not in redirections)


def test_an_answer_without_a_reader_is_not_asked_for(place: Place) -> None:
    """The other end of the pipe has gone."""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as stdout:
        done = subprocess.run(
            RUN, env=place.environment, cwd=place.path, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (done.returncode, place.server.sent) == (255, [])
    assert "standard output has no reader any more: nothing was sent" in done.stderr


def test_help_needs_a_stdout_too(place: Place) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" --help >&-', "sh", *RUN],
        env=place.environment,
        cwd=place.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 255
    assert "standard output is closed" in done.stderr


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_a_failure_keeps_its_exit_code_without_a_stderr(place: Place, redirections: str) -> None:
    place.server.answer = REFUSED

    done = in_a_shell(place, redirections)

    assert (done.returncode, done.stdout, done.stderr) == (254, "", "")


def test_a_warning_keeps_no_answer_from_its_reader(place: Place) -> None:
    """The assertion is no JWT, which is a warning; standard error is closed."""
    done = in_a_shell(place, "2>&-")

    assert done.returncode == 0
    assert '"accessToken"' in done.stdout
    assert len(place.server.sent) == 1
