"""Faults at calls to the identity provider, in commands: the messages, and what the store keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.sign_ins import desk

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.provider import FAULTS, AtProvider, pairs
from robustness.faults.world import HOUR, Execute, Outcome, World, new_world


def _nothing(_: World) -> None:
    """No person has signed in."""


def _signed_in(world: World) -> None:
    assert world.run("login", "analytics").code == 0


def _provider_session_alone(world: World) -> None:
    """Only the provider's refresh token has not expired."""
    _signed_in(world)
    world.pass_time(9 * HOUR)


@dataclass(frozen=True)
class ProviderCall:
    """A call to the provider: its operation, and the command line that makes it after `prepare`."""

    operation: str
    typed: str
    prepare: Callable[[World], object] = _provider_session_alone
    takes: str = ""


CALLS: Mapping[str, ProviderCall] = {
    "discovery": ProviderCall("Discovery", "get analytics"),
    "keys": ProviderCall("Keys", "get analytics"),
    "code": ProviderCall("Token", "login analytics", _nothing, takes="code"),
    "refresh": ProviderCall("Token", "get analytics", takes="refresh token"),
    "revocation": ProviderCall("Revoke", "logout analytics", _signed_in),
}


@dataclass(frozen=True)
class SignInCell(AtProvider):
    """One fault at one call of a command."""

    def check(self, execute: Execute, keys: SigningKeys | None = None) -> None:
        """Let the fault happen, then end it, and check the rules. Raises AssertionError."""
        order, code, done = FAULTS[self.fault]
        call = CALLS[self.call_name]
        with new_world(execute, keys) as world:
            desk(world.home, world.emulator).configure(defaults="deadline_seconds = 5")
            call.prepare(world)
            world.emulator.fault(call.operation, times=None, **order)
            outcome = world.run(*call.typed.split())
            world.emulator.clear_faults()
            if self.call_name == "revocation":
                _check_logout(world, outcome)
                return
            assert outcome.code == (3 if code == 5 and call.typed.startswith("get") else code), outcome
            assert world.emulator.issuer.split("/")[2] in outcome.stderr, outcome
            assert outcome.calls.count("Token") <= 1, "it was sent twice"
            assert "CreateTokenWithIAM jwt-bearer" not in outcome.calls
            again = world.run(*call.typed.split())
            if done and call.takes == "refresh token":  # the answer with its successor is lost
                assert (again.code, "hint: oidc-helper login analytics" in again.stderr) == (3, True), again
                assert world.run("login", "analytics").code == 0
            else:
                assert again.code == 0, again


def _check_logout(world: World, outcome: Outcome) -> None:
    """The secrets are deleted, and a warning says that the session may go on."""
    assert (outcome.code, outcome.stdout.startswith("signed out of ")) == (0, True), outcome
    assert "warning: the session at the identity provider of corp may go on: 127.0.0.1" in outcome.stderr, outcome
    assert "oidc-helper:" not in (world.home.path / "keyring.json").read_text()


def cells() -> list[SignInCell]:
    """The whole table."""
    return [SignInCell(*pair) for pair in pairs(CALLS)]
