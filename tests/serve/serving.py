"""The command `serve` while it runs, and a client that asks it what no SDK would."""

import http.client
import json
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from homes import Home

URL, TOKEN = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"
TOKEN_FILE = f"{TOKEN}_FILE"


@dataclass
class Answer:
    """An answer of HTTP."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object."""
        known: dict[str, Any] = json.loads(self.text)
        return known


@dataclass
class Serving:
    """The process, and the variables that it printed, by profile."""

    process: "subprocess.Popen[str]"
    variables: dict[str, dict[str, str]]

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(next(iter(self.variables.values()))[URL]).port or 80

    def ask(self, path: str, method: str = "GET", address: str = "127.0.0.1", **headers: str) -> Answer:
        """Ask for a path; underscores in the names of headers are dashes."""
        connection = http.client.HTTPConnection(address, self.port, timeout=30)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def credentials(self, profile: str, **headers: str) -> Answer:
        """Ask as an SDK does."""
        told = self.variables[profile]
        return self.ask(urlsplit(told[URL]).path, Authorization=told[TOKEN], **headers)

    def hang_up(self) -> None:
        """Order it to read the settings anew, and wait until it has."""
        self.process.send_signal(signal.SIGHUP)

    def stop(self) -> subprocess.CompletedProcess[str]:
        """End it as a supervisor does."""
        self.process.send_signal(signal.SIGTERM)
        stdout, stderr = self.process.communicate(timeout=60)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, stdout, stderr)


def read_variables(process: "subprocess.Popen[str]", profiles: int, *, with_files: bool = False) -> Serving:
    """Read the blocks of that many profiles."""
    assert process.stdout
    variables: dict[str, dict[str, str]] = {}
    for number in range(profiles):
        lines = [process.stdout.readline() for _ in range(3 if with_files else 2)]
        assert all(lines), process.communicate()[1]
        block = dict(shlex.split(line)[1].split("=", 1) for line in lines)
        variables[block[URL].partition("/v1/credentials/")[2]] = block
        if number + 1 < profiles:
            assert process.stdout.readline() == "\n"
    return Serving(process, variables)


@contextmanager
def serving(home: Home, *words: str, with_files: bool = False, **variables: str) -> Iterator[Serving]:
    """Run `serve`; its first words are the profiles."""
    profiles = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    process = home.start("serve", *words, **variables)
    try:
        yield read_variables(process, profiles, with_files=with_files)
    finally:
        process.kill()
        process.communicate()
