"""What a policy document allows: to whom, which action, on what, under which conditions.

Source: the evaluation logic of the IAM user guide. An operator that is not here never holds.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from oidc_helper.emulator.directory import Document

Context = Mapping[str, Sequence[str]]  # condition key -> its values


@dataclass(frozen=True)
class Request:
    """What is asked: by a principal of that kind and these names (None: by the one to whom the policy is attached)."""

    action: str
    principals: Iterable[str] | None = None
    kind: Literal["AWS", "Federated", "Service"] = "AWS"
    resource: str = "*"
    context: Context = field(default_factory=dict)


def allows(document: Document, request: Request) -> bool:
    """Whether a statement allows the request, and none denies it."""
    effects = {each.get("Effect") for each in statements(document) if _applies(each, request)}
    return "Allow" in effects and "Deny" not in effects


def statements(document: Document) -> list[Document]:
    """The statements of a document, also of one that has a single one."""
    found = document.get("Statement", [])
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def _applies(statement: Document, request: Request) -> bool:
    return (
        _names_principal(statement, request)
        and _either(statement, "Action", request.action.lower(), str.lower)
        and (request.resource == "*" or _either(statement, "Resource", request.resource, str))
        and all(
            _holds(operator, key, _texts(wanted), request.context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, wanted in tests.items()
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
    """Whether the element, or its opposite, has the value."""
    if f"Not{element}" in statement:
        return not any(_like(normal(pattern), value) for pattern in _texts(statement[f"Not{element}"]))
    return any(_like(normal(pattern), value) for pattern in _texts(statement.get(element, "*")))


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    name, optional = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    values = next((list(values) for each, values in context.items() if each.lower() == key.lower()), None)
    if name == "Null":
        return (values is None) == (wanted == ["true"])
    if name not in _OPERATORS:
        return False
    negated, equal = _OPERATORS[name]
    if values is None:
        return optional or negated or quantifier == "ForAllValues"

    def matches(value: str) -> bool:
        return any(equal(pattern, value) for pattern in wanted) is not negated

    return (all if quantifier == "ForAllValues" or negated else any)(map(matches, values))


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _alike(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


# Operator -> whether it is a negation, and the comparison of a wanted with a given value.
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
