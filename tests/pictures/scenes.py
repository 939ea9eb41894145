"""What the pictures show: commands at a terminal, and what people type there."""

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import NamedTuple

from fakes.browser import BrowserProgram
from fakes.screens import Screen
from fakes.terminals import AtTerminal, at_terminal
from homes import COMMAND, Home
from pictures.drawing import COLUMNS, rows_of
from rich.text import Text

from oidc_helper.emulator import Emulator
from oidc_helper.emulator.organization import enlarge

_PORT = 7420


class Shot(NamedTuple):
    """One picture: the command, and what the terminal shows."""

    title: str
    rows: Sequence[Text]


@contextmanager
def _home(directory: Path) -> Iterator[tuple[Home, Emulator]]:
    """An empty home of Alice, whose browser agrees to what the provider asks."""
    home = Home(
        directory,
        {
            "HOME": str(directory),
            "PATH": f"{COMMAND.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "LANG": "C.UTF-8",
            "OIDC_HELPER_SITE_CONFIG": "",
            "OIDC_HELPER_KERNEL_KEYRING": "session",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
    )
    with Emulator(port=_PORT) as emulator:
        emulator.directory.identity_provider.auto_approve = True
        home.environment |= {**emulator.environment, "BROWSER": str(BrowserProgram(directory).path)}
        yield home, emulator


@contextmanager
def _typed(home: Home, *words: str) -> Iterator[AtTerminal]:
    with at_terminal([COMMAND, *words], home.environment, columns=COLUMNS, prints_there=True) as terminal:
        yield terminal


def _shot(home: Home, title: str, seen: str) -> Shot:
    """The picture, in which home, command and kernel are Alice's."""
    seen = re.sub(r"authorize\?\S+", "authorize?...", seen)  # the address for the browser has five lines
    hers = {str(COMMAND): "~/.local/bin/oidc-helper", str(home.path): "~", platform.release(): "6.1.0"}
    shown = reduce(lambda text, ours: text.replace(ours, hers[ours]), hers, seen)
    rows = [Text.assemble(("$ ", "green"), (title, "bold")), *rows_of(shown)]
    return Shot(title, rows)


def _flags(emulator: Emulator) -> list[str]:
    directory = emulator.directory
    return [
        *("--issuer", emulator.issuer, "--client-id", emulator.client_id, "--non-interactive"),
        *("--application-arn", directory.application_arn, "--identity-center-region", "eu-west-1"),
        *("--caller-role", directory.caller_role_arn),
    ]


def _configure_all(home: Home, emulator: Emulator) -> None:
    role = ["--role-arn", emulator.directory.analytics_role_arn]
    admin = ["--account-id", "111122223333", "--permission-set", "Admin"]
    for name, flags in (("analytics", role), ("dev-admin", admin)):
        done = home.run("configure", name, *_flags(emulator), *flags)
        assert done.returncode == 0, done.stderr


def configure(directory: Path) -> Shot:
    """From the first question to the list of what the person may use."""
    with _home(directory) as (home, emulator):
        enlarge(emulator.directory, 12, 3)
        with _typed(home, "configure") as terminal:
            screen = Screen(terminal, COLUMNS)
            screen.answer("if you have one")
            screen.answer("Where the identity token comes from")
            screen.answer("Issuer URL", emulator.issuer)
            screen.answer("Client ID", emulator.client_id)
            screen.answer("ARN of the Identity Center application", emulator.directory.application_arn)
            screen.answer("Who signs the call for tokens")
            screen.answer("ARN of the role that signs", emulator.directory.caller_role_arn)
            screen.see("What the credentials are for", "type to search")
            terminal.type("admin")
            screen.show("13 of 43")
            shot = _shot(home, "oidc-helper configure", terminal.seen)
            terminal.interrupt()
            terminal.ended()
            return shot


def doctor(directory: Path) -> Shot:
    """All is well but for a key that wins over the credentials."""
    with _home(directory) as (home, emulator):
        _configure_all(home, emulator)
        (home.path / ".aws/credentials").write_text("[analytics]\naws_access_key_id = AKIAEXAMPLE\n")
        with _typed(home, "doctor", "analytics") as terminal:
            terminal.ended()
            return _shot(home, "oidc-helper doctor analytics", terminal.seen)


def status(directory: Path) -> Shot:
    """Two profiles of one sign-in."""
    with _home(directory) as (home, emulator):
        _configure_all(home, emulator)
        assert home.run("get", "dev-admin").returncode == 0
        with _typed(home, "status") as terminal:
            terminal.ended()
            return _shot(home, "oidc-helper status", terminal.seen)


SCENES: Mapping[str, Callable[[Path], Shot]] = {"configure": configure, "doctor": doctor, "status": status}
