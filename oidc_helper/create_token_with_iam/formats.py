"""The answer as JSON, text, table or YAML, byte for byte as the AWS CLI prints it."""

import base64
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

from oidc_helper.create_token_with_iam import table
from oidc_helper.create_token_with_iam.exits import Failed
from oidc_helper.words import shown


def check(form: str) -> None:
    """Raise Failed for an unknown form."""
    if form != "table" and form not in _WRITERS:
        raise Failed(f"unknown output {shown(form, 40)}", f"use one of table, {', '.join(_WRITERS)}")


def write(form: str, value: Any, out: TextIO, *, title: str, style: table.Style) -> None:
    """Print `value` in a known form; `title` and `style` are the table's. Raises Failed if the form cannot show it."""
    if form == "table":
        table.write(title, value, out, style)
    else:
        _WRITERS[form](value, out)


def _json(value: Any, out: TextIO) -> None:
    if value != {}:
        json.dump(value, out, indent=4, ensure_ascii=False, default=_plain)
        out.write("\n")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be printed")


def _yaml(value: Any, out: TextIO) -> None:
    if value == {}:
        return
    if value is None or isinstance(value, int | float | str):  # YAML would end a scalar with a line of `...`
        json.dump(value, out, ensure_ascii=False)
        out.write("\n")
        return
    from ruamel.yaml import YAML, emitter

    yaml = YAML(typ="safe")
    if yaml.Emitter is emitter.Emitter:  # without its C library, ruamel.yaml breaks the line before a long token
        yaml.width = sys.maxsize
    yaml.encoding = None  # type: ignore[assignment]  # the stream encodes
    yaml.representer.default_flow_style = False
    yaml.dump(value, out)


def _yaml_stream(value: Any, out: TextIO) -> None:
    if value != {}:
        _yaml([value], out)


def _text(value: Any, out: TextIO) -> None:
    out.writelines(line + "\n" for line in _text_lines(value))


def _text_lines(value: Any, label: str | None = None, columns: list[str] | None = None) -> Iterable[str]:
    """Scalars of a map or list joined by tabs, then each nested value on lines of its own, with its key in capitals."""
    if isinstance(value, dict):
        yield from _text_of_map(value, label, columns)
    elif isinstance(value, list):
        yield from _text_of_list(value, label)
    else:
        yield str(value)


def _text_of_map(value: Mapping[str, Any], label: str | None, columns: list[str] | None) -> Iterable[str]:
    """`columns` are the scalar keys of all maps in a list; the place of a key that the map lacks stays empty."""
    if columns is None:
        columns = sorted(key for key, item in value.items() if not table.nests(item))
    if columns:
        yield "\t".join(([] if label is None else [label.upper()]) + [str(value.get(key, "")) for key in columns])
    for key in sorted(value.keys() - set(columns)):
        yield from _text_lines(value[key], key)


def _text_of_list(value: list[Any], label: str | None) -> Iterable[str]:
    if any(isinstance(item, dict) for item in value):
        if not all(isinstance(item, dict) for item in value):
            raise Failed("text cannot show a list of maps and other values together", "use --output json")
        columns = sorted({key for item in value for key, inner in item.items() if not table.nests(inner)})
        for item in value:
            yield from _text_lines(item, label, columns)
        return
    scalars = [str(item) for item in value if not table.nests(item)]
    if label is not None:
        yield from (f"{label.upper()}\t{item}" for item in scalars)
    elif scalars:
        yield "\t".join(scalars)
    for item in value:
        if table.nests(item):
            yield from _text_lines(item, label)


_WRITERS: Mapping[str, Callable[[Any, TextIO], None]] = {
    "json": _json,
    "text": _text,
    "yaml": _yaml,
    "yaml-stream": _yaml_stream,
    "off": lambda _value, _out: None,
}
