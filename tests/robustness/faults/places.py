"""Faults of the machine that commands run on: disks, homes, keyrings and clocks that are not as they should be."""

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
from robustness.faults.world import HOUR, Run, Said, World, world

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

Judge = Callable[[World, Said], object]


def no_disk(world: World) -> None:
    """Not a byte more goes into any file."""
    world.before += "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"


def read_only_home(world: World) -> None:
    """Nothing in the home can be written or made; root gives up what lets it write everywhere."""
    for directory, _, files in os.walk(world.home.path):
        for file in files:
            Path(directory, file).chmod(0o444)
        Path(directory).chmod(0o555)
    world.stack.callback(_writable, world.home.path)
    world.before += _NO_CAPABILITIES


def _writable(home: Path) -> None:
    for directory, _, _ in os.walk(home):
        Path(directory).chmod(0o755)


def no_home(world: World) -> None:
    """A user without an account and without a HOME, as containers run with."""
    del world.home.environment["HOME"]
    world.before += _NO_ACCOUNT


def no_runtime_directory(world: World) -> None:
    """No session bus, and no choice of a keyring."""
    for name in ("PYTHON_KEYRING_BACKEND", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        world.home.environment.pop(name, None)


def nowhere(world: World) -> None:
    """Neither the kernel's keyring nor another."""
    world.variables(PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring", OIDC_HELPER_KERNEL_KEYRING="off")


def _secret_service(world: World) -> None:
    needs(not missing_programs(), " and ".join(missing_programs()))
    world.service = world.stack.enter_context(private_secret_service())
    world.variables(
        PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring", DBUS_SESSION_BUS_ADDRESS=world.service.address
    )


def locked(world: World) -> None:
    """The keyring is locked, and nobody is there to open it."""
    assert world.service
    world.service.lock()


def dead(world: World) -> None:
    """The keyring's daemon has died."""
    assert world.service
    os.kill(world.service.pid, signal.SIGKILL)


def hanging(world: World) -> None:
    """It is there and says nothing."""
    assert world.service
    os.kill(world.service.pid, signal.SIGSTOP)


def _in_the_middle(strikes: Callable[[World], object]) -> Callable[[World], None]:
    """Let it happen while Identity Center makes new tokens of a refresh token, which is over then."""

    def arrange(world: World) -> None:
        world.pass_time(HOUR + 10)
        emulator, going_on = world.emulator, threading.Event()
        emulator.fault(EXCHANGE, until=going_on)
        came_in = emulator.count(EXCHANGE) + 1

        def strike() -> None:
            emulator.wait_for(EXCHANGE, came_in, timeout_s=60)
            strikes(world)
            going_on.set()

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


def answers(_: World, said: Said) -> None:
    """Credentials, and not a word beside them."""
    assert said.answered, said


def answers_from_the_cache(_: World, said: Said) -> None:
    """Credentials, and nobody was asked."""
    assert said.answered, said
    assert said.calls == ()


def makes(*calls: str) -> Judge:
    """Credentials that took these calls."""

    def judge(_: World, said: Said) -> None:
        assert (said.answered, said.calls) == (True, calls), said

    return judge


def prints(fragment: str, *, warns: str = "") -> Judge:
    """Exit 0 with these words; `warns` is on stderr."""

    def judge(_: World, said: Said) -> None:
        assert (said.code, fragment in said.stdout, warns in said.stderr) == (0, True, True), said

    return judge


def fails(code: int, fragment: str) -> Judge:
    """An exit code, and words in the message; nothing was sent."""

    def judge(_: World, said: Said) -> None:
        assert said.code == code, said
        assert fragment in said.stderr, said
        assert "CreateTokenWithIAM" not in said.calls, said

    return judge


@dataclass(frozen=True)
class Row:
    """`prepare` comes first, then, with `cached`, a fetch that works, then the fault; `judges` by what is typed.

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
        _secret_service,
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
        _secret_service,
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
        _secret_service,
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
        _secret_service,
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
        _secret_service,
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
    "no place at all": Row(
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
class PlaceCell:
    """One fault, and all the commands of its row, one after the other."""

    name: str

    def __str__(self) -> str:
        return self.name

    def check(self, execute: Run, keys: SigningKeys | None = None) -> int:
        """Let it be so, then let it be well again; how many commands were judged. Raises AssertionError."""
        row = ROWS[self.name]
        with world(execute, keys) as its:
            row.prepare(its)
            if row.cached:
                answers(its, its.run("get", "analytics"))
            row.fault(its)
            for typed, judge in row.judges.items():
                judge(its, its.run(*typed.split()))
            row.over(its)
        return len(row.judges)


def cells() -> list[PlaceCell]:
    """The whole table."""
    return [PlaceCell(name) for name in ROWS]
