"""`demo`: the whole chain on the emulator, in a temporary home, with boto3 asking for the credentials."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from rich.console import Console
from rich.text import Text

from oidc_helper import kernel, paths
from oidc_helper.cli import streams
from oidc_helper.emulator import Emulator, example_config
from oidc_helper.emulator.example import LOOPBACK
from oidc_helper.emulator.temporary_keyring import BACKEND
from oidc_helper.emulator.temporary_keyring import VARIABLE as KEYRING_FILE
from oidc_helper.errors import OidcHelperError

_SDK_PROGRAM = """
import boto3, json, sys
answer = boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()
print(json.dumps({"Account": answer["Account"], "Arn": answer["Arn"]}))
"""
_PROFILES = ("analytics", "dev-admin")  # of the example configuration
_YOUR_FILES = """\
{config}
    [identity.job]
    source = "file"
    path   = "/var/run/secrets/tokens/aws"

    [profile.analytics]
    identity               = "job"
    application_arn        = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
    identity_center_region = "eu-west-1"
    caller                 = {{ web_identity_role_arn = "arn:aws:iam::123456789012:role/tip-caller" }}
    role_arn               = "arn:aws:iam::123456789012:role/analytics"

~/.aws/config
    [profile analytics]
    credential_process = oidc-helper get analytics
    region = eu-west-1

then try: aws sts get-caller-identity --profile analytics
"""
_FIRST_STEPS = """\
in one terminal
    oidc-helper emulator --write try > try.sh
and, once it says that it listens, in another
    . ./try.sh
    oidc-helper configure mine
    aws sts get-caller-identity --profile mine
    oidc-helper status
    oidc-helper logout --all
"""
_LONGEST_RUN_S = 60


def run(answer: TextIO) -> int:
    """Print each step as it happens; touch neither the user's files nor the keyring, and leave nothing behind."""
    show = _Screen(answer)
    with suppress(OSError):
        kernel.join_anonymous_session()  # if the kernel refuses keys, the temporary keyring takes them
    with TemporaryDirectory(prefix="oidc-helper-demo-") as home, Emulator() as emulator:
        environment = _environment(Path(home), emulator)
        _write_files(Path(home), emulator, show)
        for number, profile in enumerate(_PROFILES, start=1):
            _title(show, f"{number}. boto3 asks who it is, with the AWS profile {profile}")
            _use_sdk(profile, environment, emulator, show)
        _title(show, f"{len(_PROFILES) + 1}. the same request, answered from the cache")
        _use_cache(environment, emulator, show)
        _title(show, "At AWS, your own files would say, with your names and ARNs in place of these examples")
        _show_lines(show, _YOUR_FILES.format(config=paths.default_config_file()))
        _title(show, "To try it yourself, without AWS")
        _show_lines(show, _FIRST_STEPS)
    return 0


class _Screen:
    """The answer, with styles and folded lines if it is a terminal."""

    def __init__(self, answer: TextIO) -> None:
        self._answer = answer
        self._console = Console(file=answer, highlight=False, soft_wrap=True)

    def line(self, text: str, style: str = "") -> None:
        for part in streams.fitting([text], self._answer):
            self._console.print(Text(part, style=style))


def _environment(home: Path, emulator: Emulator) -> dict[str, str]:
    """The variables of a newcomer's shell, without this user's AWS, Python and keyring settings."""
    without_proxy = ",".join(filter(None, (LOOPBACK, os.environ.get("no_proxy"), os.environ.get("NO_PROXY"))))
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "OIDC_HELPER_", "PYTHON", "XDG_")) and name != "DBUS_SESSION_BUS_ADDRESS"
    }
    return {
        **inherited,
        **emulator.environment,
        "NO_PROXY": without_proxy,
        "no_proxy": without_proxy,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        paths.CONFIG_VARIABLE: str(home / "config.toml"),
        paths.SITE_CONFIG_VARIABLE: "",
        kernel.VARIABLE: "session",
        "PYTHON_KEYRING_BACKEND": BACKEND,
        KEYRING_FILE: str(home / "keyring.json"),
    }


def _write_files(home: Path, emulator: Emulator, show: _Screen) -> None:
    (home / "config.toml").write_text(example_config(emulator), encoding="utf-8")
    command = shlex.join([sys.executable, "-P", "-m", "oidc_helper"])
    region = emulator.directory.identity_center_region
    sections = (
        f"[profile {name}]\ncredential_process = {command} get {name}\nregion = {region}\n" for name in _PROFILES
    )
    (home / "aws-config").write_text("\n".join(sections), encoding="utf-8")
    show.line(f"emulator of identity provider, Identity Center, portal and STS at {emulator.url}")


def _use_sdk(profile: str, environment: Mapping[str, str], emulator: Emulator, show: _Screen) -> None:
    before = len(emulator.requests)
    began = time.monotonic()
    sdk = subprocess.Popen(
        [sys.executable, "-P", "-c", _SDK_PROGRAM, profile],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    shown = before
    while sdk.poll() is None and time.monotonic() - began < _LONGEST_RUN_S:
        shown = _show_requests(shown, emulator, show)
        time.sleep(0.02)
    output, complaint = sdk.communicate(timeout=_LONGEST_RUN_S)
    _show_requests(shown, emulator, show)
    if sdk.returncode != 0:
        raise OidcHelperError(f"boto3 got no credentials: {complaint.strip()}")
    identity = json.loads(output)
    show.line(f"   boto3 is {identity['Arn']} after {(time.monotonic() - began) * 1000:.0f} ms", style="bold")


def _show_requests(shown: int, emulator: Emulator, show: _Screen) -> int:
    """Print the requests from number `shown` on; return how many there are now."""
    requests = emulator.requests
    for request in requests[shown:]:
        described = request.described()["parameters"]
        parameters = " ".join(f"{name}={_short(value)}" for name, value in described.items())
        took_ms = request.duration_s * 1000
        show.line(f"   {request.service:<9} {request.operation:<26} {request.status or 'cut'} {took_ms:4.0f} ms")
        show.line(f"             sent {parameters or 'the credentials only'}", style="dim")
        if request.came_back:
            show.line(f"             received {', '.join(request.came_back)} (values not shown)", style="dim")
    return len(requests)


def _short(value: object) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text.rpartition(":")[2] if text.startswith(("arn:", "urn:")) else text


def _use_cache(environment: Mapping[str, str], emulator: Emulator, show: _Screen) -> None:
    profile = _PROFILES[0]
    before = len(emulator.requests)
    bare_ms = _milliseconds([sys.executable, "-c", "pass"], environment)
    cached_ms = _milliseconds([sys.executable, "-P", "-m", "oidc_helper", "get", profile], environment)
    requests = len(emulator.requests) - before
    show.line(f"   oidc-helper get {profile}: {cached_ms:.0f} ms, {requests} requests", style="bold")
    show.line(f"   (python -c pass: {bare_ms:.0f} ms)")


def _milliseconds(words: list[str], environment: Mapping[str, str]) -> float:
    """The best of five runs: the time of the program itself, without the machine's other work."""
    durations_s = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        durations_s.append(time.monotonic() - began)
    return min(durations_s) * 1000


def _show_lines(show: _Screen, text: str) -> None:
    for line in text.splitlines():
        show.line(f"   {line}".rstrip())


def _title(show: _Screen, text: str) -> None:
    show.line("")
    show.line(text, style="bold cyan")
