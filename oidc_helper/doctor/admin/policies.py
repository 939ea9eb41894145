"""Evaluate a policy document for one request, as far as that is possible here.

A condition on something unknown here counts as met, and a remark names it: only AWS can decide it. Source: the
evaluation logic of the IAM user guide.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Document = Mapping[str, Any]

_VERSION = "2012-10-17"
_ROLE = re.compile(r"arn:[\w-]+:(?:iam::(\d{12}):role/(?:.*/)?|sts::(\d{12}):assumed-role/)([\w+=,.@-]+)")
_ACCOUNT = re.compile(r"arn:[\w-]+:iam::(\d{12}):root|(\d{12})")


@dataclass(frozen=True)
class Ask:
    """A request: an action of a principal. `principal` is the ARN of a role, a user, a session or an OIDC provider.

    `facts` are the known values of condition keys, which are in lower case; a key without values is known to be absent.
    """

    action: str
    principal: str
    kind: Literal["AWS", "Federated"] = "AWS"
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The account of the principal."""
        return (*self.principal.split(":"), *[""] * 5)[4]


@dataclass(frozen=True)
class Verdict:
    """Whether the document allows the request, with remarks if it allows too much or depends on something unknown."""

    allowed: bool
    remarks: tuple[str, ...] = ()
    denied: bool = False  # by an explicit Deny


def verdict(document: Document, ask: Ask) -> Verdict:
    """Evaluate the document for the request."""
    remarks: list[str] = []
    allowed = False
    for statement in statements(document):
        width = _width(statement, ask)
        if width is None or not _has_action(statement, ask.action):
            continue
        met, unknown = _conditions(statement, ask)
        if not met:
            continue
        if statement.get("Effect") == "Deny":
            if not unknown:
                return Verdict(allowed=False, denied=True)
            remarks.append(f"a Deny statement depends on {', '.join(unknown)}")
        elif statement.get("Effect") == "Allow":
            allowed = True
            remarks += [f"only if {', '.join(unknown)} fits"] if unknown else []
            remarks += [width] if width and not statement.get("Condition") else []
    return Verdict(allowed, tuple(dict.fromkeys(remarks)) if allowed else ())


def extended(document: Document | None, statement: Document, asks: Sequence[Ask]) -> Document:
    """The document with the statement added, and without statements that deny what it allows."""
    others = [
        each
        for each in statements(document or {})
        if not any(verdict({"Statement": [each]}, ask).denied for ask in asks) and each != statement
    ]
    return {"Version": _VERSION, "Statement": [*others, statement]}


def statements(document: Document) -> list[Document]:
    """The statements of a document; a single one need not be in a list."""
    content = document.get("Statement", [])
    return [each for each in (content if isinstance(content, list) else [content]) if isinstance(each, dict)]


def same_role(arn: str, other_arn: str) -> bool:
    """Whether both ARNs are of the same role or its sessions; the ARN of a session lacks the role's path."""
    roles = [(match[1] or match[2], match[3]) for each in (arn, other_arn) if (match := _ROLE.match(each))]
    is_session = ":assumed-role/" in arn or ":assumed-role/" in other_arn
    return len(roles) == 2 and roles[0] == roles[1] if is_session else arn == other_arn


def as_role(arn: str) -> str:
    """The ARN of a session's role, without its path, which the session's ARN lacks; any other ARN unchanged."""
    head, _, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if rest else arn


def remarked(remarks: Sequence[str]) -> str:
    """The remarks as the end of a finding."""
    return "".join(f"; {remark}" for remark in remarks)


def _width(statement: Document, ask: Ask) -> str | None:
    """A remark if the statement names more than the principal, empty if just the principal, None if neither."""
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else _texts(principal.get(ask.kind)) if isinstance(principal, dict) else []
    if ask.kind == "Federated":
        return "" if ask.principal in named else None
    if any(same_role(each, ask.principal) for each in named):
        return ""
    accounts = {match[1] or match[2] for each in named if (match := _ACCOUNT.fullmatch(each))}
    if ask.account_id in accounts:
        return f"it admits the whole account {ask.account_id}"
    return "it admits everybody (*)" if "*" in named else None


def _has_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern.lower(), action.lower()) for pattern in _texts(statement["NotAction"]))
    return any(_like(pattern.lower(), action.lower()) for pattern in _texts(statement.get("Action")))


def _conditions(statement: Document, ask: Ask) -> tuple[bool, list[str]]:
    """Whether no condition is known to fail, and the keys of the conditions that cannot be decided here."""
    unknown = []
    for operator, key, accepted in _tests(statement):
        is_met = _holds(operator, key, accepted, ask)
        if is_met is False:
            return False, []
        if is_met is None:
            unknown.append(key)
    return True, unknown


def _tests(statement: Document) -> Iterator[tuple[str, str, list[str]]]:
    condition = statement.get("Condition", {})
    for operator, tests in condition.items() if isinstance(condition, dict) else ():
        for key, accepted in tests.items() if isinstance(tests, dict) else ():
            yield operator, key, _texts(accepted)


def _holds(operator: str, key: str, accepted: list[str], ask: Ask) -> bool | None:
    quantifier, _, rest = operator.rpartition(":")
    name, is_optional = rest.removesuffix("IfExists"), rest.endswith("IfExists")
    if key.lower() == "aws:principalarn":
        values: Sequence[str] = [ask.principal]
        match: Callable[[str, str], bool] = _like_role
    elif key.lower() == "aws:principalaccount":
        values, match = [ask.account_id], _OPERATORS.get(name, (False, _same))[1]
    elif name in _OPERATORS and key.lower() in ask.facts:
        values, match = ask.facts[key.lower()], _OPERATORS[name][1]
    else:
        return None
    is_negation = _OPERATORS.get(name, (False, _same))[0]
    if name == "Null":
        return (not values) == (accepted == ["true"])
    if not values:
        return is_optional or is_negation or quantifier == "ForAllValues"
    matches = [any(match(pattern, value) for pattern in accepted) is not is_negation for value in values]
    return all(matches) if quantifier == "ForAllValues" or is_negation else any(matches)


def _same(pattern: str, value: str) -> bool:
    return pattern == value


def _alike(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _like_role(pattern: str, value: str) -> bool:
    return same_role(pattern, value) or _like(pattern, value)


# Operator -> whether it is negated, and how it compares a value of the policy with one of the request.
_OPERATORS: dict[str, tuple[bool, Callable[[str, str], bool]]] = {
    "StringEquals": (False, _same),
    "StringNotEquals": (True, _same),
    "StringEqualsIgnoreCase": (False, _alike),
    "StringNotEqualsIgnoreCase": (True, _alike),
    "StringLike": (False, _like),
    "StringNotLike": (True, _like),
    "ArnEquals": (False, _like),
    "ArnLike": (False, _like),
    "ArnNotEquals": (True, _like),
    "ArnNotLike": (True, _like),
    "Bool": (False, _alike),
    "Null": (False, _same),
}


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]
