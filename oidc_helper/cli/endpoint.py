"""The parts that `serve` and `exec --endpoint` share: profiles with their fetches, tokens, and variables."""

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
from oidc_helper.store.store import UnkeptRecords

if TYPE_CHECKING:
    import socket

    from oidc_helper.serve.app import Served
    from oidc_helper.serve.keeper import ProfileFetch

_LIBRARIES = ("uvicorn", "httptools", "prometheus_client")

Report = Callable[[OidcHelperError | None], None]  # gets each new failure, and None once it is over


def require_libraries() -> None:
    """Raise OidcHelperError if the extra `serve` is not installed."""
    missing = [name for name in _LIBRARIES if not find_spec(name)]
    if missing:
        from oidc_helper.doctor import program

        raise OidcHelperError(
            f"an endpoint needs {', '.join(missing)}, which oidc-helper does not bring by itself",
            program.to_install("serve"),
        )


def profile_fetches(names: Iterable[str], unkept: UnkeptRecords) -> dict[str, "ProfileFetch"]:
    """Each profile with its fetch, by the current settings. Raises WrongSettings."""
    from oidc_helper.serve.keeper import ProfileFetch

    loaded = settings.load()
    fetches = {}
    for name in names:
        profile = loaded.profile(name)
        require_target(profile)
        fetches[name] = ProfileFetch(profile, partial(fetching.fetch, name, loaded, unkept))
    return fetches


def served(
    names: Iterable[str],
    reporter: Callable[[str], Report] | None = None,
    fetched: Mapping[str, Fetched] | None = None,
    unkept: UnkeptRecords | None = None,
) -> tuple[dict[str, "Served"], Callable[[], dict[str, "ProfileFetch"]]]:
    """The profiles to serve, each with a new token, and a function that reads the settings again.

    Profiles of one identity are fetched one after the other, since they share tokens. `reporter` makes the report of a
    profile's failures; `fetched` are credentials from before, and `unkept` the records that no store took then. Raises
    WrongSettings.
    """
    from oidc_helper.serve.app import Served
    from oidc_helper.serve.keeper import Keeper
    from oidc_helper.serve.token_file import new_token

    unkept = {} if unkept is None else unkept
    names = list(dict.fromkeys(names))
    executors: dict[str, ThreadPoolExecutor] = {}
    profiles = {}
    for name, profile_fetch in profile_fetches(names, unkept).items():
        reentry.refuse_reentry(name)
        executor = executors.setdefault(profile_fetch.profile.identity.name, ThreadPoolExecutor(max_workers=1))
        report = reporter(name) if reporter else _report_nothing
        keeper = Keeper(profile_fetch, executor, report=report, fetched=(fetched or {}).get(name))
        profiles[name] = Served(keeper, new_token())
    redaction.learn(*(profile.token for profile in profiles.values()))
    return profiles, lambda: profile_fetches(names, unkept)


def _report_nothing(_failure: OidcHelperError | None) -> None:
    """The answer to the program that asks names the failure."""


def variables(listening: "socket.socket", name: str, token: str) -> dict[str, str]:
    """The environment variables that lead an SDK to the profile."""
    from oidc_helper.serve import listening as sockets

    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{sockets.url(listening)}{reentry.ENDPOINT}{name}",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
    }
