"""Commands where nothing can be kept, or what was kept is out of reach: they say what is so."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cli.arrangements import at_once, finished, wait_until, waiting_at
from cli.sign_ins import Desk, desk
from cli.transcript import complaint
from fakes.places import needs
from homes import COMMAND, Home, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("whole_processes")

ALICE = "alice@example.com"
NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
NOWHERE = {**NO_KEYRING, kernel.VARIABLE: "off"}
READ_ONLY = {"XDG_STATE_HOME": "/proc/nowhere"}
TESTS = Path(__file__).parents[1]


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    """Her computer, as it was set up for her."""
    hers = desk(home, emulator)
    hers.configure()
    return hers


def test_a_login_that_nothing_keeps_signs_in_once_and_says_so(alice: Desk, emulator: Emulator) -> None:
    """Seen: two sign-ins, then "in the nowhere: there is no keyring", and exit 0."""
    failed = alice.home.run("login", "analytics", **NOWHERE)

    assert (failed.returncode, failed.stdout) == (6, "")
    assert (emulator.count("Authorize"), emulator.count("CreateTokenWithIAM")) == (1, 1)
    last, hint = failed.stderr.splitlines()[-2:]
    assert f"signed in as {ALICE}, but nothing of it is kept: " in last
    assert "there is no keyring in this session" in last
    assert "PYTHON_KEYRING_BACKEND" in hint


def test_every_command_says_what_it_could_not_keep(ready: Home, emulator: Emulator) -> None:
    """Seen: only the first one on a machine said so."""
    told = []
    for _ in range(2):
        ready.write_token(emulator.mint(ALICE))
        told.append(
            ready.run("token", "--debug", "analytics", **NOWHERE).stderr.count("cannot keep the tokens of job: ")
        )

    assert told[0] == told[1] >= 1


def test_a_token_that_was_sent_in_vain_is_told_with_the_reason(ready: Home) -> None:
    """Seen: "was sent before, and each counts only once", on a machine that could not keep its answer."""
    ready.get("analytics", **NOWHERE)
    failed = complaint(ready.run("get", "analytics", **NOWHERE))

    assert failed.code == 6
    assert "was sent before" in failed.message
    assert "its answer could not be kept: the kernel keyring is not available here; there is no" in failed.message


def twelve_at_once(home: Home, **variables: str) -> list["subprocess.CompletedProcess[str]"]:
    home.environment |= variables
    with at_once(home, [("get", "analytics")] * 12) as processes:
        return [finished(process) for process in processes]


@pytest.mark.parametrize("runtime", ["a runtime directory", "none"])
def test_twelve_at_once_with_a_read_only_state_directory_share_one_token(
    ready: Home, emulator: Emulator, runtime: str
) -> None:
    """Seen: it was sent twenty times, since no lock could be had."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    spoilt = {"XDG_RUNTIME_DIR": "/proc/nowhere"} if runtime == "none" else {}
    done = twelve_at_once(ready, **READ_ONLY, **NO_KEYRING, **spoilt)

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 12
    assert len({one.stdout for one in done}) == 1
    assert emulator.count("CreateTokenWithIAM") == 1


# Runs a command that finds a directory, which is the first argument, read-only.
_READ_ONLY = ("unshare", "--mount", "sh", "-c", 'mount --bind -o ro "$0" "$0" && exec "$@"')


def test_twelve_at_once_of_which_half_find_the_state_directory_read_only_share_one_token(
    ready: Home, emulator: Emulator
) -> None:
    """Seen: some took a lock in the state directory, the others in the runtime directory, and two sent the token."""
    needs(os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0, "mounts")
    state = ready.path / ".local"
    state.mkdir()
    emulator.fault("CreateTokenWithIAM", delay_s=0.4, times=1)
    with at_once(ready, [("get", "analytics")] * 6) as processes:
        for _ in range(6):
            processes.append(
                subprocess.Popen(
                    [*_READ_ONLY, state, COMMAND, "get", "analytics"],
                    env=ready.environment,
                    cwd=ready.path,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        done = [finished(process) for process in processes]

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 12
    assert emulator.count("CreateTokenWithIAM") == 1


def test_twelve_at_once_that_can_keep_nothing_send_their_token_once(ready: Home, emulator: Emulator) -> None:
    """One has the answer, and the others the truth about why they have none."""
    done = twelve_at_once(ready, **READ_ONLY, **NOWHERE)

    assert sorted(one.returncode for one in done) == [0] + [6] * 11
    assert all("could not be kept" in one.stderr for one in done if one.returncode)
    assert emulator.count("CreateTokenWithIAM") == 1


def test_of_twelve_at_once_that_can_note_nothing_one_sends_their_token(ready: Home, emulator: Emulator) -> None:
    """Seen: all twelve sent it, since none could leave word for the next, and eleven were refused."""
    ready.environment |= {**READ_ONLY, **NOWHERE, "XDG_RUNTIME_DIR": "/proc/nowhere"}
    name = f"/proc/nowhere/oidc-helper oidc-helper:lock:job+{emulator.directory.application_arn}@{ready.config}"
    all_wait = threading.Event()
    emulator.fault("CreateTokenWithIAM", until=all_wait, times=1)
    with at_once(ready, [("get", "analytics")] * 12) as processes:
        wait_until(lambda: waiting_at(name) == 11)
        all_wait.set()
        done = sorted(map(finished, processes), key=lambda one: one.returncode)

    assert [one.returncode for one in done] == [0] + [6] * 11
    assert all("the process before this one may have sent the identity token" in one.stderr for one in done[1:])
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_refusal_where_nothing_can_be_noted_says_that_the_token_may_have_been_sent(
    ready: Home, emulator: Emulator
) -> None:
    """Seen: only a hint about the token's aud and iss, which were right."""
    ready.environment |= {**READ_ONLY, **NOWHERE, "XDG_RUNTIME_DIR": "/proc/nowhere"}
    ready.get("analytics")
    refused = complaint(ready.run("get", "analytics"))

    assert refused.code == 5
    assert (
        "it may have been sent before, since not everything can be kept: cannot write in /proc/nowhere" in refused.hint
    )


def test_a_sign_in_of_another_session_is_out_of_reach_and_not_missing(alice: Desk) -> None:
    """Seen: cron said "nobody is signed in", and the desktop's status told its failure as the desktop's own."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    alice.log_in("analytics")
    failed = complaint(alice.home.run("token", "other", **NO_KEYRING))

    assert failed.code == 6
    assert "may lie in" in failed.message
    assert "which this session does not use" in failed.message
    status = json.loads(alice.home.run("status", "--json").stdout)
    assert [one["last_failure"] for one in status["profiles"]] == [None] * len(status["profiles"])


def test_a_sign_in_where_the_desktops_is_out_of_reach_serves_this_session(alice: Desk, emulator: Emulator) -> None:
    """Over SSH: what a person can mend by signing in, no stored state stands in the way of."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    alice.log_in("analytics")
    done = alice.home.run("login", "analytics", **NO_KEYRING)

    assert done.returncode == 0, done.stderr
    assert emulator.count("Authorize") == 2
    assert "in the kernel keyring (until the next boot)" in done.stdout
    assert alice.home.run("token", "analytics", **NO_KEYRING).returncode == 0


def test_status_tells_how_full_the_kernel_keyring_is(ready: Home) -> None:
    """Ordinary users have 20,000 bytes, and other programs take of them."""
    needs(kernel.available(), "a kernel that lets us keep keys")
    told = json.loads(ready.run("status", "--json").stdout)["kernel_keyring"]

    assert 0 < told["used_bytes"] < told["limit_bytes"]
    assert 0 < told["used_keys"] < told["limit_keys"]
    assert f"of {told['limit_bytes']:,} bytes in use" in ready.run("status").stdout
    assert json.loads(ready.run("status", "--json", **NOWHERE).stdout)["kernel_keyring"] is None


def test_a_logout_forgets_what_it_can_while_another_process_is_at_work(home: Home, emulator: Emulator) -> None:
    """Seen: it gave up at the lock, and credentials in the kernel stayed."""
    home.configure(file_config(emulator, defaults="deadline_seconds = 5"))
    home.write_token(emulator.mint(ALICE))
    home.get("analytics")
    name = f"oidc-helper:lock:job+{emulator.directory.application_arn}@{home.config}"
    with subprocess.Popen(
        [sys.executable, "-m", "fakes.victims", "hold_lock", name],
        cwd=TESTS,
        env={**os.environ, **home.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        failed = complaint(home.run("logout", "--all"))
        holder.kill()

    assert failed.code == 6
    assert f"process {holder.pid}" in failed.message
    assert json.loads((home.path / "keyring.json").read_text()) == {}
    assert json.loads((home.path / ".local/state/oidc-helper/index.json").read_text())["entries"] == {}
