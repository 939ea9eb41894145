"""Check whether IAM accepts a policy document.

Source: the grammar of the IAM policy language in the IAM user guide. How STS words each mistake is not known.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from oidc_helper.emulator.calls import json_object

Kind = Literal["identity", "trust", "actor"]

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_ALTERNATIVES = (("Action", "NotAction"), ("Resource", "NotResource"))
_ELEMENTS = {"Sid", "Effect", "Condition", *(name for names in _ALTERNATIVES for name in names)}
_VERSIONS = ("2012-10-17", "2008-10-17")


def parsed(document: str) -> dict[str, Any]:
    """Parse a document that has no mistakes."""
    policy: dict[str, Any] = json.loads(document)
    return policy


def rendered(document: dict[str, Any]) -> str:
    """The document as JSON text."""
    return json.dumps(document)


def mistakes(document: str, kind: Kind = "identity") -> list[str]:
    """The mistakes in a policy of that kind: for an identity or session, a role's trust, or an application's actors."""
    policy = json_object(document.encode())
    if policy is None:
        return ["This policy contains invalid Json"]
    statements = policy.get("Statement")
    problems = [f"unknown element {name}" for name in policy.keys() - {"Version", "Id", "Statement"}]
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        problems.append(f"Version must be {' or '.join(_VERSIONS)}")
    for statement in statements if isinstance(statements, list) else [statements]:
        problems += _mistakes_in(statement, kind) if isinstance(statement, dict) else ["Statement must have statements"]
    return problems or ([] if statements else ["Statement must have statements"])


def _mistakes_in(statement: dict[str, Any], kind: Kind) -> Iterator[str]:
    names_principal = statement.keys() & {"Principal", "NotPrincipal"}
    if names_principal and kind == "identity":
        yield "Policy document should not specify a principal."
    if not names_principal and kind != "identity":
        yield "Missing required field Principal"
    if kind == "trust" and statement.keys() & {"Resource", "NotResource"}:
        yield "Has prohibited field Resource"
    yield from (f"unknown element {name}" for name in statement.keys() - _ELEMENTS - {"Principal", "NotPrincipal"})
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    for names in _ALTERNATIVES if kind == "identity" else _ALTERNATIVES[:1]:
        if len(statement.keys() & set(names)) != 1:
            yield f"a statement must have either {' or '.join(names)}"
    for name in ("Action", "NotAction"):
        yield from (f"{name} {text} has no service" for text in _texts(statement, name) if not _ACTION.fullmatch(text))
    for name in ("Resource", "NotResource"):
        yield from (
            f'{name} {text} must be in ARN format or "*"'
            for text in _texts(statement, name)
            if text != "*" and text.count(":") < 5
        )
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(test, dict) for test in condition.values()):
        yield "Condition must be an object of objects"


def _texts(statement: dict[str, Any], name: str) -> list[str]:
    """The values of an element that is a string or a list of strings; for any other type, a value that never fits."""
    value = statement.get(name, ())
    values = [value] if isinstance(value, str) else value
    good = isinstance(values, list | tuple) and all(isinstance(text, str) for text in values)
    return list(values) if good and (values or name not in statement) else ["of another type"]
