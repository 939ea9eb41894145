"""The person's browser: whether one can be opened from here, and opening an address without waiting for the browser."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.words import printable

_SSH = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")
_CONTAINER = ("container", "KUBERNETES_SERVICE_HOST")
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_DESKTOPS = ("darwin", "win32")  # systems that always have a browser
_OPENERS = ("xdg-open", "gio open", "sensible-browser", "x-www-browser")
_MARKS = ("{url}", "%s")
_PRINT = "let it print the address, and open that elsewhere: add --print"
_FIREFOX = {"darwin": "/usr/bin/open -a Firefox"}  # elsewhere the program is `firefox`
_WINDOWS = "rundll32.exe url.dll,FileProtocolHandler"  # no shell, so & and ^ mean nothing special


def obstacle(environment: Mapping[str, str] = os.environ) -> str:
    """The reason why no browser can be opened here, such as `this is an SSH session`; empty if one can be opened."""
    desktop = sys.platform in _DESKTOPS or ((_is_wsl() or _has_display(environment)) and _commands(environment))
    checks = (
        # Editors' remote sessions set it to a program that opens the browser on the person's own machine.
        (environment.get("BROWSER"), ""),
        (any(environment.get(name) for name in _SSH), "this is an SSH session"),
        (desktop, ""),
        (any(Path(name).exists() for name in _CONTAINER_FILES), "this is a container"),
        (any(environment.get(name) for name in _CONTAINER), "this is a container"),
        (not _has_display(environment), "there is no display"),
    )
    return next(
        (reason for holds, reason in checks if holds), "no program opens a browser: install xdg-utils or set BROWSER"
    )


def open_browser(url: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Start the browser and return; False if no program could be started. Raises ValueError if it is not a web address.

    The browser inherits none of our streams and has its own session, since it outlives us.
    """
    if urlsplit(url).scheme not in ("http", "https") or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("not a web address")
    return any(_start(_with_address(words, url)) for words in _commands(environment))


def opening(
    template: str | None, *, of_firefox: bool = False, environment: Mapping[str, str] = os.environ
) -> Callable[[str], None]:
    """A function that opens an address of any scheme, by the person's own command or else as `open_browser` does.

    In the template, `{url}` stands for the address, which otherwise comes last. `of_firefox`: without a template, only
    BROWSER and Firefox will do. Raises WrongSettings if the template is wrong, OidcHelperError if there is no browser.
    """
    if template is not None:
        commands = [_split(template, environment)]
    elif of_firefox:
        commands = [*_named(environment), shlex.split(_FIREFOX.get(sys.platform, "firefox"))]
    elif reason := obstacle(environment):
        raise OidcHelperError(f"no browser can be opened: {reason}", _PRINT)
    else:
        commands = _commands(environment)
    if not (usable := _installed(commands, environment)):
        missing = "Firefox is not found" if of_firefox else "the program that BROWSER names is not found"
        raise OidcHelperError(missing, "name a browser: --browser-command 'firefox {url}'")
    return partial(_open, usable)


def _split(template: str, environment: Mapping[str, str]) -> list[str]:
    """The words of the person's own command, whose program must exist. Raises WrongSettings."""
    try:
        words = shlex.split(template)
    except ValueError:
        words = []
    if not words:
        raise WrongSettings(
            f"--browser-command {template!r} is no command", "write it as: --browser-command 'firefox --new-tab {url}'"
        )
    if not _installed([words], environment):
        raise WrongSettings(
            f"--browser-command: {printable(words[0])} does not exist", "name it by its whole path, or check PATH"
        )
    return words


def _open(commands: Sequence[Sequence[str]], url: str) -> None:
    if not any(_start(_with_address(words, url)) for words in commands):
        raise OidcHelperError(f"{printable(commands[0][0])} cannot be run", _PRINT)


def _commands(environment: Mapping[str, str]) -> list[list[str]]:
    """The commands to try in turn: those whose program exists."""
    return _installed(_known(environment), environment)


def _installed(commands: Iterable[list[str]], environment: Mapping[str, str]) -> list[list[str]]:
    return [words for words in commands if shutil.which(words[0], path=environment.get("PATH"))]


def _known(environment: Mapping[str, str]) -> Iterator[list[str]]:
    yield from _named(environment)
    if sys.platform == "darwin":
        yield ["/usr/bin/open"]
    elif sys.platform == "win32" or _is_wsl():
        yield from ([["wslview"]] if _is_wsl() else [])
        yield _WINDOWS.split()
    if sys.platform not in _DESKTOPS and _has_display(environment):
        yield from (words.split() for words in _OPENERS)


def _named(environment: Mapping[str, str]) -> Iterator[list[str]]:
    for command in environment.get("BROWSER", "").split(os.pathsep):
        with suppress(ValueError):  # an unmatched quotation mark
            if words := [command] if Path(command).is_file() else shlex.split(command):
                yield words


def _with_address(words: Sequence[str], url: str) -> list[str]:
    """The command with the address in place of `{url}`, or of `%s` as is usual in BROWSER, or else at its end."""
    mark = next((mark for mark in _MARKS if any(mark in word for word in words)), "")
    return [word.replace(mark, url) for word in words] if mark else [*words, url]


def _start(words: Sequence[str]) -> bool:
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
            | getattr(subprocess, "DETACHED_PROCESS", 0),
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, name="browser", daemon=True).start()  # so that it does not end as a zombie
    return True


def _has_display(environment: Mapping[str, str]) -> bool:
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def _is_wsl() -> bool:
    return sys.platform == "linux" and "microsoft" in platform.release().lower()
