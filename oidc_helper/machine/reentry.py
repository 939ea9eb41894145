"""Nobody whom we ask for keys or tokens may ask us: seen in the AWS configuration, and at run time by a variable."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from oidc_helper.errors import WrongSettings
from oidc_helper.words import printable

VARIABLE = "OIDC_HELPER_CHAIN"
_MESSAGE = "the settings lead back to oidc-helper: "
_OURSELVES = re.compile(r"""(?:^|[/\\\s"'])oidc[-_]helper(?:\.exe)?(?:$|[\s"'])""")


def refuse_cycle(profiles: Mapping[str, Mapping[str, Any]], ours: str, start: str) -> None:
    """Follow source_profile and credential_process from the AWS profile `start`; raise WrongSettings if we are met.

    `profiles` are the parsed sections of the AWS configuration and credentials files, by name.
    """
    trail = [f"profile {ours}"]
    name: Any = start
    seen: set[str] = set()
    while isinstance(name, str) and name not in seen:  # an indented block in a name's place is parsed as a table
        seen.add(name)
        trail.append(f"AWS profile {printable(name)}")
        section = profiles.get(name, {})
        process = section.get("credential_process")
        if isinstance(process, str) and is_ours(process):
            raise _cycle([*trail, "its credential_process, oidc-helper"])
        name = section.get("source_profile")


def is_ours(command: str) -> bool:
    """Whether the command line runs oidc-helper."""
    return _OURSELVES.search(command) is not None


def refuse_command(identity: str, words: Sequence[str]) -> None:
    """Refuse an identity command that is ours; the source `profile` is for tokens of our own."""
    if is_ours(" ".join(words)):
        raise _cycle([f"identity {identity}", "its command, oidc-helper"])


def found_in(complaint: str) -> WrongSettings | None:
    """Find the cycle that another process of ours complained of, behind a program that did not show what it runs."""
    told = re.search(rf"{_MESSAGE}([^\n]*)", complaint)
    return _cycle([printable(told[1].partition("hint:")[0].strip())]) if told else None


def refuse_reentry(ours: str) -> None:
    """Refuse to work for a process that we started ourselves to get the caller's keys or an identity token."""
    if chain := os.environ.get(VARIABLE):
        raise _cycle([printable(chain), f"profile {ours}"])


@contextmanager
def begun(link: str) -> Iterator[None]:
    """Let every process started meanwhile know for what it works, as `profile analytics`."""
    os.environ[VARIABLE] = link
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def _cycle(trail: list[str]) -> WrongSettings:
    return WrongSettings(
        f"{_MESSAGE}{' -> '.join(trail)}",
        "let the caller be a web_identity_role_arn or an AWS profile with keys of its own, and command another program",
    )
