"""Check the program itself: its installation and versions, and environment variables that break it."""

import json
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from oidc_helper import __version__, kernel, paths
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, ok
from oidc_helper.machine import reentry
from oidc_helper.words import printable

_LIBRARIES = ("botocore", "keyring")
_SCRIPT_BYTES = 2_000  # a console script has 200
_ORIGINAL = "LD_LIBRARY_PATH_ORIG"  # where PyInstaller keeps the original value of LD_LIBRARY_PATH


def executable(case: Case) -> Finding:
    """Where the command is, what installed it, and whether that makes it slow."""
    path = case.program[0]
    installer = _installer()
    remarks = [f"installed by {installer}"]
    if installer.startswith("pip") and _is_slow_script(path):
        remarks.append(
            "its script was written by pip before 25: an answer from the cache takes 1.8 times as long as a bare "
            f"Python, instead of 1.25: {_to_rewrite_script()}"
        )
    other = shutil.which(paths.APPLICATION)
    if other and Path(path).name.startswith(paths.APPLICATION) and not _is_same(other, path):
        remarks.append(f"PATH leads to another one, {other}")
    return ok(f"{shlex.join(case.program)}, {'; '.join(remarks)}")


def versions(case: Case) -> Finding:
    """The versions for a bug report, and whether the AWS library supports what the profile needs."""
    if case.is_sound and case.profile.target == "account access":
        from oidc_helper.aws import account_access

        account_access.require_model()
    libraries = [f"{name} {metadata.version(name)}" for name in _LIBRARIES]
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    parts = [f"oidc-helper {__version__}", f"Python {platform.python_version()}", *libraries, system]
    return ok(", ".join(parts))


def _installer() -> str:
    prefix = Path(sys.prefix)
    if (prefix / "uv-receipt.toml").exists():
        return "uv tool"
    if (prefix / "pipx_metadata.json").exists():
        return "pipx"
    try:
        distribution = metadata.distribution(paths.APPLICATION)
    except metadata.PackageNotFoundError:
        return "nobody: it runs from a directory of files"
    installer = (distribution.read_text("INSTALLER") or "").strip() or "another installer"
    is_editable = '"editable": true' in (distribution.read_text("direct_url.json") or "")
    return printable(f"{installer}, as a link to its sources" if is_editable else installer)


def to_install(extra: str) -> str:
    """The command that adds an extra to this installation, from its original source."""
    whole = _requirement(f"[{extra}]")
    match _installer():
        case "pipx":
            requires = metadata.distribution(paths.APPLICATION).requires or ()
            requirements = [
                each.partition(";")[0].strip() for each in requires if f"extra == '{extra}'" in each.replace('"', "'")
            ]
            return f"pipx inject {paths.APPLICATION} {shlex.join(requirements)}"
        case "uv tool":
            return f"uv tool install --force {whole}"
        case "uv":
            return f"uv pip install --python {shlex.quote(sys.executable)} {whole}"
        case _:
            return f"{_pip_install()} {whole}"


def _to_rewrite_script() -> str:
    """The command that has a newer pip write the console script again."""
    return f"{_pip_install()} --upgrade pip && {_pip_install()} --force-reinstall --no-deps {_requirement()}"


def _pip_install() -> str:
    return f"{shlex.quote(sys.executable)} -m pip install"


def _requirement(extra: str = "") -> str:
    """What installers need to find the original source: a folder or file, a repository, or the name in an index."""
    try:
        note = json.loads(metadata.distribution(paths.APPLICATION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        note = {}
    url, system = note.get("url", ""), note.get("vcs_info", {}).get("vcs")
    if url.startswith("file:") and not system:
        return shlex.quote(f"{url2pathname(urlsplit(url).path)}{extra}")
    name = f"{paths.APPLICATION}{extra}"
    return shlex.quote(f"{name} @ {f'{system}+' if system else ''}{url}" if url else name)


def _is_slow_script(path: str) -> bool:
    """Whether the console script imports `re`, which takes longer than everything else in it."""
    try:
        with Path(path).open("rb") as script:
            beginning = script.read(_SCRIPT_BYTES)
    except OSError:
        return False
    return beginning.startswith(b"#!") and b"\nimport re\n" in beginning.replace(b"\r\n", b"\n")


def _is_same(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


class _Harm(NamedTuple):
    """What a variable does if `does` holds for its value, and the command that removes it."""

    variable: str
    what: str
    remedy: str
    does: Callable[[str], bool] = bool


_HARMS = (
    _Harm(
        "PYTHONHOME",
        "a Python that an SDK starts may fail before its first line",
        "unset PYTHONHOME",
    ),
    _Harm(
        "SSLKEYLOGFILE",
        "whoever can read that file can read every connection, with its secrets",
        "unset SSLKEYLOGFILE",
        lambda _: not sys.flags.ignore_environment,
    ),
    _Harm(
        reentry.VARIABLE,
        "get takes itself for a program that get has started, and refuses",
        f"unset {reentry.VARIABLE}",
    ),
)
# Variables that change something on purpose -> what they do.
_EFFECTS = {
    "PYTHONPATH": "of no effect here",
    "LD_LIBRARY_PATH": "other programs' libraries come first",
    _ORIGINAL: "a frozen program started us; its libraries are left out",
    "ALL_PROXY": "counts here, and not in the AWS SDK for Python",
    "all_proxy": "counts here, and not in the AWS SDK for Python",
    paths.CONFIG_VARIABLE: "",
    paths.SITE_CONFIG_VARIABLE: "",
    kernel.VARIABLE: "",
    "PYTHON_KEYRING_BACKEND": "",
    "AWS_CONFIG_FILE": "",
    "AWS_SHARED_CREDENTIALS_FILE": "",
}
_ENDPOINTS = "AWS_ENDPOINT_URL"


def environment(_case: Case) -> list[Finding]:
    """The variables that break us or our callers, and those that point elsewhere."""
    harms = [
        failed(f"{harm.variable} is set: {harm.what}", harm.remedy)
        for harm in _HARMS
        if (value := os.environ.get(harm.variable)) and harm.does(value)
    ]
    if harms:
        return harms
    effects = [
        f"{name} ({effect or printable(value)})" for name, effect in _EFFECTS.items() if (value := os.environ.get(name))
    ]
    effects += [f"{name} ({printable(value)})" for name, value in sorted(os.environ.items()) if _leads(name, value)]
    return [ok(f"in force: {', '.join(effects)}" if effects else "no variable in the way")]


def _leads(name: str, value: str) -> bool:
    return bool(value) and name.startswith(_ENDPOINTS)
