"""Tries each place: puts a record without a secret there, reads it and removes it; asks nobody."""

import errno
import os

from oidc_helper import kernel, paths
from oidc_helper.errors import StoreUnusable
from oidc_helper.machine import private_files
from oidc_helper.store import choice, in_kernel, parts
from oidc_helper.store.vault import Vault

_TEXT = "trial " * 400  # as long as a record of credentials
_LASTS_S = 60


def of_kernel_keyring() -> None:
    """Raises StoreUnusable; does not make room first."""
    in_kernel.require_place()
    entry = _entry()
    try:
        kernel.write(entry, _TEXT.encode(), _LASTS_S)
        was_read = kernel.read(entry) == _TEXT.encode()
        kernel.delete(entry)
    except OSError as error:
        raise in_kernel.problem(error.errno) from None
    if not was_read:
        raise in_kernel.problem(errno.EIO)


def of_vault(*, timeout_s: float) -> Vault | None:
    """The vault of this session, None if there is none. Raises StoreUnusable."""
    vault = choice.find(timeout_s=timeout_s)
    if vault is None:
        return None
    vault.require_open()
    entry = _entry()
    try:
        parts.put(vault, entry, _TEXT)
        was_read = parts.get(vault, entry) == _TEXT
    finally:
        parts.delete(vault, entry)
    if not was_read:
        raise StoreUnusable(f"{vault.name} did not keep what was put there", "choose another keyring back end")
    return vault


def of_index() -> str:
    """The directory in which the index is written. Raises OSError."""
    name = f"trial-{os.getpid()}"
    private_files.replace(name, _TEXT)
    private_files.remove(name)
    return paths.state_directory()


def _entry() -> str:
    return f"{paths.APPLICATION}:trial:{os.getpid()}"
