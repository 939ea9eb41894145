"""The tokens record, written by any program."""

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
    """Sound records, and records with a value of another type in every place."""
    odd: list[Any] = [*ODD, 5, 1.5, None, [], {}, [[1]], True, 10**400]
    whole = json.loads(_SIGNED.to_text())
    of_caller = [{**whole, "caller": {**whole["caller"], name: value}} for name in whole["caller"] for value in odd]
    changed = [{**whole, name: value} for name in whole for value in odd] + of_caller
    return [_WHOLE.to_text().encode(), *(json.dumps(one).encode() for one in changed)]


def target(data: bytes) -> None:
    """It is a miss, or every question about it has an answer."""
    text = data.decode("utf-8", "replace")
    record = tokens.from_text(text, binding="b")
    if record:
        record.access_alive(1_000.5), record.covers(("a",)), record.without_access()
        if record.caller:
            record.caller.alive(1_000.5)
            assert isinstance(record.caller.secret_access_key, str)
        assert tokens.from_text(record.to_text(), binding="b") == record
        shown = repr(replace(record, user="", subject=""))
        assert record.refresh_token == "" or f"'{record.refresh_token}'" not in shown
