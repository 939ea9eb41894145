"""`completion`: what a shell offers at a tab; it gets the names of profiles and identities when it asks."""

import argparse
import os
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TextIO

import platformdirs

from oidc_helper import settings
from oidc_helper.cli import arguments
from oidc_helper.cli.help import TOPICS
from oidc_helper.errors import WrongSettings
from oidc_helper.handover.formats import powershell_quoted
from oidc_helper.paths import APPLICATION
from oidc_helper.person.terminal import Terminal, has_terminal
from oidc_helper.settings.writing import Change, carry_out, diff, of_lines
from oidc_helper.words import printable

_PROGRAM = "oidc-helper"
_PATIENCE_S = 300  # for a yes
_NAMES = {
    "profile": "profiles",
    "profiles": "profiles",
    "topic": "topics",
}  # the argument -> what `--names` lists for it


class Shell(NamedTuple):
    """The name of the script, and the lines of the startup file `rc` that load it; {script} and {folder} are ours.

    A name with slashes is below the user's configuration; one without is in our own directory, or in the home.
    """

    script: str
    rc: str = ""
    lines: tuple[str, ...] = ()
    quoted: Callable[[str], str] = shlex.quote


SHELLS = {
    "bash": Shell("oidc-helper.bash", ".bashrc", (". {script}",)),
    "zsh": Shell("_oidc-helper", ".zshrc", ("fpath=({folder} $fpath)", "autoload -Uz compinit && compinit")),
    "fish": Shell("fish/completions/oidc-helper.fish"),  # it looks there by itself
    "powershell": Shell(
        "oidc-helper.ps1", "powershell/Microsoft.PowerShell_profile.ps1", (". {script}",), powershell_quoted
    ),
}


def completion(options: argparse.Namespace, answer: TextIO) -> int:
    """Print the script of a shell, install it, or list the names that it asks for."""
    if options.names:
        answer.write("".join(f"{name}\n" for name in _names(options.names)))
        return 0
    if not options.shell:
        raise WrongSettings("completion needs the name of a shell", f"oidc-helper completion {'|'.join(SHELLS)}")
    script = _script(options.shell)
    if options.install:
        if not options.yes and not has_terminal():
            raise WrongSettings("there is no terminal to ask at", "add --yes")
        _install(options.shell, script, answer, is_agreed=options.yes)
    else:
        answer.write(script)
    return 0


def _names(kind: str) -> list[str]:
    """The names of that kind; none if the settings cannot be read: a tab is no place for an error."""
    if kind == "topics":
        return TOPICS
    return sorted(settings.names("profile" if kind == "profiles" else "identity"))


def _script(shell: str) -> str:
    import shtab

    parser = arguments.parser()
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001
    for each in (parser, *commands.choices.values()):
        for action in each._actions:  # noqa: SLF001  # argparse has no public list
            if action.dest in _NAMES and not action.choices:
                action.complete = shtab.cmd(f"{_PROGRAM} completion --names {_NAMES[action.dest]} 2>/dev/null")
            elif action.dest in ("config", "write") and action.nargs != 0:
                action.complete = shtab.FILE
    return str(shtab.complete(parser, shell)).rstrip("\n") + "\n"


def _install(shell: str, script: str, answer: TextIO, *, is_agreed: bool) -> None:
    """Write the script, and the lines that load it. Raises OidcHelperError; then both files are as they were."""
    own, *rc = _plan(SHELLS[shell], script)
    if own.is_needed:
        answer.write(f"{'new' if own.before is None else 'changed'}: {printable(own.path)}\n")
    answer.writelines(diff(change) for change in rc if change.is_needed)
    answer.flush()
    if not any(change.is_needed for change in (own, *rc)):
        answer.write(f"completion for {shell} is installed already\n")
    elif is_agreed or _agrees():
        carry_out([own, *rc])
        answer.write(f"installed; a new {shell} completes oidc-helper\n")
    else:
        answer.write("nothing was written\n")


def _plan(shell: Shell, script: str) -> list[Change]:
    """The change of our script, then that of the startup file, if the shell needs one."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    directory = platformdirs.user_data_path(APPLICATION, appauthor=False) / "completion"
    path = config / shell.script if "/" in shell.script else directory / shell.script
    plan = [of_lines(str(path), script.splitlines(), whole=True)]
    if shell.rc:
        rc = config / shell.rc if "/" in shell.rc else Path.home() / shell.rc
        names = {"script": shell.quoted(str(path)), "folder": shell.quoted(str(path.parent))}
        plan.append(of_lines(str(rc), [line.format_map(names) for line in shell.lines]))
    return plan


def _agrees() -> bool:
    with suppress(TimeoutError), Terminal.open() as terminal:
        typed = terminal.ask("write this? [y/N] ", timeout_s=_PATIENCE_S)
        return (typed or "").strip().lower() in ("y", "yes")
    return False
