"""Faults at calls to the identity provider, through the library: the kinds of errors, and what is sent and kept."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.browser import FakeBrowser
from sign_in.sign_ins import Screen, at

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.errors import OidcHelperError
from oidc_helper.sign_in.provider import renew, revoke, sign_in

_IN_TIME_S = 4

Action = Callable[[Emulator, str, Callable[[str], object]], object]


def _sign_in(emulator: Emulator, _: str, __: Callable[[str], object]) -> None:
    sign_in(at(emulator), Screen().person(FakeBrowser()), way="browser", timeout_s=_IN_TIME_S).finish(None)


def _renew(emulator: Emulator, refresh_token: str, keep: Callable[[str], object]) -> None:
    renew(at(emulator), refresh_token, keep=lambda token, _: keep(token), timeout_s=_IN_TIME_S)


def _revoke(emulator: Emulator, refresh_token: str, _: Callable[[str], object]) -> None:
    revoke(at(emulator), refresh_token, timeout_s=_IN_TIME_S)


# Name of a call -> its operation, and the action that makes it.
CALLS: Mapping[str, tuple[str, Action]] = {
    "discovery": ("Discovery", _renew),
    "keys": ("Keys", _renew),
    "code": ("Token", _sign_in),
    "refresh": ("Token", _renew),
    "revocation": ("Revoke", _revoke),
}
# Fault -> its order, the exit code (4: try again; 5: it is not a provider), whether the provider did its work. Where a
# kept session is renewed, and a person may end the trouble by signing in anew, 3 takes the place of 5.
FAULTS: Mapping[str, tuple[dict[str, Any], int, bool]] = {
    "cut before the work": ({"cut": "before"}, 4, False),
    "cut after the work": ({"cut": "after"}, 4, True),
    "reset": ({"cut": "reset"}, 4, True),
    "truncated": ({"cut": "within"}, 4, True),
    "500": ({"status": 500}, 4, False),
    "429": ({"status": 429, "body": b"<html>"}, 4, False),
    "403 of a proxy": ({"status": 403, "body": b"<html>\x1b[2J"}, 5, False),
    "malformed JSON": ({"body": b'{"keys": [\x1b[2J'}, 5, True),
    "JSON of something else": ({"body": b"[[]]"}, 5, True),
    "empty answer": ({"body": b""}, 5, True),
    "1 byte a second": ({"slow_bytes_per_s": 1}, 4, True),
}
NO_BODY = {
    "truncated",
    "malformed JSON",
    "JSON of something else",
    "empty answer",
    "1 byte a second",
}  # Revoke has none


@dataclass(frozen=True)
class AtProvider:
    """One fault at one call."""

    fault: str
    call_name: str

    def __str__(self) -> str:
        return f"{self.fault}, {self.call_name}"

    @property
    def slow(self) -> bool:
        """Whether it takes the whole deadline."""
        return self.fault.startswith("1 byte")


@dataclass(frozen=True)
class ProviderCell(AtProvider):
    """One fault at one call through the library."""

    def check(self, keys: SigningKeys | None = None) -> None:
        """Let the fault happen, then end it, and check the rules. Raises AssertionError."""
        order, code, done = FAULTS[self.fault]
        operation, action = CALLS[self.call_name]
        with Emulator(keys=keys) as emulator:
            signed_in = sign_in(at(emulator), Screen().person(FakeBrowser()), way="browser", timeout_s=30)
            signed_in.finish(None)
            refresh_tokens = [str(signed_in.refresh_token)]
            calls_before = emulator.count(operation)
            emulator.fault(operation, times=None, **order)
            error = _error_of(action, emulator, refresh_tokens)
            assert error is not None, self
            assert error.exit_code == (3 if (code, self.call_name) == (5, "refresh") else code), error
            assert error.message.isprintable()
            assert emulator.issuer.split("/")[2] in error.message, error
            assert emulator.count(operation) - calls_before <= 1 + (operation == "Keys"), "it was sent twice"
            emulator.clear_faults()
            again = _error_of(_renew, emulator, refresh_tokens)
            is_spent = done and self.call_name in ("refresh", "revocation")
            assert (again.exit_code if again else 0) == (3 if is_spent else 0), again


def _error_of(action: Action, emulator: Emulator, refresh_tokens: list[str]) -> OidcHelperError | None:
    try:
        action(emulator, refresh_tokens[-1], refresh_tokens.append)
    except OidcHelperError as error:
        return error
    return None


def pairs(call_names: Iterable[str]) -> list[tuple[str, str]]:
    """Every fault with every call that it can happen to."""
    return [(fault, name) for name in call_names for fault in FAULTS if name != "revocation" or fault not in NO_BODY]


def cells() -> list[ProviderCell]:
    """The whole table."""
    return [ProviderCell(*pair) for pair in pairs(CALLS)]
