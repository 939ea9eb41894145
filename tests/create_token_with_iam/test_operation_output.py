"""The answer goes to standard output, and nothing else does."""

import subprocess
import sys
from pathlib import Path

import pytest
from create_token_with_iam.runs import ANSWER, BASE, COMMAND, Place


def test_a_reader_that_has_gone_is_no_error(place: Place) -> None:
    """As in `... | head -c 1`."""
    place.server.answer = {**ANSWER, "accessToken": "x" * 1_000_000}
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_helper", COMMAND, *BASE],
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert process.stderr
        process.stdout.read(1)
        process.stdout.close()
        stderr = process.stderr.read()

    assert process.returncode == 0
    assert "Traceback" not in stderr
    assert "Broken pipe" not in stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_an_answer_that_cannot_be_written_is_an_error(place: Place) -> None:
    """The AWS CLI is silent and exits with 0; but the tokens are lost, and the assertion is used up."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "oidc_helper", COMMAND, *BASE],
            env=place.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 255
    assert "no space left on device" in done.stderr.lower()


def test_standard_output_holds_the_answer_alone(place: Place) -> None:
    """Warnings and the trace go to standard error."""
    done = place.start(*BASE, "--debug", "--query", "expiresIn")

    assert done.stdout == "900\n"
    assert "warning: " in done.stderr
