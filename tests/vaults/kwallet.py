"""KDE's wallet on a bus of its own, open, and keyring's way to it: the real programs, without a display."""

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from jeepney import DBusAddress, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg
from vaults.bus import is_taken, private_bus, serving, takes

PROGRAMS = ("dbus-daemon", "kwalletd5")  # Debian packages dbus and libkf5wallet-bin
BACKEND = "keyring.backends.kwallet.DBusKeyring"

_NAME = "org.kde.kwalletd5"
_ADDRESS = DBusAddress("/modules/kwalletd5", bus_name=_NAME, interface="org.kde.KWallet")
_WALLET = "kdewallet"
_KEY = b"made up".ljust(56)  # as the login hands over what it made of the password
_DEBIAN = "/usr/lib/python3/dist-packages"
# Each of the questions would be a dialogue that nobody answers.
_SETTINGS = f"""[Wallet]
First Use=false
Default Wallet={_WALLET}
Prompt on Open=false
Leave Open=true
Close When Idle=false
Launch Manager=false
[org.freedesktop.secrets]
apiEnabled=true
"""


@dataclass(frozen=True)
class KWallet:
    """Its bus."""

    address: str

    def open(self) -> None:
        """Open the wallet as a login does, and make it where there is none."""
        self._call("pamOpen", "sayi", _WALLET, _KEY, 0)
        assert self.is_open()

    def close(self) -> None:
        """Close the wallet, be it in use or not: to read or write is to ask a person from then on."""
        self._call("close", "sb", _WALLET, True)  # noqa: FBT003  it forces
        assert not self.is_open()

    def is_open(self) -> bool:
        return bool(self._call("isOpen", "s", _WALLET))

    def entries(self) -> list[str]:
        """Name all entries there are, by their folder."""
        handle = self._call("open", "sxs", _WALLET, 0, "tests")
        folders = self._call("folderList", "is", handle, "tests")
        return sorted(folder for folder in folders if self._call("entryList", "iss", handle, folder, "tests"))

    def clear(self) -> None:
        """Remove all folders."""
        self.open()
        handle = self._call("open", "sxs", _WALLET, 0, "tests")
        for folder in self._call("folderList", "is", handle, "tests"):
            self._call("removeFolder", "iss", handle, folder, "tests")

    def _call(self, method: str, signature: str, *body: object) -> Any:
        with closing(open_dbus_connection(self.address)) as bus:
            return (unwrap_msg(bus.send_and_get_reply(new_method_call(_ADDRESS, method, signature, body))) or [None])[0]


def missing() -> list[str]:
    """Those of PROGRAMS that this machine lacks, and the module that keyring's back end needs."""
    programs = [program for program in PROGRAMS if shutil.which(program) is None]
    return programs if dbus_module() else [*programs, "dbus-python"]


def dbus_module() -> ModuleType | None:
    """The module `dbus`: of this environment, or else Debian's package python3-dbus where it fits this Python."""
    sys.path.append(_DEBIAN)
    try:
        importlib.import_module("dbus.mainloop.glib")
        return importlib.import_module("dbus")
    except ImportError:
        return None
    finally:
        sys.path.remove(_DEBIAN)


@contextmanager
def private_kwallet() -> Iterator[KWallet]:
    """Run one. In a process there can be one only: libdbus stays with the first session bus that it was told."""
    with tempfile.TemporaryDirectory(prefix="kwallet-") as name:
        directory = Path(name)
        settings = directory / ".config/kwalletrc"
        settings.parent.mkdir()
        settings.write_text(_SETTINGS)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "XDG_RUNTIME_DIR": name,
            "QT_QPA_PLATFORM": "offscreen",
        }
        with (
            private_bus(directory, environment, startable=_NAME) as address,
            serving(
                ["kwalletd5"],
                {**environment, "DBUS_SESSION_BUS_ADDRESS": address},
                awaited=takes(_NAME),
                ready=lambda: is_taken(address, _NAME),
            ),
        ):
            yield KWallet(address)
