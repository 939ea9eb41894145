"""What `serve` and `exec --endpoint` put together: profiles, how they are fetched, and the endpoint's libraries."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from oidc_helper import redaction, settings
from oidc_helper.cli import fetching
from oidc_helper.cli.credentials import require_target
from oidc_helper.errors import OidcHelperError
from oidc_helper.fetch.broker import Fetched
from oidc_helper.machine import reentry
from oidc_helper.store.store import InHand

if TYPE_CHECKING:
    import socket

    from oidc_helper.serve.app import Served
    from oidc_helper.serve.keeper import ProfileFetch

_LIBRARIES = ("uvicorn", "httptools", "prometheus_client")

Told = Callable[[OidcHelperError | None], None]


def require_libraries() -> None:
    """Raise OidcHelperError where the extra `serve` is not installed."""
    missing = [name for name in _LIBRARIES if not find_spec(name)]
    if missing:
        from oidc_helper.doctor import program

        raise OidcHelperError(
            f"an endpoint needs {', '.join(missing)}, which oidc-helper does not bring by itself",
            program.to_install("serve"),
        )


def profile_fetches(names: Iterable[str], in_hand: InHand) -> dict[str, "ProfileFetch"]:
    """How each profile is fetched, by the settings of this moment. Raises WrongSettings."""
    from oidc_helper.serve.keeper import ProfileFetch

    loaded = settings.load()
    found = {}
    for name in names:
        profile = loaded.profile(name)
        require_target(profile)
        found[name] = ProfileFetch(profile, partial(fetching.fetch, name, loaded, in_hand))
    return found


def served(
    names: Iterable[str],
    told: Callable[[str], Told] | None = None,
    at_hand: Mapping[str, Fetched] | None = None,
    in_hand: InHand | None = None,
) -> tuple[dict[str, "Served"], Callable[[], dict[str, "ProfileFetch"]]]:
    """The profiles to serve, each with a new token, and what reads the settings anew.

    Profiles that go back to one sign-in are fetched one after the other: they have tokens in common. `told` gets the
    failures of a profile, `at_hand` are credentials that were fetched before, and `in_hand` is what no place took then.
    Raises WrongSettings.
    """
    from oidc_helper.serve.app import Served
    from oidc_helper.serve.keeper import Keeper
    from oidc_helper.serve.token_file import new_token

    in_hand = {} if in_hand is None else in_hand
    names = list(dict.fromkeys(names))
    executors: dict[str, ThreadPoolExecutor] = {}
    found = {}
    for name, profile_fetch in profile_fetches(names, in_hand).items():
        reentry.refuse_reentry(name)
        executor = executors.setdefault(profile_fetch.profile.identity.name, ThreadPoolExecutor(max_workers=1))
        ear = told(name) if told else _deaf
        found[name] = Served(
            Keeper(profile_fetch, executor, report=ear, fetched=(at_hand or {}).get(name)), new_token()
        )
    redaction.learn(*(one.token for one in found.values()))
    return found, lambda: profile_fetches(names, in_hand)


def _deaf(_failure: OidcHelperError | None) -> None:
    """The program that asks is told."""


def variables(listening: "socket.socket", name: str, token: str) -> dict[str, str]:
    """What leads an SDK to the profile."""
    from oidc_helper.serve import listening as sockets

    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{sockets.url(listening)}{reentry.ENDPOINT}{name}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }
