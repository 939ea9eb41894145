"""`exec`: a program takes the place of the command, with credentials in its environment."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from cli.transcript import complaint
from fakes.terminals import at_terminal
from homes import COMMAND, Home

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("whole_processes")

SHOW = "import json, os, sys; json.dump([os.getpid(), os.getppid(), sys.argv[1:], dict(os.environ)], sys.stdout)"
CONFLICTING = {
    **dict.fromkeys(("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ROLE_ARN"), "wrong"),
    **{f"AWS_CONTAINER_{name}": "wrong" for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN")},
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
}

# Credentials at hand are handed over by the hit path, unless there are options.
BOTH_WAYS = pytest.mark.parametrize("options", [(), ("--min-ttl", "1")], ids=["on a hit", "by the full program"])


@pytest.fixture
def ready(ready: Home) -> Home:
    ready.get("analytics")
    return ready


def shown(home: Home, *words: str, **variables: str) -> tuple[int, int, list[str], dict[str, str]]:
    """The process that the program became: its id, its parent's, its arguments and its environment."""
    process = home.start(*words, "--", sys.executable, "-c", SHOW, "a", "--profile", "b", **variables)
    stdout, stderr = process.communicate()
    assert (process.returncode, stderr) == (0, "")
    told: list[Any] = json.loads(stdout)
    assert told[0] == process.pid
    return told[0], told[1], told[2], told[3]


def test_the_program_takes_the_place_of_the_command(ready: Home) -> None:
    """The same process, so that signals and terminal are the program's; its words are its own."""
    _, parent, words, _ = shown(ready, "exec", "analytics")

    assert parent == os.getpid()
    assert words == ["a", "--profile", "b"]


@BOTH_WAYS
def test_the_environment_has_the_credentials_and_nothing_that_leads_elsewhere(
    ready: Home, options: tuple[str, ...]
) -> None:
    """Both names of the region, and the name of the profile for a prompt."""
    expected = ready.get("analytics")
    *_, environment = shown(ready, "exec", *options, "analytics", **CONFLICTING)

    assert {name: environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")} == {
        "ACCESS_KEY_ID": expected["AccessKeyId"],
        "SECRET_ACCESS_KEY": expected["SecretAccessKey"],
        "SESSION_TOKEN": expected["SessionToken"],
    }
    assert environment["AWS_CREDENTIAL_EXPIRATION"] == expected["Expiration"]
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["OIDC_HELPER_PROFILE"] == "analytics"
    assert environment.keys() & CONFLICTING.keys() == set()


@pytest.mark.parametrize("words", [("exec", "analytics"), ("exec", "analytics", "--")])
def test_the_dashes_may_be_left_out(ready: Home, words: tuple[str, ...]) -> None:
    """An option behind the program is the program's."""
    done = ready.run(*words, "echo", "--version", "--config", "x")

    assert (done.returncode, done.stdout) == (0, "--version --config x\n")


def test_our_options_stand_before_the_program(ready: Home) -> None:
    ours = ("--config", str(ready.config), "exec", "--min-ttl", "60", "analytics")
    done = ready.run(*ours, "echo", "-n", "x", OIDC_HELPER_CONFIG="")

    assert (done.returncode, done.stdout) == (0, "x")


def test_streams_and_exit_code_are_the_programs(ready: Home) -> None:
    """It reads our standard input, and its words come out unchanged."""
    done = subprocess.run(
        [COMMAND, "exec", "analytics", "--", "sh", "-c", "cat; echo to-stderr >&2; exit 42"],
        env=ready.environment,
        cwd=ready.path,
        input="from stdin\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (42, "from stdin\n", "to-stderr\n")


@BOTH_WAYS
def test_a_signal_is_the_programs(ready: Home, options: tuple[str, ...]) -> None:
    """A closed pipe ends it as it would without us: Python ignores that signal, which a program would inherit."""
    with ready.start("exec", *options, "analytics", "--", "sh", "-c", "exec yes") as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()

        assert process.wait() == -signal.SIGPIPE


@BOTH_WAYS
def test_no_file_of_ours_is_open_in_the_program(ready: Home, options: tuple[str, ...]) -> None:
    """Nor a pipe or a lock: it has its three streams, and the directory that ls reads."""
    listing = ready.run("exec", *options, "analytics", "--", "ls", "/proc/self/fd")

    assert listing.stdout.split() == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126), ("/etc", 126), ("", 127)]
)
def test_a_program_that_cannot_be_run_has_the_code_of_shells(ready: Home, program: str, code: int) -> None:
    told = complaint(ready.run("exec", "analytics", "--", program))

    assert told.code == code
    assert program in told.message
    assert "PATH" in told.hint


@pytest.mark.parametrize("profile", ["analytics", "dev-admin"], ids=["on a hit", "by the full program"])
def test_nesting_is_refused_unless_told(ready: Home, profile: str) -> None:
    """A shell in a shell would hide whose credentials are in force."""
    told = complaint(ready.run("exec", profile, "--", "true", OIDC_HELPER_PROFILE="analytics"))
    nested = ready.run("exec", "--nested", profile, "--", "true", OIDC_HELPER_PROFILE="analytics")

    assert told.code == 2
    assert "the credentials of analytics are in this environment already" in told.message
    assert nested.returncode == 0


def test_credentials_that_end_too_soon_are_fetched_anew(ready: Home, emulator: Emulator) -> None:
    """What new ones cannot give either is refused."""
    asked = emulator.count("AssumeRole")
    assert ready.run("exec", "--min-ttl", "3000", "analytics", "--", "true").returncode == 0
    assert emulator.count("AssumeRole") == asked
    told = complaint(ready.run("exec", "--min-ttl", "7200", "analytics", "--", "true"))

    assert emulator.count("AssumeRole") == asked + 1
    assert (told.code, "less than --min-ttl" in told.message) == (2, True)


def test_a_renewal_that_fails_runs_nothing(ready: Home, emulator: Emulator) -> None:
    """Credentials at hand that end too soon are no answer to --min-ttl."""
    emulator.fault("AssumeRole", status=503, times=None)
    told = complaint(ready.run("exec", "--min-ttl", "7200", "analytics", "--", "touch", "made"))

    assert (told.code, "503" in told.message) == (4, True)
    assert not (ready.path / "made").exists()


def test_without_a_program_a_shell_runs(ready: Home) -> None:
    """It is said once, and the profile is there for its prompt."""
    environment = {**ready.environment, "SHELL": "/bin/sh", "PS1": "[$OIDC_HELPER_PROFILE] "}
    wrapped = ["/bin/sh", "-c", 'exec "$@" </dev/tty >/dev/tty 2>&1', "sh", str(COMMAND), "exec", "analytics"]
    with at_terminal(wrapped, environment, directory=ready.path) as person:
        person.see("a shell with the credentials of analytics, until", "[analytics] ")
        os.write(person.descriptor, b"echo $AWS_REGION; exit 7\n")
        person.see("eu-west-1")
        done = person.ended()

    assert done.returncode == 7


def test_a_failure_runs_nothing(ready: Home) -> None:
    """The message is that of get."""
    told = complaint(ready.run("exec", "analitics", "--", "touch", "made"))

    assert (told.code, "did you mean analytics?" in told.message) == (2, True)
    assert not (ready.path / "made").exists()
