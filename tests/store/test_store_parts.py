"""Long texts in a vault that takes 1,280 characters an entry, whatever happens to their writers and their entries."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes import credential_locker
from fakes.credential_locker import Locker
from hypothesis import given
from hypothesis import strategies as some

from oidc_helper.store import parts
from oidc_helper.store.vault import Vault

TESTS = Path(__file__).parents[1]
OLD = "".join(f"old {number}," for number in range(400))
NEW = "".join(f"new {number}," for number in range(500))


@contextmanager
def vault_over(locker: Locker) -> Iterator[Vault]:
    with credential_locker.installed(locker) as backend:
        yield Vault(backend, timeout_s=60)


@pytest.fixture
def vault(locker: Locker) -> Vault:
    """A Credential Locker that nothing else uses."""
    assert locker.targets == []
    from keyring.backends.Windows import WinVaultKeyring

    return Vault(WinVaultKeyring(), timeout_s=60)


def test_windows_takes_a_long_text_in_parts(vault: Vault, locker: Locker) -> None:
    """An access token of 4 kB, which made CredWrite fail with 1783, is kept in readable entries."""
    parts.put(vault, "entry", OLD)
    assert locker.targets == ["entry", "entry:A.1", "entry:A.2", "entry:A.3"]
    assert parts.get(vault, "entry") == OLD


def test_a_text_that_fits_is_one_entry(vault: Vault, locker: Locker) -> None:
    """No part is made for what fits; one character more makes them."""
    fits = "x" * (1_280 - len(parts.seal("x" * 1_280)) + 1_280)
    parts.put(vault, "entry", fits)
    assert locker.targets == ["entry"]
    parts.put(vault, "entry", fits + "x")
    assert len(locker.targets) > 1


def test_the_new_text_goes_where_the_old_one_is_not(vault: Vault, locker: Locker) -> None:
    """Slots take turns, so that nothing is overwritten that could still be needed."""
    for slot in ("A", "B", "A"):
        parts.put(vault, "entry", OLD)
        assert locker.text("entry").split(" ")[1] == slot


def _victim(*words: object) -> int:
    command = [sys.executable, "-m", "fakes.victims", *map(str, words)]
    return subprocess.run(command, cwd=TESTS, check=False).returncode


@pytest.mark.parametrize("die_after", range(1, 11))
def test_a_writer_killed_anywhere_loses_nothing(tmp_path: Path, die_after: int) -> None:
    """After kill -9 at any write the old or the new text is there, and deleting leaves nothing of either."""
    file = tmp_path / "locker"
    with vault_over(Locker(file)) as vault:
        for text in ("older" * 1_000, OLD):
            parts.put(vault, "entry", text)
    killed = _victim("replace_text", file, NEW, die_after)
    locker = Locker(file)
    with vault_over(locker) as vault:
        text = parts.get(vault, "entry")
        parts.delete(vault, "entry")
    assert killed in (0, -signal.SIGKILL)
    assert text == (OLD if die_after < 10 else NEW)
    assert locker.targets == []


@pytest.mark.parametrize("die_after", [*range(1, 9), 12, 16, 20, 24])
def test_a_deletion_killed_anywhere_is_finished_by_the_next(tmp_path: Path, die_after: int) -> None:
    """After kill -9 at any step no former text comes back, and the next logout takes the rest."""
    file = tmp_path / "locker"
    with vault_over(Locker(file)) as vault:
        for text in ("older" * 1_000, OLD):
            parts.put(vault, "entry", text)
    assert _victim("delete_text", file, die_after) in (0, -signal.SIGKILL)
    locker = Locker(file)
    with vault_over(locker) as vault:
        assert parts.get(vault, "entry") in (OLD, None)
        parts.delete(vault, "entry")
    assert locker.targets == []


def test_the_killed_writers_were_killed_before_their_end(tmp_path: Path) -> None:
    """So the tests above do kill them at their work: with more steps one comes to its end."""
    file = tmp_path / "locker"
    with vault_over(Locker(file)) as vault:
        parts.put(vault, "entry", OLD)
    steps = [_victim("replace_text", file, NEW, die_after) for die_after in (1, 50)]
    assert steps == [-signal.SIGKILL, 0]


DAMAGE = some.sampled_from(["replaced", "cut", "emptied", "removed", "longer"])


@given(data=some.data(), text=some.sampled_from(["short", OLD, "é𝄞" * 900]))
def test_damage_anywhere_is_a_miss(data: some.DataObject, text: str) -> None:
    """Whatever happens to any character of header or parts: the right text or none, no wrong one and no error."""
    locker = Locker()
    with vault_over(locker) as vault:
        parts.put(vault, "entry", NEW)
        parts.put(vault, "entry", text)
        target = data.draw(some.sampled_from(locker.targets))
        whole = locker.text(target)
        position = data.draw(some.integers(0, max(0, len(whole) - 1)))
        character = data.draw(some.characters(max_codepoint=0xFFFF))
        damage = data.draw(DAMAGE)
        if damage == "removed":
            locker.CredDelete(1, target)
        else:
            locker.damage(
                target,
                {
                    "replaced": whole[:position] + character + whole[position + 1 :],
                    "cut": whole[:position],
                    "emptied": "",
                    "longer": (whole + character)[-1_280:],
                }[damage],
            )
        former = NEW if damage == "removed" else None  # Windows keeps a copy of the header that was overwritten
        assert parts.get(vault, "entry") in (text, former, None)
        parts.put(vault, "entry", OLD)
        assert parts.get(vault, "entry") == OLD
        parts.delete(vault, "entry")
    assert locker.targets == []


@pytest.mark.parametrize("foreign", ["\ufffeØ", "\ufeff", "\0"])
def test_what_is_no_text_is_a_miss_and_can_be_replaced(vault: Vault, locker: Locker, foreign: str) -> None:
    """Bytes that keyring cannot decode (FE FF turns the rest round) break neither reading, writing nor logout."""
    for call in (lambda: parts.put(vault, "entry", OLD), lambda: parts.delete(vault, "entry")):
        parts.put(vault, "entry", "short")
        locker.damage("entry", foreign)
        assert parts.get(vault, "entry") is None
        call()
        assert parts.get(vault, "entry") in (OLD, None)
    assert locker.targets == []


@given(text=some.text(max_size=5_000))
def test_any_text_that_is_put_is_got(text: str) -> None:
    """Any text of any length and alphabet fits into entries of 2,560 bytes."""
    locker = Locker()
    with vault_over(locker) as vault:
        parts.put(vault, "entry", text)
        assert parts.get(vault, "entry") == text
        parts.delete(vault, "entry")
    assert locker.targets == []


@pytest.mark.parametrize("writes", [1, 2])
def test_a_reader_overtaken_by_writers_gets_a_whole_text(vault: Vault, locker: Locker, writes: int) -> None:
    """Between the header and its parts other processes replace the text, once or twice: nobody sees a mixture."""
    parts.put(vault, "entry", OLD)
    texts = iter([NEW, NEW[::-1]][:writes])

    def overtake(target: str) -> None:
        if target == "entry:A.1":
            locker.after_read = lambda _: None
            for text in texts:
                parts.put(vault, "entry", text)

    locker.after_read = overtake
    assert parts.get(vault, "entry") == {1: OLD, 2: NEW[::-1]}[writes]


def test_a_header_from_the_future_is_a_miss(vault: Vault, locker: Locker) -> None:
    """What a later version writes is not misread."""
    parts.put(vault, "entry", "short")
    locker.damage("entry", locker.text("entry").replace("1 ", "2 ", 1))
    assert parts.get(vault, "entry") is None


def test_the_locker_keeps_secrets_on_this_machine(locker: Locker) -> None:
    """Windows would send them round with a roaming profile."""
    from oidc_helper.store import choice

    chosen = choice.find(timeout_s=60)
    assert chosen
    chosen.set("entry", "text")
    assert locker.persistence("entry") == Locker.CRED_PERSIST_LOCAL_MACHINE
    assert chosen.limit == 1_280
    assert chosen.name == "Windows Credential Locker"


def test_a_copy_that_windows_made_goes_too(vault: Vault, locker: Locker) -> None:
    """Overwriting leaves the former secret under another name (jaraco/keyring): it does not outlive the entry."""
    vault.set("entry", "first")
    vault.set("entry", "second")
    assert len(locker.targets) == 2
    vault.delete("entry")
    assert locker.targets == []
