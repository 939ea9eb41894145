"""A clock that a test moves: for the installed command, for the renewals that it starts, and for the emulator."""

import sys
from dataclasses import dataclass
from pathlib import Path

from homes import Home

from oidc_helper.emulator import Emulator

# Python imports it before anything else. Signatures are dated by the true clock, which botocore reads elsewhere.
_SITECUSTOMIZE = """
import os, sys, time
true_time, true_utime = time.time, os.utime

def now():
    with open({ahead!r}) as file:
        return true_time() + float(file.read())

time.time = now
os.utime = lambda path, times=None: true_utime(path, times or (now(), now()))
sys.executable = {python!r}
"""
# Stands for the interpreter, and is as deaf to PYTHONPATH as a renewal wants it to be.
_PYTHON = """#!{python} -EP
import runpy, sys
exec(open({customize!r}).read())
sys.argv = sys.argv[sys.argv.index("-m") + 1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Clock:
    """How far `home` is ahead of the true time, in a file that each of its processes reads."""

    ahead: Path
    emulator: Emulator

    def advance(self, seconds: int) -> None:
        """Let time pass for all of them."""
        beginning = self.ahead.with_suffix(".new")
        beginning.write_text(str(int(self.ahead.read_text()) + seconds))
        beginning.replace(self.ahead)
        self.emulator.advance(seconds)


def installed(home: Home, emulator: Emulator) -> Clock:
    """Give the commands of a home such a clock."""
    directory = home.path / "clock"
    directory.mkdir()
    ahead, python, customize = directory / "ahead", directory / "python", directory / "sitecustomize.py"
    ahead.write_text("0")
    customize.write_text(_SITECUSTOMIZE.format(ahead=str(ahead), python=str(python)))
    python.write_text(_PYTHON.format(python=sys.executable, customize=str(customize)))
    python.chmod(0o700)
    home.customize = customize
    home.environment["PYTHONPATH"] = str(directory)
    return Clock(ahead, emulator)
