"""Answers as people type them, on a command line or at a question, and the values that they stand for."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from oidc_helper.settings import checks
from oidc_helper.settings.checks import UnfitError
from oidc_helper.settings.schema import Key
from oidc_helper.words import shown


def value_of(key: Key, text: str) -> Any:
    """The value that the text stands for, as in TOML; the key must not be a table. Raises UnfitError."""
    text = text.strip()
    if not text:
        raise UnfitError("must not be empty")
    value = _read(key, text)
    key.check(value)
    return value


def text_of(value: Any) -> str:
    """A value of the settings as a person would type it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return shlex.join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {json.dumps(inner)}" for name, inner in value.items())
    return str(value)


def _read(key: Key, text: str) -> Any:
    if key.name.endswith("_seconds"):
        return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text
    if key.is_path and text not in key.words and not text.startswith("~"):
        return str(Path(text).absolute())  # in the file, a relative path starts from another directory
    return _FORMS.get(key.check, str)(text)


def _words(text: str) -> list[str]:
    return re.split(r"[\s,]+", text.strip(" ,"))


def _one_or_more(text: str) -> Any:
    words = _words(text)
    return words if len(words) > 1 else text


def _numbers(text: str) -> list[Any]:
    return [int(word) if word.isdecimal() else word for word in _words(text)]


def _command(text: str) -> list[str]:
    """The words of a command, quoted as in a shell."""
    try:
        return shlex.split(text)
    except ValueError:
        raise UnfitError(f"has a quote that is not closed: {shown(text)}") from None


def _true(text: str) -> Any:
    return text == "true" or text


def _table(text: str) -> dict[str, Any]:
    """A table as TOML writes it in one line, with or without its braces."""
    inner = text.removeprefix("{").removesuffix("}") if text.startswith("{") else text
    try:
        return tomllib.loads(f"value = {{{inner}}}")["value"]  # type: ignore[no-any-return]
    except ValueError:
        raise UnfitError(f'must be a table such as {{ name = "value" }}, not {shown(text)}') from None


_FORMS: Mapping[object, Callable[[str], Any]] = {
    checks.scopes: _words,
    checks.regions: _one_or_more,
    checks.ports: _numbers,
    checks.command: _command,
    checks.true: _true,
    checks.parameters: _table,
}
