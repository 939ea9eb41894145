"""Evaluate policy documents: principals, actions, resources and conditions.

Source: the evaluation logic of the IAM user guide. An unknown condition operator never matches.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from oidc_helper.emulator.directory import Document

Context = Mapping[str, Sequence[str]]  # condition key -> its values


@dataclass(frozen=True)
class Request:
    """A request to evaluate. `principals` are all names of one principal of that `kind`.

    None stands for the principal to which the policy is attached. A `resource` of * is not compared.
    """

    action: str
    principals: Iterable[str] | None = None
    kind: Literal["AWS", "Federated", "Service"] = "AWS"
    resource: str = "*"
    context: Context = field(default_factory=dict)


def allows(document: Document, request: Request) -> bool:
    """Whether some statement allows the request and none denies it."""
    effects = {each.get("Effect") for each in statements(document) if _applies(each, request)}
    return "Allow" in effects and "Deny" not in effects


def statements(document: Document) -> list[Document]:
    """The statements of a document; a single one need not be in a list."""
    content = document.get("Statement", [])
    return [each for each in (content if isinstance(content, list) else [content]) if isinstance(each, dict)]


def _applies(statement: Document, request: Request) -> bool:
    return (
        _names_principal(statement, request)
        and _either(statement, "Action", request.action.lower(), str.lower)
        and (request.resource == "*" or _either(statement, "Resource", request.resource, str))
        and all(
            _holds(operator, key, _texts(accepted), request.context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, accepted in tests.items()
        )
    )


def _names_principal(statement: Document, request: Request) -> bool:
    if request.principals is None:
        return True
    principal = statement.get("Principal", {})
    if principal == "*":
        return request.kind == "AWS"
    named = _texts(principal.get(request.kind, ()))
    return (request.kind == "AWS" and "*" in named) or not set(named).isdisjoint(request.principals)


def _either(statement: Document, element: str, value: str, normal: Callable[[str], str]) -> bool:
    """Whether the element matches the value, or the Not element does not."""
    if f"Not{element}" in statement:
        return not any(_like(normal(pattern), value) for pattern in _texts(statement[f"Not{element}"]))
    return any(_like(normal(pattern), value) for pattern in _texts(statement.get(element, "*")))


def _holds(operator: str, key: str, accepted: list[str], context: Context) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    name, optional = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    values = next((list(values) for each, values in context.items() if each.lower() == key.lower()), None)
    if name == "Null":
        return (values is None) == (accepted == ["true"])
    if name not in _OPERATORS:
        return False
    negated, equal = _OPERATORS[name]
    if values is None:
        return optional or negated or quantifier == "ForAllValues"

    def matches(value: str) -> bool:
        return any(equal(pattern, value) for pattern in accepted) is not negated

    return (all if quantifier == "ForAllValues" or negated else any)(map(matches, values))


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _alike(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


# Operator -> whether it is negated, and how it compares a value of the policy with one of the request.
_OPERATORS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, str.__eq__),
    "StringNotEquals": (True, str.__eq__),
    "StringEqualsIgnoreCase": (False, _alike),
    "StringNotEqualsIgnoreCase": (True, _alike),
    "StringLike": (False, _like),
    "StringNotLike": (True, _like),
    "ArnEquals": (False, _like),
    "ArnNotEquals": (True, _like),
    "ArnLike": (False, _like),
    "ArnNotLike": (True, _like),
    "Bool": (False, _alike),
}


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value] if isinstance(value, list) else []
