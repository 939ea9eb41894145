"""A stand-in for an identity provider and AWS on loopback, to try and to test with; nothing outside cli imports it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_helper.emulator.emulator import Emulator
    from oidc_helper.emulator.example import example_config, shell_exports

__all__ = ["Emulator", "example_config", "shell_exports"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used: all of it takes 300 ms."""
    if name not in __all__:
        raise AttributeError(name)
    from oidc_helper.emulator import emulator, example

    return getattr(emulator if name == "Emulator" else example, name)
