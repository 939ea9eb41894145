"""What a policy document says to one request, as far as that can be told from here.

A condition on something that is not known here is named, and taken as met: AWS alone decides it. Source: the evaluation
logic of the IAM user guide.
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

    `facts` are the values of condition keys, in lower case, that are known; one without values is known to be absent.
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
    """Whether the document allows it, and remarks on how: too wide, or under a condition that is not known here."""

    allowed: bool
    remarks: tuple[str, ...] = ()
    denied: bool = False  # by a statement that says so


def verdict(document: Document, ask: Ask) -> Verdict:
    """What the document says."""
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
    """The document with one more statement, and without those that deny what it allows."""
    kept = [
        each
        for each in statements(document or {})
        if not any(verdict({"Statement": [each]}, ask).denied for ask in asks) and each != statement
    ]
    return {"Version": _VERSION, "Statement": [*kept, statement]}


def statements(document: Document) -> list[Document]:
    """The statements of a document, also of one that has a single one."""
    found = document.get("Statement", [])
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def same_role(one: str, other: str) -> bool:
    """Whether both are ARNs of one role, or of a session of it, which does not tell the role's path."""
    roles = [(found[1] or found[2], found[3]) for arn in (one, other) if (found := _ROLE.match(arn))]
    is_session = ":assumed-role/" in one or ":assumed-role/" in other
    return len(roles) == 2 and roles[0] == roles[1] if is_session else one == other


def as_role(arn: str) -> str:
    """The role of a session, as policies name it; its path is not in the session's ARN."""
    head, _, rest = arn.partition(":assumed-role/")
    return f"{head.replace(':sts:', ':iam:')}:role/{rest.partition('/')[0]}" if rest else arn


def remarked(remarks: Sequence[str]) -> str:
    """The remarks behind a finding."""
    return "".join(f"; {remark}" for remark in remarks)


def _width(statement: Document, ask: Ask) -> str | None:
    """A remark if the statement names more than the principal, empty if it does not; None if it does not name it."""
    principal = statement.get("Principal", {})
    named = ["*"] if principal == "*" else _texts(principal.get(ask.kind)) if isinstance(principal, dict) else []
    if ask.kind == "Federated":
        return "" if ask.principal in named else None
    if any(same_role(one, ask.principal) for one in named):
        return ""
    accounts = {found[1] or found[2] for one in named if (found := _ACCOUNT.fullmatch(one))}
    if ask.account_id in accounts:
        return f"it admits the whole account {ask.account_id}"
    return "it admits everybody (*)" if "*" in named else None


def _has_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(_like(pattern.lower(), action.lower()) for pattern in _texts(statement["NotAction"]))
    return any(_like(pattern.lower(), action.lower()) for pattern in _texts(statement.get("Action")))


def _conditions(statement: Document, ask: Ask) -> tuple[bool, list[str]]:
    """Whether none of the conditions is known to fail, and the keys of those that are not known."""
    unknown = []
    for operator, key, wanted in _tests(statement):
        held = _holds(operator, key, wanted, ask)
        if held is False:
            return False, []
        if held is None:
            unknown.append(key)
    return True, unknown


def _tests(statement: Document) -> Iterator[tuple[str, str, list[str]]]:
    condition = statement.get("Condition", {})
    for operator, tests in condition.items() if isinstance(condition, dict) else ():
        for key, wanted in tests.items() if isinstance(tests, dict) else ():
            yield operator, key, _texts(wanted)


def _holds(operator: str, key: str, wanted: list[str], ask: Ask) -> bool | None:
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
        return (not values) == (wanted == ["true"])
    if not values:
        return is_optional or is_negation or quantifier == "ForAllValues"
    found = [any(match(pattern, value) for pattern in wanted) is not is_negation for value in values]
    return all(found) if quantifier == "ForAllValues" or is_negation else any(found)


def _same(pattern: str, value: str) -> bool:
    return pattern == value


def _alike(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _like_role(pattern: str, value: str) -> bool:
    return same_role(pattern, value) or _like(pattern, value)


# Operator -> whether it is a negation, and how a wanted and a given value are compared.
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
