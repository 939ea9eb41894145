"""The places where records are kept, each as real as this machine allows, and none of them the user's own."""

import platform
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from fakes import credential_locker, refused_keys, session_keys
from fakes.places import Place, needs
from fakes.secret_service import SecretService, missing_programs, private_secret_service

from oidc_helper import kernel
from oidc_helper.store.places import CREDENTIAL_LOCKER, KERNEL, SECRET_SERVICE

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


@pytest.fixture(params=["windows", "desktop", "desktop, keyring named", "headless", "container"])
def place(request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Each kind of machine in turn."""
    kind = request.param
    if kind == "windows":
        monkeypatch.setenv(kernel.VARIABLE, "off")
    elif kind != "container":
        request.getfixturevalue("kernel_keyring")
    if kind.startswith("desktop"):
        service = request.getfixturevalue("secret_service")
        if kind != "desktop":
            monkeypatch.setenv("PYTHON_KEYRING_BACKEND", BACKEND)
        return Place(KERNEL, SECRET_SERVICE, lambda: service.labels() + session_keys.descriptions())
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
