"""`emulator` and `demo`: the whole program without AWS."""

import argparse
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from oidc_helper.cli.voice import tell
from oidc_helper.errors import WrongSettings
from oidc_helper.machine import ports
from oidc_helper.machine.hosts import EMULATOR_PORT
from oidc_helper.settings import checks

_MOST = 1440  # the minutes of a day; as requests a second, more than any test sends
_HEADING = "# config.toml: save the rest of this output, and name the file with export OIDC_HELPER_CONFIG=FILE\n"


def emulator(options: argparse.Namespace, answer: TextIO) -> int:
    """Run the emulator until it is interrupted or terminated."""
    from oidc_helper.emulator import Emulator, example_config, shell_exports, written
    from oidc_helper.emulator.organization import enlarge

    ports.require(options.port)
    _check_together(options)
    accounts, permission_sets = _organization(options)
    regions = _regions(options.region or [])
    port = options.port or (EMULATOR_PORT if options.write else 0)
    try:
        running = Emulator(port=port, https=options.https, empty=options.empty)
    except OSError as error:
        raise ports.unusable(error, ports.LOOPBACK, port) from None
    if options.issuer:
        running.trust(options.issuer, options.audience, options.email)
    directory = running.directory
    directory.identity_center_regions = regions or directory.identity_center_regions
    directory.clocks_differ_s = round(options.clock_skew * 60)
    directory.portal_requests_per_s = options.portal_rate or None
    directory.vpc_endpoint_required = options.vpc_endpoint
    for application in directory.applications:
        application.longest_contexts = options.long_contexts
        application.context_lifetime_s = options.context_lifetime
    enlarge(directory, accounts, permission_sets)
    with _ended() as ended, running, _saved("" if options.write else running.authority_pem) as authority:
        if options.write:
            answer.write(written.write(running, options.write))
        else:
            config = example_config(running, authority=authority)
            answer.write(f"{shell_exports(running, authority=authority)}\n{_HEADING}{config}")
        answer.flush()
        if options.write and not answer.isatty():
            tell(f"the emulator listens at {running.url}; ctrl-c stops it", options.streams.complaint)
        ended.recv(1)
    return 0


def _check_together(options: argparse.Namespace) -> None:
    """Raise WrongSettings for options that do not go together, or are out of range."""
    of_provider = (options.issuer, options.audience, options.email)
    if any(of_provider) and not all(of_provider):
        raise WrongSettings("--issuer, --audience and --email go together", "give all three, or none")
    for name, value in (("--clock-skew", options.clock_skew), ("--portal-rate", options.portal_rate)):
        if not 0 <= value <= _MOST:
            raise WrongSettings(f"{name} {value:g} is out of range", f"choose {name} from 0 to {_MOST}")
    if options.write and any(of_provider):
        raise WrongSettings("--write is for the emulator's own identity provider", "leave --issuer out, or --write")
    if options.empty and (options.write or any(of_provider)):
        other = "--write" if options.write else "--issuer"
        raise WrongSettings(f"--empty sets nothing up that {other} could use", f"leave --empty out, or {other}")


def _regions(names: list[str]) -> list[str]:
    try:
        return list(checks.regions(names)) if names else []
    except checks.UnfitError as error:
        raise WrongSettings(
            f"--region {error}", "oidc-helper emulator --region eu-west-1 --region eu-central-1"
        ) from None


def _organization(options: argparse.Namespace) -> tuple[int, int]:
    """The numbers of further accounts, and of permission sets in each. Raises WrongSettings."""
    from oidc_helper.emulator.organization import MOST

    numbers = {
        "--accounts": 0 if options.accounts is None else options.accounts,
        "--permission-sets": 4 if options.permission_sets is None else options.permission_sets,
    }
    for option, number in numbers.items():
        if not 0 <= number <= MOST:
            raise WrongSettings(f"{option} {number} is out of range", f"choose {option} from 0 to {MOST:,}")
    return numbers["--accounts"], numbers["--permission-sets"]


@contextmanager
def _saved(pem: str) -> Iterator[str]:
    """A file with the certificate for as long as the emulator runs; an empty name if there is no certificate."""
    if not pem:
        yield ""
        return
    with TemporaryDirectory(prefix="oidc-helper-emulator-") as directory:
        path = Path(directory, "ca.pem")
        path.write_text(pem, encoding="ascii")
        yield str(path)


@contextmanager
def _ended() -> Iterator[socket.socket]:
    """A socket that becomes readable when a signal to end has come.

    The kernel may give a signal to any thread, and Python then does not wake the main thread from waiting for a lock.
    """
    reading, writing = socket.socketpair()
    with reading, writing:
        writing.settimeout(0)  # as set_wakeup_fd asks: it may not block
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(-1)


def demo(_options: argparse.Namespace, answer: TextIO) -> int:
    """Run the whole chain on the emulator; whichever signal ends it, the temporary home is removed."""
    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
    from oidc_helper.cli.demo import run

    return run(answer)
