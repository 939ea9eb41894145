"""The names of entries in keyrings: how to compose one, and how to read it."""

import os
import sys

from oidc_helper import paths


def entry_name(kind: str, name: str) -> str:
    """`oidc-helper:<kind>:<name>`, followed by the configuration's path if that is not the account's default.

    A keyring belongs to the user, not to a home or a configuration: two configurations must not meet in one entry,
    whether set by OIDC_HELPER_CONFIG or found via another HOME. The name can always be encoded, though a path may not.
    Raises FileNotFoundError if the user has no home.
    """
    return _encodable(f"{paths.APPLICATION}:{kind}:{name}{_suffix()}")


def kind_and_name(entry: str) -> tuple[str, str] | None:
    """The inverse of `entry_name`; None for an entry of another configuration or program."""
    application, _, rest = entry.partition(":")
    kind, colon, name = rest.partition(":")
    suffix = _encodable(_suffix())
    if application != paths.APPLICATION or not colon or not name.endswith(suffix):
        return None
    if not suffix and "@/" in name:  # it ends with the path of another configuration
        return None
    return kind, name.removesuffix(suffix)


def configuration() -> str:
    """The path by which records identify the configuration in force, whichever link leads to it.

    Raises FileNotFoundError if the user has no home.
    """
    return _known_path(_account_config_file())


def _suffix() -> str:
    default = _account_config_file()
    path = _known_path(default)
    return "" if path == default else f"@{path}"


def _known_path(default: str) -> str:
    path = paths.config_file()
    if path == default:
        return default
    try:
        if os.path.samefile(path, default):
            return default
    except OSError:  # the account has no configuration at its default path
        pass
    # A file that we cannot write, as in Nix's store or a container's volume, gets a new real path with each change.
    return os.path.realpath(path) if os.access(path, os.W_OK) else path


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _account_config_file() -> str:
    """The default path of the account's configuration, whatever the environment says."""
    if sys.platform != "linux":
        return paths.default_config_file()
    import pwd  # built into the interpreter

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without a name, as in containers, has no home
        return ""
    return os.path.join(os.path.normpath(home), ".config", paths.APPLICATION, "config.toml")
