"""The user's keyring, whether chosen, locked or hung: always an answer in time, never a secret in a message."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import keyring
import pytest
from cli.arrangements import wait_until
from fakes import credential_locker
from fakes.places import needs
from fakes.secret_service import SecretService, missing_programs, private_secret_service
from keyring.errors import InitError, KeyringError, KeyringLocked, PasswordDeleteError, PasswordSetError
from vaults import keepassxc, password_store
from vaults.keepassxc import KeePassXC, private_keepassxc
from vaults.kwallet import KWallet
from vaults.password_store import PasswordStore

from oidc_helper import kernel
from oidc_helper.errors import StoreUnusable
from oidc_helper.store import choice
from oidc_helper.store.kinds import TOKENS
from oidc_helper.store.places import CREDENTIAL_LOCKER, KERNEL
from oidc_helper.store.store import Store
from oidc_helper.store.vault import Vault

SECRET = "eyJhbGciOiJSUzI1NiJ9.made-up"
NO_LIMIT_S = 100  # the test would run into its own timeout first

both = pytest.mark.parametrize("secret_service", ["usual", "named"], indirect=True)


class Broken:
    """A back end whose every call raises."""

    name = "Broken"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_password(self, service: str, username: str) -> str:
        raise self.error

    delete_password = get_password

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


def chained(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


ERRORS = {
    "locked": (KeyringLocked(SECRET), "is locked$", "PYTHON_KEYRING_BACKEND"),
    "not opened": (InitError(SECRET), "cannot be opened$", "PYTHON_KEYRING_BACKEND"),
    "anything": (ZeroDivisionError(SECRET), r"failed \(ZeroDivisionError\)$", "PYTHON_KEYRING_BACKEND"),
    "not encodable": (UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET), "failed", "PYTHON_KEYRING_BACKEND"),
    "Mac over SSH": (
        chained(KeyringError(f"Can't get {SECRET}: (-25308, 'Unknown Error')"), Exception(-25308, "Unknown Error")),
        "is locked, and in this session nobody can be asked",
        "security unlock-keychain",
    ),
    "Windows, too long": (Exception(1783, "CredWrite", SECRET), "takes no entry of this length", "PYTHON_KEYRING"),
    "Windows over SSH": (
        Exception(1312, "CredWrite", SECRET),
        "is not there in a network logon",
        "sign in at the machine",
    ),
    "not set": (PasswordSetError(SECRET), r"failed \(PasswordSetError\)$", "PYTHON_KEYRING_BACKEND"),
    "not deleted": (PasswordDeleteError(SECRET), r"failed \(PasswordDeleteError\)$", "PYTHON_KEYRING_BACKEND"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_any_error_of_a_keyring_is_told_without_the_secret(kind: str) -> None:
    """One line names the back end and the fault, a hint the remedy; no part of the secret is in them."""
    error, message, hint = ERRORS[kind]
    broken = Vault(Broken(error), timeout_s=NO_LIMIT_S)
    for call in (lambda: broken.get("entry"), lambda: broken.set("entry", SECRET), lambda: broken.delete("entry")):
        with pytest.raises(StoreUnusable, match=f"^[\\w.]+.Broken {message}") as raised:
            call()
        assert hint in raised.value.hint
        assert SECRET not in repr(raised.value) + str(raised.value) + raised.value.hint
        assert raised.value.__suppress_context__


def test_a_keyring_that_hangs_is_given_up_and_not_asked_again() -> None:
    """The first call costs its deadline, the next ones nothing."""
    asked = []
    never = threading.Event()

    class Hanging(Broken):
        def get_password(self, service: str, username: str) -> str:
            asked.append((service, username))
            never.wait()
            return ""

    hanging = Vault(Hanging(Exception()), timeout_s=0.05)
    for _ in range(3):
        with pytest.raises(StoreUnusable, match="is locked or hangs: no answer within 0.05 s"):
            hanging.get("entry")
    assert len(asked) == 1
    never.set()


def test_the_hint_unlocks_a_keyring_without_a_display(secret_service: SecretService) -> None:
    """Seen: a locked keyring in a session over SSH, and only the advice to unlock the one of the desktop session."""
    Store().put(TOKENS, "corp", SECRET, expires_at=None)
    secret_service.lock()
    with pytest.raises(StoreUnusable) as raised:
        Store().get(TOKENS, "corp")
    command = re.search(r"gnome-keyring-daemon(?: --\S+)+", raised.value.hint)
    assert command
    of_the_daemon = Path(f"/proc/{secret_service.pid}/environ").read_text().rstrip("\0").split("\0")
    subprocess.run(
        command[0].split(),
        env={**os.environ, **dict(variable.split("=", 1) for variable in of_the_daemon)},
        input="made up",
        text=True,
        capture_output=True,
        check=True,
    )

    wait_until(lambda: _answers(secret_service))
    assert Store().get(TOKENS, "corp") == SECRET


def _answers(secret_service: SecretService) -> bool:
    try:
        return bool(secret_service.labels())
    except Exception:  # noqa: BLE001  the former daemon has gone, and the next is not there yet
        return False


@both
def test_a_locked_secret_service_is_told_at_once(secret_service: SecretService) -> None:
    """Nobody sees its prompt: we do not wait for it."""
    vault = choice.find(timeout_s=NO_LIMIT_S)
    assert vault is not None
    vault.set("entry", SECRET)
    secret_service.lock()
    for call in (lambda: vault.get("entry"), lambda: vault.set("entry", "x"), lambda: vault.delete("entry")):
        with pytest.raises(StoreUnusable, match="^Secret Service is locked$") as raised:
            call()
        assert "unlock" in raised.value.hint


@pytest.mark.usefixtures("kernel_keyring")
def test_tokens_are_not_lost_when_the_secret_service_is_locked(
    secret_service: SecretService, caplog: pytest.LogCaptureFixture
) -> None:
    """A rotated refresh token goes to the kernel keyring meanwhile, and is found there before the older one."""
    Store().put(TOKENS, "corp", "older", expires_at=None)
    secret_service.lock()
    with pytest.raises(StoreUnusable, match="locked"):
        Store().get(TOKENS, "corp")
    assert Store().put(TOKENS, "corp", "rotated", expires_at=None) == KERNEL
    assert Store().get(TOKENS, "corp") == "rotated"
    with pytest.raises(StoreUnusable, match="locked"):
        Store().delete(TOKENS, "corp")
    assert [one.name for one in Store().entries()] == ["corp"]
    assert caplog.records == []


@pytest.mark.usefixtures("kernel_keyring")
def test_logout_needs_no_vault_that_never_had_a_record(secret_service: SecretService) -> None:
    """With a locked keyring what lies in the kernel alone can be forgotten."""
    secret_service.lock()
    Store().put(TOKENS, "corp", "text", expires_at=None)
    assert Store().delete(TOKENS, "corp")
    assert Store().entries() == []


@both
def test_a_secret_service_that_hangs_is_given_up(secret_service: SecretService) -> None:
    """A stopped gnome-keyring costs the deadline, no more."""
    vault = choice.find(timeout_s=0.2)
    assert vault is not None
    os.kill(secret_service.pid, signal.SIGSTOP)
    with pytest.raises(StoreUnusable, match="no answer within 0.2 s"):
        vault.get("entry")


@both
def test_a_secret_that_is_no_text_is_a_miss(secret_service: SecretService) -> None:
    """Whatever another program put under our name can be read past, replaced and deleted."""
    vault = choice.find(timeout_s=NO_LIMIT_S)
    assert vault is not None
    vault.set("entry", SECRET)
    secret_service.overwrite("entry", b"\xff\xfe")
    assert vault.get("entry") is None
    vault.set("entry", SECRET)
    assert vault.get("entry") == SECRET
    secret_service.overwrite("entry", b"\xff\xfe")
    assert vault.delete("entry")
    assert secret_service.labels() == []


@both
def test_a_secret_service_that_dies_is_told(secret_service: SecretService) -> None:
    """As an error of the store, not a traceback."""
    vault = choice.find(timeout_s=NO_LIMIT_S)
    assert vault is not None
    os.kill(secret_service.pid, signal.SIGKILL)
    with pytest.raises(StoreUnusable, match="^Secret Service "):
        vault.get("entry")


def test_a_secret_service_without_any_keyring_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a login left none, reading is a miss and writing refused: no dialogue for a new password waits unseen."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    with private_secret_service(unlocked=False) as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
        vault = choice.find(timeout_s=NO_LIMIT_S)
        assert vault is not None
        assert vault.get("entry") is None
        assert not vault.delete("entry")
        with pytest.raises(StoreUnusable, match="has no keyring yet"):
            vault.set("entry", SECRET)


def discover(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: which back ends there are depends on what has been imported."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "DBUS_SESSION_BUS_ADDRESS") if name in os.environ}
    script = (
        f"from oidc_helper.store import choice\n{code}\nvault = choice.find(timeout_s=60)\nprint(vault and vault.name)"
    )
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**keep, "PYTHONPATH": str(Path(__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("secret_service")
def test_the_secret_service_is_found_without_being_named() -> None:
    """As keyring would choose."""
    assert discover("").stdout == "Secret Service\n"


def test_a_headless_machine_has_no_vault() -> None:
    """Which is no error."""
    done = discover("")
    assert (done.stdout, done.stderr) == ("None\n", "")


PLUG_IN = """
from keyring.backend import KeyringBackend
class Plaintext(KeyringBackend):
    priority = {priority}
    get_password = set_password = delete_password = lambda *_: None
class Second(Plaintext):
    priority = {priority} - 0.1
"""


def with_plug_in(directory: Path, priority: float) -> str:
    """Code that finds a package of somebody else's with two back ends installed there."""
    (directory / "plaintext.py").write_text(PLUG_IN.format(priority=priority))
    installed = directory / "plaintext-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: plaintext\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[keyring.backends]\nplaintext = plaintext\n")
    return f"import sys; sys.path.append({str(directory)!r})"


def test_a_file_is_never_taken_silently(tmp_path: Path) -> None:
    """A back end that keyring does not recommend is used only where the user names it."""
    code = with_plug_in(tmp_path, 0.5)
    assert discover(code).stdout == "None\n"
    assert "Plaintext" in discover(code, PYTHON_KEYRING_BACKEND="plaintext.Plaintext").stdout


def test_a_plug_in_is_taken_where_the_system_has_no_keyring(tmp_path: Path) -> None:
    """The first of the recommended ones, as a plug-in brings them."""
    assert "Plaintext" in discover(with_plug_in(tmp_path, 3)).stdout


def test_where_nothing_can_be_found_nothing_is_looked_for() -> None:
    """A server without desktop and plug-ins does not pay for importing every back end there is."""
    no_plug_ins = "from importlib import metadata; metadata.entry_points = lambda **_: ()"
    code = f"{no_plug_ins}; import sys; assert choice.find(timeout_s=60) is None; print('keyring' in sys.modules)"
    assert discover(code).stdout == "False\nNone\n"


@pytest.mark.usefixtures("secret_service")
def test_in_a_session_of_kde_keyring_chooses(tmp_path: Path) -> None:
    """Where it has a way to KWallet, which it prefers there; without one the Secret Service is read at once."""
    (tmp_path / "dbus.py").touch()
    search = f"import sys; sys.path.append({str(tmp_path)!r}); assert choice.find(timeout_s=60)"
    code = f"{search}; print('keyring' in sys.modules)"
    assert discover(code, XDG_CURRENT_DESKTOP="KDE").stdout.splitlines()[0] == "True"
    assert discover(code, XDG_CURRENT_DESKTOP="GNOME").stdout.splitlines()[0] == "False"


@pytest.mark.parametrize("priority", [3, 9])
@pytest.mark.usefixtures("secret_service")
def test_a_plug_in_does_not_take_the_place_of_the_secret_service(tmp_path: Path, priority: int) -> None:
    """Packages for other ends bring back ends that cannot write, with the highest priority (artifact registries do)."""
    assert discover(with_plug_in(tmp_path, priority)).stdout == "Secret Service\n"


@pytest.mark.usefixtures("secret_service")
def test_the_choice_in_keyringrc_is_obeyed(home: Path) -> None:
    """A user who switched keyring off has no vault, though one is running."""
    file = home / ".config/python_keyring/keyringrc.cfg"
    file.parent.mkdir(parents=True)
    file.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
    assert discover("").stdout == "None\n"


def test_the_usual_way_and_keyrings_meet_in_one_item(
    secret_service: SecretService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record outlives the day on which its owner names the back end, or no longer does, and there is only one."""
    usual = choice.find(timeout_s=NO_LIMIT_S)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
    named = choice.find(timeout_s=NO_LIMIT_S)
    assert usual
    assert named
    for writer, reader in ((usual, named), (named, usual), (usual, named)):
        writer.set("entry", f"{SECRET} of {writer}")
        assert reader.get("entry") == f"{SECRET} of {writer}"
        assert len(secret_service.labels()) == 1
    assert named.delete("entry")
    assert usual.get("entry") is None
    assert secret_service.labels() == []


@pytest.mark.parametrize("call", ["read", "write"])
@pytest.mark.usefixtures("secret_service")
def test_keyring_is_asked_where_the_direct_way_fails(monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """A Secret Service that refuses plain sessions, say, is still the vault."""
    vault = choice.find(timeout_s=NO_LIMIT_S)
    assert vault
    monkeypatch.setattr(f"oidc_helper.store.secret_service.{call}", lambda *_: 1 / 0)

    vault.set("entry", SECRET)

    assert vault.get("entry") == SECRET


@pytest.mark.usefixtures("secret_service")
def test_the_usual_secret_service_needs_no_keyring() -> None:
    """Its import costs more than a hit: neither reading nor writing pays that."""
    code = "vault = choice.find(timeout_s=60); vault.set('entry', 'x'); assert vault.get('entry') == 'x'; import sys"
    assert discover(
        f"{code}; print([name for name in ('keyring', 'secretstorage') if name in sys.modules])"
    ).stdout == ("[]\nSecret Service\n")


def test_the_keyring_of_another_system_is_named_not_discovered(
    locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the Credential Locker is taken with no other back end looked at, and entries stay on this machine."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(keyring.core, "init_backend", lambda **_: pytest.fail("discovery"))
    monkeypatch.setattr(keyring.backend, "get_all_keyring", lambda: pytest.fail("discovery"))
    vault = choice.find(timeout_s=NO_LIMIT_S)
    assert vault
    vault.set("entry", SECRET)
    assert vault.name == "Windows Credential Locker"
    assert locker.persistence("entry") == locker.CRED_PERSIST_LOCAL_MACHINE


@pytest.mark.parametrize("name", ["nonsense", "no.such.Keyring", "keyring.backends.macOS.Keyring"])
def test_a_choice_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Nothing else is taken in its place."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    with pytest.raises(StoreUnusable, match="^the chosen keyring back end cannot be used: .") as raised:
        choice.find(timeout_s=NO_LIMIT_S)
    assert "PYTHON_KEYRING_BACKEND" in raised.value.hint


def test_a_machine_without_any_keyring_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No keyring, no kernel keyring: reading is a miss, writing says why, the index stays empty."""
    monkeypatch.setenv(kernel.VARIABLE, "off")
    assert Store().get(TOKENS, "corp") is None
    with pytest.raises(
        StoreUnusable, match="the kernel keyring is not available here; there is no keyring in this session"
    ) as raised:
        Store().put(TOKENS, "corp", SECRET, expires_at=None)
    assert raised.value.hint
    assert Store().where(TOKENS) == "nowhere: there is no keyring in this session"
    assert Store().entries() == []
    assert not caplog.records


def test_a_store_that_fails_keeps_the_former_record(
    locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that is refused changes nothing of what was there."""
    monkeypatch.setenv(kernel.VARIABLE, "off")
    Store().put(TOKENS, "corp", "former", expires_at=2_000_000_000, details={"user": "alice"})
    before = Store().entries()
    locker.fail_with = 1312
    with pytest.raises(StoreUnusable, match="network logon"):
        Store().put(TOKENS, "corp", "new", expires_at=None)
    locker.fail_with = None
    assert Store().get(TOKENS, "corp") == "former"
    assert Store().entries() == before


@pytest.mark.parametrize("die_after", [1, 2, 3, 4, 5])
def test_a_sign_in_killed_while_saving_leaves_nothing_after_logout(
    home: Path, monkeypatch: pytest.MonkeyPatch, die_after: int
) -> None:
    """The first record ever, killed at any write: its name is known, so all pieces of it go."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", credential_locker.BACKEND)
    file = home / "locker"
    done = subprocess.run(
        [sys.executable, "-m", "fakes.victims", "keep_tokens", file, SECRET * 100, str(die_after)],
        cwd=Path(__file__).parents[1],
        check=False,
    )
    locker = credential_locker.Locker(file)
    with credential_locker.installed(locker):
        assert Store().get(TOKENS, "corp") in (None, SECRET * 100)
        assert [one.name for one in Store().entries()] == ["corp"]
        assert Store().delete(TOKENS, "corp")
    assert done.returncode == (-signal.SIGKILL if die_after < 5 else 0)
    assert locker.targets == []
    assert Store().entries() == []


def test_a_choice_that_cannot_be_had_is_not_tried_by_every_call() -> None:
    """Its deadline passes once in one command, not in each call."""
    tried = []

    def find(**settings: object) -> Vault | None:
        tried.append(settings)
        raise StoreUnusable("hangs", "hint")

    store = Store(find_vault=find)
    for _ in range(3):
        with pytest.raises(StoreUnusable, match="hangs"):
            store.get(TOKENS, "corp")
    assert len(tried) == 1


def test_tokens_in_a_vault_that_is_gone_are_not_forgotten_silently(
    locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logout in a session without the desktop's keyring says what it cannot reach."""
    Store().put(TOKENS, "corp", SECRET, expires_at=None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with pytest.raises(StoreUnusable, match="may lie in Windows Credential Locker, which this session does not use"):
        Store().delete(TOKENS, "corp")
    assert [one.name for one in Store().entries()] == ["corp"]
    assert locker.targets != []


@pytest.mark.usefixtures("kernel_keyring")
def test_tokens_move_into_the_vault_once_there_is_one(
    locker: credential_locker.Locker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desktop finds the record that a headless session kept in the kernel, and replaces it for good."""
    chosen = os.environ["PYTHON_KEYRING_BACKEND"]
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    Store().put(TOKENS, "corp", "from the session", expires_at=None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", chosen)
    assert Store().get(TOKENS, "corp") == "from the session"
    assert Store().put(TOKENS, "corp", "from the desktop", expires_at=None) == CREDENTIAL_LOCKER
    assert Store().get(TOKENS, "corp") == "from the desktop"
    assert not kernel.exists(next(iter(locker.targets)))


def test_nothing_secret_is_logged(locker: credential_locker.Locker, caplog: pytest.LogCaptureFixture) -> None:
    """Not at any level, by us or by the libraries."""
    with caplog.at_level(logging.DEBUG):
        Store().put(TOKENS, "corp", SECRET, expires_at=None)
        Store().get(TOKENS, "corp")
        locker.fail_with = 5
        with pytest.raises(StoreUnusable):
            Store().get(TOKENS, "corp")
    assert SECRET not in caplog.text


def test_importing_the_store_imports_no_keyring() -> None:
    """Only commands that need the vault pay its 100 ms."""
    code = "import sys, oidc_helper.store.store; print([m for m in ('keyring', 'secretstorage') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.usefixtures("kernel_keyring")
def test_a_record_in_two_vaults_is_forgotten_in_both(
    locker: credential_locker.Locker, passwords: PasswordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions with two keyrings in turn: each logout forgets its own part, and says what is left."""
    for backend in (credential_locker.BACKEND, password_store.BACKEND):
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
        Store().put(TOKENS, "corp", f"kept in {backend}", expires_at=None)
    with pytest.raises(StoreUnusable, match="may lie in Windows Credential Locker, which this session does not use"):
        Store().delete(TOKENS, "corp")
    assert passwords.entries() == []
    assert Store().names() == [(TOKENS, "corp")]
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", credential_locker.BACKEND)
    assert Store().delete(TOKENS, "corp")
    assert locker.targets == []
    assert Store().names() == []


def test_keepassxc_is_written_without_asking_anybody(keepass: KeePassXC) -> None:
    """Its changes lie behind prompts that end by themselves, also those of an entry that another process made."""
    for text in ("first", "second"):
        Store().put(TOKENS, "corp", text, expires_at=None)
        script = "from oidc_helper.store.store import Store, TOKENS; print(Store().get(TOKENS, 'corp'))"
        assert subprocess.check_output([sys.executable, "-c", script], text=True) == f"{text}\n"
        script = "from oidc_helper.store.store import Store, TOKENS; Store().put(TOKENS, 'corp', 'x', expires_at=None)"
        subprocess.run([sys.executable, "-c", script], check=True)
    assert len(keepass.labels()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("deleted_by", ["keyring", "us"])
def test_keepassxc_keeps_no_secret_that_we_deleted(monkeypatch: pytest.MonkeyPatch, deleted_by: str) -> None:
    """In its recycle bin an entry lies with its secret, and with ten former ones."""
    needs(not keepassxc.missing(), " and ".join(keepassxc.missing()))
    with private_keepassxc() as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
        for number in range(12):
            Store().put(TOKENS, "corp", f"{SECRET} {number}", expires_at=None)
        if deleted_by == "us":
            assert Store().delete(TOKENS, "corp")
        else:
            service.clear()
        service.lock()
        recycled = service.recycled()
        secrets = [password for password in recycled if SECRET in password]
    assert len(recycled) == 11
    assert len(secrets) == (0 if deleted_by == "us" else 11)


@pytest.mark.slow
def test_keepassxc_that_is_locked_is_no_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds nothing then, which does not mean that nobody is signed in."""
    needs(not keepassxc.missing(), " and ".join(keepassxc.missing()))
    with private_keepassxc() as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
        monkeypatch.setenv(kernel.VARIABLE, "off")
        Store().put(TOKENS, "corp", SECRET, expires_at=None)
        service.lock()
        for call in (
            lambda: Store().get(TOKENS, "corp"),
            lambda: Store().put(TOKENS, "corp", "x", expires_at=None),
            lambda: Store().delete(TOKENS, "corp"),
        ):
            with pytest.raises(
                StoreUnusable,
                match="^(cannot keep the tokens of corp: )?Secret Service is locked(; the kernel keyring .*)?$",
            ):
                call()


@pytest.mark.slow
def test_keepassxc_that_lets_a_person_confirm_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its question for each access, which it asks by default, is put to nobody."""
    needs(not keepassxc.missing(), " and ".join(keepassxc.missing()))
    with private_keepassxc(asks=True) as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
        found = choice.find(timeout_s=NO_LIMIT_S)
        assert found
        found.set("entry", SECRET)
        for call in (lambda: found.get("entry"), lambda: found.set("entry", "x"), lambda: found.delete("entry")):
            with pytest.raises(StoreUnusable, match="^Secret Service is locked$"):
                call()


def test_a_closed_kwallet_is_told_and_asks_nobody(wallet: KWallet) -> None:
    """Opening it would put up a dialogue: it is looked at first, and named."""
    found = choice.find(timeout_s=NO_LIMIT_S)
    assert found
    found.set("entry", SECRET)
    wallet.close()
    for call in (lambda: found.get("entry"), lambda: found.set("entry", "x"), lambda: found.delete("entry")):
        with pytest.raises(StoreUnusable, match="^KWallet is locked$") as raised:
            call()
        assert "unlock the wallet" in raised.value.hint
    wallet.open()
    assert found.get("entry") == SECRET


def test_a_vault_that_keeps_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put there is read again, where a back end may say yes to anything."""

    class FirstLine(Broken):
        kept = ""

        def get_password(self, service: str, username: str) -> str:
            return self.kept

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept = password.splitlines()[0]

    vault = Vault(FirstLine(Exception()), timeout_s=NO_LIMIT_S)
    vault.set("entry", SECRET)
    with pytest.raises(StoreUnusable, match="did not keep what was put there"):
        vault.set("entry", f"{SECRET}\n{SECRET}")


def test_an_absent_entry_may_raise_anything_when_it_is_deleted(
    passwords: PasswordStore, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is absent as it reads as absent, and what a program says of it on standard error is for nobody."""
    found = choice.find(timeout_s=NO_LIMIT_S)
    assert found
    assert not found.delete("entry")
    assert found.get("entry") is None
    assert capfd.readouterr().err == ""
    assert passwords.entries() == []


def test_an_item_is_found_after_the_default_collection_has_changed(secret_service: SecretService) -> None:
    """Another collection became the default one: what lies in the former is read, and forgotten by a logout."""
    Store().put(TOKENS, "corp", SECRET, expires_at=None)
    secret_service.change_default()
    assert secret_service.labels() == []
    assert Store().get(TOKENS, "corp") == SECRET
    Store().put(TOKENS, "corp", "newer", expires_at=None)
    assert Store().get(TOKENS, "corp") == "newer"
    assert Store().delete(TOKENS, "corp")
    assert Store().get(TOKENS, "corp") is None
