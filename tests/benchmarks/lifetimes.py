"""Short-lived credentials and a call every second, in real time: no call waits or fails, one exchange a lifetime."""

import sys
import time
from pathlib import Path

from benchmarks import measure
from benchmarks.launcher import Cost, Failed, Launcher
from benchmarks.measure import Case, Figures
from benchmarks.site import Command
from homes import COMMAND, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

# Credentials are served while a minute is left, and renewed from half of a short lifetime on: every 35 s.
_LIFETIME_S = 70
_PROFILE = "dev-admin"  # a permission set: STS itself knows no session below 15 minutes


def over(directory: Path, launcher: Launcher, *, lifetimes: int) -> list[Figures]:
    """The slowest call, compared with the slowest bare interpreter that ran between the calls.

    Raises Failed if a call fails, or if the number of exchanges is not that of lifetimes.
    """
    with Emulator() as emulator:
        emulator.directory.permission_sets["Admin"].session_s = _LIFETIME_S
        emulator.directory.application.access_token_lifetime_s = _LIFETIME_S
        environment = _home(directory, emulator)
        cases = [
            Case(
                measure.SLOWEST_BARE, measure.SLOWEST_BARE, lambda: Command([sys.executable, "-c", "pass"], environment)
            ),
            Case(measure.SLOWEST, measure.SLOWEST_BARE, lambda: Command([str(COMMAND), "get", _PROFILE], environment)),
        ]
        launcher.cost(cases[1].prepare().words, environment)
        turns: list[list[Cost]] = []
        while (made := emulator.count("GetRoleCredentials")) <= lifetimes:
            began = time.monotonic()
            turns.append([launcher.cost(case.prepare().words, environment) for case in cases])
            time.sleep(max(0.0, began + 1 - time.monotonic()))
        exchanges = emulator.count("CreateTokenWithIAM")
    print(f"{len(turns)} calls, {made} lifetimes begun, {exchanges} exchanges", file=sys.stderr)
    if exchanges != made:
        raise Failed(f"{exchanges} exchanges for {made} lifetimes")
    slowest = {
        case.name: [max(runs, key=lambda run: run.wall_s)]
        for case, runs in zip(cases, zip(*turns, strict=True), strict=True)
    }
    return measure.figures(cases, slowest)


def _home(directory: Path, emulator: Emulator) -> dict[str, str]:
    home = directory / "lifetimes"
    home.mkdir()
    (home / "config.toml").write_text(file_config(emulator))
    (home / "token").write_text(emulator.mint("alice@example.com"))
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "OIDC_HELPER_CONFIG": str(home / "config.toml"),
        kernel.VARIABLE: "session",
        "PYTHON_KEYRING_BACKEND": BACKEND,
        VARIABLE: str(home / "keyring.json"),
        **emulator.environment,
    }
