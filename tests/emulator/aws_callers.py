"""botocore clients for the emulator, with the keys of any principal."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from emulator.service_models import check_answer

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.directory import JWT_BEARER, TOKEN_EXCHANGE

Answer = dict[str, Any]
CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
_PLAIN = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


@functools.cache
def _session() -> Any:
    """Loads each service model once for all tests of a process."""
    return botocore.session.Session()


def service_model(service: str) -> ServiceModel:
    model: ServiceModel = _session().get_service_model(service)
    return model


@dataclass
class Caller:
    """A principal with an AWS key. Calls are sent once, and only the emulator checks their parameters."""

    emulator: Emulator
    key: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    region: str = "eu-west-1"
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)  # by botocore's event

    def client(self, service: str) -> Any:
        made = _session().create_client(
            service,
            region_name=self.region,
            endpoint_url=self.emulator.url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=_PLAIN,
        )
        made.meta.events.register("after-call", check_answer)
        for event, hook in self.hooks.items():
            made.meta.events.register(event, hook)
        # The service model puts a prefix in front of the host, but no name below 127.0.0.1 resolves.
        made.meta.events.register("before-call.s3-control", _without_host_prefix)
        return made

    def create_token(self, **parameters: Any) -> Answer:
        if "clientId" not in parameters:
            parameters["clientId"] = self.emulator.directory.application_arn
        answer: Answer = self.client("sso-oidc").create_token_with_iam(**parameters)
        return answer

    def exchange(self, email: str = "alice@example.com", **parameters: Any) -> Answer:
        parameters.setdefault("assertion", self.emulator.mint(email))
        return self.create_token(grantType=JWT_BEARER, **parameters)

    def refresh(self, token: str, **parameters: Any) -> Answer:
        return self.create_token(grantType="refresh_token", refreshToken=token, **parameters)

    def token_exchange(self, token: str, **parameters: Any) -> Answer:
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return self.create_token(
            **{"grantType": TOKEN_EXCHANGE, "subjectToken": token, "subjectTokenType": kind, **parameters}
        )

    def assume(self, role_arn: str, **parameters: Any) -> "Caller":
        """The caller with a session of that role."""
        answer = self.client("sts").assume_role(**{"RoleArn": role_arn, "RoleSessionName": "alice", **parameters})
        return self.using(answer["Credentials"])

    def assume_with_context(self, context: str, **parameters: Any) -> "Caller":
        provided = [{"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": context}]
        return self.assume(self.emulator.directory.analytics_role_arn, ProvidedContexts=provided, **parameters)

    def assume_with_web_identity(self, token: str, **parameters: Any) -> Answer:
        asked = {"RoleArn": self.emulator.directory.caller_role_arn, "RoleSessionName": "alice", **parameters}
        answer: Answer = self.client("sts").assume_role_with_web_identity(WebIdentityToken=token, **asked)
        return answer

    def using(self, credentials: Answer) -> "Caller":
        """The caller with these credentials of STS."""
        return Caller(
            self.emulator,
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
            self.region,
        )

    def identity(self) -> Answer:
        answer: Answer = self.client("sts").get_caller_identity()
        return answer


def refusal(call: Callable[..., Any], *arguments: Any, **parameters: Any) -> tuple[str, int]:
    """The error's code and HTTP status."""
    return refused(call, *arguments, **parameters)[:2]


def refused(call: Callable[..., Any], *arguments: Any, **parameters: Any) -> tuple[str, int, Answer]:
    """The error's code and HTTP status, and all that botocore read from it."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    response: Answer = dict(caught.value.response)
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response


def identity_context(tokens: Answer) -> str:
    context: str = tokens["awsAdditionalDetails"]["identityContext"]
    return context


def _without_host_prefix(params: Answer, **_: Any) -> None:
    scheme, _, rest = params["url"].partition("://")
    prefix, _, host = rest.partition(".")
    if len(prefix) == 12 and prefix.isdigit():
        params["url"] = f"{scheme}://{host}"
