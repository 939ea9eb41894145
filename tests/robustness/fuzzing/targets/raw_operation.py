"""The words after `create-token-with-iam`, one a line, up to the parameters; nothing is sent."""

import io
import re
from functools import cache

import botocore.session

from oidc_helper.create_token_with_iam import arguments, exits, values
from oidc_helper.create_token_with_iam.complaints import Complaints
from oidc_helper.create_token_with_iam.model import Member, Model, is_secret
from oidc_helper.redaction import covered, secrets_in
from robustness.fuzzing.targets import ODD

_LONGEST = 20  # words
_ELSEWHERE = re.compile(r"fileb?://|-$|-h$|--help$|--version$|--cli-input-yaml")  # files, and YAML's own parser


@cache
def _members() -> dict[str, Member]:
    return dict(Model(botocore.session.Session()).members)


def seeds() -> list[bytes]:
    """Every option with something odd."""
    options = (
        "--client-id",
        "--grant-type",
        "--assertion",
        "--scope",
        "--cli-input-json",
        "--aws-additional-details",
        "--unknown",
        "--scope=",
    )
    whole = "--client-id\narn\n--grant-type\nrefresh_token\n{}\n{}"
    made = [whole.format(option, odd) for option in options for odd in (*ODD, "[1", '{"clientId": 1}', '["a", {}]')]
    return [one.encode("utf-8", "surrogatepass") for one in made]


def target(data: bytes) -> None:
    """They become parameters, or an error with an exit code of the AWS CLI; secrets among them are covered."""
    words = [word for word in data.decode("utf-8", "replace").split("\n")[:_LONGEST] if not _ELSEWHERE.match(word)]
    try:
        _, rest = arguments.parse_global(words)
        operation = arguments.parse_operation(rest, _members())
        assert operation is not None or "help" in words
        files = values.ParameterFiles(io.StringIO(), lambda _: None)
        parameters = values.parameters(operation, _members(), files) if operation else {}
        secret = str(parameters.get("assertion") or "")
        assert len(secret) < 8 or secret not in covered(f"before {secret} behind", secrets_in(parameters, is_secret))
    except (arguments.HelpAskedError, arguments.VersionAskedError):
        return
    except Exception as error:  # like the command
        failure, output = exits.failure_of(error), io.StringIO()
        assert failure.exit_code in (252, 253, 254, 255)
        if not isinstance(error, exits.WrongUsage | exits.Failed | exits.NotConfigured):
            raise
        Complaints(output).fail(failure, error)
        assert all(line.isprintable() for line in output.getvalue().split("\n"))
