"""Refuse a configuration that others can write: it names programs to run, and servers to send secrets to."""

import os
import shlex
import sys

from oidc_helper import paths
from oidc_helper.errors import WrongSettings
from oidc_helper.machine import exposure
from oidc_helper.words import printable


def require_ours(path: str) -> None:
    """Require that the user's file is the user's or root's, and that nobody else can write it.

    Raises OSError and WrongSettings.
    """
    if foreign := exposure.foreign_place(path):
        place, owner = foreign
        raise WrongSettings(
            f"{_named(path, str(place))}belongs to another user ({owner})",
            f"keep a configuration of your own, and name it with {paths.CONFIG_VARIABLE} if it lies elsewhere",
        )
    _require_closed(path)


def require_official(path: str) -> None:
    """Require that the site's file is root's or the interpreter's owner's, and that nobody else can write it.

    Raises as above.
    """
    if unofficial := exposure.unofficial_place(path):
        place, owner = str(unofficial[0]), unofficial[1]
        administrator, command = "root", f"{_sudo(0)}chown -h root {shlex.quote(place)}"
        if sys.platform == "win32":
            administrator, command = "an administrator", f'icacls "{place}" /setowner Administrators'
        raise WrongSettings(
            f"{_named(path, place)}belongs to user {owner}: a site's configuration belongs to {administrator}",
            printable(command),
        )
    _require_closed(path)


def _require_closed(path: str) -> None:
    if place := exposure.open_place(path):
        name = printable(str(place))
        raise WrongSettings(
            f"{printable(path)}: others can write {'it' if str(place) == path else f'in {name}'}",
            f"{_sudo(place.lstat().st_uid)}chmod go-w {shlex.quote(name)}",
        )


def _named(path: str, place: str) -> str:
    """The beginning of a message about a file, or about a place on the way to it."""
    return f"{printable(path)}: {'' if place == path else f'{printable(place)} '}"


def _sudo(owner: int) -> str:
    """What to put before a command that only the owner of a file, or root, may run."""
    return "sudo " if sys.platform != "win32" and os.geteuid() not in (0, owner) else ""
