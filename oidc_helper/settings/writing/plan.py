"""A planned change of a file, as a value: it is made first, shown to a person, and then carried out."""

import codecs
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oidc_helper.errors import OidcHelperError, WrongSettings
from oidc_helper.settings.lines import KeyPath
from oidc_helper.settings.writing import aws_file
from oidc_helper.settings.writing.aws_file import AwsFile
from oidc_helper.settings.writing.aws_now import AwsNow
from oidc_helper.settings.writing.aws_profiles import Profiles, change_profiles, rename_profiles
from oidc_helper.settings.writing.toml_tables import Tables, change_tables, rename_tables
from oidc_helper.words import printable

_SECRET = re.compile(r"^(\s*aws_(?:secret_access_key|session_token|security_token)\s*[=:])[^\n]*", re.IGNORECASE)
_COVER = " ***"
NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """The bytes of one file before and after; `before` is None if there is no such file. Both may hold secrets."""

    path: str
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)

    @property
    def is_needed(self) -> bool:
        """Whether the file's content would change."""
        return (self.before or b"") != self.after


def of_settings(path: str, tables: Tables, renamed: Mapping[KeyPath, KeyPath] = NOTHING) -> Change:
    """The change of our configuration at `path`; `tables` have the names that tables get by `renamed`.

    Raises WrongSettings, and OidcHelperError if it cannot be read.
    """
    before = _read(path)
    mark = codecs.BOM_UTF8 if (before or b"").startswith(codecs.BOM_UTF8) else b""
    text = _decoded(path, (before or b"").removeprefix(mark))

    def edit(plain: str) -> str:
        return change_tables(path, rename_tables(path, plain, renamed) if renamed else plain, tables)

    return Change(path, before, mark + _edited(text, edit))


def of_aws_config(
    profiles: Profiles, renamed: Mapping[str, str] = NOTHING, *, default_is_meant: bool = False
) -> Change:
    """The change of the AWS configuration in force; `profiles` have the names given by `renamed`. Raises as above."""
    path, credentials = aws_file.config_path(), _credentials()
    before = _read(path)

    def edit(text: str) -> str:
        config = aws_file.read_config(path, text)
        if renamed:
            config = aws_file.read_config(path, rename_profiles(config, renamed))
        return change_profiles(config, credentials, profiles, default_is_meant=default_is_meant)

    return Change(path, before, _edited(_decoded(path, before or b""), edit))


def of_lines(path: str, lines: Sequence[str], *, whole: bool = False) -> Change:
    """The change of any other text file: it gets the lines that it lacks, or with `whole`, consists of these alone."""
    before = _read(path)
    text = "" if whole else _decoded(path, before or b"")
    if text and not text.endswith("\n"):
        text += "\n"
    known = set(text.splitlines())
    added = "".join(f"{line}\n" for line in lines if whole or line not in known)
    return Change(path, before, (text + added).encode())


def aws_now() -> AwsNow:
    """What the AWS configuration in force says before a change. Raises as above."""
    path = aws_file.config_path()
    text = _decoded(path, _read(path) or b"").replace("\r\n", "\n")
    return AwsNow(aws_file.read_config(path, text), _credentials())


def _credentials() -> AwsFile:
    path = aws_file.credentials_path()
    content = _read(path) if Path(path).is_file() else None  # SDKs accept /dev/null here
    return aws_file.read_credentials(path, _decoded(path, content or b""))


def diff(change: Change) -> str:
    """The change as a unified diff with the file's name, for people: printable, and without AWS's secrets."""
    old, new = _shown(change.before or b""), _shown(change.after)
    path = printable(change.path)
    lines = difflib.unified_diff(old, new, path if change.before is not None else "(no file)", path, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _read(path: str) -> bytes | None:
    """The file's content, or None if there is no file."""
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise WrongSettings(f"{printable(path)} is not a regular file", "name another file, or move it away")
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        why = (error.strerror or "failed").lower()
        raise OidcHelperError(f"{printable(path)} cannot be read: {why}", "let your user read it") from None


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WrongSettings(f"{printable(path)} (line {line}): is not UTF-8 text", "save it as UTF-8") from None


def _edited(text: str, edit: Callable[[str], str]) -> bytes:
    """Edit the text; new lines end as all others do. In a file of mixed line ends, each line keeps its own."""
    ends = text.count("\n")
    if not ends or text.count("\r\n") != ends:
        return edit(text).encode()
    return edit(text.replace("\r\n", "\n")).replace("\n", "\r\n").encode()


def _shown(content: bytes) -> list[str]:
    return [printable(_SECRET.sub(rf"\1{_COVER}", line)) for line in content.decode("utf-8-sig").splitlines()]
