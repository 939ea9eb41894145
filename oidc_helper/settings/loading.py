"""The configuration in force: the user's file, and the site's beneath it."""

import os
from collections.abc import Sequence
from typing import Any, Literal

from oidc_helper import paths
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import checks, guard, layers
from oidc_helper.settings.file import parse, read
from oidc_helper.settings.layers import Layer
from oidc_helper.settings.model import Settings
from oidc_helper.settings.problems import Problem, wrong, wrong_file
from oidc_helper.settings.resolution import resolve
from oidc_helper.words import printable

_HOW_TO_BEGIN = (
    "to make one: oidc-helper configure; to see how to write it: oidc-helper help config; "
    "to try without: oidc-helper demo"
)


def load() -> Settings:
    """The configuration in force. Raises WrongSettings if no file can be read; the result holds all other problems."""
    user, *site = files = _files()
    stamp = _stamp(files)
    read_layers, unread = _read(user, site)
    if not read_layers:
        raise wrong(unread) if unread else WrongSettings(*_nothing_at(user))
    return resolve(read_layers, unread, user, stamp)


def of_text(path: str, text: str) -> Settings:
    """The configuration as if the user's file at `path` had this text. Raises WrongSettings if it is not TOML."""
    beneath, unread = _read(None, _files()[1:])
    return resolve([Layer(path, text, parse(path, text)), *beneath], unread, path, "")


def document() -> dict[str, Any]:
    """All files merged, as unchecked TOML; the user's file may be missing.

    Raises WrongSettings if a file cannot be read.
    """
    user, *site = _files()
    read_layers, unread = _read(user if os.path.lexists(user) else None, site)
    if unread:
        raise wrong(unread)
    return layers.document(read_layers)


def names(kind: Literal["identity", "profile"]) -> list[str]:
    """The names of all identities or profiles in the files that can be read, values unchecked. Raises nothing."""
    try:
        user, *site = _files()
    except WrongSettings:
        return []
    return [name for name in layers.names(_read(user, site)[0], kind) if checks.is_name(name)]


def _files() -> list[str]:
    try:
        return list(dict.fromkeys(paths.config_files()))
    except OSError as error:
        raise WrongSettings(f"no configuration: {error.strerror}", f"name one with {paths.CONFIG_VARIABLE}") from None


def _stamp(files: list[str]) -> str:
    """Empty, which no record has, if a file's state cannot be read: the file itself cannot be read then either."""
    try:
        return paths.config_stamp(files)
    except OSError:
        return ""


def _read(user: str | None, site: Sequence[str]) -> tuple[list[Layer], list[Problem]]:
    """The files as layers, and the problems of those that are unreadable, not to be obeyed, or named but missing."""
    read_layers: list[Layer] = []
    unread: list[Problem] = []
    for file in [*filter(None, [user]), *site]:
        variable = paths.SITE_CONFIG_VARIABLE if file in site else paths.CONFIG_VARIABLE
        try:
            read_layers.append(_guarded(file, is_site=file in site))
        except WrongSettings as error:
            unread.append(Problem(file, (), 0, error.message, error.hint))
        except (FileNotFoundError, NotADirectoryError):
            if os.environ.get(variable):
                unread.append(Problem(file, (), 0, *_nothing_at(file)))
        except OSError as error:
            reason = (error.strerror or "failed").lower()
            failure = wrong_file(file, f": cannot be read: {reason}")
            unread.append(Problem(file, (), 0, failure.message, failure.hint))
    return read_layers, unread


def _guarded(file: str, *, is_site: bool) -> Layer:
    """Raises OSError and WrongSettings."""
    if is_site:
        guard.require_official(file)
    else:
        guard.require_ours(file)
    return read(file)


def _nothing_at(file: str) -> tuple[str, str]:
    return f"no configuration at {printable(file)}", _HOW_TO_BEGIN
