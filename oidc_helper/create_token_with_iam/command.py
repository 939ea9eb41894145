"""One run of the command: words to parameters, parameters to an answer, the answer to its reader."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TextIO

from botocore.session import Session

from oidc_helper.create_token_with_iam import (
    arguments,
    checks,
    exits,
    manual,
    output,
    prompt,
    service,
    skeleton,
    trace,
    values,
)
from oidc_helper.create_token_with_iam.arguments import GlobalOptions, OperationOptions
from oidc_helper.create_token_with_iam.complaints import Complaints
from oidc_helper.create_token_with_iam.model import Model, is_secret
from oidc_helper.create_token_with_iam.profile_settings import ProfileSettings
from oidc_helper.errors import StoreUnusable, TryAgain
from oidc_helper.redaction import secrets_in


def main(
    words: Sequence[str],
    *,
    answer: TextIO | None = None,
    complaints: TextIO | None = None,
    standard_input: TextIO | None = None,
) -> int:
    """Run the words behind `create-token-with-iam`, and return the exit code; streams default to the standard ones."""
    secrets: set[str] = set()
    streams = _Streams(
        answer or sys.stdout, Complaints(complaints or sys.stderr, secrets), standard_input or sys.stdin, secrets
    )
    try:
        _run(list(words), streams)
        with suppress(OSError):
            streams.answer.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the AWS CLI has an exit code for all other errors
        failure = exits.failure_of(error)
        streams.complaints.fail(failure, error)
        return failure.exit_code
    return 0


@dataclass(frozen=True)
class _Streams:
    """Standard input, output and error; `secrets` are those in use so far, which standard error must not repeat."""

    answer: TextIO
    complaints: Complaints
    standard_input: TextIO
    secrets: set[str] = field(repr=False)

    def hide(self, value: Any) -> None:
        """Cover the secrets in a request or an answer from now on."""
        self.secrets.update(secrets_in(value, is_secret))


@dataclass(frozen=True)
class _Request:
    """The parsed command line with its session; `prompt_mode` is `on`, `on-partial` or `off`."""

    session: Session
    model: Model
    options: GlobalOptions
    operation: OperationOptions
    prompt_mode: str


def _run(words: list[str], streams: _Streams) -> None:
    session = service.begin()
    model = Model(session)
    prompt_mode = service.prompt_mode(session, words)
    prompt.check(prompt_mode)
    try:
        options, others = arguments.parse_global(words)
        with trace.traced(streams.complaints.out, streams.secrets, debug=options.debug):
            service.choose(session, options)
            streams.complaints.form = options.error_format or service.setting(session, "cli_error_format").lower()
            output.choose_encoding(streams.answer)
            service.check_settings(session, options)
            operation = arguments.parse_operation(others, model.members, asks=prompt_mode != "off")
            if operation is None:
                streams.answer.write(manual.text(model.members))
            else:
                _fulfil(_Request(session, model, options, operation, prompt_mode), streams)
    except arguments.HelpAskedError:
        streams.answer.write(manual.text(model.members))
    except arguments.VersionAskedError:
        streams.answer.write(manual.version() + "\n")


def _fulfil(request: _Request, streams: _Streams) -> None:
    operation, members = request.operation, request.model.members
    sources = values.Sources(streams.standard_input, streams.complaints.warn)
    parameters = values.parameters(operation, members, sources)
    if write := skeleton.WRITERS.get(operation.skeleton):
        write(request.model, streams.answer)
        return
    profile = ProfileSettings(operation.profile_settings) if operation.profile_settings else None
    if operation.store and not profile:
        raise exits.WrongUsage("--store needs a profile of our settings", "name it with --profile-settings")
    if profile:
        parameters = {**profile.parameters, **parameters}
    prompt.complete(request.prompt_mode, parameters, members, partial(values.parameter, sources=sources))
    streams.hide(parameters)
    response = _response(request, parameters, profile, streams)
    streams.hide(response)
    try:
        output.show(dict(response), streams.answer, request.session, request.options)
    finally:  # an answer that cannot be shown is kept all the same
        if profile and operation.store and operation.skeleton is None:
            _store(profile, parameters, response, streams.complaints)


def _store(
    profile: ProfileSettings, parameters: dict[Any, Any], response: dict[str, Any], complaints: Complaints
) -> None:
    try:
        profile.keep(parameters, response)
    except (StoreUnusable, TryAgain) as problem:
        complaints.warn(f"not stored: {problem.message}")


def _response(
    request: _Request, parameters: dict[Any, Any], profile: ProfileSettings | None, streams: _Streams
) -> dict[str, Any]:
    if request.operation.skeleton is not None:
        return service.rehearse(_client(request, {}, streams), parameters, request.model)
    for doubt in checks.doubts(parameters, request.model.members):
        streams.complaints.warn(doubt)
    if not profile:
        return _sent(_client(request, {}, streams), parameters)
    completed = replace(request, options=profile.complete(request.options))
    signs = request.options.sign_request and not request.options.profile
    client = _client(completed, profile.keys(parameters) if signs else {}, streams)
    with profile.spending(parameters, streams.complaints.warn):
        return _sent(client, parameters)


def _client(request: _Request, keys: Mapping[str, str | None], streams: _Streams) -> Any:
    streams.hide([keys.get("aws_secret_access_key"), keys.get("aws_session_token")])
    if request.options.sign_request and not keys:
        trace.learn_signer(request.session, streams.secrets)
    return service.client(request.session, request.options, keys)


def _sent(client: Any, parameters: dict[Any, Any]) -> dict[str, Any]:
    trace.log_request(client.meta.endpoint_url, parameters)
    response = service.call(client, parameters)
    trace.log_answer(response)
    return response
