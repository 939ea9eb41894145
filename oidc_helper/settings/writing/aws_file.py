"""Read a file of the AWS configuration as botocore does, with the place of each profile in it."""

import configparser
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from configupdater import Comment, ConfigUpdater, Section, Space

from oidc_helper.errors import WrongSettings
from oidc_helper.words import printable

Contents = dict[str, dict[str, str]]  # the values by key in lower case, by header

_KEY = re.compile(r"^[^\S\n]*([^\s=:][^=:\n]*?)[^\S\n]*[=:]", re.MULTILINE)


class Place(NamedTuple):
    """Where a section is in the text: from its header to its last key."""

    header: str
    begin: int
    end: int


@dataclass(frozen=True)
class AwsFile:
    """One file; `text` and `contents` may hold secrets. `is_unique`: no section and no key is there twice.

    botocore refuses a file with duplicates; the other SDKs merge them.
    """

    path: str
    text: str = field(repr=False)
    contents: Contents = field(repr=False)
    places: Sequence[Place]
    by_profile: Mapping[str, Sequence[Place]]
    is_unique: bool

    def line(self, position: int) -> int:
        """The number of the line, from 1, at a position of the text."""
        return self.text.count("\n", 0, position) + 1

    def keys(self, place: Place) -> Iterator[tuple[str, str, int]]:
        """Each key of a section, with its value and its line."""
        for key in _KEY.finditer(self.text, place.begin, place.end):
            if (value := self.contents[place.header].get(key[1].lower())) is not None:
                yield key[1].lower(), value, self.line(key.start(1))


def config_path() -> str:
    """Where the SDKs read the configuration, with botocore's expansions."""
    return _path("AWS_CONFIG_FILE", "~/.aws/config")


def credentials_path() -> str:
    """Where the SDKs read the shared credentials, with the same expansions."""
    return _path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")


def read_config(path: str, text: str) -> AwsFile:
    """The configuration: profiles are `[profile NAME]` and `[default]`. Raises WrongSettings with the line."""
    return _read(path, text, _profile_of)


def read_credentials(path: str, text: str) -> AwsFile:
    """The shared credentials: every section is a profile. Raises WrongSettings with the line."""
    return _read(path, text, lambda header: header)


def parse(text: str, *, is_unique: bool) -> Contents:
    """What botocore's parser reads. Raises configparser.Error; with `is_unique`, also for duplicates."""
    parser = configparser.RawConfigParser(default_section="", strict=is_unique)
    parser.read_string(text)
    return {header: dict(parser.items(header)) for header in parser.sections()}


def updater(text: str) -> ConfigUpdater:
    """The text as blocks that are written back byte for byte."""
    blocks = ConfigUpdater(
        strict=False,
        delimiters=("=",),  # an ARN in a key has colons
        comment_prefixes=("#", ";"),
        allow_no_value=True,  # a key that is followed by a colon
    )
    return blocks.read_string(text)


def _path(variable: str, usual: str) -> str:
    named = os.path.expandvars(os.environ.get(variable) or usual)
    return str(Path(os.path.expanduser(named)).absolute())  # noqa: PTH111 - a user without a home is no error


def _read(path: str, text: str, profile_of: Callable[[str], str | None]) -> AwsFile:
    if text.startswith("\ufeff"):
        raise _unreadable(path, 1, "a byte order mark stands before the first section")
    if lone := re.search(r"\r(?!\n)", text):
        raise _unreadable(path, text.count("\n", 0, lone.start()) + 1, "a carriage return stands alone")
    contents, is_unique = _parse(path, text)
    _require_nested_keys(path, text, contents)
    places = list(_places(text))
    by_profile: dict[str, list[Place]] = {}
    for place in places:
        if (name := profile_of(place.header)) is not None:
            by_profile.setdefault(name, []).append(place)
    return AwsFile(path, text, contents, places, by_profile, is_unique)


def _parse(path: str, text: str) -> tuple[Contents, bool]:
    try:
        try:
            return parse(text, is_unique=True), True
        except (configparser.DuplicateSectionError, configparser.DuplicateOptionError):
            return parse(text, is_unique=False), False
    except configparser.MissingSectionHeaderError as error:
        raise _unreadable(path, error.lineno, "it stands before the first [section]") from None
    except configparser.ParsingError as error:
        raise _unreadable(path, error.errors[0][0], "it is neither a [section] nor key = value") from None


def _require_nested_keys(path: str, text: str, contents: Contents) -> None:
    """Raise WrongSettings if an indented block, such as that of `s3 =`, has a line that is no key of its own."""
    for values in contents.values():
        for value in values.values():
            if not value.startswith("\n"):
                continue
            for nested in value.splitlines():
                if nested.strip() and "=" not in nested:
                    line = next((n for n, each in enumerate(text.splitlines(), 1) if each.strip() == nested.strip()), 1)
                    raise _unreadable(path, line, "it is indented as a key of the line above, and has no =")


def _unreadable(path: str, line: int, why: str) -> WrongSettings:
    return WrongSettings(f"{printable(path)} (line {line}): {why}: no SDK reads that", "mend that line, then try again")


def _places(text: str) -> Iterator[Place]:
    position = 0
    for block in updater(text).iter_blocks():
        length = len(str(block))
        if isinstance(block, Section):
            yield Place(block.name, position, min(len(text), position + length - _length_of_tail(block)))
        position += length


def _length_of_tail(section: Section) -> int:
    """The number of characters after the last key."""
    length = 0
    for block in reversed(list[Any](section.iter_blocks())):
        if not isinstance(block, Comment | Space):
            break
        length += len(str(block))
    return length


def _profile_of(header: str) -> str | None:
    """The profile of a header, as botocore's `build_profile_map` reads it; None if it is no profile's."""
    if header == "default":
        return header
    if not header.startswith("profile"):
        return None
    try:
        words = shlex.split(header)
    except ValueError:
        return None
    return words[1] if len(words) == 2 else None
