"""Many processes at once, as SDKs start them: one works, all have its answer."""

import subprocess
import sys
import threading

import pytest
from cli.arrangements import at_once, finished, is_in_line, wait_until
from cli.transcript import Complaint, answer, complaint
from homes import Home

from oidc_helper.emulator import Emulator

MANY = 30
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc for waiting processes")


def ran_while_the_first_was_held_up(
    home: Home, emulator: Emulator, profiles: list[str], **fault: str
) -> list[subprocess.CompletedProcess[str]]:
    """Let no exchange be answered before every process stands in line for it."""
    going_on = threading.Event()
    emulator.fault("CreateTokenWithIAM", until=going_on, **fault)
    with at_once(home, [("get", profile) for profile in profiles]) as processes:
        wait_until(lambda: all(map(is_in_line, processes)))
        going_on.set()
        return [finished(process) for process in processes]


def operations(emulator: Emulator) -> list[str]:
    return [request.operation for request in emulator.requests]


def test_thirty_processes_share_one_exchange(ready: Home, emulator: Emulator) -> None:
    """On an empty cache one of them asks AWS; all thirty print the same credentials and nothing else."""
    done = ran_while_the_first_was_held_up(ready, emulator, ["analytics"] * MANY)

    answers = [answer(one) for one in done]
    assert len(answers) == MANY
    assert all(one == answers[0] for one in answers)
    assert operations(emulator) == ["AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole"]


def test_thirty_processes_share_one_refusal(ready: Home, emulator: Emulator) -> None:
    """A process that waited for a refused one fails with it: there is one request each, not thirty one by one."""
    done = ran_while_the_first_was_held_up(ready, emulator, ["analytics"] * MANY, error="AccessDeniedException")

    complaints = [complaint(one) for one in done]
    assert set(complaints) == {complaints[0]}
    assert (complaints[0].code, "not assigned" in complaints[0].hint) == (5, True)
    assert operations(emulator) == ["AssumeRoleWithWebIdentity", "CreateTokenWithIAM"]


def test_two_profiles_at_once_share_one_sign_in(ready: Home, emulator: Emulator) -> None:
    """Profiles of one identity and application wait for the same exchange, then each asks for its own credentials."""
    done = ran_while_the_first_was_held_up(ready, emulator, ["analytics", "dev-admin"] * 3)

    by_profile = [answer(one)["AccessKeyId"] for one in done]
    assert by_profile == by_profile[:2] * 3
    assert by_profile[0] != by_profile[1]
    assert sorted(operations(emulator)) == [
        "AssumeRole",
        "AssumeRoleWithWebIdentity",
        "CreateTokenWithIAM",
        "GetRoleCredentials",
    ]


def test_a_refusal_of_one_profile_is_not_that_of_another(ready: Home, emulator: Emulator) -> None:
    """After another profile's failed fetch a waiting process tries for itself: the failure may be the other's alone."""
    emulator.directory.analytics_role.allows_set_context = False

    done = ran_while_the_first_was_held_up(ready, emulator, ["analytics", "dev-admin", "analytics"])

    refused: list[Complaint] = [complaint(done[0]), complaint(done[2])]
    assert refused[0] == refused[1]
    assert answer(done[1])["AccountId"] == "111122223333"
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_waiter_goes_on_where_the_one_at_work_was_killed(ready: Home, emulator: Emulator) -> None:
    """The kernel frees the lock of a process that dies; the next in line says at once what is needed."""
    never = threading.Event()
    emulator.fault("CreateTokenWithIAM", until=never)
    with at_once(ready, [("get", "analytics")]) as (first,):
        assert emulator.wait_for("CreateTokenWithIAM")
        with at_once(ready, [("get", "analytics")]) as (second,):
            wait_until(lambda: is_in_line(second))
            first.kill()
            done = complaint(finished(second))
    never.set()

    assert done.code == 3
    assert "was sent before" in done.message
