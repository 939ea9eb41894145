"""Read one file of the configuration as TOML; an error names the line, and the habit that led to it."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

from oidc_helper import paths
from oidc_helper.errors import WrongSettings
from oidc_helper.settings.layers import Layer, dotted
from oidc_helper.settings.problems import wrong_file
from oidc_helper.words import printable

LARGEST = 1_048_576  # bytes
_MOST_DOTS = 100  # on a line: tomllib's time grows with the square of a key's parts, 5 s for 16,000
_UNCLOSED = {r"Illegal character '\n'", r"Found invalid character '\n'", 'Expected "\'"'}
_TWICE = re.compile(r"Cannot declare (\(.*\)) twice", re.DOTALL)
_SYNTAX_ERROR = re.compile(r"(.*?)(?: \(at (?:line ([0-9]+), column [0-9]+|end of document)\))?", re.DOTALL)

# Habits from the AWS configuration file, shells and Windows: a line that TOML refuses, and advice.
_ADVICE = (
    (r"\s*\[\s*(?:profile|identity)\s+\S", "write the name after a dot, as in [profile.analytics]"),
    (r"""\s*\[\s*(?:profile|identity)\.[\w.-]*[^\w.\s"'\]-]""", 'put the name in quotes, as in [profile."team/x"]'),
    (r"\s*account_id\s*=\s*0[0-9]", "put the account id in quotes"),
    (r"""\s*[\w.-]+\s*=\s*[^\s"'\[{]""", "put text in quotes"),
    (r'[^"]*"[^"]*\\', "put text with backslashes in 'single quotes'"),
)


def read(path: str) -> Layer:
    """The file as a layer. Raises OSError and WrongSettings."""
    text = _text(path)
    return Layer(path, text, parse(path, text))


def _text(path: str) -> str:
    """The file's text. Raises OSError and WrongSettings."""
    if not Path(path).is_file():
        hint = f"name a file with --config or {paths.CONFIG_VARIABLE}"
        raise WrongSettings(f"{printable(path)}: is not a regular file", hint)
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise wrong_file(path, f": is larger than {LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")  # Windows editors write a byte order mark
    except UnicodeDecodeError:
        raise wrong_file(path, ": is not UTF-8 text") from None


def parse(path: str, text: str) -> dict[str, Any]:
    """The text as a TOML document. Raises WrongSettings with the line."""
    if any(line.count(".") > _MOST_DOTS for line in text.split("\n") if not line.lstrip().startswith("#")):
        raise wrong_file(path, ": is nested too deeply")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise wrong_file(path, ": is nested too deeply") from None
    except ValueError as error:
        raise wrong_file(path, _syntax_error(str(error), text)) from None


def _syntax_error(message: str, text: str) -> str:
    """The line, tomllib's message in our words, and advice if we know the mistake."""
    parts = _SYNTAX_ERROR.fullmatch(message)
    reason, number = parts.groups() if parts else (message, None)
    line = text.split("\n")[int(number) - 1] if number else ""
    place = f" (line {number})" if number else ""
    about_names = reason.startswith("Cannot ")  # a name declared twice, or as both a table and a value
    advice = next((f"; {advice}" for mistake, advice in _ADVICE if not about_names and re.match(mistake, line)), "")
    return f"{place}: is not TOML: {_in_our_words(reason)}{advice}"


def _in_our_words(reason: str) -> str:
    if reason in _UNCLOSED:
        return "a quote is not closed"
    if twice := _TWICE.fullmatch(reason):
        return f"cannot declare [{dotted(ast.literal_eval(twice[1]))}] twice"
    return printable(reason[:1].lower() + reason[1:])
