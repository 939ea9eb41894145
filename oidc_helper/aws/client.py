"""Every call to AWS: opening the caller, CreateTokenWithIAM, and the calls that turn tokens into credentials.

The environment belongs to the process that started us, so AWS_PROFILE and AWS_REGION are ignored here, and AWS
credentials and configuration files count only for a caller that is set to `environment` or `profile`. Endpoints
(AWS_ENDPOINT_URL_*), proxies and AWS_CA_BUNDLE count.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import botocore.session
from botocore import UNSIGNED, exceptions, xform_name
from botocore.config import Config
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from oidc_helper import redaction
from oidc_helper.aws import account_access, callers, clients, refusals
from oidc_helper.aws.attempts import UNCONNECTED, Attempts, connect_once
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.regions import FIRST_TRY_S, Regions
from oidc_helper.aws.tokens import Tokens
from oidc_helper.aws.transport import CONNECT_S, GRACE_S, Transport
from oidc_helper.errors import OidcHelperError, SignInNeeded, TryAgain, WrongSettings
from oidc_helper.identity.token import IdentityToken
from oidc_helper.machine import tls
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.machine.hosts import host_in, is_loopback
from oidc_helper.machine.trust import key_log
from oidc_helper.settings import Profile
from oidc_helper.settings.limits import limits
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper.aws.client")

_T = TypeVar("_T")

_CHAINED_LIMIT_S = 3_600  # STS's limit for role chaining: a role's credentials open another role
_LONGEST_LIFE_S = 10**9
_ISOLATED = {
    "profile": (None, None, None, None),
    "region": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
# What botocore's parsers and our readers raise for an answer that does not have the model's shape.
_NONSENSE = (ResponseParserError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RuntimeError)


class _Models(Loader):
    """botocore's models of the services that we call; listing the directories of all 400 would take 40 ms."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002
        of_administrators = (account_access.SETUP, "iam", "identitystore", "sso-admin")
        return [account_access.SERVICE, "s3control", "sso", "sso-oidc", "sts", *of_administrators]


class Aws:
    """The calls that one profile needs; `time_left` tells how many seconds they may still take."""

    def __init__(self, profile: Profile, *, time_left: Callable[[], float]) -> None:
        self._profile = profile
        self._time_left = time_left
        self._session = botocore.session.Session(session_vars=_ISOLATED)
        self._session.register_component(
            "data_loader", _Models([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
        )
        clients.watch(self._session)
        self._regions = Regions()
        self._session_lock = threading.Lock()  # botocore's session is not thread-safe
        self._prepared: dict[tuple[Credentials, str], Any] = {}

    def open_caller(self, identity_token: IdentityToken | None) -> Credentials:
        """Get the credentials that sign CreateTokenWithIAM. Raises OidcHelperError."""
        caller = self._profile.caller
        if caller.web_identity_role_arn:
            return self._assume_with_web_identity(caller.web_identity_role_arn, identity_token)
        if caller.profile:
            return callers.from_profile(self._profile, caller.profile, time_left=self._time_left)
        return callers.from_environment(self._session, self._profile, time_left=self._time_left)

    @property
    def center_url(self) -> str:
        """The base URL of Identity Center's own endpoints, which AWS_ENDPOINT_URL_SSO_OIDC and the partition decide.

        With several regions, it is that of the first one that can be connected to.
        """
        return self._regions.ask(self._profile.identity_center_regions, self._center_url)

    def _center_url(self, region: str, others: int) -> str:
        url = self._url("sso-oidc", region)
        if others:
            self._try_to_connect(url, others)
        return url

    def reach(self, service: str) -> str:
        """Connect to a service in the first region that can be connected to, and return its base URL there.

        Only a HEAD request is sent. Raises OidcHelperError.
        """

        def reach_in(region: str, _others: int) -> str:
            url = self._url(service, region)
            self._connect(url, service)
            return url

        return self._regions.ask(self._profile.identity_center_regions, reach_in)

    def url(self, service: str) -> str:
        """The base URL of a service in the first region, even if it is in clear text. Raises WrongSettings."""
        region = self._profile.identity_center_regions[0]
        try:
            client = self._session.create_client(
                service, region_name=region, verify=True, config=Config(signature_version=UNSIGNED)
            )
            return _base_url(client, service)
        except (exceptions.BotoCoreError, ValueError, LookupError, OSError) as error:
            raise clients.wrong_value(error) from None

    def _url(self, service: str, region: str) -> str:
        return _base_url(self._client(service, region, None), service)

    def _connect(self, url: str, service: str) -> None:
        variable = clients.endpoint_variable(service)
        seconds = min(CONNECT_S, max(1.0, self._time_left()))
        try:
            Transport(ca_bundle=self._profile.ca_bundle, connect_s=seconds, read_s=seconds).probe(url)
        except exceptions.BotoCoreError as error:
            if trouble := tls.trouble(host_in(url), error):
                raise TryAgain(*trouble) from None
            how, unsent = type(error).__name__.removesuffix("Error"), isinstance(error, UNCONNECTED)
            raise refusals.unreachable(service, host_in(url), how, never_sent=unsent, variable=variable) from None

    def arn(self, signer: Credentials) -> str:
        """The ARN of the principal that signs with these credentials; no policy can deny it. Raises OidcHelperError."""
        regions = self._profile.identity_center_regions
        return self._ask_anywhere("sts", regions, "GetCallerIdentity", lambda answer: str(answer["Arn"]), signer=signer)

    def open_administrator(self, aws_profile: str) -> Credentials:
        """Get the credentials of an administrator, who only reads: of that AWS profile, or of the environment if empty.

        From the environment they are its keys, or those of the AWS profile that AWS_PROFILE names, of the container or
        of the instance. Raises OidcHelperError.
        """
        name = aws_profile or ("" if os.environ.get("AWS_ACCESS_KEY_ID") else os.environ.get("AWS_PROFILE", ""))
        return callers.of_administrator(self._session, self._profile, name, time_left=self._time_left)

    def read_as(
        self, administrator: Credentials, service: str, operation: str, region: str, **parameters: Any
    ) -> dict[str, Any]:
        """The answer to a call that changes nothing. Raises OidcHelperError."""
        client = self._client(service, region, administrator)
        client.meta.events.register("before-call.s3-control", partial(_keep_loopback, client.meta.endpoint_url))
        return self._ask(client, operation, dict, **parameters)

    def prepare(self, caller: Credentials) -> None:
        """Make the client of CreateTokenWithIAM: what would keep the call back fails here. Raises OidcHelperError."""
        regions = self._regions.in_order(self._profile.identity_center_regions)
        self._exchange_client(caller, regions[0], len(regions) - 1)

    def create_token(
        self, caller: Credentials, parameters: Mapping[str, Any], *, issued_in: str = ""
    ) -> dict[str, Any]:
        """CreateTokenWithIAM, sent once: it is not idempotent, and botocore would repeat it after a lost answer.

        `issued_in` is the region that issued a token among the parameters: it is tried first. The answer gets `region`.
        """

        def ask(region: str, others: int) -> dict[str, Any]:
            client = self._exchange_client(caller, region, others)
            arn = self._profile.application_arn
            answer = self._ask(client, "CreateTokenWithIAM", _with_access_token, clientId=arn, **parameters)
            return {**answer, "region": region}

        return self._regions.ask(self._profile.identity_center_regions, ask, first=issued_in)

    def _exchange_client(self, caller: Credentials, region: str, others: int) -> Any:
        if (caller, region) not in self._prepared:
            client = self._client("sso-oidc", region, caller, attempts=1, others=others)
            self._prepared = {(caller, region): client}
        return self._prepared[caller, region]

    def credentials(self, tokens: Tokens, caller: Callable[[], Credentials]) -> Credentials:
        """Turn tokens into the profile's credentials; `caller` is only called if a role is to be assumed."""
        if self._profile.permission_set:
            return self._permission_set(tokens)
        if self._profile.account_access:
            name = self._profile.role_session_name or session_name(tokens.user)
            return account_access.credentials(self.account_access(tokens), self._profile, name)
        role = self._assume_with_context(tokens, caller())
        return self._data_access(role) if self._profile.s3_grant else role

    def portal(self, tokens: Tokens) -> account_access.Ask:
        """A function that calls the access portal. It keeps its connection and sends each call once.

        It is for one thread at a time. Each call raises OidcHelperError.
        """
        regions, portal_clients = self._profile.identity_center_regions, dict[tuple[str, int], Any]()

        def ask(operation: str, read: Callable[[dict[str, Any]], _T], /, **parameters: Any) -> _T:
            def ask_in(region: str, others: int) -> _T:
                if (region, others) not in portal_clients:
                    with self._session_lock:
                        portal_clients[region, others] = self._client("sso", region, None, attempts=1, others=others)
                client = portal_clients[region, others]
                return self._ask(client, operation, read, accessToken=tokens.access_token, **parameters)

            return self._regions.ask(regions, ask_in, first=tokens.region)

        return ask

    def account_access(self, tokens: Tokens) -> account_access.Ask:
        """A function that calls account access manager, with Identity Center's access token as the bearer token.

        Each call raises OidcHelperError. We set the header ourselves: botocore's own signer does so over TLS only, even
        on loopback, and may take a token from a variable or file that is not ours.
        """
        account_access.require_model()
        redaction.learn(tokens.access_token)
        regions, bearer = self._profile.identity_center_regions, tokens.access_token

        def ask(operation: str, read: Callable[[dict[str, Any]], _T], /, **parameters: Any) -> _T:
            return self._ask_anywhere(
                account_access.SERVICE, regions, operation, read, first=tokens.region, bearer=bearer, **parameters
            )

        return ask

    def end_session(self, tokens: Tokens) -> None:
        """Log out of the portal session that the access token belongs to. Raises OidcHelperError."""
        self._ask_portal(tokens, "Logout", bool)

    def _assume_with_web_identity(self, role_arn: str, identity_token: IdentityToken | None) -> Credentials:
        if identity_token is None:
            raise SignInNeeded("the caller's role needs an identity token, and there is none")
        return self._ask_anywhere(
            "sts",
            self._profile.identity_center_regions,
            "AssumeRoleWithWebIdentity",
            partial(_from_sts, role_arn.split(":")[4]),
            RoleArn=role_arn,
            RoleSessionName=session_name(identity_token.user),
            WebIdentityToken=identity_token.raw,
        )

    def _assume_with_context(self, tokens: Tokens, caller: Credentials) -> Credentials:
        role_arn = str(self._profile.role_arn)
        duration_s = self._profile.duration_seconds
        return self._ask_anywhere(
            "sts",
            self._profile.role_regions,
            "AssumeRole",
            partial(_from_sts, role_arn.split(":")[4]),
            signer=caller,
            RoleArn=role_arn,
            RoleSessionName=self._profile.role_session_name or session_name(tokens.user),
            DurationSeconds=min(duration_s, _CHAINED_LIMIT_S) if caller.session_token else duration_s,
            ProvidedContexts=[
                {
                    "ProviderArn": self._profile.identity_context_provider_arn,
                    "ContextAssertion": tokens.identity_context,
                }
            ],
        )

    def _permission_set(self, tokens: Tokens) -> Credentials:
        return self._ask_portal(
            tokens,
            "GetRoleCredentials",
            partial(_from_portal, self._profile.account_id),
            accountId=self._profile.account_id,
            roleName=self._profile.permission_set,
        )

    def _ask_portal(
        self, tokens: Tokens, operation: str, read: Callable[[dict[str, Any]], _T], **parameters: Any
    ) -> _T:
        regions, token = self._profile.identity_center_regions, tokens.access_token
        return self._ask_anywhere("sso", regions, operation, read, first=tokens.region, accessToken=token, **parameters)

    def _data_access(self, role: Credentials) -> Credentials:
        grant = self._profile.s3_grant
        assert grant is not None  # noqa: S101  # its only caller checks that
        account_id = grant.account_id or str(role.account_id)
        client = self._client("s3control", self._profile.region, role)
        client.meta.events.register("before-call.s3-control", partial(_keep_loopback, client.meta.endpoint_url))
        return self._ask(
            client,
            "GetDataAccess",
            partial(_from_sts, account_id),
            AccountId=account_id,
            Target=grant.target,
            Permission=grant.permission,
            Privilege=grant.privilege,
        )

    def _ask_anywhere(  # noqa: PLR0913 - what is asked, and where
        self,
        service: str,
        regions: Sequence[str],
        operation: str,
        read: Callable[[dict[str, Any]], _T],
        *,
        signer: Credentials | None = None,
        bearer: str = "",
        first: str = "",
        **parameters: Any,
    ) -> _T:
        """Make the call in the first of the regions that can be connected to; see `regions` and `_ask`."""

        def ask(region: str, others: int) -> _T:
            client = self._client(service, region, signer, others=others)
            if bearer:
                client.meta.events.register("before-call", partial(_bear, bearer))
            return self._ask(client, operation, read, **parameters)

        return self._regions.ask(regions, ask, first=first)

    def _client(
        self, service: str, region: str, signer: Credentials | None, *, attempts: int = 2, others: int = 0
    ) -> Any:
        """A client for a region; if `others` are left to try, it tries to connect only once, and briefly."""
        # All attempts and botocore's pause between them fit into the time left, so that the error names the call.
        seconds = max(1.0, self._time_left() / (2 * attempts - 1))
        if signer:
            redaction.learn(signer.secret_access_key, signer.session_token)
        connect_s = self._connect_s(others) if others else min(CONNECT_S, seconds)
        key_log()  # before botocore opens that file too: its error would not name the variable
        config = Config(
            signature_version=None if signer else UNSIGNED,
            connect_timeout=connect_s,
            read_timeout=seconds,
            retries={"total_max_attempts": attempts, "mode": "standard"},
        )
        try:
            client = self._session.create_client(
                service,
                region_name=region,
                aws_access_key_id=signer.access_key_id if signer else None,
                aws_secret_access_key=signer.secret_access_key if signer else None,
                aws_session_token=signer.session_token if signer else None,
                verify=True,
                config=config,
            )
        except (exceptions.BotoCoreError, ValueError, LookupError) as error:
            raise clients.wrong_value(error) from None
        except (MemoryError, RuntimeError):
            raise clients.short_of_memory("a client of AWS") from None
        if others:
            connect_once(client)
        transport = Transport(ca_bundle=self._profile.ca_bundle, connect_s=connect_s, read_s=seconds)
        return clients.checked(client, transport)

    def _connect_s(self, others: int) -> float:
        """The seconds for connecting if so many other regions are left to try: they need time too."""
        return max(0.5, min(FIRST_TRY_S, self._time_left() / (2 + 2 * others)))

    def _try_to_connect(self, url: str, others: int) -> None:
        """Raise Unconnected if no connection is made; other trouble will show when the service is called."""
        seconds = self._connect_s(others)
        try:
            Transport(ca_bundle=self._profile.ca_bundle, connect_s=seconds, read_s=seconds).probe(url)
        except UNCONNECTED as error:
            how = type(error).__name__.removesuffix("Error")
            raise refusals.Unconnected(f"{host_in(url)} cannot be reached ({how})") from None
        except exceptions.BotoCoreError:
            return

    def _ask(self, client: Any, operation: str, read: Callable[[dict[str, Any]], _T], **parameters: Any) -> _T:
        """Make the call, and return the value that `read` takes from the answer. Raises OidcHelperError."""
        name = _call_name(client, operation)
        variable = clients.endpoint_variable(client.meta.service_model.service_id)
        attempts = Attempts(client)
        began = time.monotonic()
        outcome = "answered"
        call = getattr(client, xform_name(operation))
        try:
            # botocore's timeouts are for single reads, and looking up a name has none.
            return Deadline(self._time_left() + GRACE_S).run(lambda: read(call(**parameters)))
        except DeadlinePassed:
            outcome = "too slow"
            raise refusals.unreachable(name, attempts.host, "too slow", never_sent=False, variable=variable) from None
        except exceptions.BotoCoreError as error:
            outcome = type(error).__name__
            raise _unanswered(error, name, attempts, variable=variable) from None
        except exceptions.ClientError as error:
            outcome = error.response.get("Error", {}).get("Code", "refused")
            raise refusals.from_error_answer(
                name,
                attempts.host,
                error.response,
                profile=self._profile.name,
                now=datetime.now(UTC).timestamp(),  # by the clock that botocore signs with
            ) from None
        except (MemoryError, *_NONSENSE) as error:
            outcome = "not understood" if attempts.begun else type(error).__name__
            if attempts.begun:
                raise refusals.unreadable(name, attempts.host, attempts.status) from None
            if isinstance(error, MemoryError | RuntimeError):  # no thread can be started
                raise clients.short_of_memory(name) from None
            raise clients.wrong_value(error) from None
        finally:
            attempts.stop_watching()
            took_ms = (time.monotonic() - began) * 1000
            log.debug("%s at %s: %s in %.0f ms", name, attempts.host, printable(outcome), took_ms)


def _base_url(client: Any, service: str) -> str:
    return clients.base_url(client, "CreateToken") if service == "sso-oidc" else str(client.meta.endpoint_url)


def session_name(user: str) -> str:
    """A RoleSessionName that names the user in CloudTrail: cut to STS's limit, with `-` for characters it refuses."""
    allowed = "".join(
        character if character.isascii() and (character.isalnum() or character in "_+=,.@-") else "-"
        for character in user
    )
    least, most, _ = limits("sts", "AssumeRole", "RoleSessionName")
    return allowed[:most] if len(allowed) >= (least or 1) else "oidc-helper"


def _call_name(client: Any, operation: str) -> str:
    """The call's name in messages; GetRoleCredentials without a service is the portal's."""
    service: str = client.meta.service_model.service_name
    return f"{service} {operation}" if service == account_access.SERVICE else operation


def _bear(access_token: str, params: dict[str, Any], **_: Any) -> None:
    params["headers"]["Authorization"] = f"Bearer {access_token}"


def _keep_loopback(endpoint: str, params: dict[str, Any], **_: Any) -> None:
    """Remove the account that botocore puts in front of a loopback host; no setting of botocore prevents it."""
    if is_loopback(endpoint):
        params["url"] = endpoint + urlsplit(params["url"])._replace(scheme="", netloc="").geturl()


def _with_access_token(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, if its members have the right types. Raises one of _NONSENSE."""
    details, lifetime_s = answer.get("awsAdditionalDetails") or {}, int(answer["expiresIn"])
    others = [answer.get("refreshToken"), answer.get("idToken"), details.get("identityContext")]
    texts = [answer["accessToken"], *(text for text in others if text is not None), *(answer.get("scope") or [])]
    if not all(isinstance(text, str) for text in texts) or not 0 <= lifetime_s <= _LONGEST_LIFE_S:
        raise TypeError
    return {**answer, "expiresIn": lifetime_s}


def _from_sts(account_id: str, answer: Mapping[str, Any]) -> Credentials:
    keys = answer["Credentials"]
    expires_at = int(keys["Expiration"].timestamp())
    return Credentials(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], expires_at, account_id
    ).checked()


def _from_portal(account_id: str | None, answer: Mapping[str, Any]) -> Credentials:
    keys = answer["roleCredentials"]
    expires_at = int(keys["expiration"] // 1000)  # milliseconds
    return Credentials(
        keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"], expires_at, account_id
    ).checked()


def _unanswered(error: Exception, operation: str, attempts: Attempts, *, variable: str) -> OidcHelperError:
    host = attempts.host
    if trouble := tls.trouble(host, error):
        return TryAgain(f"{operation}: {trouble.message}", trouble.hint, never_sent=not attempts.sent)
    if isinstance(error, exceptions.ParamValidationError):
        return WrongSettings(f"{operation}: {printable(str(error))}", "check the settings: oidc-helper explain")
    if isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError):
        how = type(error).__name__.removesuffix("Error")
        return refusals.unreachable(operation, host, how, never_sent=not attempts.sent, variable=variable)
    if not attempts.begun:  # botocore's endpoint rules have no address for these settings
        return clients.wrong_value(error)
    return refusals.unreadable(operation, host)
