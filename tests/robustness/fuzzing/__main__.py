"""`python -m robustness.fuzzing TARGET --runs N`: coverage-guided, until N inputs, a broken promise or ctrl-c."""

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # of the group `fuzz`

from robustness.fuzzing.targets import TARGETS

_SLOW_S, _LARGEST = 5, 4_096  # seconds for an input, and its largest number of bytes


def main() -> None:
    """Run the target; the exit code is libFuzzer's."""
    parser = argparse.ArgumentParser("python -m robustness.fuzzing", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=int, default=-1, help="how many inputs; without it, until interrupted")
    options, rest = parser.parse_known_args()
    with atheris.instrument_imports(include=["oidc_helper", "robustness.fuzzing.targets"]):
        chosen = importlib.import_module(f"robustness.fuzzing.targets.{options.target}")
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus:
        child = os.fork()  # libFuzzer ends its process without removing the directory
        if child:
            _, status = os.waitpid(child, 0)
        else:
            for number, seed in enumerate(chosen.seeds()):
                Path(corpus, str(number)).write_bytes(seed)
            limits = [f"-runs={options.runs}", f"-timeout={_SLOW_S}", f"-max_len={_LARGEST}"]
            where = f"-artifact_prefix={tempfile.gettempdir()}/"
            atheris.Setup([sys.argv[0], *limits, where, *rest, corpus], chosen.target)
            atheris.Fuzz()
    sys.exit(os.waitstatus_to_exitcode(status))


main()
