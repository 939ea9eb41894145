"""Device codes at a strict provider, where the person decides."""

import pytest
from sign_in.sign_ins import Screen, at

from oidc_helper.emulator import Emulator
from oidc_helper.errors import Refused, SignInNeeded
from oidc_helper.person.person import Person
from oidc_helper.sign_in.provider import SignedIn, sign_in


class Visitor:
    """A person who decides at the provider's page during our sleep number `arrives`.

    The provider's clock stands still during sleep number `stopped_at`.
    """

    def __init__(self, emulator: Emulator, email: str | None, arrives: int = 2, stopped_at: int = 0) -> None:
        self.emulator = emulator
        self.email = email
        self.arrives = arrives
        self.stopped_at = stopped_at
        self.screen = Screen()
        self.time = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        if len(self.slept) != self.stopped_at:
            self.emulator.advance(seconds)
        if len(self.slept) == self.arrives:
            lines = self.screen.text.getvalue().splitlines()
            self.emulator.decide(lines[lines.index("and enter this code") + 1].strip(), self.email)

    def sign_in(self) -> SignedIn:
        identity = at(self.emulator)
        self.emulator.directory.identity_provider.auto_approve = False
        person = Person(self.screen.person().terminal, clock=lambda: self.time, sleep=self.sleep)
        return sign_in(identity, person, way="device", timeout_s=3_600)


def test_the_person_who_approves_is_signed_in(emulator: Emulator) -> None:
    """With a refresh token for the days to come."""
    result = Visitor(emulator, "bob@example.com").sign_in()
    assert (result.subject, bool(result.refresh_token)) == ("00u-bob", True)

    result.finish(None)
    assert emulator.count("Authorize") == 0


def test_a_denied_code_signs_nobody_in(emulator: Emulator) -> None:
    with pytest.raises(Refused, match="the sign-in was declined: access_denied"):
        Visitor(emulator, None).sign_in()


def test_a_code_that_nobody_enters_expires(emulator: Emulator) -> None:
    visitor = Visitor(emulator, None, arrives=10_000)
    with pytest.raises(SignInNeeded):
        visitor.sign_in()

    assert visitor.time <= 600
    assert set(visitor.slept) == {5}


def test_polling_too_early_slows_down(emulator: Emulator) -> None:
    """Less time has passed for the provider than for us."""
    visitor = Visitor(emulator, "alice@example.com", arrives=4, stopped_at=2)

    assert visitor.sign_in().subject == "00u-alice"
    assert visitor.slept == [5, 5, 10, 10]
