"""Stdout carries the answer and nothing else, whatever libraries, callers and shells do; stderr is for people."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from cli.arrangements import keys_of_the_iam_user, with_caller
from cli.transcript import answer, complaint, secrets, tells
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

pytestmark = pytest.mark.usefixtures("whole_processes")

# A keyring back end that prints in every possible way, whenever it is loaded, read or written.
NOISY_KEYRING = """
import logging, os, sys, warnings
from oidc_helper.emulator.temporary_keyring import TemporaryKeyring

def chatter():
    print("chatter")
    print("chatter", file=sys.stderr)
    sys.__stdout__.write("chatter")
    os.write(1, b"chatter")
    os.write(2, b"chatter")
    os.system("echo chatter; echo chatter >&2")
    warnings.warn("chatter")
    logging.getLogger("keyring").warning("chatter")
    logging.getLogger("oidc_helper.elsewhere").info("chatter")

chatter()

class Keyring(TemporaryKeyring):
    def get_password(self, *words):
        chatter()
        return super().get_password(*words)

    def set_password(self, *words):
        chatter()
        super().set_password(*words)
"""
# One that reads standard input, and notes what it read.
ASKING_KEYRING = """
import os, pathlib, subprocess, sys
from oidc_helper.emulator.temporary_keyring import TemporaryKeyring

class Keyring(TemporaryKeyring):
    def get_password(self, *words):
        read = sys.stdin.readline() + subprocess.run(["cat"], capture_output=True, text=True).stdout
        pathlib.Path(os.environ["HOME"], "asked").write_text(repr(read))
        return super().get_password(*words)
"""
WITH_MODULES_FROM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from oidc_helper.hotpath import main; main()"
# The shell's ways to start a program without its streams.
CLOSED = {
    "stdout": ">&-",
    "stderr": "2>&-",
    "both": ">&- 2>&-",
    "all three": "<&- >&- 2>&-",
    "stdin": "<&-",
}


@pytest.fixture
def noisy(ready: Home) -> Home:
    """With a library that prints and warns."""
    (ready.path / "noisy.py").write_text(NOISY_KEYRING)
    ready.environment["PYTHON_KEYRING_BACKEND"] = "noisy.Keyring"
    return ready


def run_noisy(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITH_MODULES_FROM, home.path, *words],
        env=home.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def in_a_shell(home: Home, line: str) -> subprocess.CompletedProcess[str]:
    """Type a line in which `oidc-helper` is ours."""
    return subprocess.run(
        ["sh", "-c", line.replace("oidc-helper", str(COMMAND))],
        env=home.environment,
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_credentials_are_all_that_get_prints(noisy: Home) -> None:
    """A library that prints, warns and runs programs adds nothing to either stream."""
    answer(run_noisy(noisy, "get", "analytics"))
    answer(run_noisy(noisy, "get", "dev-admin"))


@pytest.mark.parametrize(("options", "beginning"), [((), "aoa"), (("--id-token",), "eyJ")], ids=["access", "ID"])
def test_a_token_is_all_that_token_prints(noisy: Home, options: tuple[str, ...], beginning: str) -> None:
    """The output of token can go into a header as it is."""
    done = run_noisy(noisy, "token", *options, "analytics")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(beginning)
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("words", ["login analytics", "status --json", "explain analytics"])
def test_stdout_of_other_commands_stays_clean_too(noisy: Home, words: str) -> None:
    """These commands are for people: the noise goes to stderr."""
    done = run_noisy(noisy, *words.split())

    assert done.returncode == 0
    assert "chatter" not in done.stdout


def test_the_noise_of_a_failing_run_is_not_its_message(noisy: Home) -> None:
    """A failure is one line and a hint, whatever a library prints meanwhile."""
    noisy.write_token("nothing of use")

    assert complaint(run_noisy(noisy, "get", "analytics")).code == 3


def test_debug_keeps_stdout_clean(noisy: Home) -> None:
    """With --debug the noise and the trace are on stderr, and the JSON alone on stdout."""
    done = run_noisy(noisy, "get", "--debug", "analytics")

    assert json.loads(done.stdout)["Version"] == 1
    assert done.stdout.count("\n") == 1
    assert "chatter" in done.stderr
    assert "oidc-helper: debug: CreateTokenWithIAM" in done.stderr


def test_debug_shows_no_secret(ready: Home, emulator: Emulator) -> None:
    """The commands make every call: new sign-in, role, permission set, refresh, refusal, end of the session."""
    ready.write_token(emulator.mint("alice@example.com", lifetime_s=36_000))
    with_caller(ready, "{ environment = true }")
    ready.environment |= keys_of_the_iam_user(emulator)
    traces = [
        ready.run("get", "--debug", "analytics"),
        ready.run("get", "--debug", "--refresh", "dev-admin"),
        ready.run("token", "--debug", "analytics"),
    ]
    ready.configure(file_config(emulator))  # the caller's role is opened by the identity token now
    emulator.advance(4_000)  # the access token is refused, and renewed by the refresh token
    traces += [ready.run("get", "--debug", "--refresh", "dev-admin"), ready.run("get", "--debug", "analytics")]
    emulator.fault("Logout", error="UnauthorizedException")
    traces.append(ready.run("logout", "--debug", "analytics"))
    emulator.fault("AssumeRole", error="AccessDenied", message="not with \x1b[31mthis\x1b[0m key")
    ready.write_token(emulator.mint("bob@example.com"))
    traces.append(ready.run("login", "--debug", "analytics"))

    output = "".join(trace.stderr for trace in traces)
    operations = {request.operation for request in emulator.requests}
    assert {name for name in operations if name not in output} == set()
    assert "refresh_token" in {request.asked("grantType") for request in emulator.requests}
    assert tells(output, secrets(ready, emulator)) == []
    assert all(line.isprintable() for line in output.split("\n"))


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("command", ["get analytics", "get --debug analytics", "token analytics"])
def test_a_secret_never_takes_another_streams_place(ready: Home, emulator: Emulator, command: str, closed: str) -> None:
    """If streams are closed, the answer still goes to stdout or nowhere, and complaints to stderr or nowhere."""
    stdout_open, stderr_open = ">&-" not in CLOSED[closed].replace("2>&-", ""), "2>&-" not in CLOSED[closed]

    done = in_a_shell(ready, f"oidc-helper {command} {CLOSED[closed]}")

    assert bool(done.stdout) == stdout_open, "the answer is there if it can be"
    assert done.returncode == (0 if stdout_open else 1)
    assert tells(done.stderr, secrets(ready, emulator)) == []
    assert stderr_open or not done.stderr
    assert "debug" not in done.stdout
    assert {path.name for path in ready.path.iterdir()} <= {".local", "config.toml", "keyring.json", "token"}


@pytest.mark.parametrize("words", ["get nope", "nope", "status --nope"])
def test_a_complaint_never_takes_the_answers_place(ready: Home, words: str) -> None:
    """If stderr is closed, a failure is silent, and only the exit code shows it."""
    done = in_a_shell(ready, f"oidc-helper {words} 2>&-")

    assert (done.returncode, done.stdout) == (2, "")


# How a person's program runs us at a terminal, and whether the failure is to be seen there.
CALLS = {
    "oidc-helper get nope 2>/dev/null": True,  # as clients on AWS's C runtime do
    "oidc-helper get nope": False,  # the caller has our stderr
    "oidc-helper get nope 2>&-": False,
    "oidc-helper get nope >/dev/tty 2>/dev/null": False,  # a person typed it
    "oidc-helper token nope 2>/dev/null": False,
    "oidc-helper get analytics 2>/dev/null": False,
    "setsid -w oidc-helper get nope 2>/dev/null": False,  # no terminal
}


@pytest.mark.parametrize(("line", "is_seen"), CALLS.items())
def test_get_fails_at_the_terminal_where_its_stderr_is_thrown_away(ready: Home, line: str, *, is_seen: bool) -> None:
    """Message and hint; stdout stays empty."""
    words = ["/bin/sh", "-c", f'PATH="{COMMAND.parent}:$PATH"; {line}; true']
    with at_terminal(words, ready.environment, columns=500, directory=ready.path) as started:
        done = started.ended()

    assert ("no profile 'nope'" in started.screen, "hint: " in started.screen) == (is_seen, is_seen)
    assert "no profile" not in done.stdout


WRONG = '[identity.job]\nsource = "filé"\n[defaults]\nregion = "nowhere"\n'


def test_a_terminal_shows_each_problem_of_the_settings_in_a_line(ready: Home) -> None:
    """With the letters that were typed. An SDK gets them in one line, in UTF-8."""
    ready.configure(WRONG)
    words = ["/bin/sh", "-c", f'"{COMMAND}" explain x 2>/dev/tty']
    with at_terminal(words, ready.environment, columns=500) as started:
        started.ended()
    failed = complaint(ready.run("explain", "x"))

    heading, first, second, hint = started.screen.splitlines()
    assert heading == f"oidc-helper: {ready.config}:"
    assert first.startswith("  identity.job.source (line 2): 'filé' is not \"browser\", ")
    assert second == "  defaults.region (line 4): 'nowhere' does not look like a region such as eu-west-1"
    assert hint.startswith("hint: ")
    assert failed.message == f"{ready.config}: {first.strip()}; {second.strip()}"


def test_a_terminal_folds_a_complaint_at_blanks(home: Home) -> None:
    """A command of the hint has a line of its own. An SDK gets message and hint in a line each."""
    with at_terminal([COMMAND, "get", "x"], home.environment, columns=40, prints_there=True) as started:
        assert started.ended().returncode == 2

    lines = started.screen.splitlines()
    assert lines[0] == "oidc-helper: no configuration at"
    assert lines[2:] == [
        "hint: to make one:",
        "    oidc-helper configure",
        "  to see how to write it:",
        "    oidc-helper help config",
        "  to try without:",
        "    oidc-helper demo",
    ]
    assert home.run("get", "x").stderr.count("\n") == 2


def test_a_terminal_folds_a_warning(ready: Home) -> None:
    """As it does a complaint."""
    variables = {**ready.environment, "AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:1"}
    ready.get("analytics")
    with at_terminal([COMMAND, "logout", "analytics"], variables, columns=50, prints_there=True) as started:
        started.ended()

    assert started.screen.startswith("oidc-helper: warning: ")
    assert max(map(len, started.screen.splitlines())) <= 50


def test_a_terminal_without_utf_8_gets_its_own_letters_and_escapes_for_others(ready: Home) -> None:
    """In ASCII, all but its letters are escaped."""
    ready.configure(WRONG)
    ascii_only = {**ready.environment, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}
    words = [sys.executable, "-X", "utf8=0", "-m", "oidc_helper", "explain", "x"]
    with at_terminal(["/bin/sh", "-c", f"{shlex.join(words)} 2>/dev/tty"], ascii_only, columns=500) as started:
        started.ended()

    assert "'fil\\xe9' is not" in started.screen


@pytest.mark.parametrize("cached", [False, True], ids=["new", "cached"])
def test_a_caller_that_is_gone_ends_get_silently(ready: Home, emulator: Emulator, *, cached: bool) -> None:
    """Nobody reads stdout: exit 1 without a word, and the next caller gets the credentials from the cache."""
    if cached:
        ready.get("analytics")
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as stdout:
        done = subprocess.run(
            [COMMAND, "get", "analytics"], env=ready.environment, stdout=stdout, stderr=subprocess.PIPE, check=False
        )

    assert (done.returncode, done.stderr) == (1, b"")
    ready.get("analytics")
    assert emulator.count("AssumeRole") == 1


@contextmanager
def full_pipe() -> Iterator[int]:
    """The end to write to, of a pipe whose reader does not read."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writes, bytes(4_096))
    os.set_blocking(writes, True)
    try:
        yield writes
    finally:
        os.close(writes)
        os.close(reads)


@pytest.mark.parametrize("cached", [False, True], ids=["new", "cached"])
def test_an_answer_that_nobody_reads_is_no_success(ready: Home, *, cached: bool) -> None:
    """It waited for ever, past any deadline; the credentials are kept."""
    if cached:
        ready.get("analytics")
    with full_pipe() as stdout:
        done = subprocess.run(
            [COMMAND, "get", "analytics"],
            env=ready.environment,
            cwd=ready.path,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == (
        "oidc-helper: the answer cannot be written: nobody reads it\nhint: check where standard output goes\n"
    )
    ready.get("analytics")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("get analytics", 0),
        ("get nothing", 2),
        ("status nothing", 2),
        ("--no-such-option", 2),
        ("create-token-with-iam --client-id x", 252),
    ],
)
def test_a_complaint_that_nobody_reads_keeps_nobody_waiting(ready: Home, words: str, code: int) -> None:
    """It waited for ever, past any deadline."""
    with full_pipe() as stderr:
        done = subprocess.run(
            [COMMAND, *words.split()],
            env=ready.environment,
            cwd=ready.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=False,
        )

    assert (done.returncode, bool(done.stdout)) == (code, code == 0)


@pytest.mark.parametrize("words", ["get analytics", "get analytics again", "status", "--help"])
def test_an_answer_that_cannot_be_written_is_no_success(ready: Home, words: str) -> None:
    """Stdout leads to a full disk: exit 1, and the message says so. From the cache, it said nothing."""
    if words.endswith("again"):
        words = words.removesuffix("again")
        ready.get("analytics")
    failed = complaint(in_a_shell(ready, f"oidc-helper {words} >/dev/full"))

    assert failed.code == 1
    assert "cannot be written" in failed.message
    assert "o space left" in failed.message


def test_no_library_reads_the_callers_stdin(ready: Home) -> None:
    """One that asks, as botocore does for an MFA code, finds the end of the input at once, and takes nothing."""
    (ready.path / "asking.py").write_text(ASKING_KEYRING)
    ready.environment["PYTHON_KEYRING_BACKEND"] = "asking.Keyring"
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as stdin, os.fdopen(writes, "wb"):
        os.write(writes, b"123456\n")
        done = subprocess.run(
            [sys.executable, "-c", WITH_MODULES_FROM, ready.path, "get", "analytics"],
            env=ready.environment,
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        left = os.read(reads, 100)

    answer(done)
    assert (ready.path / "asked").read_text() == "''"
    assert left == b"123456\n"


def test_stdin_is_never_read(ready: Home) -> None:
    """The SDK for JavaScript passes a socket that never ends, and its content is not for us."""
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb") as stdin, os.fdopen(writes, "wb") as theirs:
        theirs.write(b"for somebody else")
        theirs.flush()
        done = subprocess.run(
            [COMMAND, "get", "analytics"],
            env=ready.environment,
            stdin=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        os.set_blocking(reads, False)
        left = stdin.read(100)

    answer(done)
    assert left == b"for somebody else"
