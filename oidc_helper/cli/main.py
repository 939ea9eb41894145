"""Runs a command line, from its words to its exit code; the commands themselves are in the other modules."""

import argparse
import gc
import logging
import os
import signal
import sys
import traceback
from typing import NoReturn

from oidc_helper import kernel, paths, redaction
from oidc_helper.cli import arguments, streams
from oidc_helper.cli.voice import complain, complain_past_stderr, log_to
from oidc_helper.errors import OidcHelperError, TryAgain, WrongSettings
from oidc_helper.words import did_you_mean, shown

log = logging.getLogger("oidc_helper")


def main() -> NoReturn:
    """Run the command and exit with its code, without the interpreter's shutdown, which would delay the caller."""
    status = run(sys.argv[1:])
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except BrokenPipeError:  # the reader has gone
        status = status or 1
    except OSError as error:
        complain(_unwritten(error), sys.stderr)
        status = status or 1
    os._exit(status)


def run(words: list[str]) -> int:
    """Run the command line and return the exit code."""
    redaction.learn_environment(os.environ)
    try:
        _require_one_user()
        if before := arguments.before_operation(words):
            _let_ctrl_c_clean_up()
            return _raw_operation(before)
        options = arguments.parse(words)
    except SystemExit as end:  # of --help and --version
        return int(end.code or 0)
    except WrongSettings as error:
        complain(error, sys.stderr)
        return error.exit_code
    _choose_config(options.config)
    status = 1
    stdio = streams.divert(quiet=options.quiet and not options.debug)
    log_to(stdio, debug=options.debug, quiet=options.quiet)
    try:
        _let_ctrl_c_clean_up()
        _check_variables()
        _give_streams(options, stdio)
        status = int(options.run(options, stdio.answer))
        _deliver(stdio)
    except OidcHelperError as error:
        complain(error, stdio.complaint)
        if options.command == "get":
            complain_past_stderr(error, stdio)
        status = error.exit_code
    except BrokenPipeError:  # the caller has gone
        status = 1
    except MemoryError:
        complain(TryAgain("there is not enough memory", "close other programs"), stdio.complaint)
        status = TryAgain.exit_code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    except Exception as error:  # noqa: BLE001  # a bug: its message and locals may hold secrets, the lines of the traceback do not
        log.debug("%s", "".join(traceback.format_tb(error.__traceback__)))
        complain(
            OidcHelperError(f"unexpected {type(error).__name__}, which is a bug", "run it with --debug"),
            stdio.complaint,
        )
        status = 1
    return status


def _let_ctrl_c_clean_up() -> None:
    """Make ctrl-c an exception from now on; until here it ended the process without a trace, see `hotpath`."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _raw_operation(before: argparse.Namespace) -> int:
    """Run the raw operation, which takes the AWS CLI's options and parses them itself."""
    from oidc_helper import create_token_with_iam

    gc.enable()
    streams.fill_gaps()
    _choose_config(before.config)
    return create_token_with_iam.main((["--debug"] if before.debug else []) + before.rest[1:])


def _choose_config(config: str | None) -> None:
    if config:
        os.environ[paths.CONFIG_VARIABLE] = config


def _require_one_user() -> None:
    """Keyrings belong to the real user, files and keys to the effective one. Raises WrongSettings if these differ."""
    if sys.platform != "win32" and os.getuid() != os.geteuid():
        raise WrongSettings(
            f"the real user is {os.getuid()}, the effective one {os.geteuid()}: credentials belong to one user",
            "start it as one user, as sudo and su do",
        )


def _give_streams(options: argparse.Namespace, stdio: streams.Streams) -> None:
    """Give the command our streams, for all but its answer. Raises OidcHelperError if its answer has no stdout."""
    if not options.becomes_another:
        stdio.require_answer()
    options.streams = stdio


def _check_variables() -> None:
    """Raise WrongSettings for a misspelt value, which would silently turn the cache off."""
    place = os.environ.get(kernel.VARIABLE, kernel.PLACES[0])
    if place not in kernel.PLACES:
        raise WrongSettings(
            f"{kernel.VARIABLE} is {shown(place, 40)}{did_you_mean(place, kernel.PLACES)}",
            f"set it to one of {', '.join(kernel.PLACES)}, or unset it",
        )


def _deliver(stdio: streams.Streams) -> None:
    try:
        stdio.deliver()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritten(error) from None


def _unwritten(error: OSError) -> OidcHelperError:
    return OidcHelperError(f"the answer cannot be written: {error.strerror}", "check where standard output goes")
