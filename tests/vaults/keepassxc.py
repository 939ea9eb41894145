"""KeePassXC as the session's Secret Service, with an unlocked database: the real program, without a display."""

import base64
import os
import shutil
import subprocess
import tempfile
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import secretstorage
from jeepney import MatchRule, message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from secretstorage.util import DBusAddressWrapper, exec_prompt
from vaults.bus import private_bus, serving

PROGRAMS = ("dbus-daemon", "keepassxc", "keepassxc-cli")  # Debian packages dbus and keepassxc

_PASSWORD = "made up"
_CHANGED = MatchRule(type="signal", interface="org.freedesktop.Secret.Service", member="CollectionChanged")
# The group that the Secret Service shows is named in the database itself, and here it is the root.
_DATABASE = """<KeePassFile>
  <Meta>
    <RecycleBinEnabled>True</RecycleBinEnabled>
    <CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{{{group}}}</Value></Item></CustomData>
  </Meta>
  <Root><Group><UUID>{encoded}</UUID><Name>Root</Name></Group></Root>
</KeePassFile>
"""
# Each question would be a dialogue that nobody answers. While it saves it does not lock, and it may take its own
# file for a changed one, so it saves only when it locks.
_SETTINGS = """[General]
AutoSaveAfterEveryChange=false
AutoSaveOnExit=true
ConfigVersion=2
SingleInstance=false
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmAccessItem={asks}
ConfirmDeleteItem={asks}
"""


@dataclass(frozen=True)
class KeePassXC:
    """Its bus, its process, and its database."""

    address: str
    pid: int
    database: Path

    def lock(self) -> None:
        """Lock the database, as its window does after a while; done behind a prompt that asks nobody."""
        with _prompting(self.address) as bus:
            service = DBusAddressWrapper("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", bus)
            (collection,) = service.call("ReadAlias", "s", "default")
            _, prompt = service.call("Lock", "ao", [collection])
            exec_prompt(bus, prompt)
            assert secretstorage.Collection(bus).is_locked()

    def labels(self) -> list[str]:
        """Name all entries there are."""
        with closing(open_dbus_connection(self.address)) as bus:
            return sorted(item.get_label() for item in secretstorage.Collection(bus).get_all_items())

    def clear(self) -> None:
        """Move all entries into the recycle bin."""
        with _prompting(self.address) as bus:
            for item in secretstorage.Collection(bus).get_all_items():
                item.delete()

    def recycled(self) -> list[str]:
        """The passwords of entries in the recycle bin, former ones too; of a database that was locked, and so saved."""
        document = ET.fromstring(_cli("export", "-q", self.database, home=self.database.parent))  # noqa: S314  our own
        bin_id = document.findtext("Meta/RecycleBinUUID")
        bins = (group for group in document.iter("Group") if group.findtext("UUID") == bin_id)
        strings = (string for group in bins for string in group.iter("String"))
        return [string.findtext("Value") or "" for string in strings if string.findtext("Key") == "Password"]


@contextmanager
def _prompting(address: str) -> Iterator[DBusConnection]:
    """A connection that hears how prompts end."""
    with closing(open_dbus_connection(address)) as bus:
        Proxy(message_bus, bus).AddMatch(MatchRule(type="signal", interface="org.freedesktop.Secret.Prompt"))
        yield bus


def missing() -> list[str]:
    """Those of PROGRAMS that this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


@contextmanager
def private_keepassxc(*, asks: bool = False) -> Iterator[KeePassXC]:
    """Run one; with `asks` it lets a person confirm each access and each deletion, as it does by default."""
    with tempfile.TemporaryDirectory(prefix="keepassxc-") as name:
        directory = Path(name)
        database = _database(directory)
        settings = directory / ".config/keepassxc/keepassxc.ini"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(_SETTINGS.format(asks=str(asks).lower()))
        environment = _environment(directory)
        with private_bus(directory, environment) as address:

            def unlocked() -> bool:
                with closing(open_dbus_connection(address)) as bus:
                    try:
                        return not secretstorage.Collection(bus).is_locked()
                    except (secretstorage.ItemNotFoundException, secretstorage.SecretServiceNotAvailableException):
                        return False

            with serving(
                ["keepassxc", "--pw-stdin", str(database)],
                {**environment, "DBUS_SESSION_BUS_ADDRESS": address},
                stdin=f"{_PASSWORD}\n",
                awaited=_CHANGED,
                ready=unlocked,
            ) as program:
                yield KeePassXC(address, program.pid, database)


def _database(directory: Path) -> Path:
    group = uuid.uuid4()
    source, database = directory / "database.xml", directory / "database.kdbx"
    source.write_text(_DATABASE.format(group=group, encoded=base64.b64encode(group.bytes).decode()))
    _cli("import", "--set-password", "--decryption-time", "100", source, database, home=directory)
    return database


def _cli(*words: object, home: Path) -> str:
    return subprocess.run(
        ["keepassxc-cli", *map(str, words)],
        env=_environment(home),
        input=f"{_PASSWORD}\n{_PASSWORD}\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def _environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "QT_QPA_PLATFORM": "offscreen",
    }
