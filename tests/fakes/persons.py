"""Deeds of a person at a terminal: `python -m fakes.persons NAME ...` prints the outcome of one."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sign_in.sign_ins import identity_of

from oidc_helper.errors import OidcHelperError
from oidc_helper.machine.deadline import Deadline
from oidc_helper.person.person import Person, Way
from oidc_helper.person.terminal import Terminal, has_terminal
from oidc_helper.sign_in.provider import sign_in


def signs_in(way: Way, issuer: str, client_id: str, timeout_s: str = "900") -> object:
    """Sign in; polling sleeps until the test sends a line."""
    with Terminal.open() as terminal:
        person = Person(terminal, sleep=lambda _: sys.stdin.readline())
        return sign_in(identity_of(issuer, client_id), person, way=way, timeout_s=float(timeout_s)).subject


def is_asked(prompt: str, timeout_s: str, hidden: str = "") -> object:
    with Terminal.open() as terminal:
        return terminal.ask(prompt, timeout_s=float(timeout_s), hidden=bool(hidden))


def is_asked_by_a_thread(prompt: str, timeout_s: str) -> object:
    """Ask in a thread, as commands do, whose main thread keeps the deadline."""
    with Terminal.open() as terminal:
        return Deadline(float(timeout_s)).run(lambda: terminal.ask(prompt, timeout_s=float(timeout_s)))


def is_asked_in_background(prompt: str, timeout_s: str) -> object:
    done = subprocess.run(
        [sys.executable, "-m", "fakes.persons", "is_asked", prompt, timeout_s],
        stdout=subprocess.PIPE,
        process_group=0,
        check=True,
    )
    return json.loads(done.stdout)


def waits(what: str) -> object:
    """Wait for a line of the test, and show something meanwhile."""
    with Terminal.open() as terminal, terminal.waiting(what):
        sys.stdin.readline()
        terminal.show("something else")
        return sys.stdin.readline().strip()


def is_there() -> object:
    return has_terminal()


DEEDS: dict[str, Callable[..., Any]] = {
    deed.__name__: deed for deed in (signs_in, is_asked, is_asked_by_a_thread, is_asked_in_background, waits, is_there)
}

if __name__ == "__main__":
    try:
        outcome = DEEDS[sys.argv[1]](*sys.argv[2:])
    except OidcHelperError as error:
        outcome = [type(error).__name__, error.message]
    except (KeyboardInterrupt, TimeoutError) as error:
        outcome = [type(error).__name__]
    json.dump(outcome, sys.stdout)
