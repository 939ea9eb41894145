"""SDKs that nobody here wrote, in programs that run for longer than their credentials live."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from compatibility import environments, trying
from compatibility.clients import CLIENTS, QUICK
from fakes.places import needs
from homes import COMMAND, Home
from serve.serving import TOKEN, serving

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys

LIFETIME_S = 64  # less than a minute left is no credentials; renewed from half of it on


@pytest.fixture
def short(ready: Home, emulator: Emulator) -> Home:
    emulator.directory.permission_sets["Admin"].session_s = LIFETIME_S
    return ready


@pytest.mark.timeout(300)
def test_sdks_call_through_three_renewals_at_both_endpoints(keys: SigningKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, each as a real process: the quick clients of the matrix, boto3, and what else is installed."""
    place_of = environments.directory
    ours = {"boto3": Path(sys.prefix)}
    monkeypatch.setattr(environments, "directory", lambda name: ours.get(name) or place_of(name))
    names = [name for name in CLIENTS if name in ours or environments.is_installed(name)]
    with ThreadPoolExecutor(len(names)) as together:
        cells = list(together.map(lambda name: trying.tried(name, "endpoint", keys), names))

    assert [cell.surprise for cell in cells if cell.surprise] == []
    needs(set(QUICK) <= set(names), "the clients of PYTHONPATH=tests python -m compatibility --install --quick")


def test_tokens_that_no_place_takes_renew_the_credentials_of_a_program(short: Home, emulator: Emulator) -> None:
    """As in a container without keyrings: an identity token is not exchanged again for each renewal."""
    variables = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "OIDC_HELPER_KERNEL_KEYRING": "off"}
    words = [str(COMMAND), "exec", "--endpoint", "dev-admin", "--", "cat"]
    with subprocess.Popen(words, env={**short.environment, **variables}, cwd=short.path, stdin=subprocess.PIPE):
        assert emulator.wait_for("GetRoleCredentials", 2, timeout_s=LIFETIME_S)

    assert emulator.count("CreateTokenWithIAM") == 1


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
