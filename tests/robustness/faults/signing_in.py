"""Faults of the identity provider at the calls that commands make to it: what is said, and what is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.sign_ins import Desk, desk

from oidc_helper.emulator.keys import SigningKeys
from robustness.faults.provider import FAULTS, AtProvider, pairs
from robustness.faults.world import HOUR, Run, Said, World, world


def _nothing(_: World) -> None:
    """Nobody has signed in."""


def _signed_in(world: World) -> None:
    assert world.run("login", "analytics").code == 0


def _all_but_the_provider_is_over(world: World) -> None:
    """Only the provider's refresh token is left."""
    _signed_in(world)
    world.pass_time(9 * HOUR)


@dataclass(frozen=True)
class Place:
    """A call to the provider: its operation, what is typed for it to be made, and what precedes."""

    operation: str
    typed: str
    prepare: Callable[[World], object] = _all_but_the_provider_is_over
    takes: str = ""


PLACES: Mapping[str, Place] = {
    "discovery": Place("Discovery", "get analytics"),
    "keys": Place("Keys", "get analytics"),
    "code": Place("Token", "login analytics", _nothing, takes="code"),
    "refresh": Place("Token", "get analytics", takes="refresh token"),
    "revocation": Place("Revoke", "logout analytics", _signed_in),
}


@dataclass(frozen=True)
class SignInCell(AtProvider):
    """The same in whole commands."""

    def check(self, execute: Run, keys: SigningKeys | None = None) -> None:
        """Let it happen, then let it pass. Raises AssertionError."""
        order, codes, done = FAULTS[self.fault]
        place = PLACES[self.place]
        with world(execute, keys) as its:
            at: Desk = desk(its.home, its.emulator)
            at.configure(defaults="deadline_seconds = 5")
            place.prepare(its)
            its.emulator.fault(place.operation, times=None, **order)
            said = its.run(*place.typed.split())
            its.emulator.clear_faults()
            if self.place == "revocation":
                _check_logout(its, said)
                return
            assert said.code in codes, said
            assert its.emulator.issuer.split("/")[2] in said.stderr, said
            assert said.calls.count("Token") <= 1, "it was sent twice"
            assert "CreateTokenWithIAM jwt-bearer" not in said.calls
            again = its.run(*place.typed.split())
            if done and place.takes == "refresh token":  # its only successor died on the way
                assert (again.code, "hint: oidc-helper login analytics" in again.stderr) == (3, True), again
                assert its.run("login", "analytics").code == 0
            else:
                assert again.code == 0, again


def _check_logout(its: World, said: Said) -> None:
    """Nothing keeps the secrets here; that the session may go on is said."""
    assert (said.code, said.stdout.startswith("signed out of ")) == (0, True), said
    assert "warning: the session at the identity provider of corp may go on: 127.0.0.1" in said.stderr, said
    assert "oidc-helper:" not in (its.home.path / "keyring.json").read_text()


def cells() -> list[SignInCell]:
    """The whole table."""
    return [SignInCell(*pair) for pair in pairs(PLACES)]
