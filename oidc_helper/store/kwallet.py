"""The fact about KDE's wallet that keyring does not tell: whether opening it would ask a person."""

from typing import Any

from jeepney import DBusAddress, new_method_call
from jeepney.wrappers import unwrap_msg

from oidc_helper.store import session_bus


def is_locked(bus_name: str, object_path: str) -> bool:
    """Whether the wallet that keyring would open is closed; asks nobody. Raises OSError, DBusErrorResponse."""
    address = DBusAddress(object_path, bus_name=bus_name, interface="org.kde.KWallet")
    with session_bus.connection() as bus:

        def ask(method: str, signature: str = "", *body: Any) -> Any:
            return unwrap_msg(bus.send_and_get_reply(new_method_call(address, method, signature, body)))[0]

        return not ask("isOpen", "s", ask("networkWallet"))
