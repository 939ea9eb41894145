"""Whether a policy document is one that IAM takes.

Source: the grammar of the IAM policy language in the IAM user guide. STS's own words for each mistake are not known.
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
    """The document in a text without mistakes."""
    policy: dict[str, Any] = json.loads(document)
    return policy


def rendered(document: dict[str, Any]) -> str:
    """The document as a text."""
    return json.dumps(document)


def mistakes(document: str, kind: Kind = "identity") -> list[str]:
    """What is wrong with a policy: of an identity or session, of a role's trust, or of the actors of an application."""
    policy = json_object(document.encode())
    if policy is None:
        return ["This policy contains invalid Json"]
    statements = policy.get("Statement")
    found = [f"unknown element {name}" for name in policy.keys() - {"Version", "Id", "Statement"}]
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        found.append(f"Version must be {' or '.join(_VERSIONS)}")
    for statement in statements if isinstance(statements, list) else [statements]:
        found += _mistakes_in(statement, kind) if isinstance(statement, dict) else ["Statement must have statements"]
    return found or ([] if statements else ["Statement must have statements"])


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
    """The values of an element that has a string or a list of them; of anything else, one that is never right."""
    value = statement.get(name, ())
    values = [value] if isinstance(value, str) else value
    good = isinstance(values, list | tuple) and all(isinstance(text, str) for text in values)
    return list(values) if good and (values or name not in statement) else ["of another type"]
