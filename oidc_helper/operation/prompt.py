"""`--cli-auto-prompt`: ask a person at the terminal for what is missing; secrets are not shown while they are typed."""

import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TextIO

from oidc_helper.operation.checks import GRANTS
from oidc_helper.operation.exits import Failed
from oidc_helper.operation.model import Member

_CONSOLE = ("CONIN$", "CONOUT$") if sys.platform == "win32" else ("/dev/tty", "/dev/tty")

_NOBODY = Failed("nobody answered", "give the parameters as options, or use --no-cli-auto-prompt")


@dataclass(frozen=True)
class Terminal:
    """Where questions go and answers come from, whatever the standard streams are."""

    keyboard: TextIO
    screen: TextIO

    def ask(self, question: str, *, hidden: bool) -> str:
        """One line without its end."""
        if hidden:
            with suppress(EOFError):
                return getpass.getpass(question, self.screen)
            raise _NOBODY
        self.screen.write(question)
        self.screen.flush()
        line = self.keyboard.readline()
        if not line:
            raise _NOBODY
        return line.rstrip("\r\n")


@contextmanager
def terminal() -> Iterator[Terminal]:
    """The controlling terminal. Raises Failed where there is none."""
    try:
        descriptors = [os.open(path, flags) for path, flags in zip(_CONSOLE, (os.O_RDONLY, os.O_WRONLY), strict=True)]
    except OSError:
        raise Failed(
            "auto-prompt needs a terminal", "use --no-cli-auto-prompt, or set AWS_CLI_AUTO_PROMPT=off"
        ) from None
    with (
        os.fdopen(descriptors[0], encoding="utf-8") as keyboard,
        os.fdopen(descriptors[1], "w", encoding="utf-8") as screen,
    ):
        yield Terminal(keyboard, screen)


def check(mode: str) -> None:
    """Raise Failed early where there is nobody to ask."""
    if mode == "on":
        with terminal():
            pass


def complete(
    mode: str,
    parameters: dict[Any, Any],
    members: Mapping[str, Member],
    parameter: Callable[[Member, Any], Any],
) -> None:
    """Ask as the mode says: `on` for all that the grant takes, `on-partial` only where a required parameter is missing.

    `parameter` makes a value of what was typed.
    """
    lacks = any(member.required and member.name not in parameters for member in members.values())
    if mode == "on" or (mode == "on-partial" and lacks):
        with terminal() as person:
            _fill(parameters, members, person, parameter)


def _fill(
    parameters: dict[Any, Any], members: Mapping[str, Member], person: Terminal, parameter: Callable[[Member, Any], Any]
) -> None:
    for member in members.values():
        if member.required and member.name != "grantType":
            _fill_one(parameters, member, person, parameter)
    if "grantType" not in parameters:
        parameters["grantType"] = _choose_grant(person)
    grant = GRANTS.get(parameters["grantType"])
    if grant is None:
        return
    for name in (*grant.needed, *grant.optional):
        if name in members:
            _fill_one(parameters, members[name], person, parameter, optional=name in grant.optional)


def _fill_one(
    parameters: dict[Any, Any],
    member: Member,
    person: Terminal,
    parameter: Callable[[Member, Any], Any],
    *,
    optional: bool = False,
) -> None:
    if member.name in parameters:
        return
    remark = " (enter leaves it out)" if optional else ""
    question = f"{member.option[2:].replace('-', ' ')}{remark}: "
    typed = ""
    while not typed and not (typed := person.ask(question, hidden=member.secret)) and not optional:
        person.screen.write("it is needed\n")
    if typed:
        parameters[member.name] = parameter(member, [typed] if member.shape.type_name == "list" else typed)


def _choose_grant(person: Terminal) -> str:
    names = list(GRANTS)
    person.screen.write("grant type:\n")
    for number, name in enumerate(names, 1):
        person.screen.write(f"  {number}  {name} ({GRANTS[name].meaning})\n")
    while True:
        typed = person.ask(f"1 to {len(names)}: ", hidden=False).strip()
        if typed in names:
            return typed
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(names):
            return names[int(typed) - 1]
