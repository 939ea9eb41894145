"""What the programs in Python have in common."""

import json
import os
import time
from collections.abc import Iterator


def take_variables() -> None:
    """Take the variables of a hostile host, which this Python would not have started with."""
    os.environ.update(json.loads(os.environ.get("VARIABLES", "{}")))


def calls() -> Iterator[int]:
    """Let the caller make CALLS calls, PAUSE_S apart."""
    take_variables()
    for number in range(int(os.environ.get("CALLS", "1"))):
        if number:
            time.sleep(float(os.environ["PAUSE_S"]))
        yield number
