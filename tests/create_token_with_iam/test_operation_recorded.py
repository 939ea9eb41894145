"""The command does what the AWS CLI 2.36.7 did: the same exit code, the same bytes on stdout, the same request."""

import json
from pathlib import Path
from typing import Any

import pytest
from create_token_with_iam.runs import ANSWER, BASE, BASE_BODY, Place, Sent

Case = dict[str, Any]

HERE = Path(__file__).parent
ELSEWHERE = HERE.parents[2] / "shared/aws-cli-v2/cases.json"  # more runs, beside the project where they are at hand

OURS: list[Case] = json.loads((HERE / "aws_cli_runs.json").read_text())
THEIRS: list[Case] = json.loads(ELSEWHERE.read_text()) if ELSEWHERE.exists() else []


def name_of(case: Case) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", OURS, ids=name_of)
def test_a_run_is_that_of_the_aws_cli(place: Place, case: Case) -> None:
    """`BASE` stands for the words, and the body, of a plain jwt-bearer request."""
    place.server.answer = case.get("answer", ANSWER)
    place.set(case.get("environment", {}))
    place.write(case.get("files", {}))
    words = case["words"]

    done = place.run(*(BASE if words[:1] == ["BASE"] else ()), *words[words[:1] == ["BASE"] :])

    assert (done.exit, done.stdout) == (case["exit"], "".join(case.get("stdout", []))), done.stderr
    scope = "sso-oauth/aws4_request" if case.get("signed", True) else None
    body = BASE_BODY if case.get("sent") == "BASE" else case.get("sent")
    assert done.sent == ([Sent("/token?aws_iam=t", body, scope)] if body else [])


@pytest.mark.skipif(not THEIRS, reason="../shared/aws-cli-v2/cases.json is not here")
@pytest.mark.parametrize("case", THEIRS, ids=name_of)
def test_a_recorded_run_is_repeated(place: Place, case: Case) -> None:
    """The runs that lie beside the project."""
    place.server.answer = case["answer"]
    place.set(case.get("env", {}))
    place.write(case.get("files", {}))

    done = place.run(*case["argv"])

    assert (done.exit, done.stdout) == (case["exit"], case["stdout"]), done.stderr
    assert done.sent == [Sent(**request) for request in case["requests"]]
