"""Broken machines: disks, homes and keyrings with a fault, and what each command does there."""

import errno
import os
import platform
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fakes import refused_keys
from fakes.places import needs
from fakes.secret_service import missing_programs, private_secret_service
from zygote import TESTS

from oidc_helper import kernel
from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.calls import EXCHANGE, OPEN, ROLE
from robustness.faults.world import HOUR, Execute, Outcome, World, new_world

# capset(2) with three empty sets, for version 3 of its structures.
_NO_CAPABILITIES = """
import ctypes
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
if ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()):
    raise OSError(ctypes.get_errno(), "capset")
"""
_NO_ACCOUNT = """
import pwd
def _nobody(number):
    raise KeyError(number)
pwd.getpwuid = _nobody
"""

Judge = Callable[[World, Outcome], object]


def no_disk(world: World) -> None:
    """No file can grow by a byte."""
    world.before += "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"


def read_only_home(world: World) -> None:
    """Nothing in the home can be written or created; root gives up its capabilities, which would allow it.

    The configuration stays as it is, since another ctime is an edit.
    """
    for directory, _, files in os.walk(world.home.path):
        for file in files:
            if Path(directory, file) != world.home.config:
                Path(directory, file).chmod(0o444)
        Path(directory).chmod(0o555)
    world.stack.callback(_writable, world.home.path)
    world.before += _NO_CAPABILITIES


def _writable(home: Path) -> None:
    for directory, _, _ in os.walk(home):
        Path(directory).chmod(0o755)


def no_home(world: World) -> None:
    """A user without an account and without HOME, as in containers."""
    del world.home.environment["HOME"]
    world.before += _NO_ACCOUNT


def no_runtime_directory(world: World) -> None:
    """No session bus, and no configured keyring."""
    for name in ("PYTHON_KEYRING_BACKEND", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        world.home.environment.pop(name, None)


def nowhere(world: World) -> None:
    """Neither the kernel keyring nor a vault."""
    world.variables(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring", OIDC_HELPER_KERNEL_KEYRING="off")


def secret_service(world: World) -> None:
    """The keyring is a Secret Service."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    world.service = world.stack.enter_context(private_secret_service())
    world.variables(
        PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring", DBUS_SESSION_BUS_ADDRESS=world.service.address
    )


def locked(world: World) -> None:
    """The keyring is locked, and no person can unlock it."""
    assert world.service
    world.service.lock()


def dead(world: World) -> None:
    """The keyring's daemon has died."""
    assert world.service
    os.kill(world.service.pid, signal.SIGKILL)


def hanging(world: World) -> None:
    """The keyring's daemon does not answer."""
    assert world.service
    os.kill(world.service.pid, signal.SIGSTOP)


def _in_the_middle(strikes: Callable[[World], object]) -> Callable[[World], None]:
    """Let it happen while Identity Center redeems a refresh token."""

    def arrange(world: World) -> None:
        world.pass_time(HOUR + 10)
        emulator, release = world.emulator, threading.Event()
        emulator.fault(EXCHANGE, until=release)
        calls = emulator.count(EXCHANGE) + 1

        def strike() -> None:
            emulator.wait_for(EXCHANGE, calls, timeout_s=60)
            strikes(world)
            release.set()

        thread = threading.Thread(target=strike)
        thread.start()
        world.stack.callback(thread.join)

    return arrange


def _refused(number: int, *which: int) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        machine = platform.machine()
        needs(refused_keys.supported(machine), "the numbers of this machine's system calls")
        world.before += (
            f"import sys\nsys.path.append({str(TESTS)!r})\n"
            f"from fakes import refused_keys\nrefused_keys.forbid({machine!r}, {number}, *{which!r})\n"
            f"sys.path.remove({str(TESTS)!r})\n"
        )

    return arrange


def _kernel_keyring(_: World) -> None:
    needs(kernel.available(), "a kernel that lets us keep keys")


def answers(_: World, outcome: Outcome) -> None:
    """The command prints credentials and nothing else."""
    assert outcome.answered, outcome


def answers_from_the_cache(_: World, outcome: Outcome) -> None:
    """The command prints credentials and makes no call."""
    assert outcome.answered, outcome
    assert outcome.calls == ()


def makes(*calls: str) -> Judge:
    """The command prints credentials after exactly these calls."""

    def judge(_: World, outcome: Outcome) -> None:
        assert (outcome.answered, outcome.calls) == (True, calls), outcome

    return judge


def prints(fragment: str, *, warns: str = "") -> Judge:
    """The command exits with 0 and prints the fragment; stderr has `warns`."""

    def judge(_: World, outcome: Outcome) -> None:
        assert (outcome.code, fragment in outcome.stdout, warns in outcome.stderr) == (0, True, True), outcome

    return judge


def fails(code: int, fragment: str) -> Judge:
    """The command exits with that code, its message has the fragment, and it has not exchanged anything."""

    def judge(_: World, outcome: Outcome) -> None:
        assert outcome.code == code, outcome
        assert fragment in outcome.stderr, outcome
        assert "CreateTokenWithIAM" not in outcome.calls, outcome

    return judge


@dataclass(frozen=True)
class Row:
    """`prepare` comes first, then, if `cached`, a fetch, then the fault. `judges`: command line -> its check.

    `over` ends what would outlive the test.
    """

    fault: Callable[[World], object]
    judges: Mapping[str, Judge]
    prepare: Callable[[World], object] = _kernel_keyring
    cached: bool = False
    over: Callable[[World], object] = lambda _: None


def _continue(world: World) -> None:
    assert world.service
    os.kill(world.service.pid, signal.SIGCONT)


ROWS: Mapping[str, Row] = {
    "full disk, nothing cached": Row(no_disk, {"get analytics": answers, "status": prints("analytics")}),
    "full disk": Row(
        no_disk,
        {
            "get analytics": answers_from_the_cache,
            "get dev-admin": makes("GetRoleCredentials"),
            "get --refresh analytics": makes(ROLE),
            "token analytics": prints("aoa"),
            "status": prints("analytics"),
            "logout analytics": fails(6, ""),
        },
        cached=True,
    ),
    "read-only home, nothing cached": Row(read_only_home, {"get analytics": answers, "status": prints("analytics")}),
    "read-only home": Row(
        read_only_home,
        {
            "get analytics": answers_from_the_cache,
            "get dev-admin": makes("GetRoleCredentials"),
            "token analytics": prints("aoa"),
            "status": prints("analytics"),
            "logout analytics": fails(6, ""),
        },
        cached=True,
    ),
    "no home": Row(no_home, {"get analytics": answers, "get dev-admin": answers, "status": prints("analytics")}),
    "no XDG_RUNTIME_DIR, no keyring": Row(
        no_runtime_directory,
        {
            "get analytics": answers,
            "get dev-admin": makes("GetRoleCredentials"),
            "status": prints("kernel keyring (until the next boot)"),
            "logout analytics": prints("signed out of analytics"),
        },
    ),
    "locked keyring": Row(
        locked,
        {
            "get analytics": answers_from_the_cache,
            "get dev-admin": fails(6, "Secret Service is locked"),
            "token analytics": fails(6, "Secret Service is locked"),
            "status": prints("analytics"),
            "logout analytics": fails(6, "Secret Service is locked"),
        },
        secret_service,
        cached=True,
    ),
    "keyring daemon died": Row(
        dead,
        {
            "get analytics": answers_from_the_cache,
            "get dev-admin": fails(6, "Secret Service daemon is neither running"),
            "token analytics": fails(6, "Secret Service daemon is neither running"),
            "status": prints("analytics"),
            "logout analytics": fails(6, "Secret Service daemon is neither running"),
        },
        secret_service,
        cached=True,
    ),
    "keyring daemon hangs": Row(
        hanging,
        {
            "get analytics": answers_from_the_cache,
            "get dev-admin": fails(6, "Secret Service is locked or hangs"),
            "status": prints("analytics"),
            "logout analytics": fails(6, "is locked or hangs"),
        },
        secret_service,
        cached=True,
        over=_continue,
    ),
    "keyring daemon dies in the middle": Row(
        _in_the_middle(dead),
        {
            "get analytics": makes(OPEN, EXCHANGE, ROLE),
            "get dev-admin": makes("GetRoleCredentials"),
            "get --refresh analytics": makes(ROLE),
            "status": prints("analytics"),
            "logout analytics": fails(6, "Secret Service daemon is neither running"),
        },
        secret_service,
        cached=True,
    ),
    "keyring daemon hangs in the middle": Row(
        _in_the_middle(hanging),
        {
            "get analytics": makes(OPEN, EXCHANGE, ROLE),
            "get dev-admin": makes("GetRoleCredentials"),
            "status": prints("analytics"),
            "logout analytics": fails(6, "is locked or hangs"),
        },
        secret_service,
        cached=True,
        over=_continue,
    ),
    "EPERM on keyctl": Row(
        _refused(errno.EPERM),
        {
            "get analytics": answers,
            "get dev-admin": makes("GetRoleCredentials"),
            "token analytics": prints("aoa"),
            "status": prints("analytics"),
            "logout analytics": prints("signed out of analytics"),
        },
    ),
    "no store at all": Row(
        nowhere, {"get analytics": answers, "status": prints("nowhere"), "logout analytics": prints("nothing was kept")}
    ),
    "kernel keyring's quota full": Row(
        _refused(errno.EDQUOT, 0),
        {
            "get analytics": answers,
            "get dev-admin": makes("GetRoleCredentials"),
            "status": prints("analytics"),
            "logout analytics": prints("signed out of analytics"),
        },
    ),
}


@dataclass(frozen=True)
class MachineCell:
    """One fault of the machine, with all commands of its row, one after the other."""

    name: str

    def __str__(self) -> str:
        return self.name

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> int:
        """Let the fault happen and check each command; returns their number. Raises AssertionError."""
        row = ROWS[self.name]
        with new_world(execute, keys) as world:
            row.prepare(world)
            if row.cached:
                answers(world, world.run("get", "analytics"))
            row.fault(world)
            for typed, judge in row.judges.items():
                judge(world, world.run(*typed.split()))
            row.over(world)
        return len(row.judges)


def cells() -> list[MachineCell]:
    """The whole table."""
    return [MachineCell(name) for name in ROWS]
