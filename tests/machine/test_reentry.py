"""Settings that lead back to us are refused, and the cycle is printed."""

import os
import subprocess
import sys
from typing import Any

import pytest

from oidc_helper.errors import WrongSettings
from oidc_helper.machine import reentry

CYCLE = "the settings lead back to oidc-helper: "
# AWS configuration, always followed from `base` -> the cycle, or nothing.
CONFIGURATIONS: dict[str, tuple[dict[str, dict[str, Any]], str]] = {
    "keys of its own": ({"base": {"aws_access_key_id": "x"}}, ""),
    "another program": ({"base": {"credential_process": "my-oidc-helper-wrapper get x"}}, ""),
    "ourselves": (
        {"base": {"credential_process": "oidc-helper get x"}},
        "profile x -> AWS profile base -> its credential_process, oidc-helper",
    ),
    "by path": (
        {"base": {"credential_process": '"/opt/our tools/oidc-helper" get x'}},
        "profile x -> AWS profile base -> its credential_process, oidc-helper",
    ),
    "as a module": (
        {"base": {"credential_process": "python -m oidc_helper get x"}},
        "profile x -> AWS profile base -> its credential_process, oidc-helper",
    ),
    "behind another profile": (
        {"base": {"source_profile": "next"}, "next": {"credential_process": r"C:\bin\oidc-helper.exe get x"}},
        "profile x -> AWS profile base -> AWS profile next -> its credential_process, oidc-helper",
    ),
    "round and round": ({"base": {"source_profile": "next"}, "next": {"source_profile": "base"}}, ""),
    "a table in a name's place": ({"base": {"source_profile": {"next": "x"}}}, ""),
    "no such profile": ({}, ""),
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_an_aws_profile_that_leads_to_us_is_refused(kind: str) -> None:
    """And one that does not is followed to its end."""
    profiles, cycle = CONFIGURATIONS[kind]
    if not cycle:
        reentry.refuse_cycle(profiles, "x", "base")
        return
    with pytest.raises(WrongSettings) as caught:
        reentry.refuse_cycle(profiles, "x", "base")
    assert caught.value.message == CYCLE + cycle


def test_an_identity_command_that_runs_us_is_refused() -> None:
    """Tokens of our own have a source of their own."""
    reentry.refuse_command("job", ["/usr/bin/print-token"])
    with pytest.raises(WrongSettings, match="identity job -> its command, oidc-helper"):
        reentry.refuse_command("job", ["/usr/bin/oidc-helper", "token", "x"])


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("http://127.0.0.1:9421/v1/credentials/x", True),
        ("http://169.254.170.2/v1/credentials/x", True),
        ("http://127.0.0.1:9421/v1/credentials/y", False),
        ("http://169.254.170.23/v1/credentials", False),
        ("http://169.254.169.254/latest/meta-data/iam/security-credentials/x", False),
    ],
)
def test_an_endpoint_that_serves_the_profile_itself_is_refused(url: str, *, is_ours: bool) -> None:
    """On whatever address; another profile's, and those of AWS, may give the caller's keys."""
    if not is_ours:
        reentry.refuse_endpoint("x", url)
        return
    with pytest.raises(WrongSettings) as caught:
        reentry.refuse_endpoint("x", url)
    assert caught.value.message == f"{CYCLE}profile x -> the container's endpoint {url}"


def test_a_process_that_we_started_does_not_work_for_us() -> None:
    """Behind a program that hides what it runs only the variable tells, and only while we wait for that program."""
    reentry.refuse_reentry("x")
    script = "from oidc_helper.machine import reentry; reentry.refuse_reentry('x')"
    with reentry.marked("profile y"):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert f"{CYCLE}profile y -> profile x" in done.stderr
    assert reentry.VARIABLE not in os.environ


def test_the_cycle_that_another_process_reported_is_our_own_error() -> None:
    """The program between us repeats it among other lines."""
    error = reentry.cycle_in(f"wrapper: failed\noidc-helper: {CYCLE}profile y -> profile x hint: ...\n")
    assert error
    assert error.message == f"{CYCLE}profile y -> profile x"
    assert reentry.cycle_in("another error") is None
