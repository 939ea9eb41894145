"""`PYTHONPATH=tests python -m benchmarks.serve`: how fast `serve` answers, also while it renews, and its memory."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from homes import Home, file_config
from serve.serving import TOKEN, URL, Serving, serving

from oidc_helper import kernel
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

# Renewed from half of a short lifetime on: every 35 s.
_LIFETIME_S = 70
_PROFILE = "dev-admin"  # a permission set: STS itself knows no session below 15 minutes
_CONNECTIONS = 32
LIMITS = {"least_a_second": 5_000, "most_p99_ms": 20.0, "most_growth_mib": 5.0}


@dataclass(frozen=True)
class Figures:
    """Milliseconds by second, and the seconds with a renewal; memory after the first renewal and at the end."""

    by_second: Sequence[Sequence[float]]
    renewing: Sequence[bool]
    failed: int
    lifetimes: int
    exchanges: int
    memory_mib: tuple[float, float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(map(len, self.by_second)) / len(self.by_second)

    def p(self, percent: int, *, while_renewing: bool) -> float:
        """A percentile of milliseconds, of all seconds or of those with a renewal; 0 where there was none."""
        chosen = [
            took
            for second, renewed in zip(self.by_second, self.renewing, strict=True)
            for took in second
            if renewed or not while_renewing
        ]
        return quantiles(chosen, n=100)[percent - 1] if len(chosen) > 1 else 0


def table(figures: Figures) -> str:
    """In Markdown."""
    before, after = figures.memory_mib
    most = f"(≤ {LIMITS['most_p99_ms']:g})"
    rows = {
        "answers a second": f"{figures.rate:,.0f} (≥ {LIMITS['least_a_second']:,})",
        "median": f"{figures.p(50, while_renewing=False):.1f} ms",
        "99th percentile": f"{figures.p(99, while_renewing=False):.1f} ms {most}",
        "99th percentile, in seconds with a renewal": f"{figures.p(99, while_renewing=True):.1f} ms {most}",
        "failed": f"{figures.failed} of {sum(map(len, figures.by_second)):,}",
        "exchanges, lifetimes": f"{figures.exchanges}, {figures.lifetimes}",
        "memory, after the first renewal and at the end": f"{before:.1f}, {after:.1f} MiB",
    }
    return "\n".join(["| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows.items())])


def missed(figures: Figures) -> list[str]:
    """A line for each figure over its limit."""
    before, after = figures.memory_mib
    checks = {
        f"{figures.rate:,.0f} answers a second": figures.rate >= LIMITS["least_a_second"],
        f"p99 is {figures.p(99, while_renewing=False):.1f} ms": figures.p(99, while_renewing=False)
        <= LIMITS["most_p99_ms"],
        f"p99 in a renewal is {figures.p(99, while_renewing=True):.1f} ms": figures.p(99, while_renewing=True)
        <= LIMITS["most_p99_ms"],
        f"{figures.failed} requests failed": not figures.failed,
        f"{figures.exchanges} exchanges for {figures.lifetimes} lifetimes": figures.exchanges <= figures.lifetimes,
        f"memory grew by {after - before:.1f} MiB": after - before <= LIMITS["most_growth_mib"],
    }
    return [line for line, holds in checks.items() if not holds]


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.serve", description=__doc__)
    parser.add_argument("--seconds", type=int, default=80, help="how long to ask; a renewal comes every 35 s")
    parser.add_argument("--check", action="store_true", help="fail where a figure is over its limit")
    options = parser.parse_args()
    with suppress(OSError):
        kernel.join_anonymous_session()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory, Emulator() as emulator:
        emulator.directory.permission_sets["Admin"].session_s = _LIFETIME_S
        emulator.directory.application.access_token_lifetime_s = _LIFETIME_S
        with serving(_home(Path(directory), emulator), _PROFILE) as running:
            figures = _measured(running, emulator, options.seconds)
    print(table(figures))
    if options.check and (lines := missed(figures)):
        sys.exit("\n".join(f"benchmarks: {line}" for line in lines))


def _measured(running: Serving, emulator: Emulator, seconds: int) -> Figures:
    by_second: list[list[float]] = []
    renewing: list[bool] = []
    failed, memory = 0, list[float]()
    made = emulator.count("GetRoleCredentials")
    with _asking(running.variables[_PROFILE]) as answers:
        for number, second in enumerate(answers):
            now = emulator.count("GetRoleCredentials")
            if number:  # the first one fills the caches
                by_second.append(second["ms"])
                renewing.append(now > made)
                if now > made and not memory:  # the first renewal loads what the first fetch found in the cache
                    memory.append(_memory_mib(running.process.pid))
                failed += second["failed"]
            made = now
            if number == seconds:
                memory.append(_memory_mib(running.process.pid))
                break
    exchanges = emulator.count("CreateTokenWithIAM")
    emulator.wait_for("GetRoleCredentials", exchanges)  # a renewal may be half done
    lifetimes = emulator.count("GetRoleCredentials")
    return Figures(by_second, renewing, failed, lifetimes, exchanges, (memory[0], memory[-1]))


@contextmanager
def _asking(variables: Mapping[str, str]) -> Iterator[Iterator[dict[str, Any]]]:
    """What the client in a process of its own prints."""
    words = [sys.executable, "-m", "benchmarks.asking", variables[URL], str(_CONNECTIONS)]
    environment = {**os.environ, "PYTHONPATH": "tests", TOKEN: variables[TOKEN]}
    client = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdin
    assert client.stdout
    try:
        yield map(json.loads, client.stdout)
    finally:
        client.stdin.close()
        threading.Thread(target=client.stdout.read, daemon=True).start()
        client.wait()


def _memory_mib(process: int) -> float:
    (line,) = (one for one in Path(f"/proc/{process}/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def _home(directory: Path, emulator: Emulator) -> Home:
    home = Home(
        directory,
        {
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            kernel.VARIABLE: "session",
            "PYTHON_KEYRING_BACKEND": BACKEND,
            VARIABLE: str(directory / "keyring.json"),
            **emulator.environment,
        },
    )
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    return home


if __name__ == "__main__":
    main()
