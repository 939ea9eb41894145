"""The tools that people ask about most, and the client of the matrix that stands for each."""

from typing import NamedTuple


class Answer(NamedTuple):
    """`client` is a row of the matrix, or empty; `tried` says whether the tool itself was run, once and by hand."""

    client: str
    tried: str
    answer: str


_ITSELF, _ITS_SDK, _NO = "itself", "its SDK", "no"
ASKED = {
    "Terraform, OpenTofu": Answer(
        "SDK for Go 2", _ITS_SDK, "yes; a provider shows our messages only in its log, so sign in first"
    ),
    "AWS CDK": Answer(
        "SDK for JavaScript 3", _ITSELF, "yes; if nobody is signed in, it goes on with an undefined account"
    ),
    "SAM, Ansible, Airflow, dbt on Athena": Answer("boto3", _ITS_SDK, "yes"),
    "kubectl at EKS": Answer("AWS CLI 2", _ITS_SDK, "yes: `aws eks get-token` is an AWS CLI"),
    "pandas, Dask, s3fs": Answer("aioboto3", _ITSELF, "yes"),
    "Polars, Delta Lake, Lance": Answer(
        "deltalake", _ITSELF, "yes; each call to a Delta table or Lance runs the command"
    ),
    "DuckDB": Answer(
        "pyarrow 21",
        _ITSELF,
        "yes, with a secret of `PROVIDER credential_chain, REFRESH auto`; otherwise it never renews",
    ),
    "PyTorch (s3torchconnector)": Answer("awscrt", _ITSELF, "yes"),
    "Spark, Hadoop and other Java programs": Answer(
        "", _ITS_SDK, "yes, with the SDKs 1.12 and 2.29; version 1 does not follow `source_profile`"
    ),
    ".NET, PHP, Kotlin": Answer(
        "", _NO, "yes, judging by their source code; there was no package that we could install"
    ),
}
