"""The table of errors has every message that can be raised, and its page says the same."""

import re
from pathlib import Path

import pytest
from manual.raised import Raised, messages

from oidc_helper.manual import errors

_PAGE = Path(__file__).parents[2] / "man/oidc-helper-errors.7"
# The raw operation speaks as the AWS CLI does, and the emulator as AWS.
_OF_THEIR_OWN = ("create_token_with_iam/", "emulator/")
_RAISED = [one for one in messages() if not one.place.startswith(_OF_THEIR_OWN) and re.search(r"\w{4}", one.message)]
_ROWS = [row for section in errors.table() for row in section.rows]


@pytest.mark.parametrize("raised", _RAISED, ids=lambda one: one.place)
def test_every_message_has_a_row(raised: Raised) -> None:
    """One that is new is told here: give it a row in oidc_helper/manual/errors.py, and make the page anew."""
    assert any(row.fits(raised.message) for row in _ROWS), raised


def test_the_page_is_made_from_the_table() -> None:
    """To make it: python -m oidc_helper.manual.errors > man/oidc-helper-errors.7."""
    page = _PAGE.read_text()

    assert page == errors.page(page.splitlines()[0].removeprefix(".Dd "))


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.forms[0])
def test_a_row_explains_its_own_messages(row: errors.Row) -> None:
    """And is found by one; of the rows that a message fits, that with the most of its words comes first."""
    for form in row.forms:
        assert row in errors.explained(f"oidc-helper: {form}")
