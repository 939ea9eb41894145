"""The caller's own credentials: from an AWS profile, the environment, a container or an instance, through botocore.

Nothing here asks a person or reads standard input, and a passing failure is TryAgain, as with any other service.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.credentials import ProcessProvider
from botocore.parsers import ResponseParserError

from oidc_helper import redaction
from oidc_helper.aws import clients, refusals
from oidc_helper.aws.credentials import Credentials
from oidc_helper.aws.transport import CONNECT_S, GRACE_S, Transport
from oidc_helper.errors import OidcHelperError, Refused, SignInNeeded, TryAgain, WrongSettings
from oidc_helper.machine import child, reentry, tls
from oidc_helper.machine.deadline import Deadline, DeadlinePassed
from oidc_helper.settings import Profile
from oidc_helper.words import did_you_mean, printable

_CONTAINER = "container-role"
# botocore's provider -> its private attribute that asks the metadata service; there is no public one.
_METADATA = {_CONTAINER: "_fetcher", "iam-role": "_role_fetcher"}
_NETWORK = "check the network and the proxy (HTTPS_PROXY)"
_METADATA_STATUS = re.compile(r"non 200 response (\d{3})")  # botocore gives it in words only


class _Place(NamedTuple):
    """Where credentials are looked for and whose they are, as messages say it; the other fields are hints."""

    name: str
    test: str
    sign_in: str = "aws sso login"
    whose: str = "the caller"
    others: str = "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or set another caller"


_ENVIRONMENT = _Place("the environment, the container or the instance", "try them: aws sts get-caller-identity")
_ADMINISTRATOR = {
    "whose": "the administrator",
    "others": "name an AWS profile that has some: oidc-helper doctor --admin PROFILE --admin-profile AWSPROFILE",
}


def of_administrator(
    session: botocore.session.Session, profile: Profile, name: str, *, time_left: Callable[[], float]
) -> Credentials:
    """The credentials of the AWS profile of that name, or of the environment if it is empty. Raises OidcHelperError."""
    if name:
        return from_profile(profile, name, time_left=time_left, place=_place(name)._replace(**_ADMINISTRATOR))
    return from_environment(session, profile, time_left=time_left, place=_ENVIRONMENT._replace(**_ADMINISTRATOR))


def from_profile(
    profile: Profile, name: str, *, time_left: Callable[[], float], place: _Place | None = None
) -> Credentials:
    """The credentials of the AWS profile of that name. Raises OidcHelperError."""
    place = place or _place(name)
    session = botocore.session.Session(profile=name)
    try:
        known = session.full_config.get("profiles", {})
    except exceptions.BotoCoreError as error:
        raise WrongSettings(f"the AWS configuration cannot be read: {printable(str(error))}") from None
    if name not in known:
        config = printable(session.get_config_variable("config_file"))
        raise WrongSettings(
            f"there is no AWS profile {printable(name)!r}{did_you_mean(name, known)}", f"profiles are in {config}"
        )
    reentry.refuse_cycle(known, profile.name, name)
    _refuse_questions(known, name)
    clients.watch(session)
    if not session.get_config_variable("region"):
        _choose_region(session, profile)
    own = session.get_scoped_config().get("ca_bundle")  # every transport obeys AWS_CA_BUNDLE anyway
    Transport(
        ca_bundle=profile.ca_bundle or own,
        setting="ca_bundle" if profile.ca_bundle else f"ca_bundle of {place.name}",
        connect_s=CONNECT_S,
        read_s=max(1.0, time_left()),
    ).serve_all(session)
    with reentry.marked(f"profile {profile.name} -> AWS profile {name}"):
        return _resolved(session, profile, place, time_left)


def from_environment(
    session: botocore.session.Session, profile: Profile, *, time_left: Callable[[], float], place: _Place = _ENVIRONMENT
) -> Credentials:
    """The credentials that the environment, the container or the instance gives. Raises OidcHelperError."""
    _choose_region(session, profile)
    return _resolved(session, profile, place, time_left)


def _place(name: str) -> _Place:
    named = f"--profile {shlex.quote(printable(name))}"
    return _Place(
        f"the AWS profile {printable(name)}", f"try them: aws sts get-caller-identity {named}", f"aws sso login {named}"
    )


def _choose_region(session: botocore.session.Session, profile: Profile) -> None:
    """Without a region botocore asks the global STS, which serves no China, GovCloud or European Sovereign Cloud."""
    session.set_config_variable("region", os.environ.get("AWS_REGION") or profile.identity_center_regions[0])


def _refuse_questions(profiles: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Raise WrongSettings if botocore would ask for an MFA code on the terminal or standard input."""
    for signer, section in _signers(profiles, name):
        if section.get("mfa_serial") and section.get("role_arn"):
            raise WrongSettings(
                f"the AWS profile {printable(signer)} needs an MFA code (mfa_serial), and nobody is asked for one here",
                "let the caller be an AWS profile whose keys need no code, such as those of aws sts get-session-token",
            )


def _signers(profiles: Mapping[str, Mapping[str, Any]], start: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The AWS profiles that botocore follows from `start`; one with keys ends the chain, unless it is the first."""
    for name, section in reentry.profiles_behind(profiles, start):
        if name != start and ("aws_access_key_id" in section or "aws_secret_access_key" in section):
            return
        yield name, section


def _bound_process(session: botocore.session.Session, place: _Place, time_left: Callable[[], float]) -> None:
    """Give a credential_process only the time that is left: botocore would wait for ever."""
    bounded = ProcessProvider(
        profile_name=str(session.profile),
        load_config=lambda: session.full_config,
        popen=child.bounded(time_left, place.name),
    )
    providers = session.get_component("credential_provider")
    providers.insert_after(ProcessProvider.METHOD, bounded)
    providers.remove(ProcessProvider.METHOD)  # removes the first of that name, which is botocore's own


def _bound_metadata(session: botocore.session.Session, profile: Profile) -> None:
    """Ask the container or the instance without a proxy, and refuse an endless answer or an endpoint of ours."""
    seconds = session.get_config_variable("metadata_service_timeout")
    transport = Transport(ca_bundle=profile.ca_bundle, connect_s=seconds, read_s=seconds, directly=True)

    def send(request: Any) -> Any:
        reentry.refuse_endpoint(profile.name, request.url)
        return transport.send(request)

    providers = session.get_component("credential_provider")
    for provider, fetcher in _METADATA.items():
        getattr(providers.get_provider(provider), fetcher)._session = SimpleNamespace(send=send)  # noqa: SLF001  # no public name either


def _resolved(
    session: botocore.session.Session, profile: Profile, place: _Place, time_left: Callable[[], float]
) -> Credentials:
    seconds = max(1.0, time_left() / 3)  # two attempts and the pause between them
    session.set_default_client_config(
        Config(
            connect_timeout=min(CONNECT_S, seconds),
            read_timeout=seconds,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )
    )

    def find() -> Credentials | None:
        _bound_metadata(session, profile)
        if session.profile:
            _bound_process(session, place, time_left)
        return _frozen(session)

    try:
        credentials = Deadline(time_left() + GRACE_S).run(find)
    except DeadlinePassed:
        raise TryAgain(f"{place.name} gave no credentials in time", place.test) from None
    except OidcHelperError:
        raise
    except Exception as error:  # noqa: BLE001  # if a program prints nonsense, botocore may raise anything
        raise _missing(error, place) from None
    if not credentials:
        raise WrongSettings(
            f"{place.whose} has no AWS credentials: nothing in {place.name}",
            place.others.replace("--admin PROFILE", f"--admin {profile.name}"),
        )
    redaction.learn(credentials.secret_access_key, credentials.session_token)
    return credentials


def _frozen(session: Any) -> Credentials | None:
    credentials = session.get_credentials()
    if not (keys := credentials and credentials.get_frozen_credentials()):
        return None
    expiry = getattr(credentials, "_expiry_time", None)  # botocore has no public name for it
    return Credentials(keys.access_key, keys.secret_key, keys.token, expiry and int(expiry.timestamp()))


def _missing(error: Exception, place: _Place) -> OidcHelperError:
    """Our error for one that botocore, or a program that it runs, met while getting credentials."""
    read = next(read for kinds, read in _READINGS if isinstance(error, kinds))
    return reentry.cycle_in(str(error)) or read(error, place)


def _refused(error: Any, place: _Place) -> OidcHelperError:
    """A refusal of the service that was asked for the credentials; its code says nothing about our own tokens."""
    answer, status = error.response.get("Error", {}), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    code, words = str(answer.get("Code", "")), printable(str(answer.get("Message", "")).strip())
    message = _beginning(place) + f"{error.operation_name}: {printable(code)}" + (f": {words}" if words else "")
    if refusals.may_pass(code, status):
        return TryAgain(message, "try again in a while")
    return Refused(message, place.test)


def _unreached(error: Exception, place: _Place) -> OidcHelperError:
    if trouble := tls.trouble("the service that gives them", error):
        return TryAgain(_beginning(place) + trouble.message, trouble.hint)
    return TryAgain(_beginning(place) + _reason(error), _NETWORK)


def _garbled(_error: Exception, place: _Place) -> OidcHelperError:
    """An answer that is not AWS's: a proxy or a captive portal answered in its place."""
    return TryAgain(_beginning(place) + "the answer cannot be read", _NETWORK)


def _not_given(error: Any, place: _Place) -> OidcHelperError:
    """The container's endpoint or a program refused or failed; only the endpoint says whether that may pass."""
    if error.kwargs.get("provider", _CONTAINER) != _CONTAINER:
        return _wrong(error, place)
    status = _METADATA_STATUS.search(str(error))
    kind = Refused if status and not refusals.may_pass("", int(status[1])) else TryAgain
    return kind(_beginning(place) + _reason(error), place.test)


def _signed_out(error: Exception, place: _Place) -> OidcHelperError:
    return SignInNeeded(_beginning(place) + _reason(error), place.sign_in)


def _wrong(error: Exception, place: _Place) -> OidcHelperError:
    return WrongSettings(_beginning(place) + _reason(error), place.test)


def _unreadable(error: Any, place: _Place) -> OidcHelperError:
    return WrongSettings(_beginning(place) + f"{printable(str(error.filename))}: {error.strerror}", place.test)


def _nonsense(error: Exception, place: _Place) -> OidcHelperError:
    if clients.variables_in(str(error)):
        return clients.wrong_value(error)
    return WrongSettings(_beginning(place) + "its answer holds none", place.test)


def _out_of_memory(_error: Exception, place: _Place) -> OidcHelperError:
    return clients.short_of_memory(f"{place.whose}'s credentials")


def _beginning(place: _Place) -> str:
    return f"{place.whose}'s credentials cannot be obtained from {place.name}: "


def _reason(error: Exception) -> str:
    return printable(" ".join(str(error).split()).rstrip("."))


# The first match counts, so subclasses stand before their bases.
_READINGS: tuple[tuple[Any, Callable[[Any, _Place], OidcHelperError]], ...] = (
    (exceptions.ClientError, _refused),
    ((exceptions.ConnectionError, exceptions.HTTPClientError), _unreached),
    ((exceptions.MetadataRetrievalError, exceptions.CredentialRetrievalError), _not_given),
    ((exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.LoginError), _signed_out),
    (exceptions.BotoCoreError, _wrong),
    (ResponseParserError, _garbled),
    (OSError, _unreadable),
    (MemoryError, _out_of_memory),
    (Exception, _nonsense),
)
