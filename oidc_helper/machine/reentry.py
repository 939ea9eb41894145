"""Refuses cycles: a program that we ask for keys or tokens must not ask us.

A cycle shows in the AWS configuration, in the address of a container's endpoint, or at run time in a variable that we
set for the programs we start.
"""

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from oidc_helper.errors import WrongSettings
from oidc_helper.words import printable

VARIABLE = "OIDC_HELPER_REENTRY"
ENDPOINT = "/v1/credentials/"
"""The path of our own endpoints, up to the name of the profile."""

_MESSAGE = "the settings lead back to oidc-helper: "
_HINT = "set caller to a web_identity_role_arn or an AWS profile with keys of its own, and command to another program"
_marking, _marks = threading.Lock(), list[str]()
_OURSELVES = re.compile(r"""(?:^|[/\\\s"'])oidc[-_]helper(?:\.exe)?(?:$|[\s"'])""")


def refuse_cycle(profiles: Mapping[str, Mapping[str, Any]], profile: str, start: str) -> None:
    """Follow source_profile and credential_process from the AWS profile `start`; WrongSettings if they lead to us.

    `profiles` are the parsed sections of the AWS configuration and credentials files, by name; `profile` is ours.
    """
    trail = [f"profile {profile}"]
    for name, section in profiles_behind(profiles, start):
        trail.append(f"AWS profile {printable(name)}")
        process = section.get("credential_process")
        if isinstance(process, str) and is_ours(process):
            raise _cycle([*trail, "its credential_process, oidc-helper"])


def profiles_behind(profiles: Mapping[str, Mapping[str, Any]], start: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The AWS profile `start` and those that it leads to by source_profile, each once, by name and section."""
    name: Any = start
    seen: set[str] = set()
    while isinstance(name, str) and name not in seen:  # an indented block in a name's place is parsed as a table
        seen.add(name)
        section = profiles.get(name, {})
        yield name, section
        name = section.get("source_profile")


def is_ours(command: str) -> bool:
    """Whether the command line runs oidc-helper."""
    return _OURSELVES.search(command) is not None


def refuse_command(identity: str, words: Sequence[str]) -> None:
    """Refuse an identity command that runs us; our own tokens need the source `profile`. Raises WrongSettings."""
    if is_ours(" ".join(words)):
        raise _cycle([f"identity {identity}", "its command, oidc-helper"])


def refuse_endpoint(profile: str, url: str) -> None:
    """Refuse a container's endpoint that serves the very profile whose caller needs its keys. Raises WrongSettings.

    A `serve` that is started with its own variables exported would ask itself.
    """
    if unquote(urlsplit(url).path) == f"{ENDPOINT}{profile}":
        raise _cycle(
            [f"profile {profile}", f"the container's endpoint {printable(url)}"],
            "start it without AWS_CONTAINER_CREDENTIALS_FULL_URI, or set another caller",
        )


def cycle_in(stderr: str) -> WrongSettings | None:
    """The error of a cycle that another process of ours reported on stderr, through the program that started it."""
    report = re.search(rf"{_MESSAGE}([^\n]*)", stderr)
    return _cycle([printable(report[1].partition("hint:")[0].strip())]) if report else None


def refuse_reentry(profile: str) -> None:
    """Raise WrongSettings if a process of ours, which waits for the answer, started us through other programs."""
    if starter := os.environ.get(VARIABLE):
        raise _cycle([printable(starter), f"profile {profile}"])


@contextmanager
def marked(starter: str) -> Iterator[None]:
    """Mark every process that the block starts with its purpose, such as `profile analytics`; threads may overlap."""
    with _marking:
        _marks.append(starter)
        os.environ[VARIABLE] = starter
    try:
        yield
    finally:
        with _marking:
            _marks.remove(starter)
            if _marks:
                os.environ[VARIABLE] = _marks[-1]
            else:
                del os.environ[VARIABLE]


def _cycle(trail: list[str], hint: str = _HINT) -> WrongSettings:
    return WrongSettings(f"{_MESSAGE}{' -> '.join(trail)}", hint)
