"""The paths of configuration and state, of the user and the site, and the stamp of a configuration; light, for hits."""

import errno
import os
import sys

APPLICATION = "oidc-helper"
CONFIG_VARIABLE = "OIDC_HELPER_CONFIG"
SITE_CONFIG_VARIABLE = "OIDC_HELPER_SITE_CONFIG"


def default_config_file() -> str:
    """`config.toml` in platformdirs' user_config_path; imports platformdirs (23 ms) only in an unusual environment.

    Raises FileNotFoundError if the user has no home.
    """
    if base := _linux_base("XDG_CONFIG_HOME", ".config"):
        return os.path.join(base, APPLICATION, "config.toml")
    return os.path.join(_by_platformdirs("user_config_dir"), "config.toml")


def config_file() -> str:
    """The absolute path of the user's configuration in force. Raises FileNotFoundError if the user has no home."""
    file = os.environ.get(CONFIG_VARIABLE)
    return _absolute(file) if file else default_config_file()


def site_config_files() -> list[str]:
    """The absolute paths where the site's configuration may lie, in order of precedence.

    By default they are `config.toml` in platformdirs' site_config_path: on Linux, in each of XDG_CONFIG_DIRS.
    Raises FileNotFoundError if the variable names a file in the user's home, and the user has none.
    """
    file = os.environ.get(SITE_CONFIG_VARIABLE)
    if file is not None:
        return [_absolute(file)] if file else []
    if sys.platform != "linux":
        return _site_files_by_platformdirs()
    # The XDG Base Directory Specification says to ignore relative paths.
    bases = [base for base in os.environ.get("XDG_CONFIG_DIRS", "").split(":") if base.startswith("/")] or ["/etc/xdg"]
    return [os.path.join(os.path.normpath(base), APPLICATION, "config.toml") for base in bases]


def config_files() -> list[str]:
    """All files of the configuration, whether they exist or not, in order of precedence.

    Raises FileNotFoundError if the user has no home.
    """
    return [config_file(), *site_config_files()]


def config_stamp(files: list[str]) -> str:
    """Size, times in nanoseconds and inode of each existing file; it changes when a file is edited, added or removed.

    The mtime alone says little: Nix, rsync -t and restored backups set it, and nobody can set a ctime. Missing files
    leave no trace in it: XDG_CONFIG_DIRS lists more directories in a desktop session than in a cron job.
    Raises FileNotFoundError if no file exists, and OSError.
    """
    stamps = [stamp for file in files if (stamp := _file_stamp(file))]
    if not stamps:
        raise FileNotFoundError(errno.ENOENT, "no configuration")
    return ",".join(stamps)


def _file_stamp(file: str) -> str:
    try:
        stat = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{stat.st_size}+{stat.st_mtime_ns}+{stat.st_ctime_ns}+{stat.st_ino}"


def state_directory() -> str:
    """The user_state_path of platformdirs, with as few imports. Raises FileNotFoundError if the user has no home."""
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


def _absolute(file: str) -> str:
    path = os.path.expanduser(file)
    if path.startswith("~/"):
        raise FileNotFoundError(errno.ENOENT, "this user has no home directory", path)
    return os.path.abspath(path)


def _site_files_by_platformdirs() -> list[str]:
    import platformdirs

    value = platformdirs.site_config_dir(APPLICATION, appauthor=False, multipath=True)
    directories = [value] if sys.platform == "win32" else value.split(os.pathsep)  # on Windows a name may contain a ;
    return [os.path.join(directory, "config.toml") for directory in directories]


def _linux_base(variable: str, *below_home: str) -> str | None:
    if sys.platform != "linux":
        return None
    base, home = os.environ.get(variable, ""), os.environ.get("HOME", "")
    if base.startswith("/"):
        return os.path.normpath(base)
    return os.path.join(os.path.normpath(home), *below_home) if home.startswith("/") else None
