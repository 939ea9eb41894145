"""Pages of the manual are readable without man: the words are those that mandoc shows, in lines that fit."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from oidc_helper.manual import mdoc

PAGES = sorted((Path(__file__).parents[2] / "man").iterdir())


def of_mandoc(page: Path) -> str:
    if not shutil.which("mandoc"):
        if os.environ.get("OIDC_HELPER_REQUIRE_ALL") == "1":
            pytest.fail("mandoc is not installed")
        pytest.skip("mandoc is not installed")
    text = subprocess.run(["mandoc", "-T", "ascii", page], capture_output=True, text=True, check=True).stdout
    unbroken = re.sub(r"(?<=\w)-\n +", "-", re.sub(".\b", "", text))
    return unbroken.replace("`", "'")


def unescaped(text: str) -> str:
    return text.replace("\\e", "\\").replace("\\(aq", "'").replace("\\(dq", '"')


def words(text: str) -> list[str]:
    """The words between the title and what mandoc says at the end, which is the system and the date."""
    return text.partition("\n")[2].split()


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_the_words_of_mandoc_in_their_order(page: Path, columns: int) -> None:
    """At every width, down to the sign."""
    expected = of_mandoc(page).rstrip().rpartition("\n")[0]

    assert words(mdoc.render(page.read_text().replace("`", "'"), columns)) == words(expected)


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_fit_the_terminal(page: Path, columns: int) -> None:
    """But for examples, which are pasted, and for single words that are longer."""
    source = page.read_text()
    examples = [
        line.strip()
        for block in re.findall(r"^\.Bd .*?\n(.*?)^\.Ed", source, re.MULTILINE | re.DOTALL)
        for line in block.split("\n")
    ]
    examples += re.findall(r"^\.Dl (.*)", source, re.MULTILINE)
    shown = {line.strip() for line in mdoc.render(source, columns).split("\n") if len(line) > columns}

    assert [line for line in shown if " " in line and line not in map(unescaped, examples)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_bold_and_underlined_words_take_no_more_room(page: Path) -> None:
    """A pager shows the same lines."""
    plain, styled = (mdoc.render(page.read_text(), 80, styled=styled) for styled in (False, True))

    assert "N\bN" in styled
    assert mdoc.without_styles(styled) == plain


def test_a_macro_that_is_not_known_is_no_text() -> None:
    """A page that needs it is found by the tests, before anybody reads it."""
    with pytest.raises(ValueError, match="unknown macro: .Fancy x"):
        mdoc.render(".Fancy x", 80)
