"""The command does what the AWS CLI 2.36.7 did: the same exit code, the same bytes on stdout, the same request."""

import json
from pathlib import Path
from typing import Any

import pytest
from create_token_with_iam.runs import ANSWER, BASE, BASE_BODY, Place, Sent

RUNS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "aws_cli_runs.json").read_text())


@pytest.mark.parametrize("recorded", RUNS, ids=[run["name"] for run in RUNS])
def test_a_run_is_that_of_the_aws_cli(place: Place, recorded: dict[str, Any]) -> None:
    """`BASE` stands for the words, and the body, of a plain jwt-bearer request."""
    place.server.answer = recorded.get("answer", ANSWER)
    place.set(recorded.get("environment", {}))
    place.write(recorded.get("files", {}))
    words = recorded["words"]
    scope = "sso-oauth/aws4_request" if recorded.get("signed", True) else None
    body = BASE_BODY if recorded.get("sent") == "BASE" else recorded.get("sent")

    done = place.run(*(BASE if words[:1] == ["BASE"] else ()), *words[words[:1] == ["BASE"] :])

    assert (done.exit, done.stdout) == (recorded["exit"], "".join(recorded.get("stdout", []))), done.stderr
    assert done.sent == ([Sent("/token?aws_iam=t", body, scope)] if body else [])
