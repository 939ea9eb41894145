"""The tokens record, by whomever it was written."""

import json
from dataclasses import replace
from typing import Any

from oidc_helper.aws import tokens
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.tokens import Tokens
from robustness.fuzzing.targets import ODD

_WHOLE = Tokens(
    "b",
    "alice",
    "iss sub",
    "access",
    2_000_000_000,
    ("a",),
    ("a",),
    "context",
    "id",
    "refresh",
    "identity",
    2_000_000_000,
)
_SIGNED = replace(
    _WHOLE, caller=Credentials("AKIA", "secret", "token", 2_000_000_000, "123456789012"), caller_role="role"
)


def seeds() -> list[bytes]:
    """Sound ones, and with something of another kind in every place."""
    odd: list[Any] = [*ODD, 5, 1.5, None, [], {}, [[1]], True, 10**400]
    whole = json.loads(_SIGNED.to_text())
    of_caller = [{**whole, "caller": {**whole["caller"], name: value}} for name in whole["caller"] for value in odd]
    changed = [{**whole, name: value} for name in whole for value in odd] + of_caller
    return [_WHOLE.to_text().encode(), *(json.dumps(one).encode() for one in changed)]


def target(data: bytes) -> None:
    """It is not there, or every question about it has an answer."""
    text = data.decode("utf-8", "replace")
    found = tokens.from_text(text, binding="b")
    if found:
        found.access_alive(1_000.5), found.covers(("a",)), found.without_access()
        if found.caller:
            found.caller.alive(1_000.5)
            assert isinstance(found.caller.secret_access_key, str)
        assert tokens.from_text(found.to_text(), binding="b") == found
        assert found.refresh_token == "" or f"'{found.refresh_token}'" not in repr(replace(found, user="", subject=""))
