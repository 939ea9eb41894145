"""Linux's Secret Service through D-Bus alone: 30 ms where keyring, whose items these are, takes 150.

Nothing here unlocks or asks a person; the caller bounds the time. Secrets are sent as they are ("plain"): the bus is a
local socket of this user, and a process that could listen there could ask for the secrets too. The specification also
offers encryption, which keyring uses: by its own words a guard against swapped memory, not against an active attack. It
would cost a Diffie-Hellman exchange and the import of cryptography.
"""

from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from jeepney.wrappers import unwrap_msg

DEFAULT_COLLECTION = "/org/freedesktop/secrets/aliases/default"

_BUS_NAME = "org.freedesktop.secrets"
_NAMES = "org.freedesktop.Secret."
_LOCKED = f"{_NAMES}Error.IsLocked"
_NOT_THERE = {f"org.freedesktop.DBus.Error.{name}" for name in ("UnknownMethod", "UnknownObject")} | {
    f"{_NAMES}Error.NoSuchObject"
}


class Locked(Exception):  # noqa: N818  it is named by its remedy
    """A person would have to unlock the collection first."""


def available() -> bool:
    """Whether there is a Secret Service on the session's bus, or the bus can start one."""
    with open_dbus_connection() as bus:
        names = Proxy(message_bus, bus)
        return bool(names.NameHasOwner(_BUS_NAME)[0]) or _BUS_NAME in names.ListActivatableNames()[0]


def read(service: str, username: str) -> bytes | None:
    """The secret that keyring keeps under both names, or None. Raises Locked, OSError, DBusErrorResponse and others."""
    with open_dbus_connection() as bus:
        try:
            attributes = {"service": service, "username": username}
            items = _call(bus, DEFAULT_COLLECTION, "Collection", "SearchItems", "a{ss}", attributes)[0]
            if not items:
                return None
            secret: bytes = _call(bus, items[0], "Item", "GetSecret", "o", _session(bus))[0][2]
        except DBusErrorResponse as error:
            if error.name == _LOCKED:
                raise Locked from None
            if error.name in _NOT_THERE:
                return None
            raise
    return secret


def write(service: str, username: str, secret: bytes) -> None:
    """Put or replace a secret, with the label and attributes that keyring gives it. Raises likewise."""
    label = f"Password for '{username}' on '{service}'"
    attributes = {"service": service, "username": username, "application": "Python keyring library"}
    properties = {f"{_NAMES}Item.Label": ("s", label), f"{_NAMES}Item.Attributes": ("a{ss}", attributes)}
    with open_dbus_connection() as bus:
        replacing = (properties, (_session(bus), b"", secret, "text/plain"), True)
        item = _call(bus, DEFAULT_COLLECTION, "Collection", "CreateItem", "a{sv}(oayays)b", *replacing)[0]
    if item == "/":  # a prompt path comes instead, which means: unlock the collection first
        raise Locked


def is_locked(collection: str) -> bool | None:
    """Whether a person would have to unlock the collection; None where there is none of that path."""
    with open_dbus_connection() as bus:
        question = Properties(_address(collection, "Collection")).get("Locked")
        try:
            return bool(unwrap_msg(bus.send_and_get_reply(question))[0][1])
        except DBusErrorResponse as error:
            if error.name in _NOT_THERE:
                return None
            raise


def _session(bus: DBusConnection) -> str:
    path: str = _call(bus, "/org/freedesktop/secrets", "Service", "OpenSession", "sv", "plain", ("s", ""))[1]
    return path


def _call(bus: DBusConnection, path: str, interface: str, method: str, signature: str, *body: Any) -> Any:
    message = new_method_call(_address(path, interface), method, signature, body)
    return unwrap_msg(bus.send_and_get_reply(message))


def _address(path: str, interface: str) -> DBusAddress:
    return DBusAddress(path, bus_name=_BUS_NAME, interface=_NAMES + interface)
