"""SDKs that nobody here wrote, in programs that run for longer than their credentials live."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.places import needs
from homes import COMMAND, Home
from serve.serving import TOKEN, serving

from oidc_helper.emulator import Emulator

CLIENTS = Path(__file__).parents[1] / "emulator/clients"
LIFETIME_S = 64  # less than a minute left is no credentials; renewed from half of it on
KEYS = "3"
STREAMS = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


@pytest.fixture
def short(ready: Home, emulator: Emulator) -> Home:
    emulator.directory.permission_sets["Admin"].session_s = LIFETIME_S
    ready.environment |= {
        "KEYS": KEYS,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "NODE_NO_WARNINGS": "1",
    }
    return ready


def test_sdks_refresh_through_three_lifetimes_without_a_failed_call(short: Home, emulator: Emulator) -> None:
    """From `serve`, and from an endpoint of their own; a lifetime takes one exchange, whoever asks."""
    node = shutil.which("node")
    needs(node and (CLIENTS / "node_modules").is_dir(), "Node.js, and npm ci --prefix tests/emulator/clients")
    programs = [[sys.executable, str(CLIENTS / "long_lived.py")], [str(node), str(CLIENTS / "long_lived.mjs")]]
    with serving(short, "dev-admin") as running:
        told = {**short.environment, **running.variables["dev-admin"]}
        of_serve = [subprocess.Popen(words, env=told, **STREAMS) for words in programs]  # type: ignore[call-overload]
        of_exec = [
            subprocess.Popen([COMMAND, "exec", "--endpoint", "dev-admin", *words], env=short.environment, **STREAMS)  # type: ignore[call-overload]
            for words in programs
        ]
        outcomes = [(*process.communicate(), process.returncode) for process in (*of_serve, *of_exec)]

    assert [(out, err[-300:], code) for out, err, code in outcomes] == [(f"{KEYS}\n", "", 0)] * 4
    assert not [request for request in emulator.requests if request.operation == "GetCallerIdentity" and not request.ok]
    assert emulator.count("GetRoleCredentials") == int(KEYS)


def test_through_an_outage_the_old_credentials_are_served_and_then_new_ones(short: Home, emulator: Emulator) -> None:
    """The portal is down from before the renewal until a call of it has failed."""
    with serving(short, "dev-admin") as running:
        before = running.credentials("dev-admin").json["AccessKeyId"]
        emulator.fault("GetRoleCredentials", status=503, times=None)
        assert running.process.stderr
        failed = running.process.stderr.readline()
        served = running.credentials("dev-admin")
        emulator.clear_faults()
        assert running.process.stderr.readline().startswith("hint: ")
        again = running.process.stderr.readline()
        after = running.credentials("dev-admin").json["AccessKeyId"]

    assert "dev-admin: " in failed
    assert (served.status, served.json["AccessKeyId"]) == (200, before)
    assert TOKEN not in failed
    assert "there are credentials again" in again
    assert after != before
