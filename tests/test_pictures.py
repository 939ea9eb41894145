"""The pictures of README: drawn by a program, and complete in themselves."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pictures.drawing import rows_of, svg
from pictures.scenes import SCENES

TESTS = Path(__file__).parent
README = (TESTS.parent / "README.md").read_text()


def words(drawn: str) -> str:
    root = ET.fromstring(drawn)  # noqa: S314  our own
    texts = root.iter("{http://www.w3.org/2000/svg}text")
    return " ".join(" ".join(text.itertext()) for text in texts).replace("\N{NO-BREAK SPACE}", " ")


def test_what_a_terminal_was_sent_is_drawn_as_it_stands_in_the_end() -> None:
    rows = rows_of("looking, 0 s\r\x1b[K\x1b[32m\N{CHECK MARK}\x1b[0m found <it>\r\n")
    drawn = words(svg("a command", rows))

    assert [row.plain for row in rows] == ["\N{CHECK MARK} found <it>"]
    assert "a command" in drawn
    assert "found <it>" in drawn
    assert "looking" not in drawn


@pytest.mark.parametrize("name", SCENES)
def test_readme_shows_each_picture(name: str) -> None:
    drawn = (TESTS / f"pictures/{name}.svg").read_text()

    assert f"(tests/pictures/{name}.svg)" in README
    assert f"oidc-helper {name}" in words(drawn)
    assert not re.search(r"url\(\W*http|href|<script", drawn), "it asks another site for something"
