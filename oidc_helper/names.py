"""The names of entries in keyrings, and the way back from a name."""

import os
import sys

from oidc_helper import paths


def entry_name(kind: str, name: str) -> str:
    """`oidc-helper:<kind>:<name>`, with the configuration's path behind it where that is not the account's own.

    A keyring belongs to the user, not to a home or a configuration: two configurations must not meet in one entry,
    whether set by OIDC_HELPER_CONFIG or found via another HOME. Always encodable: a path may hold any bytes.
    """
    return _encodable(f"{paths.APPLICATION}:{kind}:{name}{_suffix()}")


def kind_and_name(entry: str) -> tuple[str, str] | None:
    """The way back from `entry_name`; None for an entry of another configuration or program."""
    application, _, rest = entry.partition(":")
    kind, colon, name = rest.partition(":")
    suffix = _encodable(_suffix())
    if application != paths.APPLICATION or not colon or not name.endswith(suffix):
        return None
    if not suffix and "@/" in name:  # it ends with the path of another configuration
        return None
    return kind, name.removesuffix(suffix)


def _suffix() -> str:
    path = paths.config_file()
    return "" if path == _account_config_file() else f"@{path}"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _account_config_file() -> str:
    """The default configuration of the account, whatever the environment says."""
    if sys.platform != "linux":
        return paths.default_config_file()
    import pwd  # built into the interpreter

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's nameless user has no home of its own
        return ""
    return os.path.join(os.path.normpath(home), ".config", paths.APPLICATION, "config.toml")
