"""The standard Unix password manager with a key of its own, which keyring reaches through the package keyring-pass."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("gpg", "pass")  # Debian packages gnupg and pass
BACKEND = "keyring_pass.PasswordStoreBackend"


@dataclass(frozen=True)
class PasswordStore:
    """The variables that lead to it."""

    environment: dict[str, str]

    def entries(self) -> list[str]:
        """Name all entries there are."""
        top = Path(self.environment["PASSWORD_STORE_DIR"])
        return sorted(str(file.relative_to(top)) for file in top.rglob("*.gpg"))

    def clear(self) -> None:
        """Remove all entries."""
        top = Path(self.environment["PASSWORD_STORE_DIR"])
        shutil.rmtree(top / "python-keyring", ignore_errors=True)


def missing() -> list[str]:
    """Those of PROGRAMS that this machine lacks, and keyring's back end."""
    programs = [program for program in PROGRAMS if shutil.which(program) is None]
    return programs if importlib.util.find_spec("keyring_pass") else [*programs, "keyring-pass"]


@contextmanager
def private_password_store() -> Iterator[PasswordStore]:
    """Make one, whose key has no passphrase."""
    with tempfile.TemporaryDirectory(prefix="pass-") as name:
        variables = {"GNUPGHOME": f"{name}/gnupg", "PASSWORD_STORE_DIR": f"{name}/store"}
        environment = {"PATH": os.environ["PATH"], "HOME": name, **variables}
        Path(variables["GNUPGHOME"]).mkdir(mode=0o700)

        def run(*words: str) -> None:
            subprocess.run(words, env=environment, check=True, capture_output=True)

        try:
            run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", "tests", "default", "default", "never")
            run("pass", "init", "tests")
            yield PasswordStore(variables)
        finally:
            run("gpgconf", "--kill", "all")
