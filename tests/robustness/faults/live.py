"""Faults while cached credentials still live: the first caller gets them, and the second one does not even try."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults import machines, network
from robustness.faults.calls import CALLS, EXCHANGE, ROLE
from robustness.faults.world import Execute, World, new_world

_LEFT_S = 800  # SDKs ask before each request from 900 on
# The full program cannot be loaded: what a process answers is a hit.
_ONLY_HITS = "import sys\nsys.modules['oidc_helper.cli.main'] = None\n"


def _ordered(operation: str, **order: Any) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        world.emulator.fault(operation, times=None, **order)

    return arrange


def _silent(operation: str) -> Callable[[World], None]:
    def arrange(world: World) -> None:
        over = threading.Event()
        world.stack.callback(over.set)
        world.emulator.fault(operation, times=None, until=over)

    return arrange


def _unconnected(world: World) -> None:
    world.variables(AWS_ENDPOINT_URL_STS=world.closed)


def _name_that_is_not_found(world: World) -> None:
    network.lookup("", "not done", "threading.Event().wait()", "").arrange(world, CALLS["role"])


def _stopped(world: World) -> None:
    """Another process has the lock, and is stopped like by ctrl-z."""
    _silent(ROLE)(world)
    before = world.emulator.count(ROLE)
    holder = world.home.start("get", "--refresh", "analytics")
    world.stack.callback(holder.communicate)
    world.stack.callback(holder.kill)
    assert world.emulator.wait_for(ROLE, before + 1)
    holder.send_signal(signal.SIGSTOP)


def _hanging_keyring(world: World) -> None:
    machines.hanging(world)
    assert world.service
    world.stack.callback(os.kill, world.service.pid, signal.SIGCONT)


def _nothing(_: World) -> None:
    """The usual store."""


FAULTS: Mapping[str, Callable[[World], None]] = {
    "STS is silent": _silent(ROLE),
    "Identity Center is silent": _silent(EXCHANGE),
    "STS fails": _ordered(ROLE, status=503),
    "STS throttles": _ordered(ROLE, error="ThrottlingException", status=400),
    "the connection breaks": _ordered(ROLE, cut="before"),
    "the connection is refused": _unconnected,
    "a name is looked up for ever": _name_that_is_not_found,
    "the lock is that of a stopped process": _stopped,
    "the keyring hangs": _hanging_keyring,
}
_PREPARED: Mapping[str, Callable[[World], None]] = {"the keyring hangs": machines.secret_service}


@dataclass(frozen=True)
class LiveCell:
    """One fault, with two callers, each of whose credentials have some minutes left."""

    fault: str

    def __str__(self) -> str:
        return self.fault

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let the fault happen and check both answers. Raises AssertionError."""
        with new_world(execute, keys) as world:
            _PREPARED.get(self.fault, _nothing)(world)
            if self.fault.startswith("Identity Center"):
                world.emulator.directory.application.access_token_lifetime_s = 1_800
            live = world.run("get", "analytics")
            assert live.answered, live
            world.pass_time(3_600 - _LEFT_S)
            FAULTS[self.fault](world)
            first = world.run("get", "analytics")
            assert (first.stdout, first.code) == (live.stdout, 0), first
            world.before += _ONLY_HITS
            second = world.run("get", "analytics")
            assert (second.stdout, second.code, second.calls) == (live.stdout, 0, ()), second


def cells() -> list[LiveCell]:
    """The whole table."""
    return [LiveCell(fault) for fault in FAULTS]
