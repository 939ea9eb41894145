"""Faults of the network and of services at calls to AWS: the messages, the exit codes, and what the store keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fakes.certificates import garbles, tls_server
from fakes.proxies import refusing_proxy

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.calls import CALLS, Call
from robustness.faults.world import Execute, Outcome, World, new_world

# A client cannot tell "not done" from "done" once the call has left; this table can.
How = Literal["never sent", "not done", "done"]


@dataclass(frozen=True)
class Fault:
    """The message has `expected`, or one of its parts between bars; a `slow` fault takes the whole deadline."""

    name: str
    how: How
    arrange: Callable[[World, Call], object]
    expected: str
    slow: bool = False


def _ordered(name: str, how: How, expected: str, *, slow: bool = False, **order: Any) -> Fault:
    return Fault(
        name, how, lambda world, call: world.emulator.fault(call.operation, times=None, **order), expected, slow
    )


def _elsewhere(name: str, url: Callable[[World], str], expected: str, **variables: Callable[[World], str]) -> Fault:
    """The call goes to another address."""

    def arrange(world: World, call: Call) -> None:
        world.variables(**{call.endpoint: url(world)}, **{name: value(world) for name, value in variables.items()})

    return Fault(name, "never sent", arrange, expected)


def lookup(name: str, how: How, does: str, expected: str, *, slow: bool = False) -> Fault:
    """Looking up the name of AWS executes the statement `does`."""

    def arrange(world: World, call: Call) -> None:
        world.variables(**{call.endpoint: "https://aws.invalid"})
        world.before += (
            "import socket, threading\n_look_up = socket.getaddrinfo\n"
            f"def _strange(host, *words, **more):\n"
            f"    if 'aws.invalid' in str(host):\n        {does}\n"
            "    return _look_up(host, *words, **more)\n"
            "socket.getaddrinfo = _strange\n"
        )

    return Fault(name, how, arrange, expected, slow)


def _closed(world: World) -> str:
    return world.closed


def _refusing_proxy(world: World) -> str:
    return world.stack.enter_context(refusing_proxy())


def _behind_tls(name: str, how: How, expected: str, *, trusted: bool = True, **server: Any) -> Fault:
    """The call goes to such a TLS server."""

    def arrange(world: World, call: Call) -> None:
        url = world.stack.enter_context(tls_server(world.home.path, **server))
        bundle = {"AWS_CA_BUNDLE": str(world.home.path / "ca.pem")} if trusted else {}
        world.variables(**{call.endpoint: url}, **bundle)

    return Fault(name, how, arrange, expected)


def _plain(world: World) -> str:
    return world.emulator.url.replace("http:", "https:")


FAULTS = (
    _elsewhere("connection refused", _closed, "cannot be reached"),
    _elsewhere("proxy refuses the connection", lambda _: "https://aws.invalid", "Proxy", HTTPS_PROXY=_closed),
    _elsewhere("proxy refuses the tunnel", lambda _: "https://aws.invalid", "Proxy", HTTPS_PROXY=_refusing_proxy),
    _behind_tls("wrong CA", "never sent", "is not trusted", trusted=False),
    _behind_tls("an old certificate", "never sent", "has expired", days=-1),
    _behind_tls("another's certificate", "never sent", "is for another name", address="127.0.0.2"),
    _behind_tls("TLS breaks off after the request", "not done", "TLS with", then=garbles),
    _elsewhere("no TLS there", _plain, "breaks off (WRONG_VERSION_NUMBER)"),
    _behind_tls("cut in the handshake", "never sent", "cannot be reached", then=None),
    lookup("no such name", "never sent", "raise socket.gaierror(-2, 'made up')", "cannot be reached"),
    lookup("looking up a name hangs", "not done", "threading.Event().wait()", "too slow", slow=True),
    _ordered("cut before the work", "not done", "did not answer", cut="before"),
    _ordered("500", "not done", "500", status=500),
    _ordered(
        "503 in words",
        "not done",
        r"ServiceUnavailable: \u202eit is over",
        error="ServiceUnavailable",
        message="\u202eit is over",  # XML cannot contain terminal sequences
    ),
    _ordered("429", "never sent", "429", status=429),
    _ordered("throttled", "never sent", "Throttling", error="ThrottlingException", status=400),
    _ordered("a proxy's 403", "not done", "403", status=403, body=b"<html>\x1b[2J</html>"),
    _ordered("cut after the work", "done", "did not answer", cut="after"),
    _ordered("reset", "done", "did not answer", cut="reset"),
    _ordered("truncated", "done", "cannot be read", cut="within"),
    _ordered("empty answer", "done", "cannot be read", body=b""),
    _ordered("malformed JSON", "done", "cannot be read", body=b'{"accessToken": "\x1b[2J'),
    _ordered("malformed XML", "done", "cannot be read", body=b"<a><b>\x1b[2J"),
    _ordered("JSON of something else", "done", "cannot be read", body=b'[{"Credentials": 1}]'),
    _ordered("a log-in page", "done", "cannot be read", body=b"<html><title>Log in to the hotel</title></html>"),
    _ordered("1 byte a second", "done", "too slow|(ReadTimeout)", slow=True, slow_bytes_per_s=1),
)
# The answer of the portal's Logout has no body that could be wrong.
_NO_BODY = {"truncated", "empty answer", "malformed JSON", "malformed XML", "JSON of something else", "a log-in page"}
_NO_BODY |= {"1 byte a second"}


@dataclass(frozen=True)
class Cell:
    """One fault at one call."""

    fault: Fault
    call_name: str

    @property
    def call(self) -> Call:
        """The call that the fault happens to."""
        return CALLS[self.call_name]

    def __str__(self) -> str:
        return f"{self.fault.name}, {self.call_name}"

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let the fault happen, then end it, and check the rules each time. Raises AssertionError."""
        with new_world(execute, keys) as world:
            self.call.prepare(world)
            before, environment = world.before, dict(world.home.environment)
            self.fault.arrange(world, self.call)
            (_check_logout if self.call_name == "logout" else self._check)(world.run(*self.call.words), self.call)
            world.emulator.clear_faults()
            world.before, world.home.environment = before, environment
            again = world.run(*self.call.words)
            if self.call_name == "logout":
                assert "nothing was kept" in again.stdout, again
                assert "oidc-helper:" not in (world.home.path / "keyring.json").read_text()
            elif self._lost:
                assert (again.code, "was sent before" in again.stderr) == (3, True), again
                assert f"put a new identity token into {world.home.path}/token" in again.stderr
                world.home.write_token(world.emulator.mint("alice@example.com", lifetime_s=86_400))
                assert world.run(*self.call.words).answered
            else:
                assert again.answered, again
                assert again.calls == self.call.then, again

    @property
    def _lost(self) -> bool:
        """Whether the single-use token is lost: an assertion that may have arrived, or a redeemed refresh token."""
        return bool(self.call.once) and (
            self.fault.how == "done" or (self.call.once == "identity token" and self.fault.how == "not done")
        )

    def _check(self, outcome: Outcome, call: Call) -> None:
        assert outcome.code == 4, outcome
        message, hint, _ = outcome.stderr.split("\n")
        assert f"oidc-helper: {call.shown}" in message, outcome
        assert any(words in message for words in self.fault.expected.split("|")), outcome
        warns = "may have been exchanged" in hint
        assert warns is (call.once == "identity token" and self.fault.how != "never sent"), outcome
        assert outcome.calls.count("CreateTokenWithIAM") <= 1, "it was sent twice"


def _check_logout(outcome: Outcome, _: Call) -> None:
    """The secrets are deleted, and a warning says that the session may go on."""
    assert outcome.code == 0, outcome
    assert outcome.stdout == "signed out of analytics, dev-admin, reports, builder\n"
    assert outcome.stderr.startswith("oidc-helper: warning: the session at Identity Center may go on: Logout"), outcome


def cells() -> list[Cell]:
    """The whole table."""
    return [
        Cell(fault, name) for name in CALLS for fault in FAULTS if not (name == "logout" and fault.name in _NO_BODY)
    ]
