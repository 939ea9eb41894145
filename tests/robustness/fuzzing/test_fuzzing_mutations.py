"""Mutations of the code, and the target that must notice each."""

import hmac
import importlib
import re
from collections import deque
from collections.abc import Callable, Mapping

import pytest

from oidc_helper import record, words
from oidc_helper.aws import credentials, refusals, tokens
from oidc_helper.cli import status
from oidc_helper.identity import token
from oidc_helper.machine import reentry
from oidc_helper.oidc import verification
from oidc_helper.store import index, parts

Break = Callable[[pytest.MonkeyPatch], None]


def puts(owner: object, name: str, value: object) -> Break:
    return lambda patch: patch.setattr(owner, name, value)


def whatever(*_: object, **__: object) -> bool:
    return True


def as_it_is(text: str) -> str:
    return text


_CLAIMS = {
    "iss": "https://login.example.com",
    "aud": "native",
    "sub": "x",
    "exp": 2**31,
    "iat": 1_000,
    "nonce": "nonce",
}

# Name -> how to break a promise, and the target that must fail then.
MUTATIONS: Mapping[str, tuple[Break, str]] = {
    "the record's checksum is a constant": (puts(record, "_checksum", lambda *_: "00000000"), "record"),
    "a record of other settings is fresh": (
        puts(record.Record, "fresh", lambda stored, *, now, stamp: now < stored.serve_until),
        "record",
    ),
    "parts are not compared with their header": (
        puts(parts, "_header", lambda slot, count, text: f"1 {slot} {count} 0 00000000"),
        "parts",
    ),
    "what comes from elsewhere is shown as it is": (puts(words, "printable", as_it_is), "terminal"),
    "a refusal is repeated as it is": (puts(refusals, "printable", as_it_is), "aws_answers"),
    "claims are shown as they are": (puts(token, "printable", as_it_is), "identity_token"),
    "the index is shown as it is": (puts(status, "printable", as_it_is), "index"),
    "times of the index are not looked at": (puts(index, "is_instant", whatever), "index"),
    "times of tokens are not looked at": (puts(tokens, "is_instant", whatever), "tokens_record"),
    "credentials of any kind will do": (puts(credentials.Credentials, "well_typed", True), "tokens_record"),  # noqa: FBT003
    "an answer of any kind will do": (puts(credentials.Credentials, "checked", lambda answer: answer), "aws_answers"),
    "nobody looks for ourselves": (
        puts(reentry, "_OURSELVES", re.compile("nobody")),
        "aws_configuration",
    ),
    "any state will do": (puts(hmac, "compare_digest", whatever), "callback"),
    "any signature will do": (puts(verification, "_signed", lambda *_: ({}, _CLAIMS)), "provider_answers"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutation_is_found(monkeypatch: pytest.MonkeyPatch, mutation: str) -> None:
    """By one of the target's seeds."""
    breaks, name = MUTATIONS[mutation]
    chosen = importlib.import_module(f"robustness.fuzzing.targets.{name}")
    breaks(monkeypatch)
    if mutation.startswith("what comes"):
        monkeypatch.setattr(chosen, "printable", as_it_is)
    with pytest.raises((AssertionError, ArithmeticError, TypeError, ValueError)):
        deque(map(chosen.target, chosen.seeds()), maxlen=0)
