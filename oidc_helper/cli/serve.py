"""`serve`: the container credentials endpoint of one or several profiles."""

import argparse
import asyncio
import logging
import shlex
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

from oidc_helper.cli import endpoint
from oidc_helper.cli.voice import complain, tell
from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.machine.ports import LOOPBACK
from oidc_helper.person.terminal import has_terminal
from oidc_helper.words import printable

log = logging.getLogger("oidc_helper")

_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105  # its name


def serve(options: argparse.Namespace, answer: TextIO) -> int:
    """Serve credentials until a signal ends it."""
    endpoint.require_libraries()
    from oidc_helper.serve import notify, token_file
    from oidc_helper.serve.server import Endpoint

    complaint = options.streams.complaint
    profiles, read_again = endpoint.served(options.profiles, partial(_reporter, complaint))
    files = token_file.paths(options.token_file, list(profiles)) if options.token_file else {}
    listening = _listening(options)
    with _token_files({path: profiles[name].token for name, path in files.items()}):
        running = Endpoint(listening, profiles)

        def ready() -> None:
            blocks = [
                _exports({**endpoint.variables(listening, name, one.token), **_token_file(files.get(name))})
                for name, one in profiles.items()
            ]
            answer.write("\n".join(blocks))
            answer.flush()
            notify.ready()

        async def reload() -> None:
            notify.reloading()
            try:
                for name, profile_fetch in (await asyncio.to_thread(read_again)).items():
                    running.keepers[name].follow(profile_fetch)
            except OidcHelperError as error:
                described = OidcHelperError(f"{error.message}; the former settings stay in force", error.hint)
                await asyncio.to_thread(complain, described, complaint)
            notify.ready()

        with _ended_by_signals(running.stop):
            reload_or_stop = _unless_the_terminal_went(reload, running.stop)
            asyncio.run(running.run(ready, notify.stopping, reload_or_stop))
    return 0


def _listening(options: argparse.Namespace) -> socket.socket:
    from oidc_helper.serve import listening as sockets

    if options.fd is not None:
        if options.port is not None or options.bind:
            raise WrongSettings("--fd has its own address and port", "leave out --port and --bind, or --fd")
        listening = sockets.passed(options.fd)
    else:
        listening = sockets.bound(options.bind or LOOPBACK, options.port or 0)
    if sockets.is_exposed(listening):
        where = printable(str(listening.getsockname()[0]))
        log.warning(
            "other machines can reach %s: anybody who reads its plain http traffic gets token and credentials",
            where,
        )
    if not sockets.is_for_sdks(listening):
        log.warning("SDKs accept plain http only from this machine and from 169.254.170.2, and will not ask here")
    return listening


def _exports(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _token_file(path: Path | None) -> dict[str, str]:
    return {_TOKEN_FILE: str(path)} if path else {}


@contextmanager
def _token_files(tokens: Mapping[Path, str]) -> Iterator[None]:
    """Files with the tokens, for as long as the tokens are valid."""
    from oidc_helper.serve import token_file

    written: list[Path] = []
    try:
        for path, token in tokens.items():
            token_file.write(path, token)
            written.append(path)
        yield
    finally:
        for path in written:
            token_file.remove(path, tokens[path])


def _reporter(complaint: TextIO, name: str) -> endpoint.Report:
    """Report once that a profile has no credentials, and once that it has them again: nobody may see the answers."""

    def report(failure: OidcHelperError | None) -> None:
        if failure:
            complain(OidcHelperError(f"{name}: {failure.message}", failure.hint), complaint)
        else:
            tell(f"{name}: there are credentials again", complaint)

    return report


@contextmanager
def _ended_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM end the endpoint, not the process; uvicorn takes them while it runs, and gives them back."""
    before = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unless_the_terminal_went(
    reload: Callable[[], Awaitable[None]], stop: Callable[[], None]
) -> Callable[[], Awaitable[None]]:
    """What SIGHUP does: read the settings again, or stop if our terminal is gone, since SIGHUP then reports its end."""
    number = getattr(signal, "SIGHUP", None)
    ends_with_terminal = number is not None and signal.getsignal(number) != signal.SIG_IGN and has_terminal()

    async def hung_up() -> None:
        if ends_with_terminal and not has_terminal():
            stop()
        else:
            await reload()

    return hung_up
