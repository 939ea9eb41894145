"""What another process of ours answers, and what is told where it gives no answer."""

import pickle
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from oidc_helper.cli import own_process
from oidc_helper.errors import OidcHelperError, SignInNeeded, TryAgain


def test_a_process_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the user has too many."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(TryAgain) as failure:
        own_process.ask("oidc_helper", "order", timeout_s=30)

    assert failure.value.message == "no further process can be started: Resource temporarily unavailable"


def test_it_imports_what_we_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where packages lie at a place that a variable named, which does not count for it."""
    (tmp_path / "answering.py").write_text(
        "from oidc_helper.cli import own_process\nown_process.do(lambda order, _: [f'{order} is done'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert own_process.ask("answering", "the order", timeout_s=30) == "the order is done"


@pytest.mark.parametrize("module", ["no_such_module", "this"])
def test_a_process_that_gives_no_answer_is_told(module: str) -> None:
    """It has ended before it could, or something else stands in its place."""
    with pytest.raises(TryAgain) as failure:
        own_process.ask(module, "order", timeout_s=30)

    assert failure.value.message == "a process of oidc-helper ended without an answer"


def test_an_error_crosses_with_its_kind_and_words() -> None:
    """And nothing else of it."""
    before = SignInNeeded("nobody is signed in", "oidc-helper login")
    after: OidcHelperError = pickle.loads(pickle.dumps(before))  # noqa: S301

    assert (type(after), after.message, after.hint) == (SignInNeeded, before.message, before.hint)
