"""The endpoint of `exec --endpoint`: a process beside the program, for as long as the program runs.

The program takes the place of this process, so its signals, its terminal and its end are as without an endpoint.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from oidc_helper.cli import endpoint, own_process
from oidc_helper.cli.streams import Streams
from oidc_helper.cli.voice import log_to
from oidc_helper.fetch.broker import Fetched
from oidc_helper.handover import private_aws
from oidc_helper.machine import ending
from oidc_helper.machine.ports import LOOPBACK
from oidc_helper.store.store import UnkeptRecords

log = logging.getLogger("oidc_helper")

_START_S = 30
_Order = tuple[str, Fetched, UnkeptRecords, str, int, bool]
"""The parameters of `start`, the process id of the program, and whether to trace."""


def start(profile: str, credentials: Fetched, unkept: UnkeptRecords, config: str, complaint: TextIO) -> dict[str, str]:
    """Start the endpoint for the program that this process becomes, whose AWS configuration is `config`.

    The endpoint starts with these credentials, and with the records that no store took (`unkept`). Returns the
    variables that lead the program to endpoint and configuration. Raises OidcHelperError.
    """
    debug = log.isEnabledFor(logging.DEBUG)
    order: _Order = (profile, credentials, unkept, config, os.getpid(), debug)
    leading: dict[str, str] = own_process.ask(__name__, order, timeout_s=_START_S, stderr=complaint if debug else None)
    return leading


def _serve(order: _Order, stdio: Streams) -> Iterator[dict[str, str]]:
    profile, credentials, unkept, config, program, debug = order
    log_to(stdio, debug=debug, quiet=True)
    leading = _start_endpoint(profile, credentials, unkept)
    with private_aws.files(config) as files:
        wait_for_end = ending.of(program)
        yield {**leading, **files}
        wait_for_end()


def _start_endpoint(name: str, credentials: Fetched, unkept: UnkeptRecords) -> dict[str, str]:
    """Run the endpoint in a thread until this process ends; return the variables that lead to it."""
    from oidc_helper.serve import listening as sockets
    from oidc_helper.serve.server import Endpoint

    listening = sockets.bound(LOOPBACK, 0)
    served, _ = endpoint.served([name], fetched={name: credentials}, unkept=unkept)
    running, answers = Endpoint(listening, served), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(running.run(answers.set)), daemon=True)
    thread.start()
    while not answers.wait(0.1) and thread.is_alive():
        pass
    return endpoint.variables(listening, name, served[name].token)


if __name__ == "__main__":
    # The endpoint is a grandchild of the program, which may wait for all of its children.
    if sys.platform != "win32" and os.fork():
        os._exit(0)
    own_process.do(_serve)
