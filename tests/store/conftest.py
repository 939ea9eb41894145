"""The places where records are kept, each as real as this machine allows, and none of them the user's own."""

import platform
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fakes import credential_locker, refused_keys, session_keys
from fakes.places import Place, needs
from fakes.secret_service import SecretService, missing_programs, private_secret_service
from keyring.backends import kwallet as keyrings_kwallet
from vaults import keepassxc, kwallet, password_store
from vaults.keepassxc import KeePassXC, private_keepassxc
from vaults.kwallet import KWallet, private_kwallet
from vaults.password_store import PasswordStore, private_password_store

from oidc_helper import kernel
from oidc_helper.store.places import CREDENTIAL_LOCKER, KERNEL, KWALLET, SECRET_SERVICE

# Time limits say nothing on a busy machine, and nothing is to be left in the working directory.
hypothesis.settings.register_profile("unhurried", deadline=None, database=None)
hypothesis.settings.load_profile("unhurried")

BACKEND = "keyring.backends.SecretService.Keyring"
REFUSED = pytest.StashKey[bool]()


@pytest.fixture(autouse=True)
def home(empty_home: Path) -> Path:
    """Where records are kept."""
    return empty_home


@pytest.fixture
def kernel_keyring() -> None:
    """The real one, in a session of its own."""
    needs(kernel.available(), "a kernel that lets us keep keys")


@pytest.fixture
def secret_service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """A real gnome-keyring, unlocked, as the keyring of the session; with the parameter "named" the user named it."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    with private_secret_service() as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        if getattr(request, "param", "usual") == "named":
            monkeypatch.setenv("PYTHON_KEYRING_BACKEND", BACKEND)
        else:
            monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
        yield service


@pytest.fixture
def locker(monkeypatch: pytest.MonkeyPatch) -> Iterator[credential_locker.Locker]:
    """The Windows Credential Locker: keyring's own code for it over a stand-in of the system calls."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", credential_locker.BACKEND)
    stored = credential_locker.Locker()
    with credential_locker.installed(stored):
        yield stored


@pytest.fixture(scope="session")
def running_keepassxc() -> Iterator[KeePassXC]:
    """One for all tests of this process; it takes a second to start."""
    needs(not keepassxc.missing(), " and ".join(keepassxc.missing()))
    with private_keepassxc() as service:
        yield service


@pytest.fixture
def keepass(running_keepassxc: KeePassXC, monkeypatch: pytest.MonkeyPatch) -> KeePassXC:
    """A real KeePassXC, unlocked and empty, as the keyring of the session."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running_keepassxc.address)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND")
    running_keepassxc.clear()
    return running_keepassxc


@pytest.fixture(scope="session")
def running_kwallet() -> Iterator[KWallet]:
    """One for all tests of this process, which cannot have a second."""
    needs(not kwallet.missing(), " and ".join(kwallet.missing()))
    with private_kwallet() as service:
        yield service


@pytest.fixture
def wallet(running_kwallet: KWallet, monkeypatch: pytest.MonkeyPatch) -> KWallet:
    """A real KWallet, open and empty, as the keyring of a session of KDE."""
    module = kwallet.dbus_module()
    assert module is not None
    monkeypatch.setattr(keyrings_kwallet, "dbus", module, raising=False)
    monkeypatch.setattr(keyrings_kwallet, "DBusGMainLoop", module.mainloop.glib.DBusGMainLoop, raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running_kwallet.address)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", kwallet.BACKEND)
    running_kwallet.clear()
    return running_kwallet


@pytest.fixture(scope="session")
def made_password_store() -> Iterator[PasswordStore]:
    """One for all tests of this process; its key takes a second."""
    needs(not password_store.missing(), " and ".join(password_store.missing()))
    with private_password_store() as store:
        yield store


@pytest.fixture
def passwords(made_password_store: PasswordStore, monkeypatch: pytest.MonkeyPatch) -> PasswordStore:
    """The program `pass` with an empty store, as the keyring that the user named."""
    for name, value in made_password_store.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", password_store.BACKEND)
    made_password_store.clear()
    return made_password_store


@pytest.fixture(
    params=[
        "windows",
        "desktop",
        "desktop, keyring named",
        "headless",
        "container",
        "KeePassXC",
        "KWallet",
        "password store",
    ]
)
def place(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Each kind of machine in turn."""
    kind = request.param
    if kind in {"windows", "KeePassXC", "KWallet", "password store"}:
        monkeypatch.setenv(kernel.VARIABLE, "off")
    elif kind != "container":
        request.getfixturevalue("kernel_keyring")
    if kind.startswith("desktop"):
        service = request.getfixturevalue("secret_service")
        if kind != "desktop":
            monkeypatch.setenv("PYTHON_KEYRING_BACKEND", BACKEND)
        return Place(KERNEL, SECRET_SERVICE, lambda: service.labels() + session_keys.descriptions())
    if kind == "KeePassXC":
        return Place(SECRET_SERVICE, SECRET_SERVICE, request.getfixturevalue("keepass").labels)
    if kind == "KWallet":
        return Place(KWALLET, KWALLET, request.getfixturevalue("wallet").entries)
    if kind == "password store":
        return Place(password_store.BACKEND, password_store.BACKEND, request.getfixturevalue("passwords").entries)
    if kind == "headless":
        return Place(KERNEL, KERNEL, session_keys.descriptions)
    if kind == "container":
        needs(refused_keys.supported(platform.machine()), "the numbers of this machine's system calls")
        request.node.stash[REFUSED] = True
    locker = request.getfixturevalue("locker")
    return Place(CREDENTIAL_LOCKER, CREDENTIAL_LOCKER, lambda: locker.targets)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a test of the container in a thread that has no kernel keyring."""
    if not pyfuncitem.stash.get(REFUSED, False):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    refused_keys.without_kernel_keyring(lambda: pyfuncitem.obj(**arguments), platform.machine())
    return True
