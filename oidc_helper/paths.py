"""Where configuration and state lie, the configuration's stamp, and the names of entries; light, for the hit path."""

import errno
import os
import sys

APPLICATION = "oidc-helper"
CONFIG_VARIABLE = "OIDC_HELPER_CONFIG"


def default_config_file() -> str:
    """`config.toml` in platformdirs' user_config_path, without its import (23 ms) where the environment says it all.

    Raises FileNotFoundError where the user has no home.
    """
    if base := _linux_base("XDG_CONFIG_HOME", ".config"):
        return os.path.join(base, APPLICATION, "config.toml")
    return os.path.join(_by_platformdirs("user_config_dir"), "config.toml")


def config_file() -> str:
    """The absolute path of the configuration in force."""
    named = os.environ.get(CONFIG_VARIABLE)
    return os.path.abspath(named) if named else default_config_file()


def config_stamp(path: str) -> str:
    """What changes when the file is edited: mtime in nanoseconds and size in bytes. Raises OSError."""
    stat = os.stat(path)
    return f"{stat.st_mtime_ns}+{stat.st_size}"


def state_directory() -> str:
    """The user_state_path of platformdirs, likewise. Raises FileNotFoundError where the user has no home."""
    if base := _linux_base("XDG_STATE_HOME", ".local", "state"):
        return os.path.join(base, APPLICATION)
    return _by_platformdirs("user_state_dir")


def _by_platformdirs(directory: str) -> str:
    import platformdirs

    try:
        path: str = getattr(platformdirs, directory)(APPLICATION, appauthor=False)
    except RuntimeError:  # other versions leave a ~ in the path
        path = ""
    if not os.path.isabs(path):
        raise FileNotFoundError(errno.ENOENT, "this user has no home directory", path)
    return path


def keyring_is_told() -> bool:
    """Whether the user has told the library keyring what to use: it is then asked, and nothing is done in its place."""
    if any(name == "PYTHON_KEYRING_BACKEND" or name.startswith("KEYRING_PROPERTY_") for name in os.environ):
        return True
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", os.environ.get("PROGRAMDATA", "."))
        return os.path.exists(os.path.join(base, "Python Keyring", "keyringrc.cfg"))
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.exists(os.path.join(base, "python_keyring", "keyringrc.cfg"))


def entry_name(kind: str, name: str) -> str:
    """`oidc-helper:<kind>:<name>`, with the configuration's path behind it where that is not the account's own.

    Keyrings belong to the user, not to a home or a configuration: two configurations must not meet in one entry, be the
    other named by our variable or found through another HOME. Always encodable: a path may hold any bytes.
    """
    return _encodable(f"{APPLICATION}:{kind}:{name}{_suffix()}")


def kind_and_name(entry: str) -> tuple[str, str] | None:
    """What `entry_name` made an entry from; None where it is of another configuration or program."""
    application, _, rest = entry.partition(":")
    kind, colon, name = rest.partition(":")
    suffix = _encodable(_suffix())
    if application != APPLICATION or not colon or not name.endswith(suffix):
        return None
    if not suffix and "@/" in name:  # there a path stands behind every name
        return None
    return kind, name.removesuffix(suffix)


def _suffix() -> str:
    path = config_file()
    return "" if path == _account_config_file() else f"@{path}"


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _account_config_file() -> str:
    """The default configuration of the account, whatever the environment says."""
    if sys.platform != "linux":
        return default_config_file()
    import pwd  # built into the interpreter

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's nameless user has no home of its own
        return ""
    return os.path.join(os.path.normpath(home), ".config", APPLICATION, "config.toml")


def _linux_base(variable: str, *below_home: str) -> str | None:
    if sys.platform != "linux":
        return None
    base, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if base.startswith("/"):
        return os.path.normpath(base)
    return os.path.join(os.path.normpath(home), *below_home) if home.startswith("/") else None
