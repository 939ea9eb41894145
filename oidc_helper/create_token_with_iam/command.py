"""One run of the command: words to parameters, parameters to an answer, the answer to its reader."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
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
    values,
)
from oidc_helper.create_token_with_iam.complaints import Complaints
from oidc_helper.create_token_with_iam.model import Model
from oidc_helper.create_token_with_iam.seed import Seed
from oidc_helper.create_token_with_iam.veil import Veil, trace_answer, trace_request, traced, watch
from oidc_helper.errors import StoreUnusable, TryAgain


def main(
    words: Sequence[str],
    *,
    answer: TextIO | None = None,
    complaints: TextIO | None = None,
    standard_input: TextIO | None = None,
) -> int:
    """Run the words behind `create-token-with-iam`, and return the exit code; streams default to the standard ones."""
    veil = Veil()
    said = Complaints(complaints or sys.stderr, veil)
    streams = _Streams(answer or sys.stdout, said, standard_input or sys.stdin, veil)
    try:
        _run(list(words), streams)
        with suppress(OSError):
            streams.answer.flush()
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the AWS CLI has an exit code for all the rest
        failure = exits.failure_of(error)
        said.fail(failure, error)
        return failure.exit_code
    return 0


@dataclass(frozen=True)
class _Streams:
    answer: TextIO
    said: Complaints
    standard_input: TextIO
    veil: Veil


@dataclass(frozen=True)
class _Request:
    """What was asked for; `options` are the global ones, `given` those of the operation."""

    session: Session
    model: Model
    options: argparse.Namespace
    given: argparse.Namespace
    asks: str


def _run(words: list[str], streams: _Streams) -> None:
    session = service.begin()
    model = Model(session)
    asks = service.prompt_mode(session, words)
    prompt.check(asks)
    try:
        options, rest = arguments.parse_global(words)
        service.check_values(options)
        with traced(streams.said.out, streams.veil, debug=options.debug):
            service.choose(session, options)
            streams.said.form = options.cli_error_format or service.setting(session, "cli_error_format").lower()
            output.choose_encoding(streams.answer)
            service.check_settings(session, options)
            given = arguments.parse_operation(rest, model.members, asks=asks != "off")
            if given is None:
                streams.answer.write(manual.text(model.members))
            else:
                _fulfil(_Request(session, model, options, given, asks), streams)
    except arguments.HelpAskedError:
        streams.answer.write(manual.text(model.members))
    except arguments.VersionAskedError:
        streams.answer.write(manual.version() + "\n")


def _fulfil(request: _Request, streams: _Streams) -> None:
    model, given = request.model, request.given
    sources = values.Sources(streams.standard_input, streams.said.warn)
    parameters = values.parameters(vars(given), model.members, sources)
    if write := skeleton.WRITERS.get(given.generate_cli_skeleton):
        write(model, streams.answer)
        return
    seed = Seed(given.profile_settings) if given.profile_settings else None
    if given.store and not seed:
        raise exits.WrongUsage("--store needs a profile of our settings", "name it with --profile-settings")
    if seed:
        parameters = {**seed.parameters, **parameters}
    prompt.complete(request.asks, parameters, model.members, partial(values.parameter, sources=sources))
    streams.veil.learn(parameters)
    response = _response(request, parameters, seed, streams)
    streams.veil.learn(response)
    try:
        output.show(dict(response), streams.answer, request.session, request.options)
    finally:  # an answer that cannot be shown is kept all the same
        if seed and given.store and given.generate_cli_skeleton is None:
            _store(seed, parameters, response, streams.said)


def _store(seed: Seed, parameters: dict[Any, Any], response: dict[str, Any], said: Complaints) -> None:
    try:
        seed.keep(parameters, response)
    except (StoreUnusable, TryAgain) as problem:
        said.warn(f"not stored: {problem.message}")


def _response(request: _Request, parameters: dict[Any, Any], seed: Seed | None, streams: _Streams) -> dict[str, Any]:
    if request.given.generate_cli_skeleton is not None:
        return service.rehearse(_client(request, {}, streams.veil), parameters, request.model)
    for doubt in checks.doubts(parameters, request.model.members):
        streams.said.warn(doubt)
    if not seed:
        return _sent(_client(request, {}, streams.veil), parameters)
    request.options.region = request.options.region or seed.profile.identity_center_region
    request.options.ca_bundle = request.options.ca_bundle or seed.profile.ca_bundle
    signs = request.options.sign_request and not request.options.profile
    client = _client(request, seed.keys(parameters) if signs else {}, streams.veil)
    with seed.spending(parameters, streams.said.warn):
        return _sent(client, parameters)


def _client(request: _Request, keys: Mapping[str, str | None], veil: Veil) -> Any:
    veil.learn([keys.get("aws_secret_access_key"), keys.get("aws_session_token")])
    if request.options.sign_request and not keys:
        watch(request.session, veil)
    return service.client(request.session, request.options, keys)


def _sent(client: Any, parameters: dict[Any, Any]) -> dict[str, Any]:
    trace_request(client.meta.endpoint_url, parameters)
    response = service.call(client, parameters)
    trace_answer(response)
    return response
