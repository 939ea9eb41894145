"""The botocore session and client, with the settings that the AWS CLI has and botocore alone does not."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.configprovider import (
    ChainProvider,
    ConstantProvider,
    EnvironmentProvider,
    InstanceVarProvider,
    ScopedConfigProvider,
)
from botocore.exceptions import ProfileNotFound
from botocore.loaders import create_loader
from botocore.stub import Stubber
from botocore.utils import ArgumentGenerator, IMDSRegionProvider, parse_timestamp

from oidc_helper import __version__, redaction
from oidc_helper.aws import clients
from oidc_helper.aws.transport import Transport
from oidc_helper.create_token_with_iam.arguments import BINARY_FORMATS, GlobalOptions
from oidc_helper.create_token_with_iam.exits import Failed, NotConfigured, WrongUsage
from oidc_helper.create_token_with_iam.model import METHOD, OPERATION, SERVICE, Model
from oidc_helper.errors import WrongSettings
from oidc_helper.machine.trust import key_log
from oidc_helper.words import shown

# Setting of the AWS CLI -> variables of the environment, key of the AWS profile, default; the command line comes first.
_SETTINGS: Mapping[str, tuple[tuple[str, ...], str, str | None]] = {
    "output": (("AWS_DEFAULT_OUTPUT",), "output", "json"),
    "cli_binary_format": ((), "cli_binary_format", "base64"),
    "cli_auto_prompt": (("AWS_CLI_AUTO_PROMPT",), "cli_auto_prompt", "off"),
    "cli_error_format": (("AWS_CLI_ERROR_FORMAT",), "cli_error_format", "enhanced"),
    "cli_timestamp_format": ((), "cli_timestamp_format", "iso8601"),
}
_DEFAULT_PAGER = "more" if sys.platform == "win32" else "less"


def begin() -> botocore.session.Session:
    """A session that reads the user's AWS settings as the AWS CLI does; AWS_PROFILE and its like count here."""
    session = botocore.session.Session()
    session.user_agent_name, session.user_agent_version = "oidc-helper", __version__
    clients.watch(session)
    # botocore would look up data_path in the AWS profile, and help and skeletons must not need a profile
    session.register_component("data_loader", create_loader(os.environ.get("AWS_DATA_PATH")))
    store = session.get_component("config_store")
    for variable, (names, key, default) in _SETTINGS.items():
        store.set_config_provider(variable, _provider(session, variable, names, key, ConstantProvider(default)))
    store.set_config_provider(
        "region",
        _provider(session, "region", ("AWS_REGION", "AWS_DEFAULT_REGION"), "region", IMDSRegionProvider(session)),
    )
    pager = [
        EnvironmentProvider("AWS_PAGER", os.environ),
        ScopedConfigProvider("cli_pager", session),
        EnvironmentProvider("PAGER", os.environ),
        ConstantProvider(_DEFAULT_PAGER),
    ]
    store.set_config_provider("pager", ChainProvider(pager))
    return session


def _provider(
    session: botocore.session.Session, variable: str, names: tuple[str, ...], key: str, last: Any
) -> ChainProvider:
    environment = [EnvironmentProvider(name, os.environ) for name in names]
    return ChainProvider(
        [InstanceVarProvider(variable, session), *environment, ScopedConfigProvider(key, session), last]
    )


def setting(session: botocore.session.Session, variable: str) -> str:
    """A setting of the AWS CLI; its default if the AWS profile does not exist, which the call itself will report."""
    try:
        return str(session.get_config_variable(variable) or "")
    except ProfileNotFound:
        return _SETTINGS[variable][2] or ""


def prompt_mode(session: botocore.session.Session, words: Sequence[str]) -> str:
    """Whether to ask for missing parameters: `on`, `on-partial` or `off`. Raises WrongUsage."""
    on, off = "--cli-auto-prompt" in words, "--no-cli-auto-prompt" in words
    if on and off:
        raise WrongUsage("--cli-auto-prompt and --no-cli-auto-prompt cannot be used together")
    if off or any(word in words for word in ("help", "--help", "-h", "--version")):
        return "off"
    mode = "on" if on else setting(session, "cli_auto_prompt").lower()
    return mode if mode in ("on", "on-partial") else "off"


def choose(session: botocore.session.Session, options: GlobalOptions) -> None:
    """Give the session the profile and the region of the command line."""
    for variable, value in (("profile", options.profile), ("region", options.region)):
        if value:
            session.set_config_variable(variable, value)


def check_settings(session: botocore.session.Session, options: GlobalOptions) -> None:
    """Obey the formats of the AWS profile. Raises NotConfigured and Failed for an unknown one."""
    timestamps = setting(session, "cli_timestamp_format")
    if timestamps not in _TIMESTAMPS:
        raise NotConfigured(f"cli_timestamp_format = {shown(timestamps, 40)} is neither of {', '.join(_TIMESTAMPS)}")
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_TIMESTAMPS[timestamps])
    binary = options.binary_format or setting(session, "cli_binary_format")
    if binary not in BINARY_FORMATS:
        raise Failed(f"cli_binary_format = {shown(binary, 40)} is neither of {', '.join(BINARY_FORMATS)}")


_TIMESTAMPS: Mapping[str, Callable[[Any], Any]] = {
    "wire": lambda value: value,
    "iso8601": lambda value: parse_timestamp(value).isoformat(),
}


def client(session: botocore.session.Session, options: GlobalOptions, keys: Mapping[str, Any]) -> Any:
    """The client for one call, without retries: an assertion or code counts only once.

    `keys` are credentials in botocore's names, if the caller is not that of the AWS profile.
    """
    config = Config(
        connect_timeout=options.connect_timeout_s,
        read_timeout=options.read_timeout_s,
        retries={"total_max_attempts": 1},
        defaults_mode="legacy",  # type: ignore[arg-type]  # the AWS CLI has no other; the stubs are wrong
        signature_version=None if options.sign_request else UNSIGNED,
    )
    redaction.learn(keys.get("aws_secret_access_key"), keys.get("aws_session_token"))
    redaction.learn_url(options.endpoint_url or "")
    key_log()  # botocore opens that file too, and fails as Python does
    client = session.create_client(
        SERVICE,
        region_name=options.region,
        endpoint_url=options.endpoint_url,
        verify=options.verify_ssl,
        config=config,
        **keys,
    )
    transport = Transport(
        ca_bundle=options.ca_bundle or session.get_config_variable("ca_bundle"),
        setting="--ca-bundle" if options.ca_bundle else "ca_bundle of the AWS profile",
        connect_s=options.connect_timeout_s,
        read_s=options.read_timeout_s,
    )
    try:
        return clients.checked(
            client, transport if options.verify_ssl else None, endpoint="--endpoint-url" * bool(options.endpoint_url)
        )
    except WrongSettings as mistake:
        kind = WrongUsage if mistake.message.startswith("--") else NotConfigured
        raise kind(mistake.message, mistake.hint) from None


def call(client: Any, parameters: Mapping[Any, Any]) -> dict[str, Any]:
    """The answer of CreateTokenWithIAM, without its HTTP metadata. Raises Failed, and the errors of botocore."""
    if not all(isinstance(name, str) for name in parameters):
        raise Failed("the names of parameters must be text")
    answered = []
    client.meta.events.register(f"before-parse.{SERVICE}.{OPERATION}", lambda **_: answered.append(True))
    with closing(client):
        try:
            return _body(getattr(client, METHOD)(**parameters))
        except (AttributeError, KeyError, TypeError, ValueError):  # botocore trusts an answer to fit the model
            if not answered:
                raise
            raise Failed("the answer cannot be read", "see whether --endpoint-url and the proxy lead to AWS") from None


def rehearse(client: Any, parameters: Mapping[Any, Any], model: Model) -> dict[str, Any]:
    """Check the parameters and send nothing; the values of the answer are the names of its members."""
    skeleton = ArgumentGenerator(use_member_names=True).generate_skeleton(model.operation.output_shape)
    with closing(client), Stubber(client) as stubber:
        stubber.add_response(METHOD, skeleton)
        answer = _body(getattr(client, METHOD)(**parameters))
    return dict(json.loads(json.dumps(answer)))  # YAML would tag botocore's OrderedDict


def _body(answer: dict[str, Any]) -> dict[str, Any]:
    answer.pop("ResponseMetadata", None)
    return answer
