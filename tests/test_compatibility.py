"""The matrix of README has every client, and a reason for what is not `yes`; cli/test_matrix.py tries the quick."""

import re

import pytest
from compatibility import rendering, trying
from compatibility.asked import ASKED
from compatibility.clients import CLIENTS, COLUMNS
from compatibility.columns import TRIALS


def test_readme_has_a_row_for_each_client_and_a_column_for_each_trial() -> None:
    """What the command tries, no more and no less."""
    assert list(rendering.shown()) == list(CLIENTS)
    for row in rendering.shown().values():
        assert [head for head in row if head not in ("version", "SDK")] == list(COLUMNS)
    assert set(TRIALS) == set(COLUMNS)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_cell_of_readme_is_yes_or_has_its_reason(name: str) -> None:
    """`no` is what the client lacks, and a dash is what could not be tried; both are told below the table."""
    client, row = CLIENTS[name], rendering.shown()[name]

    assert {column for column in COLUMNS if row[column] == trying.NO} == set(client.lacks)
    assert {column for column in COLUMNS if row[column] == trying.NOT_RUN} == set(client.not_run)
    assert re.fullmatch(r"\d+ ms", row["hit"])
    assert set(row.values()) - {row["version"], row["SDK"], row["hit"]} <= {trying.YES, trying.NO, trying.NOT_RUN}


def test_readme_has_the_texts_of_the_tables() -> None:
    """The reasons, the environments and the answers about other tools."""
    readme = rendering.README.read_text()

    for line in [*rendering.reasons(), *rendering.meanings(), *rendering.asked()]:
        assert line in readme.splitlines()


@pytest.mark.parametrize("tool", ASKED)
def test_an_answer_about_a_tool_rests_on_a_client_of_the_matrix(tool: str) -> None:
    """Or says that there is none."""
    assert ASKED[tool].client in {*CLIENTS, ""}
