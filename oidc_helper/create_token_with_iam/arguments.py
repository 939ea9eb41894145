"""The command line, parsed in the AWS CLI's stages: global options first, wherever they stand, then the rest.

Users notice the stages: `--scope a --output text b` asks for two scopes, and an abbreviation is looked up among the
global options before those of the operation.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NoReturn
from urllib.parse import urlsplit

import jmespath  # type: ignore[import-untyped]  # it brings no types

from oidc_helper.create_token_with_iam.exits import Failed, WrongUsage
from oidc_helper.create_token_with_iam.model import Member
from oidc_helper.words import shown

COMMAND = "oidc-helper create-token-with-iam"
FORMATS = ("json", "text", "table", "yaml", "yaml-stream", "off")
ERROR_FORMATS = ("legacy", "json", "yaml", "text", "table", "enhanced")
BINARY_FORMATS = ("base64", "raw-in-base64-out")
SKELETONS = ("input", "output", "yaml-input")
_USAGE_HINT = f"see {COMMAND} --help"
_DEFAULT_TIMEOUT_S = 60


@dataclass(frozen=True)
class Option:
    """An option that is no parameter of the operation; `keywords` are argparse's, `value` is a placeholder in help."""

    name: str
    meaning: str
    keywords: Mapping[str, Any] = field(default_factory=dict)
    value: str = ""


_SWITCH = {"action": "store_true"}
_OFF = "store_false"
GLOBAL = (
    Option("--debug", "trace the run on standard error, without secrets", _SWITCH),
    Option("--endpoint-url", "send to this URL instead of the region's (AWS_ENDPOINT_URL_SSO_OIDC)", value="URL"),
    Option("--no-verify-ssl", "do not check the server's certificate", {"action": _OFF, "dest": "verify_ssl"}),
    Option("--no-paginate", "no effect: the operation has no pages", {"action": _OFF, "dest": "paginate"}),
    Option("--output", "the form of the answer", {"choices": FORMATS}),
    Option("--query", "print only what this JMESPath expression selects", value="EXPRESSION"),
    Option("--profile", "the AWS profile to take credentials and settings from", value="NAME"),
    Option("--region", "the region of the application's Identity Center", value="REGION"),
    Option("--version", "print the version", {"action": "version", "version": ""}),
    Option("--color", "colour in tables", {"choices": ("on", "off", "auto"), "default": "auto"}),
    Option("--no-sign-request", "send without a signature", {"action": _OFF, "dest": "sign_request"}),
    Option("--ca-bundle", "trust the certificate authorities in this file", value="PATH"),
    Option(
        "--cli-read-timeout", "give up when the server sends nothing for so many seconds; 0: never", value="SECONDS"
    ),
    Option("--cli-connect-timeout", "give up connecting after so many seconds; 0: never", value="SECONDS"),
    Option(
        "--cli-binary-format",
        "no effect: the operation has no binary values",
        {"choices": BINARY_FORMATS},
    ),
    Option("--no-cli-pager", "print long output to a terminal without a pager", _SWITCH),
    Option("--cli-auto-prompt", "ask on the terminal for missing parameters", _SWITCH),
    Option("--no-cli-auto-prompt", "never ask, whatever the settings say", _SWITCH),
    Option("--cli-error-format", "the form of an error", {"choices": ERROR_FORMATS}),
)
WHOLE_INPUT = (
    Option("--cli-input-json", "parameters as one JSON object; options win over it", value="JSON"),
    Option("--cli-input-yaml", "parameters as one YAML map; options win over it", value="YAML"),
)
SKELETON = Option(
    "--generate-cli-skeleton",
    "send nothing, print a skeleton of the input, or of the answer after checking the input",
    {"nargs": "?", "const": "input", "choices": SKELETONS},
)
OURS = (
    Option("--profile-settings", "client id, region and caller from this profile of our own settings", value="NAME"),
    Option("--store", "keep the answer in that profile's tokens", _SWITCH),
)


@dataclass(frozen=True)
class GlobalOptions:
    """The values of the global options, checked; None, or False for a switch, if the option was not named.

    `query` is the compiled expression. A timeout is in seconds, None for no limit.
    """

    debug: bool
    endpoint_url: str | None
    verify_ssl: bool
    output: str | None
    query: Any
    profile: str | None
    region: str | None
    color: str
    sign_request: bool
    ca_bundle: str | None
    read_timeout_s: int | None
    connect_timeout_s: int | None
    binary_format: str | None
    no_pager: bool
    error_format: str | None


@dataclass(frozen=True)
class OperationOptions:
    """The values of the operation's options, as words: those of parameters by member, whole inputs by option."""

    parameters: Mapping[str, Any] = field(repr=False)
    whole_input: Mapping[str, str] = field(repr=False)
    skeleton: str | None
    profile_settings: str | None
    store: bool


class HelpAskedError(Exception):
    """The words ask for help."""


class VersionAskedError(Exception):
    """The words ask for the version."""


class _Parser(argparse.ArgumentParser):
    def __init__(self) -> None:
        super().__init__(COMMAND, add_help=False)

    def offer(self, option: Option) -> None:
        self.add_argument(option.name, **option.keywords)

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(message, _USAGE_HINT)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise VersionAskedError(status, message)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print nothing: the command prints the version."""


def parse_global(words: Sequence[str]) -> tuple[GlobalOptions, list[str]]:
    """The global options, and the other words. Raises WrongUsage, Failed, HelpAskedError, VersionAskedError."""
    if "--help" in words or "-h" in words:
        raise HelpAskedError
    parser = _Parser()
    for option in GLOBAL:
        parser.offer(option)
    parser.add_argument("service")
    namespace, others = _parse(parser, ["sso-oidc", "create-token-with-iam", *words])
    return _checked(namespace), others


def _checked(namespace: argparse.Namespace) -> GlobalOptions:
    query = None if namespace.query is None else _compiled(namespace.query)
    if namespace.endpoint_url is not None and not urlsplit(namespace.endpoint_url).scheme:
        raise WrongUsage(f"--endpoint-url: {shown(namespace.endpoint_url, 40)} has no scheme", "begin it with https://")
    return GlobalOptions(
        debug=namespace.debug,
        endpoint_url=namespace.endpoint_url,
        verify_ssl=namespace.verify_ssl,
        output=namespace.output,
        query=query,
        profile=namespace.profile,
        region=namespace.region,
        color=namespace.color,
        sign_request=namespace.sign_request,
        ca_bundle=namespace.ca_bundle,
        read_timeout_s=_seconds("--cli-read-timeout", namespace.cli_read_timeout),
        connect_timeout_s=_seconds("--cli-connect-timeout", namespace.cli_connect_timeout),
        binary_format=namespace.cli_binary_format,
        no_pager=namespace.no_cli_pager,
        error_format=namespace.cli_error_format,
    )


def _compiled(expression: str) -> Any:
    try:
        return jmespath.compile(expression)
    except Exception as error:  # noqa: BLE001  # jmespath raises ValueError and others for what it cannot parse
        raise WrongUsage(f"--query: {' '.join(str(error).split())}", "see jmespath.org") from None


def _seconds(option: str, word: str | None) -> int | None:
    try:
        return _DEFAULT_TIMEOUT_S if word is None else int(word) or None
    except ValueError:
        raise Failed(f"{option}: {shown(str(word), 40)} is no number of seconds") from None


def parse_operation(
    words: Sequence[str], members: Mapping[str, Member], *, asks: bool = False
) -> OperationOptions | None:
    """The operation's options, None for `help`. Raises WrongUsage; with `asks`, not for a missing option."""
    parser = _Parser()
    parser.add_argument("operation")
    _, words = _parse(parser, words)
    if words == ["help"]:
        return None
    namespace, unknown = _parse(_operation_parser(words, members, asks=asks), words)
    if namespace.help == "help":
        return None
    if namespace.help:
        unknown.append(namespace.help)
    if unknown:
        raise _unknown(unknown, [member.option for member in members.values()])
    values = vars(namespace)
    whole_input = {option.name: values[option.name[2:].replace("-", "_")] for option in WHOLE_INPUT}
    return OperationOptions(
        {name: values[name] for name in members if values[name] is not None},
        {name: word for name, word in whole_input.items() if word is not None},
        skeleton=namespace.generate_cli_skeleton,
        profile_settings=namespace.profile_settings,
        store=namespace.store,
    )


def _operation_parser(words: Sequence[str], members: Mapping[str, Member], *, asks: bool) -> _Parser:
    optional = set(members) if asks or _requirements_lifted(words) else set()
    if any(word.partition("=")[0] == "--profile-settings" for word in words):
        optional.add("clientId")
    parser = _Parser()
    for member in members.values():
        _offer_member(parser, member, required=member.required and member.name not in optional)
    for option in (*WHOLE_INPUT, SKELETON, *OURS):
        parser.offer(option)
    parser.add_argument("help", nargs="?")
    return parser


def _offer_member(parser: _Parser, member: Member, *, required: bool) -> None:
    if member.shape.type_name == "boolean":
        parser.add_argument(member.option, dest=member.name, action="store_true", default=None)
        parser.add_argument("--no-" + member.option[2:], dest=member.name, action="store_false", default=None)
        return
    keywords = {"nargs": "*"} if member.shape.type_name == "list" else {}
    parser.add_argument(member.option, dest=member.name, required=required, **keywords)


def _requirements_lifted(words: Sequence[str]) -> bool:
    """Whether required options may be missing; the AWS CLI compares whole words, and misses `--cli-input-json=X`."""
    if any(option.name in words for option in WHOLE_INPUT):
        return True
    if SKELETON.name not in words:
        return False
    return list(words[words.index(SKELETON.name) + 1 :][:1]) != ["output"]


def _parse(parser: _Parser, words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    try:
        return parser.parse_known_args(words)
    except WrongUsage as error:
        for word in words:  # argparse repeats the word, or what follows its `=`, and that may be a secret
            name, equals, value = word.partition("=")
            if equals and name.startswith("--"):
                error.message = error.message.replace(word, name).replace(f"explicit argument {value!r}", "value")
        raise


def _unknown(words: Sequence[str], known: Sequence[str]) -> WrongUsage:
    """Name the unknown options, and only count the other words: one may be the secret of a misspelt option."""
    names = [word.partition("=")[0] for word in words if word.startswith("--") or re.fullmatch("-[a-zA-Z]", word)]
    others = len(words) - len(names)
    stray = f"{others} word{'s' * (others > 1)} too many"
    parts = [f"unknown options: {', '.join(names)}"] * bool(names) + [stray] * bool(others)
    options = [*known, *(option.name for option in GLOBAL)]
    near = [option for name in names for option in get_close_matches(name, options, n=1)]
    return WrongUsage("; ".join(parts), f"did you mean {' '.join(near)}?" if near else _USAGE_HINT)
