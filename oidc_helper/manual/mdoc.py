"""Manual pages as readable text: the macros of mdoc(7) that our own pages use, and no others.

No library renders mdoc without a program of the system; the tests compare the words of this one with mandoc's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count, repeat
from typing import NamedTuple

_WIDEST = 78  # columns: longer lines are harder to read
_NARROW = 60  # columns: with fewer, every indent is a small one
_LITERAL = 4  # columns by which examples are indented
_OPENING = frozenset("([")
_CLOSING = frozenset(".,:;)]?!")
_ESCAPES = {r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\&": ""}
_OVERSTRUCK = re.compile(r".\x08")

Style = Callable[[str], str]


def _plain(word: str) -> str:
    return word


def _bold(word: str) -> str:
    """Overstruck, which every pager shows without an option."""
    return "".join(f"{character}\b{character}" for character in word)


def _underlined(word: str) -> str:
    return "".join(f"_\b{character}" for character in word)


# Macro -> the style of the words that follow it.
_STYLES: Mapping[str, Style] = {
    **dict.fromkeys(("Ev", "Li", "No", "Sx", "Xr"), _plain),
    **dict.fromkeys(("Cm", "Fl", "Ic", "Nm", "Sy"), _bold),
    **dict.fromkeys(("Ar", "Em", "Pa"), _underlined),
}
# Macro -> the signs around the rest of the line.
_ENCLOSURES = {"Dq": '""', "Op": "[]", "Pq": "()", "Ql": "''", "Qq": '""'}
# Kind of list whose items have no heads -> the marks before the items.
_MARKS: Mapping[str, Callable[[], Iterator[str]]] = {
    "-dash": lambda: repeat("-"),
    "-enum": lambda: (f"{number}." for number in count(1)),
}
_CALLABLE = {*_STYLES, *_ENCLOSURES, "Ns", "Oc", "Oo"}


def render(source: str, columns: int, *, styled: bool = False) -> str:
    """The page as text, in lines of at most so many columns, except for literal text and single longer words.

    `styled` text has bold and underlined words, for a pager. Raises ValueError for an unknown macro.
    """
    page = _Page(min(columns, _WIDEST), styled=styled)
    for line in source.splitlines():
        page.take(line)
    return page.text()


def without_styles(text: str) -> str:
    """The text as it is seen, without overstrikes."""
    return _OVERSTRUCK.sub("", text)


class _Word(NamedTuple):
    text: str
    style: Style = _plain
    is_glued: bool = False  # to the word before


def _words(line: str) -> Iterator[_Word]:
    """The words of a line of macros. Closing signs at its end stand outside of what the last macro encloses."""
    arguments = [(quoted or word, bool(quoted)) for quoted, word in re.findall(r'"([^"]*)"|(\S+)', line)]
    last = len(arguments)
    while last and arguments[last - 1][0] in _CLOSING:
        last -= 1
    macro, ends, is_glued = "No", "", False
    for position, (text, is_quoted) in enumerate(arguments[:last]):
        if is_quoted or text not in _CALLABLE:
            for word in _of_macro(macro, text):
                yield word._replace(is_glued=word.is_glued or is_glued)
                is_glued = text in _OPENING
            continue
        if text == "Fl" and (arguments[position + 1 : last] or [("Oc", False)])[0][0] in _CALLABLE:
            yield _Word("-", _bold, is_glued)
        if text == "Oc":
            yield _Word("]", is_glued=True)
        if text == "Oo" or text in _ENCLOSURES:
            signs = _ENCLOSURES.get(text, "[]")
            ends = ends if text == "Oo" else signs[1] + ends
            yield _Word(signs[0], is_glued=is_glued)
        macro = text if text in _STYLES else "No"
        is_glued = is_glued or text in {"Ns", "Oo", *_ENCLOSURES}
    yield from (_Word(sign, is_glued=True) for sign in ends)
    yield from (_Word(sign, is_glued=True) for sign, _ in arguments[last:])


def _of_macro(macro: str, text: str) -> Iterator[_Word]:
    """The words of one argument of a macro."""
    if text in _CLOSING or text in _OPENING or text == "|":
        yield _Word(text, is_glued=text in _CLOSING)
    elif macro == "Xr" and text.isdigit():
        yield _Word(f"({text})", is_glued=True)
    else:
        yield from (_Word(_unescaped(word), _STYLES[macro]) for word in f"{'-' * (macro == 'Fl')}{text}".split())


def _unescaped(text: str) -> str:
    return re.sub(r"\\(?:\(..|.)", lambda escape: _ESCAPES[escape[0]], text)


class _List(NamedTuple):
    step: int  # columns from the head of an item to its body
    marks: Iterator[str] | None  # of the items, if they have no heads of their own
    is_compact: bool
    widths: tuple[int, ...] = ()  # of the columns of a table


class _Page:
    """A page while its lines come in."""

    def __init__(self, columns: int, *, styled: bool) -> None:
        self._columns = columns
        self._styled = styled
        self._is_narrow = columns < _NARROW
        self._margin, self._step = (2, 4) if self._is_narrow else (5, 8)
        self._lines: list[str] = []
        self._filling: list[str] = []  # the words of the paragraph
        self._head = ""  # of the item that the paragraph begins
        self._lists: list[_List] = []
        self._is_below_heading = False
        self._is_literal = False
        self._is_spaced = True  # whether there are spaces between the words of a macro
        self._name = self._section = ""

    def take(self, line: str) -> None:
        """Take the next line of the source. Raises ValueError for an unknown macro."""
        if line.startswith('.\\"'):  # a comment
            return
        macro, _, rest = line[1:].partition(" ") if line.startswith(".") else ("", "", line)
        if self._is_literal and macro != "Ed":
            self._show(self._indent + _LITERAL, _unescaped(line))
        elif macro in _BLOCKS:
            _BLOCKS[macro](self, rest)
        elif macro in _CALLABLE:
            self._fill(_words(line[1:]))
        elif macro:
            raise ValueError(f"unknown macro: {line}")
        else:
            self._fill(_Word(_unescaped(word)) for word in line.split())

    def text(self) -> str:
        """The whole page."""
        self._flush()
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def title(self, rest: str) -> None:
        title = "{}({})".format(*rest.split())
        self._show(0, title + title.rjust(self._columns - len(title)) if self._columns > 2 * len(title) else title)

    def heading(self, rest: str, *, indent: int = 0) -> None:
        self.paragraph()
        self._show(indent, _bold(rest) if self._styled else rest)
        self._is_below_heading = True
        self._section = rest

    def subheading(self, rest: str) -> None:
        self.heading(rest, indent=self._margin // 2 + 1)

    def nm(self, rest: str) -> None:
        """Show the page's own name if Nm has none; in a synopsis, begin a line."""
        if self._section == "SYNOPSIS":
            self._flush()
        if self._section == "NAME":
            self._name = rest
        is_named = rest.partition(" ")[0] not in {"", *_CLOSING}
        self._fill(_words(f"Nm {rest}" if is_named else f"Nm {self._name} {rest}"))

    def paragraph(self, _rest: str = "") -> None:
        self._flush()
        if self._lines and self._lines[-1] and not self._is_below_heading:
            self._lines.append("")

    def nothing(self, _rest: str) -> None:
        """Leave out the date, the system, and the emphasis of whole paragraphs."""

    def purpose(self, rest: str) -> None:
        self._fill(_Word(_unescaped(word)) for word in ("-", *rest.split()))

    def spacing(self, rest: str) -> None:
        self._is_spaced = rest == "on"

    def begin_list(self, rest: str) -> None:
        self._flush()
        width = re.search(r'-width "(.*)"', rest)
        marks = next((marks() for kind, marks in _MARKS.items() if rest.startswith(kind)), None)
        step = 4 if marks else len(width[1]) + 2 if width else self._step
        widths = tuple(map(len, re.findall(r'"([^"]*)"', rest))) if rest.startswith("-column") else ()
        step = 0 if widths else min(step, 4) if self._is_narrow else step
        self._lists.append(_List(step, marks, "-compact" in rest, widths))

    def item(self, rest: str) -> None:
        if self._lists[-1].widths:
            self._row(rest.split(" Ta "))
            return
        if self._lists[-1].is_compact:
            self._flush()
        else:
            self.paragraph()
        marks = self._lists[-1].marks
        self._fill([_Word(next(marks))] if marks else _words(rest))
        self._head, self._filling = " ".join(self._filling), []

    def _row(self, cells: Iterable[str]) -> None:
        """One row of a table; a cell that has no room beside the others stands below them."""
        line, start = "", self._indent
        for cell, width in zip(cells, self._lists[-1].widths, strict=True):
            self._fill(_words(cell))
            shown, self._filling = " ".join(self._filling), []
            if line and start + _width(shown) > self._columns:
                self._show(self._indent, line)
                line, start = "  ", self._indent + 2
            line += " " * (start - self._indent - _width(line)) + shown
            start += width + 2
        self._show(self._indent, line)

    def end_list(self, _rest: str) -> None:
        self.paragraph()
        self._lists.pop()

    def begin_literal(self, _rest: str) -> None:
        self.paragraph()
        self._is_literal = True

    def end_literal(self, _rest: str) -> None:
        self._is_literal = False

    def example(self, rest: str) -> None:
        self.paragraph()
        self._show(self._indent + _LITERAL, _unescaped(rest))

    @property
    def _indent(self) -> int:
        return self._margin + sum(each.step for each in self._lists)

    def _fill(self, words: Iterable[_Word]) -> None:
        for position, word in enumerate(words):
            shown = word.style(word.text) if self._styled else word.text
            if self._filling and (word.is_glued or (position and not self._is_spaced)):
                self._filling[-1] += shown
            else:
                self._filling.append(shown)

    def _flush(self) -> None:
        """Show the paragraph; the head of an item stands before its body if there is room, or else above it."""
        indent, first = self._indent, ""
        if self._head:
            above = indent - self._lists[-1].step
            if _width(self._head) < self._lists[-1].step:
                first = " " * above + self._head
            else:
                self._wrap(self._head.split(" "), above, hanging=self._lists[-1].step + 2)
        self._wrap(self._filling, indent, first, hanging=self._step if self._section == "SYNOPSIS" else 0)
        self._head, self._filling = "", []

    def _wrap(self, words: Iterable[str], indent: int, first: str = "", *, hanging: int = 0) -> None:
        """Show words in lines with that indent; the first line begins with `first`."""
        line, room = first + " " * (indent - _width(first)), ""
        for word in words:
            if room and _width(line) + 1 + _width(word) > self._columns:
                self._show(0, line)
                line, room = " " * (indent + hanging), ""
            line, room = line + room + word, " "
        if line.strip():
            self._show(0, line)

    def _show(self, indent: int, line: str) -> None:
        self._lines.append(f"{' ' * indent}{line}".rstrip())
        self._is_below_heading = False


def _width(text: str) -> int:
    return len(without_styles(text))


_BLOCKS: Mapping[str, Callable[[_Page, str], None]] = {
    "Bd": _Page.begin_literal,
    "Bf": _Page.nothing,
    "Bl": _Page.begin_list,
    "Dd": _Page.nothing,
    "Dl": _Page.example,
    "Dt": _Page.title,
    "Ed": _Page.end_literal,
    "Ef": _Page.nothing,
    "El": _Page.end_list,
    "It": _Page.item,
    "Nd": _Page.purpose,
    "Nm": _Page.nm,
    "Os": _Page.nothing,
    "Pp": _Page.paragraph,
    "Sh": _Page.heading,
    "Sm": _Page.spacing,
    "Ss": _Page.subheading,
}
