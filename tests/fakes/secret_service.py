"""A Secret Service of one's own: gnome-keyring on a private D-Bus session, gone at the end."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import secretstorage
from jeepney.io.blocking import open_dbus_connection
from secretstorage.util import DBusAddressWrapper, format_secret, open_session
from vaults.bus import is_taken, private_bus, serving, takes

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")  # Debian packages dbus and gnome-keyring

_NAME = "org.freedesktop.secrets"
_PASSWORD = "made up"


@dataclass(frozen=True)
class SecretService:
    """Its bus, and the process that serves it."""

    address: str
    pid: int

    def lock(self) -> None:
        """Lock the default collection: a program that reads it must wait for a prompt from then on."""
        with closing(open_dbus_connection(self.address)) as bus:
            secretstorage.Collection(bus).lock()

    def unlock(self) -> None:
        """Unlock it again, as the person would at the prompt."""
        with closing(open_dbus_connection(self.address)) as bus:
            collection, session = secretstorage.Collection(bus), open_session(bus)
            interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
            service = DBusAddressWrapper("/org/freedesktop/secrets", interface, bus)
            password = format_secret(session, _PASSWORD.encode(), "text/plain")
            service.call("UnlockWithMasterPassword", "o(oayays)", collection.collection_path, password)

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
        environment = {"PATH": os.environ["PATH"], "HOME": directory, "XDG_RUNTIME_DIR": directory}
        unlock = ["--unlock"] if unlocked else []
        with (
            private_bus(Path(directory), environment) as address,
            serving(
                ["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
                {**environment, "DBUS_SESSION_BUS_ADDRESS": address},
                stdin=_PASSWORD,
                awaited=takes(_NAME),
                ready=lambda: is_taken(address, _NAME),  # it makes its collections before
            ) as program,
        ):
            yield SecretService(address, program.pid)
