"""Short-lived credentials and a caller every second, in real time: nobody waits or fails, one exchange a lifetime."""

import sys
import time
from pathlib import Path
from statistics import median

from benchmarks import measure
from benchmarks.launcher import Cost, Failed, Launcher
from benchmarks.measure import Case, Figures
from benchmarks.site import Command
from homes import COMMAND, file_config

from oidc_helper import kernel
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

# Credentials are good for anything while a minute is left, and renewed from half of a short lifetime on: every 35 s.
_LIFETIME_S = 70
_PROFILE = "dev-admin"  # a permission set: STS itself knows no session below 15 minutes


def over(directory: Path, launcher: Launcher, *, lifetimes: int) -> list[Figures]:
    """The usual and the slowest call. Raises Failed where one fails, or a lifetime took another number of exchanges."""
    runs: list[Cost] = []
    with Emulator() as emulator:
        emulator.directory.permission_sets["Admin"].session_s = _LIFETIME_S
        emulator.directory.application.access_token_lifetime_s = _LIFETIME_S
        environment = _home(directory, emulator)
        words = [str(COMMAND), "get", _PROFILE]
        launcher.cost(words, environment)
        while (made := emulator.count("GetRoleCredentials")) <= lifetimes:
            began = time.monotonic()
            runs.append(launcher.cost(words, environment))
            time.sleep(max(0.0, began + 1 - time.monotonic()))
        exchanges = emulator.count("CreateTokenWithIAM")
    print(f"{len(runs)} calls, {made} lifetimes begun, {exchanges} exchanges", file=sys.stderr)
    if exchanges != made:
        raise Failed(f"{exchanges} exchanges for {made} lifetimes")
    slowest = max(runs, key=lambda run: run.wall_s)
    ratio = slowest.wall_s / median(run.wall_s for run in runs)
    usual = Case(measure.EVERY_SECOND, measure.EVERY_SECOND, lambda: Command(words, environment))
    return [
        Figures(usual, tuple(runs), 1, 1),
        Figures(Case(measure.SLOWEST, measure.EVERY_SECOND, usual.prepare), (slowest,), ratio, 1),
    ]


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
