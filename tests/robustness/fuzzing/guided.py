"""Runs a target under atheris in a new process: libFuzzer ends the process that it runs in."""

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2]


def fuzz(name: str, runs: int) -> tuple[int, int]:
    """The number of inputs, and of those that broke a promise. Raises RuntimeError without atheris."""
    done = subprocess.run(
        [sys.executable, "-m", "robustness.fuzzing", name, "--runs", str(runs)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if "No module named 'atheris'" in done.stderr:
        raise RuntimeError("needs atheris: pip install --group fuzz")
    counts = [int(number) for number in re.findall(r"^#(\d+)", done.stderr, re.MULTILINE)]
    return max(counts, default=0), int(done.returncode != 0)
