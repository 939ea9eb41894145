"""Calls of the AWS CLI as a POSIX shell takes them; names in them become variables of the shell."""

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from oidc_helper.setup import documents
from oidc_helper.setup.pieces import Call

_NAME = re.compile(r"\{([A-Z_]+)\}")
_LIST = re.compile(r',\s*"\{(' + "|".join(each.strip("{}") for each in documents.LISTS) + r')\}"')
_COLUMNS = 76
_SHORT = 56  # characters of a part of a document that stays on one line
ESCAPED = ("GROUP", "SUB_PREFIX")
"""The names whose values may have quotes: for documents, the variables NAME_JSON have them escaped for JSON."""
_JSON = "_JSON"

Names = Mapping[str, str]
"""The texts that replace names; an empty one leaves the option out. All other names become variables."""


def lines(
    call: Call,
    names: Names,
    *,
    program: str = "aws",
    keeps_lists: bool = False,
    columns: int = _COLUMNS,
) -> list[str]:
    """The call in lines, which are not much longer than the columns unless one of its words is.

    The form of its answer is left to AWS_DEFAULT_OUTPUT. With `keeps_lists`, the lists in its documents end with the
    variables of what AWS already has in them.
    """
    words = [f"{program} {call.service} {call.operation}"]
    options = {**call.options, **({"query": call.query} if call.query else {})}
    for option, value in options.items():
        words += _option(option, value, names, keeps_lists=keeps_lists)
    return _filled(words, columns)


def word(template: str, names: Names) -> str:
    """A template as one word."""
    text = _replaced(template, names, lambda name: f"\0{name}\0")
    if "\0" not in text and ("'" not in text or re.search(r'[\\"`$]', text)):
        return shlex.quote(text)
    escaped = re.sub(r'([\\"`$])', r"\\\1", text)
    return '"' + re.sub(r"\0([A-Z_]+)\0(?=(.?))", _variable, escaped) + '"'


def document(value: Any, names: Names, *, keeps_lists: bool = False) -> str:
    """A document as JSON in one word, with the variables between its quoted parts."""
    text = _LIST.sub("'\"$\\1\"'" if keeps_lists else "", _pretty(value))
    return "'" + _replaced(text, names, lambda name: f"""'"${name}{_JSON if name in ESCAPED else ""}"'""") + "'"


def _pretty(value: Any, indent: str = "") -> str:
    """JSON in which only a long list or object takes several lines."""
    compact = json.dumps(value)
    if len(indent) + len(compact) <= _SHORT or not isinstance(value, Mapping | list):
        return compact
    inner = f"{indent}  "
    if isinstance(value, list):
        elements = [_pretty(each, inner) for each in value]
        return f"[\n{inner}" + f",\n{inner}".join(elements) + f"\n{indent}]"
    members = [f"{json.dumps(name)}: {_pretty(each, inner)}" for name, each in value.items()]
    return f"{{\n{inner}" + f",\n{inner}".join(members) + f"\n{indent}}}"


def _option(option: str, value: Any, names: Names, *, keeps_lists: bool) -> list[str]:
    if value is False:
        return [f"--no-{option}"]
    if isinstance(value, Mapping):
        return [f"--{option} {document(value, names, keeps_lists=keeps_lists)}"]
    if isinstance(value, str):
        plain = _replaced(value, names, lambda name: f"${name}")
        return [f"--{option} {word(value, names)}"] if plain else []
    return [f"--{option} {' '.join(word(each, names) for each in value)}"]


def _replaced(text: str, names: Names, variable: Callable[[str], str]) -> str:
    return _NAME.sub(lambda match: names[match[1]] if match[1] in names else variable(match[1]), text)


def _variable(match: re.Match[str]) -> str:
    return f"${{{match[1]}}}" if re.match(r"\w", match[2]) else f"${match[1]}"


def _filled(words: Sequence[str], columns: int) -> list[str]:
    """Words in as few lines as possible, each but the last with a backslash; a document keeps its own lines."""
    rows: list[str] = []
    for each in words:
        last = rows[-1].rpartition("\n")[2] if rows else ""
        first = each.partition("\n")[0]
        if not rows or "\n" in rows[-1] or len(last) + 1 + len(first) > columns:
            rows.append(each if not rows else f"  {each}")
        else:
            rows[-1] += f" {each}"
    text = " \\\n".join(row.replace("\n", "\n  ") if number else row for number, row in enumerate(rows))
    return text.split("\n")


def indented(text: Iterable[str], by: str = "  ") -> list[str]:
    """The lines, indented."""
    return [f"{by}{line}" if line else line for line in text]
