"""A Secret Service of one's own: gnome-keyring on a private D-Bus session, gone at the end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import secretstorage
from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection
from secretstorage.util import DBusAddressWrapper

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")  # Debian packages dbus and gnome-keyring

_NAME = "org.freedesktop.secrets"
_READY_S = 60
# The usual configuration would start services by itself, and look for its files in the system.
_BUS = """<busconfig>
  <type>session</type>
  <listen>unix:dir={directory}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass(frozen=True)
class SecretService:
    """Its bus, and the process that serves it."""

    address: str
    pid: int

    def lock(self) -> None:
        """Lock the default collection: a program that reads it must wait for a prompt from then on."""
        with closing(open_dbus_connection(self.address)) as bus:
            secretstorage.Collection(bus).lock()

    def change_default(self) -> None:
        """Make another collection the default one, kept until the end of the session."""
        with closing(open_dbus_connection(self.address)) as bus:
            service = DBusAddressWrapper("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", bus)
            service.call("SetAlias", "so", "default", "/org/freedesktop/secrets/collection/session")

    def labels(self) -> list[str]:
        """Name all secrets there are."""
        with closing(open_dbus_connection(self.address)) as bus:
            return sorted(item.get_label() for item in secretstorage.Collection(bus).get_all_items())

    def overwrite(self, entry: str, secret: bytes) -> None:
        """Change the secret of a service name, as another program may."""
        with closing(open_dbus_connection(self.address)) as bus:
            for item in secretstorage.Collection(bus).search_items({"service": entry}):
                item.set_secret(secret)


def missing_programs() -> list[str]:
    """Those of PROGRAMS that this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def private_secret_service(*, unlocked: bool = True) -> Iterator[SecretService]:
    """Run one; with `unlocked=False` one that has no collection yet, as after a login without a password."""
    with tempfile.TemporaryDirectory(prefix="secrets-") as directory:
        configuration = Path(directory, "bus.conf")
        configuration.write_text(_BUS.format(directory=directory))
        environment = {"PATH": os.environ["PATH"], "HOME": directory, "XDG_RUNTIME_DIR": directory}
        bus_daemon = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={configuration}", "--print-address=1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with _ended(bus_daemon):
            assert bus_daemon.stdout is not None
            address = bus_daemon.stdout.readline().strip()
            keyring_daemon = _keyring_daemon({**environment, "DBUS_SESSION_BUS_ADDRESS": address}, unlocked=unlocked)
            with _ended(keyring_daemon):
                yield SecretService(address, keyring_daemon.pid)


def _keyring_daemon(environment: dict[str, str], *, unlocked: bool) -> "subprocess.Popen[str]":
    """Start gnome-keyring and return when it has its name on the bus: it makes its collections before."""
    unlock = ["--unlock"] if unlocked else []
    with closing(open_dbus_connection(environment["DBUS_SESSION_BUS_ADDRESS"])) as bus:
        rule = MatchRule(type="signal", interface="org.freedesktop.DBus", member="NameOwnerChanged")
        rule.add_arg_condition(0, _NAME)
        Proxy(message_bus, bus).AddMatch(rule)
        with bus.filter(rule) as signals:
            process = subprocess.Popen(
                ["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            assert process.stdin is not None
            with process.stdin as password:
                password.write("made up")
            bus.recv_until_filtered(signals, timeout=_READY_S)
    return process


@contextmanager
def _ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """KILL, since a test may have stopped it, and there is nothing to save."""
    with process:
        try:
            yield
        finally:
            process.kill()
