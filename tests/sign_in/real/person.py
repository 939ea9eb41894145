"""A person who signs in: types commands, and follows the pages in the browser."""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cli.arrangements import command_later
from homes import COMMAND, Home, file_config
from sign_in.real.chromium import Chromium
from sign_in.real.real_provider import CLIENT, RealProvider

from oidc_helper.emulator import Emulator

PATIENCE_S = 30
ALICE = "alice@example.com"
_IDENTITY = """
source = "browser"
issuer = "{issuer}"
client_id = "{client}"
scopes = ["openid", "email", "offline_access"]
{setting}
"""


@dataclass
class Person:
    """A person at home, in whose browser the commands open their addresses."""

    home: Home
    emulator: Emulator
    provider: RealProvider
    browser: Chromium
    _opened: Path = field(init=False)

    def __post_init__(self) -> None:
        self._opened = self.home.path / "opened"
        os.mkfifo(self._opened)
        opener = self.home.path / "browser"
        opener.write_text(f'#!/bin/sh\nexec echo "$1" >"{self._opened}"\n')
        opener.chmod(0o700)
        self.home.environment["BROWSER"] = str(opener)
        self.configure()

    def configure(self, client: str = CLIENT, *, more: str = "", defaults: str = "") -> None:
        """Write the configuration of a client, with more of the identity's settings and of those of every profile."""
        setting = " = ".join(self.provider.software.setting)
        identity = _IDENTITY.format(issuer=self.provider.issuer, client=client, setting=setting) + more
        self.home.configure(file_config(self.emulator, identity=identity, defaults=defaults))

    @contextmanager
    def typing(self, *words: str, later_s: int = 0) -> Iterator["subprocess.Popen[str]"]:
        """Run a command while the block acts; without a terminal, its words go to stderr."""
        process = subprocess.Popen(
            command_later(later_s, *words) if later_s else [COMMAND, *words],
            env=self.home.environment,
            cwd=self.home.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def open_browser(self) -> None:
        """Open the address that a command gave to the browser."""
        # Open for writing too: without a writer, a reader would see the end of the file at once.
        descriptor = os.open(self._opened, os.O_RDWR)
        try:
            assert select.select([descriptor], [], [], PATIENCE_S)[0], "no browser was opened"
            self.browser.open(os.read(descriptor, 65_536).decode().strip())
        finally:
            os.close(descriptor)

    def agree(self, email: str = ALICE) -> None:
        """Sign in at the provider's pages, and consent."""
        self.sign_in(email)
        self.browser.press(self.provider.software.agree_button)

    def sign_in(self, email: str = ALICE) -> None:
        """Sign in at the provider's pages, which then ask for consent."""
        self.browser.fill_in(**{self.provider.software.name_field: email, "password": "any"})

    def log_in(self, *options: str, email: str = ALICE, profile: str = "analytics") -> str:
        """Sign in with the browser; the output of `login`."""
        return self.obey(" ".join(["oidc-helper login", profile, *options]), email=email)

    def obey(self, hint: str, *, later_s: int = 0, email: str = ALICE) -> str:
        """Type the command of a hint, which opens the browser, and sign in; its output."""
        with self.typing(*hint.split()[1:], later_s=later_s) as process:
            self.open_browser()
            self.agree(email)
            answer, words = process.communicate()
        assert process.returncode == 0, words
        self.browser.heading("Signed in")
        return answer
