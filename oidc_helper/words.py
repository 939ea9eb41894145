"""Other people's words in our messages: printable, shortened, and with the nearest known one."""

from collections.abc import Iterable

_LONGEST_VALUE = (
    24  # characters: enough to recognise a value, not enough to use a secret that was pasted in a wrong place
)
_KINDS = {str: "a string", bool: "a boolean", int: "an integer", float: "a number", list: "an array", dict: "a table"}


def shown(text: str, longest: int = _LONGEST_VALUE) -> str:
    """The beginning of the text as a quoted ASCII literal."""
    cut = text if len(text) <= longest else text[: longest - 3] + "..."
    return f"'{cut.encode('unicode_escape').decode('ascii')}'"


def kind(value: object) -> str:
    """What TOML calls a value of that type."""
    return _KINDS.get(type(value), "a date or time")


def listed(words: Iterable[str]) -> str:
    """The words in quotes, as one chooses from them: "a", "b" or "c"."""
    *others, last = (f'"{word}"' for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean X?` with the nearest known word, or nothing where none is near."""
    import difflib

    nearest = difflib.get_close_matches(word[:100], known, n=1)
    return f", did you mean {nearest[0]}?" if nearest else ""


_LONGEST_WORDS = 300  # characters of somebody else's words in a message of ours


def printable(text: str) -> str:
    """One line of another's words: what could steer a terminal or reorder the text is escaped, long ones are cut."""
    shown = text[:_LONGEST_WORDS]  # a server may send a megabyte
    escaped = "".join(character if character.isprintable() else _escaped(character) for character in shown)
    return escaped if len(escaped) <= _LONGEST_WORDS and shown == text else escaped[: _LONGEST_WORDS - 1] + "…"


def _escaped(character: str) -> str:
    return " " if character in "\n\t" else character.encode("unicode_escape").decode()
