"""Some of the circumstances in which secrets are searched for; `python -m robustness --thorough` has all of them."""

import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.sign_ins import Desk, desk
from fakes.places import needs
from fakes.terminals import at_terminal
from homes import COMMAND, Home

from oidc_helper import kernel
from oidc_helper.cli.arguments import COMMANDS
from oidc_helper.emulator import Emulator
from robustness.crashes.warm import Program, warm_program
from robustness.mutations import mutated
from robustness.sandbox import Sandbox, Sandboxes
from robustness.secrets import search

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, signals and permissions")
NOBODY = 65_534


@pytest.fixture(scope="module")
def program() -> Iterator[Program]:
    with warm_program() as started:
        yield started


def test_no_secret_turns_up_where_it_was_not_asked_for(program: Program, sandboxes: Sandboxes) -> None:
    """Neither in the output of commands, even with --debug, nor in a file, nor in the arguments of a program."""
    result = search.when_all_is_well(program, sandboxes)

    assert list(map(str, result.leaks)) == []
    assert result.pairs > 500


def test_every_command_that_may_meet_a_secret_is_searched() -> None:
    """A new one would go unwatched: `serve` has a search of its own, and the others meet no secret of a person."""
    watched = {words[0] for words in search.ALL_WELL}

    assert {command.name for command in COMMANDS} - watched == {"emulator", "serve", "demo", "help", "version"}


@pytest.mark.parametrize(
    ("operation", "failure"),
    [("CreateTokenWithIAM", "refused"), ("AssumeRole", "of another shape"), ("Token", "refused in OAuth's words")],
)
def test_a_failure_shows_no_secret(operation: str, failure: str, program: Program, sandboxes: Sandboxes) -> None:
    """Not even if the service repeats the secret from the request; nor does `status`, which reports the failure."""
    assert list(map(str, search.when_it_fails(operation, failure, program, sandboxes).leaks)) == []


def test_an_unforeseen_exception_shows_no_secret(sandboxes: Sandboxes) -> None:
    """Not even with all tokens in its text and in the locals of its frames."""
    with warm_program("a bug has secrets at hand") as program:
        assert list(map(str, search.when_there_is_a_bug(program, sandboxes).leaks)) == []


@pytest.mark.parametrize(
    ("mutation", "place"),
    [
        ("the trace shows answers", "stderr"),
        ("services are quoted word for word", "index.json"),
        ("tracebacks show locals", "stderr"),
    ],
)
def test_a_leak_is_found(mutation: str, place: str, sandboxes: Sandboxes) -> None:
    """The search notices what a careless change would reveal."""
    with warm_program(mutation, *(["a bug has secrets at hand"] if "traceback" in mutation else [])) as program:
        if mutation.startswith("services"):
            leaks = search.when_it_fails("CreateTokenWithIAM", "refused", program, sandboxes).leaks
        elif mutation.startswith("tracebacks"):
            leaks = search.when_there_is_a_bug(program, sandboxes).leaks
        else:
            leaks = search.when_all_is_well(program, sandboxes).leaks

    assert any(place in one.place for one in leaks)


def test_a_sign_in_shows_the_terminal_no_secret(home: Home, emulator: Emulator) -> None:
    """Nor the browser: the code comes back by loopback, and the verifier and the client's secret never leave us."""
    sign_in_desk = confidential(home, emulator)

    with at_terminal([COMMAND, "--debug", "login", "analytics"], home.environment, directory=home.path) as person:
        done = person.ended()

    assert (done.returncode, emulator.count("Token", ok=True)) == (0, 1), done.stderr

    shown = "\n".join(
        (
            person.seen,
            done.stdout,
            done.stderr,
            *sign_in_desk.browser.opened,
            *sign_in_desk.browser.went,
            sign_in_desk.browser.page,
        )
    )
    known_secrets = search.secrets(Sandbox(home, emulator))

    assert {"code_verifier", "the provider's refresh token", "authorization code", "client secret"} <= set(
        known_secrets.values()
    )
    assert [what for secret, what in known_secrets.items() if secret[:20] in shown] == []


def confidential(home: Home, emulator: Emulator) -> Desk:
    """A sign-in with a confidential client, whose secret a command prints."""
    client = emulator.directory.identity_provider.clients["oidc-helper-web"]
    emulator.directory.application.audiences.add(client.client_id)
    emulator.directory.caller_role.web_identity_audiences.add(client.client_id)
    sign_in_desk = desk(home, emulator)
    (home.path / "client-secret").write_text(str(client.secret))
    sign_in_desk.configure(identity=f'client_secret = {{ command = ["cat", "{home.path}/client-secret"] }}')
    home.configure(home.config.read_text().replace(emulator.client_id, client.client_id))
    return sign_in_desk


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=oct)
def test_files_are_private_whatever_the_umask(ready: Home, umask: int) -> None:
    """0600 and 0700, up to the first directory that existed; `get` answers even if the umask takes every permission."""
    former = os.umask(umask)
    try:
        ready.get("analytics")
        ready.get("dev-admin")
    finally:
        os.umask(former)

    assert wrong_permissions(ready.path / ".local") == []


def test_files_that_others_may_read_are_found(ready: Home) -> None:
    """The check of permissions notices a mutation."""
    ready.environment |= mutated(ready.path / "mutation", "files are for everybody")
    ready.get("analytics")

    assert wrong_permissions(ready.path / ".local")


def wrong_permissions(top: Path) -> list[str]:
    modes = {path: path.stat().st_mode & 0o777 for path in (top, *top.rglob("*"))}
    assert len(modes) > 4
    return [f"{path}: {mode:o}" for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)]


@pytest.mark.parametrize("mutation", [None, "other users of the session may read keys"])
def test_another_user_cannot_read_the_kernel_keyring(ready: Home, mutation: str | None) -> None:
    """Not even one whose process su or a daemon started in our session, so that it inherited our keyrings."""
    needs(os.geteuid() == 0, "root, to become another user")
    needs(kernel.available(), "a kernel that lets us keep keys")
    if mutation:
        ready.environment |= mutated(ready.path / "mutation", mutation)
    ready.get("analytics")
    words = ["get", "analytics", str(ready.config)]

    read = subprocess.run([sys.executable, "-c", _AS_NOBODY, *words], capture_output=True, text=True, check=True).stdout

    assert read == ("read\n" if mutation else "Permission denied\n")


_AS_NOBODY = f"""
import ctypes, os, sys
from oidc_helper import kernel
rows = [line.split() for line in open("/proc/keys")]
(key,) = (int(row[0], 16) for row in rows if f"oidc-helper:credentials:analytics@{{sys.argv[3]}}:" in row)
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
try:
    kernel._keyctl(11, key, ctypes.create_string_buffer(9999), 9999)
    print("read")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("mutation", [None, "cores are dumped"])
def test_a_crash_leaves_no_core_dump(ready: Home, emulator: Emulator, mutation: str | None) -> None:
    """Even if the caller's limit allows one; the kernel reports whether it dumped core."""
    needs(resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 or os.geteuid() == 0, "a limit that allows core dumps")
    if mutation:
        ready.environment |= mutated(ready.path / "mutation", mutation)
    release = threading.Event()
    emulator.fault("AssumeRole", until=release)
    no_limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_CORE, ({resource.RLIM_INFINITY},) * 2)\n"
    words = [sys.executable, "-c", f"{no_limit}os.execv(sys.argv[1], sys.argv[1:])", str(COMMAND), "get", "analytics"]
    pid = os.posix_spawn(
        "/usr/bin/env", ["env", "-C", str(ready.path), *words], ready.environment, file_actions=_SILENT
    )

    assert emulator.wait_for("AssumeRole", timeout_s=60)

    os.kill(pid, 6)
    _, status = os.waitpid(pid, 0)
    release.set()

    assert os.WIFSIGNALED(status)
    assert os.WCOREDUMP(status) == (mutation is not None)


_SILENT = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]


def test_secrets_have_no_repr() -> None:
    """Objects with secrets do not show them in a debugger, a log or an assertion."""
    from oidc_helper.aws.credentials import Credentials
    from oidc_helper.aws.tokens import Tokens
    from oidc_helper.emulator.state import Credentials as IssuedCredentials
    from oidc_helper.fetch.kept_provider_session import ProviderSession
    from oidc_helper.oidc.connection import Client
    from oidc_helper.oidc.grants import Granted

    shown = [
        Credentials("AKIA", "planted", "planted", None),
        IssuedCredentials("AKIA", "planted", "planted", None, "arn", "id", "arn"),
        ProviderSession("binding", refresh_token="planted"),
        Client("id", "planted"),
        Granted("planted", "planted", "planted"),
        Tokens(
            "binding", access_token="planted", identity_context="planted", refresh_token="planted", id_token="planted"
        ),
    ]

    assert [one for one in shown if re.search("planted", repr(one))] == []
