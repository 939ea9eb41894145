"""The endpoint as an ASGI application: guard, path, token, and an answer from memory."""

import hmac
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from oidc_helper.errors import TryAgain
from oidc_helper.machine.reentry import ENDPOINT
from oidc_helper.serve import answers, guard
from oidc_helper.serve.answers import Answer
from oidc_helper.serve.keeper import Keeper
from oidc_helper.serve.metrics import Metrics

_READY = "/readyz/"

_Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Any, _Send], Awaitable[None]]

_ALIVE = answers.text(b"ok\n")
_NOT_READY = answers.unavailable(TryAgain("there are no credentials with enough time left", "oidc-helper status"))
_NOWHERE = answers.error(404, "NotFound", f"there is nothing here: ask for {ENDPOINT}PROFILE, with a served profile")
_WRONG_TOKEN = answers.error(
    401, "Unauthorized", "the Authorization header must be the profile's AWS_CONTAINER_AUTHORIZATION_TOKEN, unchanged"
)


class Served(NamedTuple):
    """A profile that is served, and the token that its clients must send."""

    keeper: Keeper
    token: str


def application(served: Mapping[str, Served], metrics: Metrics) -> Application:
    """Serve the profiles, which are given by name."""

    def ready(profiles: Mapping[str, Served]) -> Answer:
        now = time.time()
        return _ALIVE if all(profile.keeper.is_ready(now) for profile in profiles.values()) else _NOT_READY

    places: dict[str, Callable[[], Answer]] = {
        "/healthz": lambda: _ALIVE,
        "/readyz": lambda: ready(served),
        "/metrics": metrics.answer,
        **{f"{_READY}{name}": lambda name=name: ready({name: served[name]}) for name in served},  # type: ignore[misc]
    }
    by_path = {f"{ENDPOINT}{name}": (profile.keeper, profile.token.encode()) for name, profile in served.items()}

    def answer(scope: dict[str, Any]) -> Answer:
        request = guard.request(scope["method"], scope["headers"], scope["server"][0])
        if refusal := guard.refusal(request):
            return refusal
        path = scope["path"]
        if path in by_path:
            keeper, token = by_path[path]
            if not hmac.compare_digest(request.headers.get(b"authorization", b""), token):
                return _WRONG_TOKEN
            return keeper.answer(time.time())
        place = places.get(path)
        return place() if place else _NOWHERE

    async def serve(scope: dict[str, Any], _receive: object, send: _Send) -> None:
        response = answer(scope)
        metrics.count(response.status)
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    return serve
