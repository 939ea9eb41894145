"""Check the places where secrets and notes are kept, each with a trial record that is removed again."""

import os
import sys

from oidc_helper import kernel, paths
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, ok, skipped
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import in_kernel, quota, trial
from oidc_helper.words import printable

_ROOMIER = {"maxbytes": 200_000, "maxkeys": 2_000}


def kernel_keyring(_case: Case) -> Finding:
    """The kernel keyring takes credentials, and has room."""
    if sys.platform != "linux":
        return skipped("this system has none: credentials are kept with the tokens")
    if os.environ.get(kernel.VARIABLE) == "off":
        return skipped(f"{kernel.VARIABLE} switches it off")
    try:
        in_kernel.require_place()
    except StoreUnusable as problem:
        return skipped(f"{problem.message}: credentials go to the keyring")
    used = quota.of_this_user()
    fills = (
        f"{used.used_bytes:,} of {used.limit_bytes:,} bytes and {used.used_keys:,} of {used.limit_keys:,} keys in use"
        if used
        else "the kernel does not say how full it is"
    )
    try:
        trial.of_kernel_keyring()
    except StoreUnusable as problem:
        return failed(f"{problem.message}: {fills}, by all programs of this user", _more_room())
    return ok(f"a trial record was kept; {fills}")


def vault(case: Case) -> Finding:
    """The session's keyring is open and keeps tokens."""
    keyring = trial.of_vault(timeout_s=max(1, min(10, round(case.deadline.left()))))
    if keyring:
        return ok(f"a trial record was kept in the {keyring.name}")
    if kernel.available():
        return skipped(
            "there is no keyring in this session: everything is kept in the kernel keyring, until the next boot"
        )
    return failed("there is no keyring in this session, and no kernel keyring: nothing is kept", in_kernel.REMEDY)


def state(_case: Case) -> Finding:
    """The index, which marks single-use tokens as spent, can be written."""
    try:
        directory = printable(paths.state_directory())
    except OSError as error:
        return failed(f"no place for notes: {error.strerror}", "let XDG_STATE_HOME name a directory")
    try:
        trial.of_index()
    except OSError as error:
        return failed(
            f"cannot write in {directory}: {(error.strerror or 'failed').lower()}",
            "make that directory yours and writable, or let XDG_STATE_HOME name another",
        )
    return ok(directory)


def _more_room() -> str:
    whose = "root_" if hasattr(os, "geteuid") and os.geteuid() == 0 else ""
    settings = " ".join(f"kernel.keys.{whose}{name}={value}" for name, value in _ROOMIER.items())
    return f"sudo sysctl -w {settings}"
