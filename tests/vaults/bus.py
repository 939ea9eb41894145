"""A D-Bus session of one's own: nothing on it but what a test starts there, and all of it gone at the end."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

_READY_S = 60
# The usual configuration would start services by itself, and look for its files in the system.
_CONFIGURATION = """<busconfig>
  <type>session</type>
  <listen>unix:dir={directory}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{directory}/services</servicedir>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def private_bus(directory: Path, environment: Mapping[str, str], *, startable: str = "") -> Iterator[str]:
    """Run one with its socket in `directory`, and give its address; `startable` is a name that it says it can start."""
    services = directory / "services"
    services.mkdir()
    if startable:
        (services / f"{startable}.service").write_text(f"[D-BUS Service]\nName={startable}\nExec=/bin/false\n")
    configuration = directory / "bus.conf"
    configuration.write_text(_CONFIGURATION.format(directory=directory))
    with ended(
        subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={configuration}", "--print-address=1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    ) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()


@contextmanager
def serving(
    words: list[str], environment: Mapping[str, str], *, stdin: str = "", awaited: MatchRule, ready: Callable[[], bool]
) -> Iterator["subprocess.Popen[str]"]:
    """Run a program on the bus that `environment` names, from the moment that it is ready.

    It is asked for that after each of the signals that `awaited` describes.
    """
    with closing(open_dbus_connection(environment["DBUS_SESSION_BUS_ADDRESS"])) as bus:
        Proxy(message_bus, bus).AddMatch(awaited)
        with bus.filter(awaited) as signals, ended(_program(words, environment, stdin)) as program:
            while not ready():
                bus.recv_until_filtered(signals, timeout=_READY_S)
            yield program


def takes(name: str) -> MatchRule:
    """The signal that a name on the bus has a new owner."""
    rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
    rule.add_arg_condition(0, name)
    return rule


def is_taken(address: str, name: str) -> bool:
    """Whether a name on the bus has an owner."""
    with closing(open_dbus_connection(address)) as bus:
        return bool(Proxy(message_bus, bus).NameHasOwner(name)[0])


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """KILL, since a test may have stopped it, and there is nothing to save."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def _program(words: list[str], environment: Mapping[str, str], stdin: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        words,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(stdin)
    return process
