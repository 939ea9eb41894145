"""botocore's own data, read without importing botocore, which takes 50 ms."""

import functools
import gzip
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@functools.cache
def newest(pattern: str) -> dict[str, Any]:
    """The content of the last file, by name, that matches the pattern in botocore's data; empty if none does."""
    spec = find_spec("botocore")
    folders = [Path(folder) / "data" for folder in (spec and spec.submodule_search_locations) or ()]
    files = sorted(file for folder in folders for file in folder.glob(pattern))
    if not files:
        return {}
    open_file = gzip.open if files[-1].suffix == ".gz" else open
    with open_file(files[-1], "rb") as file:
        return dict(json.load(file))
