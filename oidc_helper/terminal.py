"""The human: what is shown to one, made safe for a terminal."""

_LONGEST = 300  # characters of somebody else's words in a message of ours


def printable(text: str) -> str:
    """One line of another's words: whatever could steer a terminal or reorder the text is escaped, long ones are cut."""
    escaped = "".join(character if character.isprintable() else _escaped(character) for character in text)
    return escaped if len(escaped) <= _LONGEST else escaped[: _LONGEST - 1] + "…"


def _escaped(character: str) -> str:
    return " " if character in "\n\t" else character.encode("unicode_escape").decode()
