"""One run of the command: words to parameters, parameters to an answer, the answer to its reader."""

import io
import os
import select
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TextIO

from botocore.session import Session

from oidc_helper import redaction
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
    nowhere = io.StringIO()  # in place of a stream that is closed
    streams = _Streams(
        answer or sys.stdout, Complaints(complaints or sys.stderr or nowhere), standard_input or sys.stdin or nowhere
    )
    try:
        _run(list(words), streams)
        with suppress(OSError):
            streams.out.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the AWS CLI has an exit code for all other errors
        failure = exits.failure_of(error)
        streams.complaints.fail(failure, error)
        return failure.exit_code
    return 0


@dataclass(frozen=True)
class _Streams:
    """Standard input, output and error; `answer` is None where standard output is closed."""

    answer: TextIO | None
    complaints: Complaints
    standard_input: TextIO

    @property
    def out(self) -> TextIO:
        """Standard output. Raises Failed if it is closed."""
        if self.answer is None:
            raise _nobody_reads("is closed")
        return self.answer

    def require_reader(self) -> None:
        """Raise Failed if the answer would have nowhere to go: a write would show that only after the call."""
        try:
            descriptor = self.out.fileno()
        except OSError:  # a stream in memory
            return
        try:
            os.fstat(descriptor)
        except OSError:
            raise _nobody_reads("is closed") from None
        if sys.platform != "win32":
            poll = select.poll()
            poll.register(descriptor, 0)  # it reports errors in any case
            if any(events & select.POLLERR for _, events in poll.poll(0)):
                raise _nobody_reads("has no reader any more")


def _nobody_reads(how: str) -> exits.Failed:
    return exits.Failed(f"standard output {how}: nothing was sent", "the answer is shown once, and must have a reader")


def _hide(value: Any) -> None:
    """Cover the secrets in a request or an answer from now on."""
    redaction.learn(*secrets_in(value, is_secret))


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
        with trace.traced(streams.complaints.out, debug=options.debug):
            service.choose(session, options)
            streams.complaints.form = options.error_format or service.setting(session, "cli_error_format").lower()
            output.choose_encoding(streams.answer)
            service.check_settings(session, options)
            operation = arguments.parse_operation(others, model.members, asks=prompt_mode != "off")
            if operation is None:
                streams.out.write(manual.text(model.members))
            else:
                _fulfil(_Request(session, model, options, operation, prompt_mode), streams)
    except arguments.HelpAskedError:
        streams.out.write(manual.text(model.members))
    except arguments.VersionAskedError:
        streams.out.write(manual.version() + "\n")


def _fulfil(request: _Request, streams: _Streams) -> None:
    operation, members = request.operation, request.model.members
    files = values.ParameterFiles(streams.standard_input, streams.complaints.warn)
    parameters = values.parameters(operation, members, files)
    if write := skeleton.WRITERS.get(operation.skeleton):
        write(request.model, streams.out)
        return
    profile = ProfileSettings(operation.profile_settings) if operation.profile_settings else None
    if operation.store and not profile:
        raise exits.WrongUsage("--store needs a profile of our settings", "name it with --profile-settings")
    if profile:
        parameters = {**profile.parameters, **parameters}
    prompt.complete(request.prompt_mode, parameters, members, partial(values.parameter, files=files))
    _hide(parameters)
    if not operation.store:  # an answer that is stored is not lost
        streams.require_reader()
    response = _response(request, parameters, profile, streams)
    _hide(response)
    try:
        output.show(dict(response), streams.out, request.session, request.options)
    finally:  # an answer that cannot be shown is stored all the same
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
        return service.rehearse(_client(request, {}), parameters, request.model)
    for doubt in checks.doubts(parameters, request.model.members):
        streams.complaints.warn(doubt)
    if not profile:
        return _sent(_client(request, {}), parameters)
    signs = request.options.sign_request and not request.options.profile
    keys = profile.keys(parameters) if signs else {}

    def send(options: GlobalOptions) -> dict[str, Any]:
        return _sent(_client(replace(request, options=options), keys), parameters)

    with profile.spending(parameters, streams.complaints.warn):
        return profile.sent(request.options, send)


def _client(request: _Request, keys: Mapping[str, str | None]) -> Any:
    if request.options.sign_request and not keys:
        trace.learn_signer(request.session)
    return service.client(request.session, request.options, keys)


def _sent(client: Any, parameters: dict[Any, Any]) -> dict[str, Any]:
    trace.log_request(client.meta.endpoint_url, parameters)
    response = service.call(client, parameters)
    trace.log_answer(response)
    return response
