"""From words to parameters: `file://`, `fileb://`, `-`, JSON, lists, and the two whole-input options."""

import json
import locale
import math
import os
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from oidc_helper.create_token_with_iam.arguments import OperationOptions
from oidc_helper.create_token_with_iam.exits import Failed, WrongUsage
from oidc_helper.create_token_with_iam.model import Member

_SCALARS: Mapping[str, Callable[[Any], Any]] = {"integer": int, "long": int, "float": float, "double": float}
_LARGEST = 1_048_576  # characters and nodes of a whole input
_FILE_ENCODING = "AWS_CLI_FILE_ENCODING"

Warn = Callable[[str], None]


class ParameterFiles:
    """What a value may name instead: files, and standard input, which can be read only once."""

    def __init__(self, standard_input: TextIO, warn: Warn) -> None:
        self._standard_input = standard_input
        self._taken_by = ""
        self.warn = warn

    def load(self, option: str, word: str) -> str | bytes | None:
        """The content of the file that the word names; None for a plain value. Raises WrongUsage and Failed."""
        if word == "-":
            return self._from_standard_input(option)
        for prefix, read in (("file://", _read_text), ("fileb://", Path.read_bytes)):
            if word.startswith(prefix):
                path = Path(os.path.expandvars(os.path.expanduser(word.removeprefix(prefix))))  # noqa: PTH111  # ~$USER
                return _read(option, path, read)
        return None

    def _from_standard_input(self, option: str) -> str:
        if self._taken_by:
            raise WrongUsage(
                f"{option}: standard input was already read for {self._taken_by}", "give one of them as file://PATH"
            )
        self._taken_by = option
        text = self._standard_input.read()
        if not text:
            raise WrongUsage(f"{option}: standard input is empty")
        return text.removesuffix("\n").removesuffix("\r")  # `echo` adds a line end that is no part of the token


def _read(option: str, path: Path, read: Callable[[Path], str | bytes]) -> str | bytes:
    try:
        return read(path)
    except UnicodeDecodeError:
        raise WrongUsage(f"{option}: {path} is not text", f"name its encoding with {_FILE_ENCODING}") from None
    except OSError as error:
        raise WrongUsage(f"{option}: cannot read {path}: {(error.strerror or str(error)).lower()}") from None
    except LookupError as error:
        raise Failed(f"{_FILE_ENCODING}: {error}") from None


def _read_text(path: Path) -> str:
    return path.read_text(os.environ.get(_FILE_ENCODING) or locale.getpreferredencoding(do_setlocale=False))


def parameters(options: OperationOptions, members: Mapping[str, Member], files: ParameterFiles) -> dict[Any, Any]:
    """The parameters from options, and those of the whole input that no option names. Raises WrongUsage and Failed."""
    from_options = {name: parameter(members[name], word, files) for name, word in options.parameters.items()}
    return {**_whole_input(options.whole_input, files), **from_options}


def parameter(member: Member, word: Any, files: ParameterFiles) -> Any:
    """The value of one option as botocore takes it; a list of words for a list. Raises WrongUsage and Failed."""
    single = _only(word)
    loaded: Any = files.load(member.option, single) if isinstance(single, str) else None
    if single == "-" and member.shape.type_name == "list":
        loaded = loaded if loaded.lstrip().startswith("[") else loaded.split()
    return _value(member.shape, word if loaded is None else loaded, member.option, files.warn)


def _only(word: Any) -> Any:
    return word[0] if isinstance(word, list) and len(word) == 1 else word


def _value(shape: Any, word: Any, option: str, warn: Warn) -> Any:
    if shape.type_name == "list":
        return _list(shape, word, option, warn)
    if shape.type_name in ("structure", "map"):
        return _json(word, option)
    return _SCALARS.get(shape.type_name, lambda value: value)(word)


def _list(shape: Any, words: Any, option: str, warn: Warn) -> Any:
    """A list of words, or JSON. A file that holds anything else is split into characters, as the AWS CLI does."""
    if isinstance(words, str) and not words.strip():
        raise Failed(f"{option}: the file is empty", 'write a JSON list into it, as ["openid"]')
    only = _only(words)
    if isinstance(only, str) and only.lstrip().startswith("["):
        return _json(only, option)
    if isinstance(words, str):
        warn(f"{option}: the file holds no JSON list, so that each character counts as one value")
    return [_value(shape.member, word, option, warn) for word in words]


def _json(text: Any, option: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise WrongUsage(f"{option}: not JSON: {_place(error)}") from None
    except RecursionError:
        raise WrongUsage(f"{option}: nested too deeply") from None


def _place(error: ValueError) -> str:
    """The place of the error; the text itself may be a secret."""
    return f"{error.msg}, {error.lineno}:{error.colno}" if isinstance(error, json.JSONDecodeError) else "cannot be read"


def _whole_input(words: Mapping[str, str], files: ParameterFiles) -> dict[Any, Any]:
    texts = {option: _or_itself(files.load(option, word), word) for option, word in words.items()}
    if len(texts) > 1:
        raise WrongUsage(f"{' and '.join(texts)} cannot be used together")
    for option, text in texts.items():
        parsed = _json(text, option) if option == "--cli-input-json" else _yaml(text, option)
        if not isinstance(parsed, dict):
            raise WrongUsage(f"{option}: must be a map of parameters, not {type(parsed).__name__}")
        return parsed
    return {}


def _or_itself(loaded: str | bytes | None, word: str) -> str | bytes:
    return word if loaded is None else loaded


def _yaml(text: str | bytes, option: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        if _weight(yaml.compose(text), {}) > _LARGEST:
            raise WrongUsage(f"{option}: too large once its aliases are resolved")
        return yaml.load(text)
    except YAMLError:
        raise WrongUsage(f"{option}: not YAML") from None
    except RecursionError:
        raise WrongUsage(f"{option}: nested too deeply") from None


def _weight(node: Any, known: dict[int, float]) -> float:
    """How many characters and nodes a YAML node stands for, with aliases resolved; infinite for a circle of them."""
    if node is None:  # an empty document
        return 0
    if id(node) not in known:
        known[id(node)] = math.inf
        parts = chain.from_iterable(node.value) if node.id == "mapping" else node.value
        known[id(node)] = 1 + (len(parts) if isinstance(parts, str) else sum(_weight(part, known) for part in parts))
    return known[id(node)]
