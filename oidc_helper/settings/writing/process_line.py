"""The value of credential_process: this very command, written so that every SDK on the system finds and reads it."""

import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.reentry import is_ours
from oidc_helper.words import shown

# What some SDK takes for a comment, a section or the end of a key (C++, Go, JavaScript), quoted or not.
_MISREAD = re.compile(r"[#;\[\]]|=-")
_UNQUOTABLE_ON_WINDOWS = re.compile(r'["%]|\\$')
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_PLAIN_ON_WINDOWS = re.compile(r"[A-Za-z0-9_@+=:,./\\~-]+")

_GET = re.compile(r"""(?<=\sget\s)\s*(?:--config\s+\S+\s+|-\S+\s+)*(?P<quote>["']?)(?P<profile>[^\s"']+)(?P=quote)""")
_PROGRAM = re.compile(r"""\s*(?:(?P<quote>["'])(?P<quoted>.*?)(?P=quote)|(?P<plain>\S+))""")
_LONGEST_PATH = 32_767  # characters


def credential_process(program: Sequence[str], profile: str, *, windows: bool) -> str:
    """The line that runs `PROGRAM get PROFILE`. Raises WrongSettings for a path that no quotes protect.

    POSIX: single quotes, since the SDKs for Go removed double quotes around a path. Windows: double quotes, the only
    ones there, though the SDKs for Go and Rust hand them to cmd.exe in a way that it does not understand.
    """
    return " ".join(_word(word, windows=windows) for word in (*program, "get", profile))


def profile_in(command: str) -> str:
    """The profile whose credentials a line of ours gets; empty for any other line."""
    match = _GET.search(command) if is_ours(command) else None
    return match["profile"] if match else ""


def with_profile(command: str, profile: str) -> str:
    """The same line of ours for another profile."""
    match = _GET.search(command)
    return command[: match.start("profile")] + profile + command[match.end("profile") :] if match else command


def can_run(command: str) -> bool:
    """Whether the program that the line begins with exists."""
    return bool(program_of(command))


def program_of(command: str) -> str:
    """The path of the program that the line begins with; empty if it does not exist."""
    program = _PROGRAM.match(command)
    return (program and shutil.which(program["quoted"] or program["plain"])) or ""


def running_program() -> tuple[str, ...]:
    """How to start this very command from anywhere: schedulers, services and GUI programs have another PATH.

    Links are not resolved: package managers point them at the current version.
    """
    started = sys.argv[0]
    if Path(started).name == "__main__.py":
        return (sys.executable, "-P", "-m", "oidc_helper")  # -P: not a package of that name in the caller's directory
    path = str(Path(shutil.which(started) or started).absolute())
    return (without_blanks(path, _short_path) if sys.platform == "win32" else path,)


def without_blanks(path: str, short_path: Callable[[str], str]) -> str:
    """For Windows, where no quotes suit every SDK: the short path, or the bare name if PATH leads to it."""
    name = PureWindowsPath(path).name
    candidates = (path, short_path(path), name if shutil.which(name) == path else path)
    return next((candidate for candidate in candidates if " " not in candidate), path)


def _short_path(path: str) -> str:
    """The path in 8.3 names, or as it is if the volume has none."""
    import ctypes

    windows: Any = ctypes
    buffer = ctypes.create_unicode_buffer(_LONGEST_PATH)
    return buffer.value if windows.windll.kernel32.GetShortPathNameW(path, buffer, _LONGEST_PATH) else path


def _word(word: str, *, windows: bool) -> str:
    if not word.isprintable() or _MISREAD.search(word) or (windows and _UNQUOTABLE_ON_WINDOWS.search(word)):
        raise WrongSettings(
            f"{shown(word, 200)} has characters that some SDK misreads in credential_process",
            "install oidc-helper in a directory named with letters and digits",
        )
    if (_PLAIN_ON_WINDOWS if windows else _PLAIN).fullmatch(word):
        return word
    return f'"{word}"' if windows else "'" + word.replace("'", r"'\''") + "'"
