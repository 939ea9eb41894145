"""Where the configuration and the state lie, and the stamp of a configuration; light, for the hit path."""

import errno
import os
import sys

APPLICATION = "oidc-helper"
CONFIG_VARIABLE = "OIDC_HELPER_CONFIG"


def default_config_file() -> str:
    """`config.toml` in platformdirs' user_config_path, which is imported (23 ms) only where the environment is unusual.

    Raises FileNotFoundError where the user has no home.
    """
    if base := _linux_base("XDG_CONFIG_HOME", ".config"):
        return os.path.join(base, APPLICATION, "config.toml")
    return os.path.join(_by_platformdirs("user_config_dir"), "config.toml")


def config_file() -> str:
    """The absolute path of the configuration in force. Raises FileNotFoundError where the user has no home."""
    named = os.environ.get(CONFIG_VARIABLE)
    if not named:
        return default_config_file()
    path = os.path.expanduser(named)
    if path.startswith("~/"):
        raise FileNotFoundError(errno.ENOENT, "this user has no home directory", path)
    return os.path.abspath(path)


def config_stamp(files: list[str]) -> str:
    """Size, times in nanoseconds and inode of each file; any edit changes it. Raises OSError.

    The mtime alone tells little: Nix, rsync -t and restored backups set it, and nobody can set a ctime.
    """
    stats = map(os.stat, files)
    return ",".join(f"{stat.st_size}+{stat.st_mtime_ns}+{stat.st_ctime_ns}+{stat.st_ino}" for stat in stats)


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


def _linux_base(variable: str, *below_home: str) -> str | None:
    if sys.platform != "linux":
        return None
    base, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if base.startswith("/"):
        return os.path.normpath(base)
    return os.path.join(os.path.normpath(home), *below_home) if home.startswith("/") else None
