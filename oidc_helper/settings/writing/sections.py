"""A text of sections with headers, TOML or INI: one can be changed while the others stay byte for byte."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Name = TypeVar("Name")

# At the end of the text between two sections: empty lines, and the comment that follows them directly.
_BEFORE = re.compile(r"(?:^|(?<=\n))(?:[^\S\n]*\n)+(?:[^\S\n]*\S[^\n]*\n)*\Z")
_EMPTY_LINES = re.compile(r"(?:[^\S\n]*\n)+")


@dataclass
class Section(Generic[Name]):
    """One section: `body` is from its header to its last key.

    `before` are the empty lines and the comment above the header, which move with it; `after` are the comments below,
    whose owner is unknown: they stay.
    """

    name: Name
    before: str
    body: str
    after: str = ""


@dataclass
class Document(Generic[Name]):
    """A whole text: the text before the first section, and the sections in their order."""

    beginning: str
    sections: list[Section[Name]] = field(default_factory=list)

    def __str__(self) -> str:
        return self.beginning + "".join(each.before + each.body + each.after for each in self.sections)

    def remove(self, section: Section[Name]) -> None:
        """Take the section out, with the comment that belongs to it."""
        place = self._place(section)
        del self.sections[place]
        if place:
            self.sections[place - 1].after += section.after
        else:
            self.beginning += section.after
        if self.sections and not place and not self.beginning:
            first = self.sections[0]
            first.before = _EMPTY_LINES.sub("", first.before, count=1)

    def add(self, name: Name, body: str, after: Section[Name] | None = None) -> None:
        """Insert a new section after the given one, or at the end, with an empty line between."""
        place = self._place(after) + 1 if after else len(self.sections)
        self._end_last_line(place)
        self.sections.insert(place, Section(name, "\n" if place or self.beginning else "", body))

    def _place(self, section: Section[Name]) -> int:
        for place in reversed(range(len(self.sections))):  # the section is usually near the end
            if self.sections[place] is section:
                return place
        raise ValueError(section.name)

    def _end_last_line(self, place: int) -> None:
        """End the last line before the place, which an editor may have left without an end."""
        if place:
            last = self.sections[place - 1]
            if not (last.body + last.after).endswith("\n"):
                last.after += "\n"
        elif self.beginning and not self.beginning.endswith("\n"):
            self.beginning += "\n"


def split(text: str, spans: Iterable[tuple[Name, int, int]]) -> Document[Name]:
    """The document of the text; a span is a section's name, where its header's line begins and its last key's ends."""
    document = Document[Name]("")
    end = 0
    for name, begin, section_end in spans:
        between = text[end:begin]
        before = _BEFORE.search(between)
        parting = before.start() if before else len(between)
        _append(document, between[:parting])
        document.sections.append(Section(name, between[parting:], text[begin:section_end]))
        end = section_end
    _append(document, text[end:])
    return document


def _append(document: Document[Name], text: str) -> None:
    if document.sections:
        document.sections[-1].after = text
    else:
        document.beginning = text
