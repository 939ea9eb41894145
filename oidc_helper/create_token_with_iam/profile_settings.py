"""`--profile-settings` and `--store`: the raw operation for one of our own profiles."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from botocore import exceptions

from oidc_helper import settings
from oidc_helper.aws import refusals, tokens
from oidc_helper.aws.attempts import UNCONNECTED, never_sent
from oidc_helper.aws.client import Aws
from oidc_helper.aws.refusals import Unconnected
from oidc_helper.aws.regions import FIRST_TRY_S, Regions
from oidc_helper.aws.tokens import Tokens
from oidc_helper.create_token_with_iam.arguments import GlobalOptions
from oidc_helper.errors import SignInNeeded, WrongSettings
from oidc_helper.fetch import kept_tokens, single_use
from oidc_helper.identity.proof import Assertion
from oidc_helper.identity.token import IdentityToken, parse
from oidc_helper.machine.deadline import Deadline
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.store.store import Store

Warn = Callable[[str], None]

# botocore's errors of a request under way; its other errors come before a request is sent.
_UNDER_WAY = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)


class ProfileSettings:
    """One of our profiles, for one run of the operation. Raises OidcHelperError."""

    def __init__(self, name: str) -> None:
        self.profile = settings.load().profile(name)
        self._deadline = Deadline(self.profile.deadline_seconds)
        self._store = Store()
        self._region = ""  # the one that was asked

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters that the profile names."""
        return {"clientId": self.profile.application_arn}

    def sent(self, options: GlobalOptions, send: Callable[[GlobalOptions], dict[str, Any]]) -> dict[str, Any]:
        """The answer of the first region that can be connected to: the one that the options name, or the profile's.

        `send` gets the options with the region, and the profile's certificate authorities if they name none.
        """
        bundle, limit_s = options.ca_bundle or self.profile.ca_bundle, options.connect_timeout_s

        def ask(region: str, others: int) -> dict[str, Any]:
            self._region = region
            connect_s = min(limit_s or FIRST_TRY_S, FIRST_TRY_S) if others else limit_s
            try:
                return send(replace(options, region=region, ca_bundle=bundle, connect_timeout_s=connect_s))
            except UNCONNECTED as error:
                if others:
                    raise Unconnected(str(error)) from None
                raise

        regions = (options.region,) if options.region else self.profile.identity_center_regions
        return Regions().ask(regions, ask)

    def keys(self, parameters: Mapping[Any, Any]) -> dict[str, str | None]:
        """The caller's credentials in botocore's names; the assertion opens the caller's role, if it has one."""
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
        raw = parameters.get("assertion") or kept_tokens.load(self.profile, self._store).identity_token
        if not isinstance(raw, str) or not raw:
            raise SignInNeeded(
                f"the caller of profile {self.profile.name} needs an identity token, and none is kept",
                f"oidc-helper login {self.profile.name}, or name other credentials with --profile",
            )
        return parse(raw, now=time.time(), where="--assertion" if "assertion" in parameters else "the tokens record")

    @contextmanager
    def spending(self, parameters: Mapping[Any, Any], warn: Warn) -> Iterator[None]:
        """Let the block send the assertion like any single-use token; if it was sent before, only warn."""
        token = _assertion(parameters)
        if token is None:
            yield
            return
        with single_use.sending(token, self._store, now=time.time(), spent_by=_may_be_spent, warn=warn) as is_new:
            if not is_new:
                warn("this assertion was sent before, and each counts only once")
            yield

    def keep(self, parameters: Mapping[Any, Any], answer: Mapping[str, Any]) -> None:
        """Put the answer into the profile's tokens. Raises StoreUnusable, and TryAgain if the lock is not free."""
        requested = tuple(parameters.get("scope") or ())
        purpose = f"oidc-helper create-token-with-iam for profile {self.profile.name}"
        name = self.profile.tokens_name
        with self._store.hold(name, timeout_s=self._deadline.left(), purpose=purpose):
            answer = {**answer, "region": self._region}
            updated = tokens.from_answer(self._before(parameters), answer, requested=requested, now=time.time())
            kept_tokens.save(self.profile, updated, self._store)

    def _before(self, parameters: Mapping[Any, Any]) -> Tokens:
        """The kept tokens if they surely are the same person's; else empty ones, and the credentials are deleted."""
        kept, token = kept_tokens.load(self.profile, self._store), _assertion(parameters)
        refreshes = bool(kept.refresh_token) and parameters.get("refreshToken") == kept.refresh_token
        if not refreshes and not (token and token.subject == kept.subject):
            for entry in self._store.entries():
                if entry.kind == CREDENTIALS and entry.details.get("identity") == self.profile.identity.name:
                    self._store.delete(entry.kind, entry.name)
            kept = Tokens(kept.binding)
        return kept_tokens.of_proof(kept, Assertion(token), self.profile) if token else kept


def _assertion(parameters: Mapping[Any, Any]) -> IdentityToken | None:
    try:
        return parse(str(parameters.get("assertion", "")), now=time.time(), where="--assertion")
    except SignInNeeded:
        return None


def _may_be_spent(error: Exception) -> bool:
    """`single_use.may_be_spent` for botocore's errors: a refusal, or an error before the request, spends nothing."""
    if isinstance(error, exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return not refusals.turned_away("" if code.isdigit() else code, status)
    if isinstance(error, _UNDER_WAY):
        return not never_sent(error)
    return not isinstance(error, exceptions.BotoCoreError | WrongSettings)
