"""Linux's Secret Service through D-Bus alone: in 30 ms, while keyring, whose format the items have, takes 150.

Nothing here unlocks a collection or asks a person; the caller bounds the time. Secrets are sent as they are ("plain"):
the bus is a local socket of this user, and a process that could listen there could ask for the secrets too. The
specification also offers encryption, which keyring uses; it calls that a guard against swapped memory, not against an
active attack. It would cost a Diffie-Hellman exchange and the import of cryptography.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, MatchRule, Properties, message_bus, new_method_call
from jeepney.io.blocking import DBusConnection, Proxy
from jeepney.wrappers import unwrap_msg

from oidc_helper.store import session_bus

DEFAULT_COLLECTION = "/org/freedesktop/secrets/aliases/default"

_SERVICE = "/org/freedesktop/secrets"
_NOTHING = "/"  # in place of a path: there is no such item, or no prompt
_OVERWRITES = 11  # before a deletion: KeePassXC's recycle bin keeps the last ten secrets of an entry too
_BUS_NAME = "org.freedesktop.secrets"
_NAMES = "org.freedesktop.Secret."
_LOCKED = f"{_NAMES}Error.IsLocked"
_NOT_THERE = {f"org.freedesktop.DBus.Error.{name}" for name in ("UnknownMethod", "UnknownObject")} | {
    f"{_NAMES}Error.NoSuchObject"
}


class Locked(Exception):  # noqa: N818  it is named by its remedy
    """A person would have to unlock the collection, or allow the access, first."""


def available() -> bool:
    """Whether there is a Secret Service on the session's bus, or the bus can start one."""
    with session_bus.connection() as bus:
        names = Proxy(message_bus, bus)
        return bool(names.NameHasOwner(_BUS_NAME)[0]) or _BUS_NAME in names.ListActivatableNames()[0]


def read(service: str, username: str) -> bytes | None:
    """The secret of keyring's item with both names, in the default collection or else in any other; or None.

    Raises Locked, OSError, DBusErrorResponse and others.
    """
    with _connection() as bus:
        items = _items(bus, DEFAULT_COLLECTION, service, username) or _all_items(bus, service, username)
        if not items:
            if _is_locked(bus, DEFAULT_COLLECTION):  # KeePassXC finds nothing in a locked one
                raise Locked
            return None
        secret: bytes = _call(bus, items[0], "Item", "GetSecret", "o", _session(bus))[0][2]
    return secret


def write(service: str, username: str, secret: bytes) -> None:
    """Put or replace a secret in the default collection, with the label and attributes that keyring gives it.

    Raises as `read` does.
    """
    with _connection() as bus:
        content = (_session(bus), b"", secret, "text/plain")
        if items := _items(bus, DEFAULT_COLLECTION, service, username):
            # Not by CreateItem: for another process's item, KeePassXC up to 2.7.4 asks a person to confirm that.
            _call(bus, items[0], "Item", "SetSecret", "(oayays)", content)
            return
        label = f"Password for '{username}' on '{service}'"
        attributes = {**_attributes(service, username), "application": "Python keyring library"}
        properties = {f"{_NAMES}Item.Label": ("s", label), f"{_NAMES}Item.Attributes": ("a{ss}", attributes)}
        arguments = (properties, content, True)
        item, prompt = _call(bus, DEFAULT_COLLECTION, "Collection", "CreateItem", "a{sv}(oayays)b", *arguments)
        if item == _NOTHING:
            if _is_locked(bus, DEFAULT_COLLECTION):
                raise Locked
            _complete(bus, prompt)


def delete(service: str, username: str) -> bool:
    """Delete an item from all collections, and say whether there was one; tries all, then raises as `read` does."""
    problems: list[Exception] = []
    with _connection() as bus:
        items = _all_items(bus, service, username)
        for item in items:
            try:
                _erase(bus, item)
            except (DBusErrorResponse, Locked) as problem:
                problems.append(problem)
        if problems:
            raise problems[0]
        if not items and _is_locked(bus, DEFAULT_COLLECTION):
            raise Locked
    return bool(items)


def is_locked(collection: str) -> bool | None:
    """Whether a person would have to unlock the collection; None if no collection has that path."""
    with _connection() as bus:
        return _is_locked(bus, collection)


@contextmanager
def _connection() -> Iterator[DBusConnection]:
    with session_bus.connection() as bus:
        try:
            yield bus
        except DBusErrorResponse as error:
            if error.name == _LOCKED:
                raise Locked from None
            raise


def _all_items(bus: DBusConnection, service: str, username: str) -> list[str]:
    """The items of each collection; at a search of the whole service KeePassXC asks a person to unlock them all."""
    collections = Properties(_address(_SERVICE, "Service")).get("Collections")
    paths = unwrap_msg(bus.send_and_get_reply(collections))[0][1]
    return [item for path in paths for item in _items(bus, path, service, username)]


def _items(bus: DBusConnection, collection: str, service: str, username: str) -> list[str]:
    attributes = _attributes(service, username)
    try:
        items: list[str] = _call(bus, collection, "Collection", "SearchItems", "a{ss}", attributes)[0]
    except DBusErrorResponse as error:
        if error.name in _NOT_THERE:
            return []
        raise
    return items


def _attributes(service: str, username: str) -> dict[str, str]:
    return {"service": service, "username": username}


def _erase(bus: DBusConnection, item: str) -> None:
    session = _session(bus)
    for number in range(_OVERWRITES):
        _call(bus, item, "Item", "SetSecret", "(oayays)", (session, b"", b"%d" % number, "text/plain"))
    prompt = _call(bus, item, "Item", "Delete", "")[0]
    if prompt != _NOTHING:
        _complete(bus, prompt)


def _complete(bus: DBusConnection, prompt: str) -> None:
    """Complete a prompt that should ask nobody, since nothing is locked: KeePassXC has one for every change."""
    rule = MatchRule(type="signal", interface=f"{_NAMES}Prompt", member="Completed", path=prompt)
    Proxy(message_bus, bus).AddMatch(rule)
    with bus.filter(rule) as signals:
        _call(bus, prompt, "Prompt", "Prompt", "s", "")
        dismissed = bus.recv_until_filtered(signals).body[0]
    if dismissed:
        raise Locked


def _is_locked(bus: DBusConnection, collection: str) -> bool | None:
    question = Properties(_address(collection, "Collection")).get("Locked")
    try:
        return bool(unwrap_msg(bus.send_and_get_reply(question))[0][1])
    except DBusErrorResponse as error:
        if error.name in _NOT_THERE:
            return None
        raise


def _session(bus: DBusConnection) -> str:
    path: str = _call(bus, _SERVICE, "Service", "OpenSession", "sv", "plain", ("s", ""))[1]
    return path


def _call(bus: DBusConnection, path: str, interface: str, method: str, signature: str, *body: Any) -> Any:
    message = new_method_call(_address(path, interface), method, signature, body)
    return unwrap_msg(bus.send_and_get_reply(message))


def _address(path: str, interface: str) -> DBusAddress:
    return DBusAddress(path, bus_name=_BUS_NAME, interface=_NAMES + interface)
