"""The real kernel keyring: it forgets, it refuses, and damage in it is a miss."""

import errno
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from fakes import session_keys
from fakes.credential_locker import BACKEND
from fakes.places import needs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from oidc_helper import kernel, names, record
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import in_kernel, index, parts
from oidc_helper.store.kinds import CREDENTIALS, TOKENS
from oidc_helper.store.places import CREDENTIAL_LOCKER, KERNEL
from oidc_helper.store.store import Store

TESTS = Path(__file__).parents[1]
RECORD = record.compose(
    '{"Version":1,"AccessKeyId":"x"}', serve_until=2**33, stamp="1+1", renew_from=2**33, expires_at=2**33
)

pytestmark = pytest.mark.usefixtures("kernel_keyring")


def test_the_kernel_forgets_credentials_when_they_expire() -> None:
    """The key carries the record's own end, whatever becomes of us."""
    Store(now=lambda: 1_000).put(CREDENTIALS, "analytics", RECORD, expires_at=1_000 + 3_000)
    assert session_keys.timeout_of(names.entry_name(CREDENTIALS, "analytics")) in ("49m", "50m")


def test_an_expired_record_is_gone() -> None:
    """A timeout that has passed leaves nothing to read, to list or to delete."""
    Store().put(CREDENTIALS, "analytics", RECORD, expires_at=0)
    until = time.monotonic() + 60
    while Store().exists(CREDENTIALS, "analytics"):
        assert time.monotonic() < until
    assert Store().get(CREDENTIALS, "analytics") is None
    assert Store().entries() == []


def test_names_come_from_the_keyring_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record kept without an index can be found and forgotten; entries of others are left out."""
    monkeypatch.setattr(index, "update", _unwritable)
    for number in range(40):
        Store().put(CREDENTIALS, f"p{number:02}", RECORD, expires_at=None)
    for foreign in ("of another program", "oidc-helper:credentials:analytics@/srv/other.toml"):
        kernel.write(foreign, b"x", 60)
    assert Store().names() == [(CREDENTIALS, f"p{number:02}") for number in range(40)]


def _unwritable(_: object) -> None:
    raise StoreUnusable("the disk is full")


def test_a_link_to_the_configuration_leads_to_the_same_records(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed, read and deleted by either path."""
    config, link = home / "other.toml", home / "link.toml"
    config.touch()
    link.symlink_to(config)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(link))
    Store().put(TOKENS, "corp", "text", expires_at=None)
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(config))

    assert Store().get(TOKENS, "corp") == "text"
    assert [(noted.name, noted.config) for noted in Store().entries()] == [("corp", str(config))]
    assert Store().delete(TOKENS, "corp")


def test_tokens_without_an_end_stay_until_the_boot() -> None:
    """A refresh token of unknown lifetime is not thrown away; a far end is no error."""
    Store().put(TOKENS, "corp", "text", expires_at=None)
    assert session_keys.timeout_of(names.entry_name(TOKENS, "corp")) == "perm"
    Store().put(TOKENS, "corp", "text", expires_at=2**40)
    assert Store().get(TOKENS, "corp") == "text"


def test_another_login_of_the_user_may_read_and_nobody_else() -> None:
    """Permissions: all for its owner, none for group and others, nor for a process with our session alone."""
    Store().put(CREDENTIALS, "analytics", RECORD, expires_at=None)
    name = names.entry_name(CREDENTIALS, "analytics")
    assert session_keys.permissions_of(name) == "003f0000"


def test_nothing_is_left_in_the_process_keyring() -> None:
    """A record lies in one keyring, so that deleting it there is enough."""
    Store().put(CREDENTIALS, "analytics", RECORD, expires_at=None)
    Store().delete(CREDENTIALS, "analytics")
    assert session_keys.descriptions() == []


@pytest.mark.usefixtures("locker")
def test_a_record_too_long_for_a_key_goes_to_the_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel takes 32,767 bytes; one more is no lost record."""
    longer = record.compose("x" * 33_000, serve_until=2**33, stamp="1+1", renew_from=2**33, expires_at=2**33)
    assert Store().put(CREDENTIALS, "analytics", RECORD, expires_at=None) == KERNEL
    assert Store().put(CREDENTIALS, "analytics", longer, expires_at=None) == CREDENTIAL_LOCKER
    assert Store().get(CREDENTIALS, "analytics") == longer
    assert Store().put(CREDENTIALS, "analytics", RECORD, expires_at=None) == KERNEL
    assert Store().get(CREDENTIALS, "analytics") == RECORD
    assert [(one.place, one.former_places) for one in Store().entries()] == [(KERNEL, ())]


@pytest.fixture
def strangers_home() -> Iterator[str]:
    """A directory that can be given to another user: those of pytest lie in one that is closed to others."""
    with tempfile.TemporaryDirectory(prefix="stranger-") as directory:
        yield directory


def as_a_stranger(work: str, home: str, **variables: str) -> dict[str, object]:
    """What the work of a victim found that became an ordinary user with nothing else in the kernel keyring."""
    needs(os.geteuid() == 0, "root, to become another user")
    done = subprocess.run(
        [sys.executable, "-m", "fakes.victims", work, str(200_000 + os.getpid()), home],
        cwd=TESTS,
        env={**os.environ, "HOME": home, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_full_quota_takes_no_tokens_and_serves_no_older_keys(strangers_home: str) -> None:
    """Seen: a rotated refresh token lost, and `get` printed older keys than `get --refresh` had."""
    assert as_a_stranger("keep_in_a_full_keyring", strangers_home) == {
        "tokens": KERNEL,
        "room for tokens": [False, False],
        "said": "cannot keep the credentials of analytics: "
        "the kernel keyring is full (see /proc/key-users); there is no keyring in this session",
        "in hand": '    newer"',
        "where": "",
        "later": None,
        "why": "the kernel keyring is full (see /proc/key-users); there is no keyring in this session",
        "tokens later": "tttttttttt",
        "limit": 20_000,
        "full": True,
    }


def test_an_ordinary_user_with_a_full_quota_loses_nothing(strangers_home: str) -> None:
    """Real EDQUOT, as after seven records of 2.5 kB: the vault takes the next one, and the older one is not served."""
    assert as_a_stranger("fill_quota", strangers_home, PYTHON_KEYRING_BACKEND=BACKEND) == {
        "refusal": errno.EDQUOT,
        "places": [KERNEL, CREDENTIAL_LOCKER],
        "read back": True,
        "left in the kernel": False,
        "deleted": True,
        "then": None,
    }


@pytest.mark.parametrize("profiles", [0, 1, 1_000])
def test_a_quota_that_others_have_filled_costs_two_seconds(profiles: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen: each of 40 records was dropped in vain, half a second apart, until the deadline took the answer."""
    clock, left = [0.0], [f"oidc-helper:credentials:p{number}" for number in range(profiles)]
    time_ = mock.Mock(monotonic=lambda: clock[0], sleep=lambda seconds: clock.append(clock.pop() + seconds))
    monkeypatch.setattr(in_kernel, "time", time_)
    full = OSError(errno.EDQUOT, "full")
    monkeypatch.setattr(kernel, "write", mock.Mock(side_effect=full))
    monkeypatch.setattr(kernel, "names", lambda: list(left))
    monkeypatch.setattr(kernel, "delete", lambda name: bool(left.pop(left.index(name))))

    with pytest.raises(StoreUnusable, match="is full"):
        in_kernel.put(TOKENS, "oidc-helper:tokens:job", "t", left_s=60)

    assert clock[0] <= 2.1
    assert len(left) >= profiles - 21


def damaged(data: some.DataObject, payload: bytes) -> bytes:
    """One byte replaced, or the end cut off."""
    position = data.draw(some.integers(0, len(payload) - 1))
    byte = data.draw(some.binary(min_size=1, max_size=1))
    if data.draw(some.booleans()):
        return payload[:position] + byte + payload[position + 1 :]
    return payload[:position] or b"\0"  # an empty key cannot be made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data(), kind=some.sampled_from([CREDENTIALS, TOKENS]))
@pytest.mark.usefixtures("home")
def test_a_damaged_key_is_a_miss(data: some.DataObject, kind: str) -> None:
    """Any byte of a record in the kernel: the right text or none, never an error; `record.parse` judges credentials."""
    text = RECORD if kind == CREDENTIALS else "tokens"
    payload = (RECORD if kind == CREDENTIALS else parts.seal("tokens")).encode()
    kernel.write(names.entry_name(kind, "name"), damaged(data, payload), 60)
    kept = Store().get(kind, "name")
    assert kept in (text, None) or (kind == CREDENTIALS and record.parse(kept.encode()) is None)


@given(data=some.data())
def test_a_damaged_record_is_never_printed(data: some.DataObject) -> None:
    """Any byte of a record: the JSON that was stored, or a miss; what would be served longer is a miss, too."""
    payload = damaged(data, RECORD.encode())
    intact = payload == RECORD.encode()
    assert (record.parse(payload) is not None) == intact


@given(payload=some.binary(max_size=200) | some.from_regex(rb"1 .* .* .* .* .*\n.*", fullmatch=True))
def test_a_foreign_record_is_a_miss(payload: bytes) -> None:
    """Whatever lies under our name, reading it raises nothing."""
    assert record.parse(payload) is None


@pytest.mark.parametrize("machine", ["mips", "i686", "armv7l"])
def test_a_machine_without_known_system_calls_has_no_kernel_keyring(
    monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    """Where the numbers are not known nothing is called."""
    uname = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*uname[:4], machine)))
    assert not kernel.available()
    assert kernel.read("name") is None
    with pytest.raises(OSError, match="no kernel keyring on this machine"):
        kernel.write("name", b"x", 1)


@pytest.mark.parametrize("value", ["off", "nonsense", ""])
def test_the_kernel_keyring_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Then nothing is read from it either."""
    kernel.write("name", b"x", 60)
    monkeypatch.setenv(kernel.VARIABLE, value)
    assert kernel.read("name") is None
    assert not kernel.exists("name")
    assert not kernel.available()


@pytest.mark.parametrize("call", ["read", "exists"])
def test_the_users_own_keyring_stays_as_it_was(call: str) -> None:
    """A record of another session is not seen among the user's own."""
    Store().put(CREDENTIALS, "analytics", RECORD, expires_at=None)
    name = names.entry_name(CREDENTIALS, "analytics")
    looks = f"""
from oidc_helper import kernel
before = bool(kernel.{call}({name!r}))
kernel.join_anonymous_session()
print(before, bool(kernel.{call}({name!r})))
"""
    looked = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True)

    assert looked.stdout == "True False\n"
