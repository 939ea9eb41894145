"""The calls to AWS that commands make: how to reach each, and what the next run must call once all is well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service_limits import knows_account_access

from oidc_helper.aws.account_access import SERVICE
from robustness.faults.world import HOUR, World

OPEN, EXCHANGE, ROLE = "AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole"


@dataclass(frozen=True)
class Call:
    """After `prepare`, the command `words` makes the call. If nothing is lost, its next run makes the calls `then`.

    `endpoint` is the variable that leads only this call elsewhere. `once` names the single-use token that it sends,
    and `service` stands before the operation in messages where that is another one's name too.
    """

    operation: str
    words: tuple[str, ...]
    endpoint: str
    prepare: Callable[[World], object]
    then: tuple[str, ...]
    once: str = ""
    service: str = ""

    @property
    def shown(self) -> str:
        """How messages name it."""
        return f"{self.service} {self.operation}".lstrip()

    @property
    def signed(self) -> bool:
        """Whether AWS refuses its signature if the clock is 20 minutes off."""
        return self.operation in (EXCHANGE, ROLE)


def _nothing(_: World) -> None:
    """A new home needs nothing."""


def _other_profile(world: World) -> None:
    """The store has tokens and the caller's keys, but not the profile's credentials."""
    assert world.run("get", "dev-admin").answered


def _all_expired(world: World) -> None:
    """Everything but the refresh token has expired; the identity token has been exchanged."""
    assert world.run("get", "analytics").answered
    world.pass_time(HOUR + 10)


def _signed_in(world: World) -> None:
    assert world.run("get", "analytics").answered


_GIVEN = {
    "account access manager": Call(
        "GetRoleCredentials",
        ("get", "builder"),
        "AWS_ENDPOINT_URL_ACCOUNT_ACCESS_RUNTIME",
        _nothing,
        ("GetRoleCredentials",),
        service=SERVICE,
    )
}
CALLS: Mapping[str, Call] = {
    "opening the caller's role": Call(
        OPEN, ("get", "analytics"), "AWS_ENDPOINT_URL_STS", _nothing, (OPEN, EXCHANGE, ROLE)
    ),
    "jwt-bearer": Call(
        EXCHANGE, ("get", "analytics"), "AWS_ENDPOINT_URL_SSO_OIDC", _nothing, (OPEN, EXCHANGE, ROLE), "identity token"
    ),
    "refresh": Call(
        EXCHANGE,
        ("get", "analytics"),
        "AWS_ENDPOINT_URL_SSO_OIDC",
        _all_expired,
        (OPEN, EXCHANGE, ROLE),
        "refresh token",
    ),
    "role": Call(ROLE, ("get", "analytics"), "AWS_ENDPOINT_URL_STS", _other_profile, (ROLE,)),
    "permission set": Call(
        "GetRoleCredentials", ("get", "dev-admin"), "AWS_ENDPOINT_URL_SSO", _nothing, ("GetRoleCredentials",)
    ),
    "S3 access grant": Call(
        "GetDataAccess", ("get", "reports"), "AWS_ENDPOINT_URL_S3_CONTROL", _nothing, (ROLE, "GetDataAccess")
    ),
    "logout": Call("Logout", ("logout", "analytics"), "AWS_ENDPOINT_URL_SSO", _signed_in, ()),
    **(_GIVEN if knows_account_access() else {}),
}
