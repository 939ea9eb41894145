"""The emulator as one object: it starts, answers in the background, logs its requests, and stops."""

import ssl
import threading
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

from oidc_helper.emulator.clock import Clock
from oidc_helper.emulator.directory import Directory
from oidc_helper.emulator.dispatch import Dispatch
from oidc_helper.emulator.faults import Fault
from oidc_helper.emulator.fixtures import ACCOUNT, PUBLIC_CLIENT, empty_directory, example_directory
from oidc_helper.emulator.idp import device
from oidc_helper.emulator.idp.claims import identity_claims
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.request_log import Request, matching
from oidc_helper.emulator.server import Server
from oidc_helper.emulator.state import State


def _certified() -> tuple[ssl.SSLContext, str]:
    from oidc_helper.emulator.certificate import certified  # imported on demand: it takes 40 ms and few need it

    return certified(("localhost", f"{ACCOUNT}.localhost"))


class Emulator:
    """An identity provider and AWS (Identity Center, its portal, account access, STS, IAM, S3 grants) on one port.

    A context manager. `port` 0 takes a free port. Without `keys` the identity provider generates new ones, which takes
    50 ms. With `https`, clients must trust `authority_pem`. In an `empty` organization nothing is set up yet. Raises
    OSError if the port is in use.
    """

    client_id = PUBLIC_CLIENT

    def __init__(
        self, port: int = 0, keys: SigningKeys | None = None, *, https: bool = False, empty: bool = False
    ) -> None:
        self.clock = Clock()
        stopping = threading.Event()
        tls, self.authority_pem = _certified() if https else (None, "")
        self._server = Server(port, self.clock.wall, stopping, tls)
        directory = (empty_directory if empty else example_directory)(self._server.url + "/idp")
        self._state = State(self._server.url, directory, self.clock, keys or SigningKeys("RS256", "ES256"))
        self._dispatch = Dispatch(self._state, stopping=stopping)
        self._server.respond = self._dispatch.respond
        # The server checks every 0.01 s whether it must stop.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="emulator", daemon=True)

    def start(self) -> Self:
        """Answer in the background."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._thread.is_alive():
            self._server.end()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL of all services, without a slash at the end."""
        return self._state.url

    @property
    def issuer(self) -> str:
        """The identity provider's issuer, exactly as tokens and settings must spell it."""
        return self.directory.identity_provider.issuer

    @property
    def directory(self) -> Directory:
        """The people, applications, roles and grants that exist; change them as you like."""
        return self._state.directory

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point SDKs to the emulator."""
        services = [
            *("STS", "SSO_OIDC", "SSO", "ACCOUNT_ACCESS_RUNTIME", "SIGNIN"),
            *("SSO_ADMIN", "IDENTITYSTORE", "IAM", "ACCOUNT_ACCESS"),  # for administrators
        ]
        # SDKs put the account id in front of this host, so it cannot be an IP address.
        s3_control = {"AWS_ENDPOINT_URL_S3_CONTROL": self.url.replace("127.0.0.1", "localhost")}
        return {f"AWS_ENDPOINT_URL_{service}": self.url for service in services} | s3_control

    def mint(
        self,
        email: str,
        /,
        *,
        lifetime_s: float | None = None,
        alg: str = "RS256",
        key: Literal["current", "other"] = "current",
        **claims: Any,
    ) -> str:
        """Make an identity token without a sign-in; a claim of None is left out.

        With `key="other"` the token names the published key but another key signs it.
        """
        with self._state.lock:
            person = self.directory.identity_provider.person(email)
            merged = {**identity_claims(self._state, person, self.client_id, lifetime_s), **claims}
            present = {name: value for name, value in merged.items() if value is not None}
            return self._state.keys.sign(present, alg=alg, key=key)

    def trust(self, issuer: str, audience: str, email: str = "") -> None:
        """Let Identity Center and IAM trust another identity provider, for tokens with that audience.

        Its keys are fetched by discovery. Identity Center no longer trusts the emulator's own provider. The person with
        `email` at that provider replaces Alice.
        """
        directory = self.directory
        directory.oidc_providers.setdefault(issuer, set()).add(audience)
        directory.caller_role.web_identity_audiences.add(audience)
        for application in (directory.application, directory.second_application):
            application.issuer.issuer_url = issuer
            application.audiences.add(audience)
        if email:
            directory.users[0] = replace(directory.users[0], user_name=email, email=email)

    def rotate_keys(self, *, retire: bool = False) -> None:
        """Sign with new keys from now on; the old ones stay in the JWKS unless `retire` is true."""
        with self._state.lock:
            self._state.keys.rotate(retire=retire)

    def decide(self, user_code: str, email: str | None) -> None:
        """Approve a pending device authorization as that person; None denies it."""
        with self._state.lock:
            pending = device.pending(self._state, user_code)
            pending.email, pending.denied = email, email is None

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass for everything that expires; the Date header and signatures are not affected."""
        self.clock.advance(seconds)

    def skew(self, seconds: float) -> None:
        """Set the services' clock that many seconds ahead of the caller's."""
        self.clock.skew(seconds)

    def fault(self, operation: str, **order: Any) -> Fault:
        """Order a fault; `order` holds the fields of Fault."""
        ordered = Fault(operation, **order)
        self._dispatch.faults.order(ordered)
        return ordered

    def clear_faults(self) -> None:
        """Forget the faults that have not happened yet."""
        self._dispatch.faults.clear()

    @property
    def requests(self) -> list[Request]:
        """The requests answered so far."""
        return self._dispatch.log.entries()

    def count(self, operation: str, *, ok: bool | None = None, **parameters: Any) -> int:
        """The number of answered calls of the operation with that outcome (None: any) and those parameters."""
        return matching(self.requests, operation, parameters, ok=ok)

    def wait_for(self, operation: str, times: int = 1, timeout_s: float = 10) -> bool:
        """Wait until that many calls of the operation have arrived, answered or not; False after the timeout."""
        return self._dispatch.log.wait_for(operation, times, timeout_s)
