"""How a run ends: the AWS CLI's exit codes, which only this command has, and the message for each error.

| code | meaning |
|---|---|
| 252 | usage, or an invalid parameter |
| 253 | settings or credentials |
| 254 | the service refused |
| 255 | anything else |
| 130 | interrupted |
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore import exceptions

from oidc_helper.aws import clients, refusals
from oidc_helper.create_token_with_iam.model import OPERATION
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, WrongSettings
from oidc_helper.machine import clock, tls

INTERRUPTED = 130
_WAY = "check the network, the proxy (HTTPS_PROXY), --region and --endpoint-url"


class WrongUsage(WrongSettings):
    """The words or parameters are invalid."""

    exit_code = 252


class NotConfigured(WrongSettings):
    """The settings of AWS or our own lack something, such as credentials."""

    exit_code = 253


class ServiceRefused(Refused):
    """The service answered with an error."""

    exit_code = 254


class Failed(OidcHelperError):  # noqa: N818  # kinds are named by what the user does next
    """Anything else."""

    exit_code = 255


def failure_of(error: Exception) -> OidcHelperError:
    """One of the four kinds above for any error."""
    if isinstance(error, WrongUsage | NotConfigured | ServiceRefused | Failed):
        return error
    return next((make(error) for kind, make in _KINDS.items() if isinstance(error, kind)), None) or _unforeseen(error)


def _unforeseen(error: Exception) -> OidcHelperError:
    names = " or ".join(clients.variables_in(str(error)))
    return Failed(_in_our_voice(error), f"correct or unset {names}" if names else "")


def _refused(error: exceptions.ClientError) -> OidcHelperError:
    answer: dict[str, Any] = dict(error.response)
    error_info, status = answer.get("Error", {}), answer["ResponseMetadata"].get("HTTPStatusCode")
    code = str(error_info.get("Code", ""))
    description = " ".join(str(answer.get("error_description") or error_info.get("Message") or "").split())
    if code.isdigit() or not code:  # botocore's code for a body that is not AWS's is the status
        return ServiceRefused(f"{OPERATION}: the answer was {status} {description}".rstrip(), _WAY, code=code)
    operation = error.operation_name  # of STS, if the credentials come from there
    details = [f"{name}: {answer[name]}" for name in ("error", "reason", "endpoint", "region") if answer.get(name)]
    message = f"{operation} was refused: {code}" + (f": {description}" if description else "")
    message += f" ({', '.join(details)})" if details else ""
    return ServiceRefused(message, _mend(operation, code, answer), code=code)


def _mend(operation: str, code: str, answer: Mapping[str, Any]) -> str:
    words = str(answer.get("error_description") or answer.get("Error", {}).get("Message") or "")
    known = refusals.remedy(operation, code, reason=str(answer.get("reason") or ""), words=words)
    options = {
        "ExpiredTokenException": "get a new refresh token",
        "InvalidClientException": "check --client-id and --region",
        "InvalidRequestRegionException": f"add --region {answer.get('region', 'REGION')}",
        "InvalidScopeException": "leave it out of --scope, or add it with sso-admin put-application-access-scope",
    }
    mend = options.get(code) if operation == OPERATION and known is refusals.remedy(operation, code) else None
    if known is refusals.SIGNER:
        mend = "check AWS_ACCESS_KEY_ID, --profile or --profile-settings"
    cause_and_mend = [known.cause, mend or known.mend] if known else []
    skew = clock.skew(answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", ""), time.time())
    return "; ".join(part for part in (skew, *cause_and_mend) if part)


def _invalid(error: exceptions.ParamValidationError) -> OidcHelperError:
    # botocore repeats the value, which may be a secret
    report = re.sub(r", value: .*?, type: ", ", type: ", str(error.kwargs["report"]), flags=re.DOTALL)
    return WrongUsage("; ".join(report.splitlines()), "compare with --generate-cli-skeleton")


def _unreachable(error: Exception) -> OidcHelperError:
    return Failed(_in_our_voice(error), _WAY)


def _unanswered(error: Exception) -> OidcHelperError:
    return Failed(
        _in_our_voice(error), "the request may have been carried out, and then its code or assertion is used up"
    )


def _broken_tls(error: Exception) -> OidcHelperError:
    trouble = tls.trouble("the server", error, setting="--ca-bundle")
    return (
        Failed(_in_our_voice(error), trouble.hint) if trouble and tls.came_before_request(error) else _unanswered(error)
    )


def _in_our_voice(error: Exception) -> str:
    """A library's message in one line, in lower case and without a full stop."""
    message = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _as(kind: type[OidcHelperError], hint: str = "") -> Callable[[Exception], OidcHelperError]:
    return lambda error: kind(_in_our_voice(error), hint)


def _ours(kind: type[OidcHelperError]) -> Callable[[OidcHelperError], OidcHelperError]:
    return lambda error: kind(error.message, error.hint)


# The first that fits: subclasses stand before their bases.
_KINDS: dict[type[Exception], Callable[..., OidcHelperError]] = {
    exceptions.ClientError: _refused,
    exceptions.ParamValidationError: _invalid,
    exceptions.NoRegionError: lambda _: NotConfigured(
        "no region is known", "name one with --region, AWS_REGION or region in the AWS profile"
    ),
    exceptions.NoCredentialsError: lambda _: NotConfigured(
        "there are no AWS credentials to sign with",
        "name a profile that has some with --profile or AWS_PROFILE, or send unsigned with --no-sign-request",
    ),
    exceptions.ProfileNotFound: _as(Failed, "list the profiles with: aws configure list-profiles"),
    exceptions.ReadTimeoutError: _unanswered,
    exceptions.ConnectionClosedError: _unanswered,
    exceptions.SSLError: _broken_tls,
    exceptions.ConnectionError: _unreachable,
    Refused: _ours(ServiceRefused),
    WrongSettings: _ours(NotConfigured),
    SignInNeeded: _ours(NotConfigured),
    OidcHelperError: _ours(Failed),
}
