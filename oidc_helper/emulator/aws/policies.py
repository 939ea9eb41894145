"""Session policies: whether a document is one that IAM takes. What it allows is not modelled.

Source: the grammar of the IAM policy language in the IAM user guide. STS's own words for each mistake are not known.
"""

import re
from collections.abc import Iterator
from typing import Any

from oidc_helper.emulator.calls import json_object

_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_ALTERNATIVES = (("Action", "NotAction"), ("Resource", "NotResource"))
_ELEMENTS = {"Sid", "Effect", "Condition", *(name for names in _ALTERNATIVES for name in names)}
_VERSIONS = ("2012-10-17", "2008-10-17")


def mistakes(document: str) -> list[str]:
    """What is wrong with a session policy."""
    policy = json_object(document.encode())
    if policy is None:
        return ["This policy contains invalid Json"]
    statements = policy.get("Statement")
    found = [f"unknown element {name}" for name in policy.keys() - {"Version", "Id", "Statement"}]
    if policy.get("Version", _VERSIONS[0]) not in _VERSIONS:
        found.append(f"Version must be {' or '.join(_VERSIONS)}")
    for statement in statements if isinstance(statements, list) else [statements]:
        found += _mistakes_in(statement) if isinstance(statement, dict) else ["Statement must have statements"]
    return found or ([] if statements else ["Statement must have statements"])


def _mistakes_in(statement: dict[str, Any]) -> Iterator[str]:
    if statement.keys() & {"Principal", "NotPrincipal"}:
        yield "Policy document should not specify a principal."
    yield from (f"unknown element {name}" for name in statement.keys() - _ELEMENTS - {"Principal", "NotPrincipal"})
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    for names in _ALTERNATIVES:
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
