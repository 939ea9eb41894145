"""The names of entries in keyrings, and the way back from a name."""

import os
import sys

from oidc_helper import paths


def entry_name(kind: str, name: str) -> str:
    """`oidc-helper:<kind>:<name>`, with the configuration's path behind it where that is not the account's own.

    A keyring belongs to the user, not to a home or a configuration: two configurations must not meet in one entry,
    whether set by OIDC_HELPER_CONFIG or found via another HOME. Always encodable: a path may hold any bytes.
    Raises FileNotFoundError where the user has no home.
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


def configuration() -> str:
    """The path by which records know the configuration in force, whatever link leads to it.

    Raises FileNotFoundError where the user has no home.
    """
    return _known_path(_account_config_file())


def _suffix() -> str:
    own = _account_config_file()
    path = _known_path(own)
    return "" if path == own else f"@{path}"


def _known_path(own: str) -> str:
    path = paths.config_file()
    if path == own:
        return own
    try:
        if os.path.samefile(path, own):
            return own
    except OSError:  # the account has no configuration of its own
        pass
    # A file that we cannot write, in Nix's store or a container's volume, lies elsewhere after each change.
    return os.path.realpath(path) if os.access(path, os.W_OK) else path


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
