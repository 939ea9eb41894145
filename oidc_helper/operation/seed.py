"""`--profile-settings` and `--store`: the raw operation for one of our own profiles."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    SSLError,
)

from oidc_helper import broker, paths, settings, tokens
from oidc_helper.aws import Aws
from oidc_helper.deadline import Deadline
from oidc_helper.errors import SignInNeeded, StoreUnusable
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.store import CREDENTIALS, TOKENS, Store
from oidc_helper.tokens import Tokens

_SPENT_FOR_S = 86_400  # Identity Center was seen to remember a jti for a day
_NEVER_SENT = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)

Warn = Callable[[str], None]


class Seed:
    """One of our profiles, for one run of the operation. Raises OidcHelperError."""

    def __init__(self, name: str) -> None:
        self.profile = settings.load().profile(name)
        self._deadline = Deadline(self.profile.deadline_seconds)
        self._store = Store()

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the profile says of the request."""
        return {"clientId": self.profile.application_arn}

    def keys(self, parameters: Mapping[Any, Any]) -> dict[str, str | None]:
        """The caller's credentials in botocore's names; where a role is opened for it, the assertion opens it."""
        opens_role = bool(self.profile.caller.web_identity_role_arn)
        caller = Aws(self.profile, time_left=self._deadline.left).open_caller(
            self._identity_token(parameters) if opens_role else None
        )
        return {
            "aws_access_key_id": caller.access_key_id,
            "aws_secret_access_key": caller.secret_access_key,
            "aws_session_token": caller.session_token,
        }

    def _identity_token(self, parameters: Mapping[Any, Any]) -> IdentityToken:
        given = parameters.get("assertion") or self._kept().identity_token
        if not isinstance(given, str) or not given:
            raise SignInNeeded(
                f"the caller of profile {self.profile.name} needs an identity token, and none is kept",
                f"oidc-helper login {self.profile.name}, or name other credentials with --profile",
            )
        return parse(given, now=time.time(), where="--assertion" if "assertion" in parameters else "the tokens record")

    @contextmanager
    def spending(self, parameters: Mapping[Any, Any], warn: Warn) -> Iterator[None]:
        """Note the assertion as used up before it is sent; it is free again only where it surely was not exchanged."""
        token = _assertion(parameters)
        is_new = token is not None and self._mark(token, warn)
        try:
            yield
        except (ClientError, *_NEVER_SENT) as error:
            if token and is_new and not _may_have_worked(error):
                with suppress(StoreUnusable):
                    self._store.unmark_spent(token.issuer, token.single_use_id)
            raise

    def _mark(self, token: IdentityToken, warn: Warn) -> bool:
        until = int(max(token.expires_at, time.time()) + _SPENT_FOR_S)
        try:
            is_new = self._store.mark_spent(token.issuer, token.single_use_id, until=until)
        except StoreUnusable as problem:
            warn(problem.message)
            return False
        if not is_new:
            warn("this assertion was sent before, and each counts only once")
        return is_new

    def keep(self, parameters: Mapping[Any, Any], answer: Mapping[str, Any]) -> None:
        """Put the answer into the profile's tokens. Raises StoreUnusable, TryAgain where others do not let us."""
        requested = tuple(parameters.get("scope") or ())
        purpose = f"oidc-helper create-token-with-iam for profile {self.profile.name}"
        name = self.profile.tokens_name
        turn = self._store.acquire(name, timeout_s=self._deadline.left(), purpose=purpose, look_again=_nothing)
        with turn:
            kept = tokens.from_answer(self._before(parameters), answer, requested=requested, now=time.time())
            self._store.put(
                TOKENS,
                name,
                kept.to_text(),
                expires_at=None if kept.refresh_token else kept.access_expires_at,
                details={
                    "identity": self.profile.identity.name,
                    "user": kept.user,
                    "access_expires_at": kept.access_expires_at,
                    "refreshable": int(bool(kept.refresh_token)),
                },
            )

    def _before(self, parameters: Mapping[Any, Any]) -> Tokens:
        """The tokens to change: the kept ones where they are surely the same person's, else none, nor credentials."""
        kept, token = self._kept(), _assertion(parameters)
        refreshes = bool(kept.refresh_token) and parameters.get("refreshToken") == kept.refresh_token
        if not refreshes and not (token and token.subject == kept.subject):
            for entry in self._store.entries():
                if entry.kind == CREDENTIALS and entry.details.get("identity") == self.profile.identity.name:
                    self._store.delete(entry.kind, entry.name)
            kept = Tokens(kept.binding)
        if token:
            kept = replace(kept, user=token.user, subject=token.subject)
            if self.profile.caller.web_identity_role_arn:
                kept = replace(kept, identity_token=token.raw, identity_token_expires_at=token.expires_at)
        return kept

    def _kept(self) -> Tokens:
        bound_to = broker.binding(self.profile, paths.config_file())
        text = self._store.get(TOKENS, self.profile.tokens_name)
        return (text and tokens.from_text(text, binding=bound_to)) or Tokens(bound_to)


def _assertion(parameters: Mapping[Any, Any]) -> IdentityToken | None:
    try:
        return parse(str(parameters.get("assertion", "")), now=time.time(), where="--assertion")
    except SignInNeeded:
        return None


def _may_have_worked(error: Exception) -> bool:
    return (
        isinstance(error, ClientError) and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500
    )


def _nothing() -> None:
    """There is nothing that another process could have done for us."""
