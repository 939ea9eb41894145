"""Programs that tests start to kill them, starve them, or have many of them: `python -m fakes.victims NAME ...`."""

import json
import os
import shutil
import signal
import socket
import sys
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from fakes import credential_locker

from oidc_helper import kernel, names, record, redaction
from oidc_helper.errors import StoreUnusable
from oidc_helper.machine import lock, private_files, socket_lock
from oidc_helper.store import index, parts, quota, vault
from oidc_helper.store.index import Index
from oidc_helper.store.kinds import CREDENTIALS, TOKENS
from oidc_helper.store.store import Store


def replace_text(file: str, text: str, die_after: str) -> None:
    """Put a long text into a Credential Locker, and be killed after so many of its writes."""
    locker = credential_locker.Locker(Path(file), die_after=int(die_after))
    with credential_locker.installed(locker) as backend:
        parts.put(vault.Vault(backend, timeout_s=60), "entry", text)


def delete_text(file: str, die_after: str) -> None:
    """Delete it, and be killed after so many deletions."""
    locker = credential_locker.Locker(Path(file), die_after=int(die_after))
    with credential_locker.installed(locker) as backend:
        parts.delete(vault.Vault(backend, timeout_s=60), "entry")


def keep_tokens(file: str, text: str, die_after: str) -> None:
    """Replace a record of the store, and be killed after so many writes of the vault."""
    locker = credential_locker.Locker(Path(file), die_after=int(die_after))
    with credential_locker.installed(locker):
        Store().put(TOKENS, "corp", text, expires_at=None)


def hold_lock(name: str) -> None:
    """Hold a lock until standard input ends; say when."""
    with lock.hold(name, timeout_s=60, purpose="holding on"):
        print("held", flush=True)
        sys.stdin.read()


def squat(name: str, user: str, manner: str) -> None:
    """Take the socket name of root's lock, as another user; say when."""
    address = socket_lock._address(name)
    os.setuid(int(user))
    with socket.socket(socket.AF_UNIX) as taken, socket.socket(socket.AF_UNIX) as visitor:
        taken.bind(address)
        if manner != "does not listen":
            taken.listen(0)
        if manner == "listens to one":
            visitor.connect(address)
        print("taken", flush=True)
        sys.stdin.read()


def take_turns(name: str, journal: str, rounds: str) -> None:
    """Take a lock again and again, and write down when."""
    for _ in range(int(rounds)):
        with lock.hold(name, timeout_s=100, purpose="taking turns"), Path(journal).open("a") as file:
            file.write(f"{os.getpid()} in\n")
            file.flush()
            file.write(f"{os.getpid()} out\n")


def share_work(name: str, answer: str, journal: str) -> None:
    """Do a piece of work once among many; waiting for standard input comes first, so that all begin together."""
    print("ready", flush=True)
    sys.stdin.read()

    done = False
    while not done:
        ours = lock.acquire(name, timeout_s=100, purpose="sharing work")
        with ours or nullcontext():
            done = Path(answer).exists()
            if ours and not done:
                with Path(journal).open("a") as file:
                    file.write("worked\n")
                Path(answer).write_text("the answer")
    print(Path(answer).read_text(), flush=True)


def count_up(rounds: str) -> None:
    """Add marks of one's own to the index, one by one."""
    for number in range(int(rounds)):
        index.update(partial(_with_mark, mark=f"{os.getpid()}.{number}"), timeout_s=100)


def die_before_rename() -> None:
    """Be killed when the new index is written, and not yet in its place."""
    Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, method-assign]
    index.update(lambda before: _with_mark(before, "never seen"))


def fill_quota(user: str, home: str) -> None:
    """Fill the kernel keyring of an ordinary user, then keep records: tell where they went and what came back."""
    with credential_locker.installed(credential_locker.Locker()):
        _become(int(user), home)
        before, after = _credentials("before", 6), _credentials("after", 9_000)
        places = [Store().put(CREDENTIALS, "analytics", before, expires_at=2**32)]
        refusal = _fill()
        places.append(Store().put(CREDENTIALS, "analytics", after, expires_at=2**32))
        answer = {
            "refusal": refusal,
            "places": places,
            "read back": Store().get(CREDENTIALS, "analytics") == after,
            "left in the kernel": kernel.exists(names.entry_name(CREDENTIALS, "analytics")),
            "deleted": Store().delete(CREDENTIALS, "analytics"),
            "then": Store().get(CREDENTIALS, "analytics"),
        }
    print(json.dumps(answer))


def keep_in_a_full_keyring(user: str, home: str) -> None:
    """Keep tokens, then credentials, in the full kernel keyring of an ordinary user who has no other place."""
    quota.of_this_user()
    _become(int(user), home)
    for name in ("analytics", "reports"):
        Store().put(CREDENTIALS, name, _credentials("former", 1_500), expires_at=2**32)
    _fill()
    tokens = Store().put(TOKENS, "corp", "t" * 2_000, expires_at=None)
    room_for_tokens = [Store().exists(CREDENTIALS, name) for name in ("analytics", "reports")]
    while any(Store().exists(CREDENTIALS, name) for name in ("analytics", "reports")):
        Store().delete(CREDENTIALS, "analytics")
        Store().delete(CREDENTIALS, "reports")
    Store().put(CREDENTIALS, "analytics", _credentials("older", 100), expires_at=2**32)
    _fill()
    store = Store()
    try:
        said = store.put(CREDENTIALS, "analytics", _credentials("newer", 9_000), expires_at=2**32)
    except StoreUnusable as problem:
        said = problem.message
    told = quota.of_this_user()
    answer = {
        "tokens": tokens,
        "room for tokens": room_for_tokens,
        "said": said,
        "in hand": (store.get(CREDENTIALS, "analytics") or "")[-10:],
        "where": store.lies_in(CREDENTIALS, "analytics"),
        "later": Store().get(CREDENTIALS, "analytics"),
        "why": Store().why_unkept(CREDENTIALS, "analytics"),
        "tokens later": (Store().get(TOKENS, "corp") or "")[-10:],
        "limit": told and told.limit_bytes,
        "full": told and told.limit_bytes - told.used_bytes < 4_000,
    }
    print(json.dumps(answer))


def _become(user: int, home: str) -> None:
    """Turn into another user, whose home that is, with a keyring of its own."""
    Store().put(TOKENS, "imports", "are done", expires_at=None)  # while the files can still be read
    Store().delete(TOKENS, "imports")
    redaction.without_secrets("")  # likewise, for messages
    shutil.rmtree(private_files.directory())
    for directory, _, _ in os.walk(home):
        os.chown(directory, user, user)
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    kernel.join_anonymous_session()


def _fill() -> int | None:
    """Put keys of other programs into the keyring until it is full; the number of the refusal."""
    try:
        for number in range(1_000):
            kernel.write(f"filler {number}", b"x" * 100, 60)
    except OSError as error:
        return error.errno
    return None


def _credentials(text: str, length: int) -> str:
    body = json.dumps(text.rjust(length))
    return record.compose(body, serve_until=2**32, stamp="1", renew_from=2**32, expires_at=2**32)


def _with_mark(before: Index, mark: str) -> Index:
    return replace(before, spent={**before.spent, mark: 1})


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
