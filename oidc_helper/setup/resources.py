"""What Terraform and CloudFormation have in common: a resource for each call, and the values that are known."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from oidc_helper.setup import documents, shell
from oidc_helper.setup.pieces import Step, pieces
from oidc_helper.setup.spec import Spec

_NAME = re.compile(r"(\{[A-Z_]+\}|\{\{)")


class Reference(str):
    """A name that stands for something that the plan makes or looks up."""

    __slots__ = ()


class Kind(NamedTuple):
    """The type of resource that a call makes: its members from the call's options, and the reference to its answer."""

    type: str
    members: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    answer: str = "arn"


def settled(value: Any, values: Mapping[str, str]) -> Any:
    """A document with known values in place of their names; the names for what AWS has in its lists are left out.

    A brace in a value is doubled, so that `parts` sees no name in it.
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
    """A settled text, as references and the texts between them."""
    merged: list[str] = []
    for part in filter(None, _NAME.split(template)):
        if part != "{{" and _NAME.fullmatch(part):
            merged.append(Reference(part[1:-1]))
        elif merged and not isinstance(merged[-1], Reference):
            merged[-1] += "{" if part == "{{" else part
        else:
            merged.append("{" if part == "{{" else part)
    return merged


def steps(spec: Spec) -> Iterator[Step]:
    """The steps that make something, in their order."""
    for _, group in pieces(spec):
        yield from (step for step in group if not step.only_in_plans)


def known(spec: Spec) -> dict[str, str]:
    """The values that are known before anything is made."""
    values = shell.variables(spec)
    if spec.grants_account:
        values["GRANTS_ACCOUNT"] = spec.grants_account
    if spec.is_known_to_iam:
        values["PROVIDER"] = spec.issuer_name
    return values


def existing(spec: Spec) -> dict[str, str]:
    """The ARNs of what exists already, by the keys of their steps."""
    return {"application": spec.application} if spec.application else {}


def roles_elsewhere(spec: Spec) -> dict[str, str]:
    """The ARNs of roles of other accounts, by the keys of their steps."""
    roles = {"caller": spec.caller, "role": spec.role}
    return {
        key: f"arn:{spec.partition}:iam::{role.account}:role{role.path}{role.name}"
        for key, role in roles.items()
        if role and role.account and spec.account and role.account != spec.account
    }


def not_here(spec: Spec) -> Iterator[str]:
    """Comments on what the file leaves to the plan for the shell."""
    for account in shell.other_accounts(spec):
        yield f"What is to be made in account {account} is not here: the plan for the shell makes it."
