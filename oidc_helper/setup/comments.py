"""Comments of a plan, which begin with # in all three languages."""

import re
import textwrap
from collections.abc import Iterable

_COLUMNS = 98


def block(paragraphs: Iterable[str]) -> str:
    """Paragraphs as comment lines; a numbered one has a hanging indent, and one that is indented stays as it is."""
    return "".join(f"# {line}".rstrip() + "\n" for text in paragraphs for line in _wrapped(text))


def _wrapped(text: str) -> list[str]:
    if not text or text.startswith(" "):
        return [text]
    number = re.match(r"\d+\. ", text)
    indent = " " * len(number[0]) if number else ""
    return textwrap.wrap(text, _COLUMNS, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
