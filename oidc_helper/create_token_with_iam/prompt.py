"""`--cli-auto-prompt`: ask a person at the terminal for missing parameters; secrets are not echoed."""

from collections.abc import Callable, Mapping
from typing import Any

from oidc_helper.create_token_with_iam.checks import GRANTS
from oidc_helper.create_token_with_iam.exits import Failed
from oidc_helper.create_token_with_iam.model import Member
from oidc_helper.errors import SignInNeeded
from oidc_helper.person.terminal import Terminal, has_terminal

_PATIENCE_S = 600  # for one answer

Parameter = Callable[[Member, Any], Any]
"""Makes a value from the words typed for a member."""


def check(mode: str) -> None:
    """Raise Failed if the mode is to ask and there is no terminal."""
    if mode == "on" and not has_terminal():
        raise _unanswered("auto-prompt needs a terminal")


def complete(mode: str, parameters: dict[Any, Any], members: Mapping[str, Member], parameter: Parameter) -> None:
    """Ask for all missing parameters of the grant: with `on` always, with `on-partial` if a required one is missing.

    Raises Failed.
    """
    lacks = any(member.required and member.name not in parameters for member in members.values())
    if mode != "on" and not (mode == "on-partial" and lacks):
        return
    try:
        person = Terminal.open()
    except OSError:
        raise _unanswered("auto-prompt needs a terminal") from None
    with person:
        for member in members.values():
            if member.required and member.name != "grantType":
                _fill(parameters, member, person, parameter)
        if "grantType" not in parameters:
            parameters["grantType"] = _choose_grant(person)
        _fill_grant(parameters, members, person, parameter)


def _fill_grant(
    parameters: dict[Any, Any], members: Mapping[str, Member], person: Terminal, parameter: Parameter
) -> None:
    grant = GRANTS.get(parameters["grantType"])
    if grant:
        for name in grant.needed:
            _fill(parameters, members[name], person, parameter)
        for name in grant.optional:
            _fill(parameters, members[name], person, parameter, optional=True)


def _fill(
    parameters: dict[Any, Any], member: Member, person: Terminal, parameter: Parameter, *, optional: bool = False
) -> None:
    if member.name in parameters:
        return
    question = member.option[2:].replace("-", " ") + (" (enter leaves it out)" if optional else "")
    typed = ""
    while not typed:
        typed = _ask(person, f"{question}: ", hidden=member.secret)
        if optional and not typed:
            return
    parameters[member.name] = parameter(member, [typed] if member.shape.type_name == "list" else typed)


def _choose_grant(person: Terminal) -> str:
    names = list(GRANTS)
    person.show("grant type:", *(f"  {number}  {GRANTS[name].meaning}: {name}" for number, name in enumerate(names, 1)))
    while True:
        typed = _ask(person, f"1 to {len(names)}: ", hidden=False).strip()
        if typed in names:
            return typed
        if typed in map(str, range(1, len(names) + 1)):
            return names[int(typed) - 1]


def _ask(person: Terminal, question: str, *, hidden: bool) -> str:
    try:
        typed = person.ask(question, timeout_s=_PATIENCE_S, hidden=hidden)
    except (TimeoutError, SignInNeeded):
        typed = None
    if typed is None:
        raise _unanswered("nobody answered")
    return typed


def _unanswered(message: str) -> Failed:
    return Failed(message, "give the parameters as options, with --no-cli-auto-prompt")
