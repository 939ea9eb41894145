"""AWS configuration files for one program: the user's settings without anything that leads to credentials."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def files(config: str) -> Iterator[dict[str, str]]:
    """The variables that name such files, which exist while the block runs; `config` is the text of the config file."""
    directory = Path(tempfile.mkdtemp(prefix="oidc-helper-"))  # only this user can read it
    try:
        (directory / "config").write_text(config, encoding="utf-8")
        (directory / "credentials").touch()
        yield {
            "AWS_CONFIG_FILE": str(directory / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(directory / "credentials"),
        }
    finally:
        shutil.rmtree(directory, ignore_errors=True)
