"""`exec --endpoint`: a program in our place, and an endpoint beside it for as long as it runs."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cli.arrangements import wait_until
from cli.transcript import complaint
from fakes.terminals import at_terminal
from homes import COMMAND, Home

from oidc_helper.emulator import Emulator

SHOW = "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"
ASK = """
import json, os, urllib.request
told = os.environ
headers = {"Authorization": told["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
request = urllib.request.Request(told["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers=headers)
files = {name: open(told[name]).read() for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
print(json.dumps([json.load(urllib.request.urlopen(request)), files]))
"""
LEADING_ELSEWHERE = {
    **dict.fromkeys(("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "wrong"),
    **dict.fromkeys(("AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), "wrong"),
    **dict.fromkeys(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"), "/nowhere"),
}
CONFIG = """
[default]
region = us-east-1
credential_process = oidc-helper get analytics
aws_access_key_id = AKIAWRONG
# aws_secret_access_key = old
output = json
services = local
s3 =
  addressing_style = path
  max_concurrent_requests = 5
sso_session = corp
role_arn = arn:aws:iam::123456789012:role/wrong

[services local]
dynamodb =
  endpoint_url = http://127.0.0.1:8000

[sso-session corp]
sso_region = eu-west-1

[profile other]
credential_process = other
"""


@pytest.fixture
def ready(ready: Home) -> Home:
    ready.get("analytics")
    ready.environment["TMPDIR"] = str(ready.path / "tmp")
    (ready.path / "tmp").mkdir()
    return ready


def endpoints(home: Home) -> list[int]:
    """The processes of the endpoints that are beside a program of this home."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"oidc_helper.cli.beside" in of(process, "cmdline") and os.fsencode(home.path) in of(process, "environ")
    ]


def of(process: Path, name: str) -> bytes:
    with suppress(OSError):  # it has ended
        return (process / name).read_bytes()
    return b""


def wait_until_all_is_gone(home: Home) -> None:
    wait_until(lambda: not endpoints(home) and not list((home.path / "tmp").iterdir()))


def test_the_program_finds_an_endpoint_and_nothing_that_leads_elsewhere(ready: Home) -> None:
    """Its configuration has the settings of the user's, and no credentials; afterwards all is gone."""
    expected = ready.get("analytics")
    (ready.path / "aws").write_text(CONFIG)
    told = {**LEADING_ELSEWHERE, "AWS_CONFIG_FILE": str(ready.path / "aws")}
    done = ready.run("exec", "--endpoint", "analytics", "--", sys.executable, "-c", ASK, **told)
    shown = ready.run("exec", "analytics", "--endpoint", "--", sys.executable, "-c", SHOW, **told)

    assert (done.returncode, done.stderr) == (0, "")
    credentials, files = json.loads(done.stdout)
    environment: dict[str, Any] = json.loads(shown.stdout)
    assert credentials["AccessKeyId"] == expected["AccessKeyId"]
    assert files["AWS_CONFIG_FILE"] == (
        "[default]\nregion = us-east-1\noutput = json\nservices = local\n"
        "s3 =\n  addressing_style = path\n  max_concurrent_requests = 5\n\n"
        "[services local]\ndynamodb =\n  endpoint_url = http://127.0.0.1:8000\n"
    )
    assert files["AWS_SHARED_CREDENTIALS_FILE"] == ""
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert environment["OIDC_HELPER_PROFILE"] == "analytics"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment.keys() & LEADING_ELSEWHERE.keys() == set()
    assert "AWS_CREDENTIAL_EXPIRATION" not in environment
    wait_until_all_is_gone(ready)


def test_boto3_takes_the_endpoint_though_the_default_profile_has_credentials(ready: Home) -> None:
    """Which would win in all SDKs but one."""
    (ready.path / ".aws").mkdir()
    (ready.path / ".aws/config").write_text(CONFIG.replace("role_arn", "#role_arn"))
    words = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    done = ready.run("exec", "--endpoint", "analytics", sys.executable, "-c", words)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arn:aws:sts::123456789012:assumed-role/analytics/alice@example.com\n"


def test_streams_and_exit_code_are_the_programs(ready: Home) -> None:
    done = subprocess.run(
        [COMMAND, "exec", "--endpoint", "analytics", "--", "sh", "-c", "cat; echo to-stderr >&2; exit 42"],
        env=ready.environment,
        cwd=ready.path,
        input="from stdin\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (42, "from stdin\n", "to-stderr\n")


COUNTING = """
for name in TERM HUP INT; do trap "echo $name" $name; done
trap 'echo end; exit 9' USR1
echo $$
while :; do sleep 0.05; done
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_reaches_the_program_once(ready: Home, number: signal.Signals) -> None:
    """Whether it is for the process, or for its group as `timeout` sends it."""
    words = [str(COMMAND), "exec", "--endpoint", "analytics", "--", "sh", "-c", COUNTING]
    with subprocess.Popen(
        words, env=ready.environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == f"{process.pid}\n"
        for send in (os.kill, os.killpg):
            send(process.pid, number)
            assert process.stdout.readline() == f"{number.name[3:]}\n"
        process.send_signal(signal.SIGUSR1)

        assert (process.stdout.read(), process.wait()) == ("end\n", 9)
    wait_until_all_is_gone(ready)


WAITING = """
from signal import SIG_BLOCK, SIGUSR1, pthread_sigmask, sigwait
pthread_sigmask(SIG_BLOCK, {SIGUSR1})
print(flush=True)
sigwait({SIGUSR1})
"""


def test_the_endpoint_outlives_what_a_supervisor_sends_to_all(ready: Home) -> None:
    """A program may need credentials for its own end."""
    with ready.start("exec", "--endpoint", "analytics", "--", sys.executable, "-c", WAITING + ASK) as process:
        assert process.stdout
        process.stdout.readline()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            for endpoint in endpoints(ready):
                os.kill(endpoint, number)
        process.send_signal(signal.SIGUSR1)

        assert "AccessKeyId" in process.stdout.read()
    wait_until_all_is_gone(ready)


def test_the_program_has_no_child_that_it_did_not_start(ready: Home) -> None:
    """One that waits until it has none left would wait for ever."""
    done = ready.run("exec", "--endpoint", "analytics", "--", sys.executable, "-c", "import os; os.wait()")

    assert "ChildProcessError" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_a_signal_that_ends_the_program_ends_all(ready: Home, number: signal.Signals) -> None:
    """As a shell expects it; and nothing is left."""
    done = ready.run("exec", "--endpoint", "analytics", "--", "sh", "-c", f"kill -{number.name[3:]} $$")

    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")
    wait_until_all_is_gone(ready)


def test_the_program_inherits_no_signal_of_ours(ready: Home) -> None:
    """None is blocked or ignored, but for what we were started without."""
    words = ("exec", "--endpoint", "analytics", "--", "grep", "^Sig[BI]", "/proc/self/status")
    plain = ready.run(*words)
    spared = subprocess.run(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", COMMAND, *words],
        env=ready.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert _signals(plain.stdout) == [0, 0]
    assert _signals(spared.stdout) == [0, 1 << signal.SIGHUP - 1]


def _signals(status: str) -> list[int]:
    """Those blocked and ignored, a bit for each; the two that belong to the C library do not count."""
    return [int(line.split()[1], 16) & 0x7FFFFFFF for line in status.splitlines()]


@pytest.mark.parametrize(
    ("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126), ("/etc", 126), ("", 127)]
)
def test_a_program_that_cannot_be_run_has_the_code_of_shells(ready: Home, program: str, code: int) -> None:
    told = complaint(ready.run("exec", "--endpoint", "analytics", "--", program))

    assert told.code == code
    assert program in told.message
    wait_until_all_is_gone(ready)


def test_nesting_and_failures_are_as_without_the_endpoint(ready: Home, emulator: Emulator) -> None:
    """Nothing runs."""
    nested = complaint(ready.run("exec", "--endpoint", "analytics", "--", "touch", "made", OIDC_HELPER_PROFILE="x"))
    emulator.fault("GetRoleCredentials", status=503, times=None)
    down = complaint(ready.run("exec", "--endpoint", "dev-admin", "--", "touch", "made"))

    assert (nested.code, down.code) == (2, 4)
    assert not (ready.path / "made").exists()


def test_a_configuration_that_no_sdk_reads_is_an_error(ready: Home) -> None:
    (ready.path / "aws").write_text("region = eu-west-1\n")
    told = complaint(ready.run("exec", "--endpoint", "analytics", "true", AWS_CONFIG_FILE=str(ready.path / "aws")))

    assert (told.code, "line 1" in told.message) == (2, True)


def _at_a_shell(home: Home) -> tuple[list[str], dict[str, str]]:
    words = ["/bin/sh", "-c", 'exec "$@" </dev/tty', "sh", "/bin/bash", "--norc", "--noprofile", "-i"]
    return words, {**home.environment, "PS1": "[shell] ", "HISTFILE": ""}


def test_job_control_is_the_shells(ready: Home) -> None:
    """Ctrl-Z stops both and gives the shell its terminal; fg goes on; Ctrl-C reaches the program once."""
    script = ready.path / "program"
    script.write_text(
        "trap 'echo interrupted $((n += 1))' INT\ntrap 'echo went on' CONT\necho up\n"
        'while [ ! -e end ]; do sleep 0.05; done\necho "ends after $n"\nexit 5\n'
    )
    words, environment = _at_a_shell(ready)
    with at_terminal(words, environment, directory=ready.path, prints_there=True) as person:
        person.see("[shell] ")
        person.type(f"{COMMAND} exec --endpoint analytics -- bash program\n")
        person.see("up")
        os.write(person.descriptor, b"\x1a")
        person.see("Stopped", "[shell] ")
        person.type("fg\n")
        person.see("went on")
        os.write(person.descriptor, b"\x03")
        person.see("interrupted 1")
        (ready.path / "end").touch()
        person.see("ends after 1", "[shell] ")
        person.type("echo code $?\n")
        person.see("code 5", "[shell] ")
        person.type("exit\n")
        wait_until(lambda: person.process.poll() is not None)

    wait_until_all_is_gone(ready)


def test_without_a_program_a_shell_runs(ready: Home) -> None:
    """With job control of its own."""
    words, environment = _at_a_shell(ready)
    environment["SHELL"] = "/bin/sh"
    with at_terminal(words, environment, directory=ready.path, prints_there=True) as person:
        person.see("[shell] ")
        person.type(f"{COMMAND} exec --endpoint analytics\n")
        person.see("a shell with the credentials of analytics, renewed as long as you are signed in; exit ends it")
        os.write(person.descriptor, b"echo region $AWS_REGION; exit 7\n")
        person.see("region eu-west-1", "[shell] ")
        person.type("echo code $?; exit\n")
        person.see("code 7")
        wait_until(lambda: person.process.poll() is not None)
