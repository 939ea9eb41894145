"""The calls to AWS that a command makes, each with what precedes it, and what the next run must do when all is well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from robustness.faults.world import HOUR, World

OPEN, EXCHANGE, ROLE = "AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole"


@dataclass(frozen=True)
class Call:
    """`words` make the call once `prepare` has run; with nothing lost, `then` is what the same words call next time.

    `endpoint` is the variable that leads only this call elsewhere. `once`: it takes something that counts once.
    """

    operation: str
    words: tuple[str, ...]
    endpoint: str
    prepare: Callable[[World], object]
    then: tuple[str, ...]
    once: str = ""

    @property
    def signed(self) -> bool:
        """Whether AWS looks at the time of its signature, and how far off that may be (S3 allows 15 minutes)."""
        return self.operation in (EXCHANGE, ROLE)


def _nothing(_: World) -> None:
    """The home is new."""


def _other_profile(world: World) -> None:
    """Tokens and the caller's keys are there, the profile's credentials are not."""
    assert world.run("get", "dev-admin").answered


def _all_over(world: World) -> None:
    """Everything but the refresh token has ended; the identity token was exchanged."""
    assert world.run("get", "analytics").answered
    world.pass_time(HOUR + 10)


def _signed_in(world: World) -> None:
    assert world.run("get", "analytics").answered


CALLS: Mapping[str, Call] = {
    "opening the caller's role": Call(
        OPEN, ("get", "analytics"), "AWS_ENDPOINT_URL_STS", _nothing, (OPEN, EXCHANGE, ROLE)
    ),
    "jwt-bearer": Call(
        EXCHANGE, ("get", "analytics"), "AWS_ENDPOINT_URL_SSO_OIDC", _nothing, (OPEN, EXCHANGE, ROLE), "identity token"
    ),
    "refresh": Call(
        EXCHANGE, ("get", "analytics"), "AWS_ENDPOINT_URL_SSO_OIDC", _all_over, (OPEN, EXCHANGE, ROLE), "refresh token"
    ),
    "role": Call(ROLE, ("get", "analytics"), "AWS_ENDPOINT_URL_STS", _other_profile, (ROLE,)),
    "permission set": Call(
        "GetRoleCredentials", ("get", "dev-admin"), "AWS_ENDPOINT_URL_SSO", _nothing, ("GetRoleCredentials",)
    ),
    "S3 access grant": Call(
        "GetDataAccess", ("get", "reports"), "AWS_ENDPOINT_URL_S3_CONTROL", _nothing, (ROLE, "GetDataAccess")
    ),
    "logout": Call("Logout", ("logout", "analytics"), "AWS_ENDPOINT_URL_SSO", _signed_in, ()),
}
