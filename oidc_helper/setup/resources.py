"""What Terraform and CloudFormation have in common: a resource for each call, and the values that are known."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from oidc_helper.setup import documents, shell
from oidc_helper.setup.pieces import Step, pieces
from oidc_helper.setup.wanted import Wanted

_NAME = re.compile(r"(\{[A-Z_]+\}|\{\{)")


class Reference(str):
    """A name that stands for what is made, or asked for."""

    __slots__ = ()


class Kind(NamedTuple):
    """The type of resource that a call makes: its members from the call's options, and the reference to its answer."""

    type: str
    members: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    answer: str = "arn"


def settled(value: Any, values: Mapping[str, str]) -> Any:
    """A document with the values that are known in place of their names; what AWS has in its lists is left out.

    A brace in a value is doubled: `parts` sees no name in it.
    """
    if isinstance(value, str):
        return re.sub(
            r"\{([A-Z_]+)\}",
            lambda match: values[match[1]].replace("{", "{{") if match[1] in values else match[0],
            value,
        )
    if isinstance(value, Mapping):
        return {settled(name, values): settled(each, values) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [settled(each, values) for each in value if each not in documents.LISTS]
    return value


def parts(template: str) -> list[str]:
    """A settled text, cut where its references are."""
    found: list[str] = []
    for part in filter(None, _NAME.split(template)):
        if part != "{{" and _NAME.fullmatch(part):
            found.append(Reference(part[1:-1]))
        elif found and not isinstance(found[-1], Reference):
            found[-1] += "{" if part == "{{" else part
        else:
            found.append("{" if part == "{{" else part)
    return found


def steps(wanted: Wanted) -> Iterator[Step]:
    """The steps that make something, in their order."""
    for _, group in pieces(wanted):
        yield from (step for step in group if not step.only_in_plans)


def known(wanted: Wanted) -> dict[str, str]:
    """The values that are known before anything is made."""
    values = shell.variables(wanted)
    if wanted.grants_account:
        values["GRANTS_ACCOUNT"] = wanted.grants_account
    if wanted.is_known_to_iam:
        values["PROVIDER"] = wanted.issuer_name
    return values


def existing(wanted: Wanted) -> dict[str, str]:
    """The ARN of what is there already, by the key of its step."""
    return {"application": wanted.application} if wanted.application else {}


def roles_elsewhere(wanted: Wanted) -> dict[str, str]:
    """The ARNs of roles of other accounts, by the keys of their steps."""
    roles = {"caller": wanted.caller, "role": wanted.role}
    return {
        key: f"arn:{wanted.partition}:iam::{role.account}:role{role.path}{role.name}"
        for key, role in roles.items()
        if role and role.account and wanted.account and role.account != wanted.account
    }


def not_here(wanted: Wanted) -> Iterator[str]:
    """What the file leaves to the shell, in a comment."""
    for account in shell.other_accounts(wanted):
        yield f"What is to be made in account {account} is not here: the plan for the shell makes it."
