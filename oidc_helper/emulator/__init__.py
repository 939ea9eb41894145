"""An identity provider and AWS emulated on loopback, for trials and tests; only cli imports it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_helper.emulator.emulator import Emulator
    from oidc_helper.emulator.example import example_config, shell_exports

__all__ = ["Emulator", "example_config", "shell_exports"]


def __getattr__(name: str) -> Any:
    """Import the public names on first use: importing everything takes 300 ms."""
    if name not in __all__:
        raise AttributeError(name)
    from oidc_helper.emulator import emulator, example

    return getattr(emulator if name == "Emulator" else example, name)
