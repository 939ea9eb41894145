"""`emulator` and `demo`: the whole program without AWS."""

import argparse
import signal
import threading
from typing import TextIO

from oidc_helper.errors import WrongSettings

_HEADING = "# config.toml: save the rest of this output, and name the file with export OIDC_HELPER_CONFIG=FILE\n"


def emulator(options: argparse.Namespace, answer: TextIO) -> int:
    """Run the emulator until it is interrupted or terminated."""
    from oidc_helper.emulator import Emulator, example_config, shell_exports

    if not 0 <= options.port <= 65_535:
        raise WrongSettings(f"there is no port {options.port}", "choose a --port from 0 (any) to 65535")
    foreign = (options.issuer, options.audience, options.email)
    if any(foreign) and not all(foreign):
        raise WrongSettings("--issuer, --audience and --email go together", "give all three, or none")
    try:
        running = Emulator(port=options.port)
    except OSError as error:
        raise WrongSettings(f"port {options.port} cannot be used: {error.strerror}", "choose another --port") from None
    if all(foreign):
        running.trust(*foreign)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with running:
        answer.write(f"{shell_exports(running)}\n{_HEADING}{example_config(running)}")
        answer.flush()
        ended.wait()
    return 0


def demo(_options: argparse.Namespace, answer: TextIO) -> int:
    """Run the whole chain on the emulator; whichever signal ends it, the temporary home is removed."""
    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
    from oidc_helper.cli.demo import run

    return run(answer)
