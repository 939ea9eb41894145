"""The tests run in a kernel session of their own; `home` and `emulator` are for tests of whole commands."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fakes import session_keys
from homes import Home, file_config
from machine.renewal.clock import Clock, installed
from zygote import Zygote

from oidc_helper import kernel, paths, redaction
from oidc_helper.emulator import Emulator
from oidc_helper.emulator.keys import SigningKeys
from oidc_helper.emulator.temporary_keyring import BACKEND, VARIABLE

# The quick loop (`-m "not slow"`) leaves them out: real browsers, many processes at once, a terminal's waits.
SLOW = (
    "aws/test_endpoints.py",
    "cli/test_completion.py",
    "cli/test_configure.py",
    "cli/test_configure_at_terminal.py",
    "cli/test_console_command.py",
    "cli/test_emulator_write.py",
    "cli/test_foreign_libraries.py",
    "cli/test_matrix.py",
    "cli/test_nothing_kept.py",
    "cli/test_readiness.py",
    "cli/test_repeated_secrets.py",
    "cli/test_sdks.py",
    "cli/test_session_commands.py",
    "cli/test_streams.py",
    "cli/test_two_layers.py",
    "create_token_with_iam/test_operation_differential.py",
    "create_token_with_iam/test_operation_profiles.py",
    "create_token_with_iam/test_operation_recorded.py",
    "create_token_with_iam/test_operation_streams.py",
    "create_token_with_iam/test_operation_terminal.py",
    "doctor/test_doctor_admin.py",
    "doctor/test_doctor_admin_finds.py",
    "doctor/test_doctor_finds.py",
    "emulator/test_emulator_clients.py",
    "fetch/test_account_access.py",
    "fetch/test_fetch_order.py",
    "fetch/test_live_credentials.py",
    "fetch/test_lost_answers.py",
    "fetch/test_never_sent.py",
    "fetch/test_open_sign_in.py",
    "fetch/test_parallel.py",
    "fetch/test_rollback.py",
    "fetch/test_shared_failures.py",
    "fetch/test_staying_signed_in.py",
    "handover/test_exec.py",
    "handover/test_exec_endpoint.py",
    "identity/test_ci_manual.py",
    "identity/test_ci_source.py",
    "machine/renewal",
    "machine/test_lock.py",
    "manual/test_errors_met.py",
    "manual/test_jobs.py",
    "person/test_terminal.py",
    "profiles/test_large_organization.py",
    "profiles/test_profiles_at_terminal.py",
    "profiles/test_profiles_list.py",
    "profiles/test_profiles_write.py",
    "robustness",
    "serve/test_lifetimes.py",
    "serve/test_recipes.py",
    "serve/test_serve.py",
    "settings/test_settings_any_document.py",
    "setup/test_plan_runs.py",
    "setup/test_plans.py",
    "sign_in/real",
    "sign_in/test_hostile_callbacks.py",
    "sign_in/test_other_users.py",
    "sign_in/test_sign_in.py",
    "sign_in/test_sign_in_at_terminal.py",
    "sign_in/test_sign_in_terminal.py",
    "sign_in/test_sign_in_when_needed.py",
    "sign_in/test_signing_in_again.py",
    "store/test_store_contract.py",
    "store/test_store_parts.py",
    "store/test_store_vault.py",
)

os.environ[paths.SITE_CONFIG_VARIABLE] = ""  # the machine's own site is no part of the tests

if sys.platform != "win32" and "PYTEST_XDIST_WORKER" in os.environ:
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:  # by nohup or a shell's &: what a test starts would inherit it
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

with suppress(OSError):
    kernel.join_anonymous_session()  # before any thread starts: the keys of the tests end with them


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: most tests wait for processes of theirs, or for a deadline."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores + 1


def pytest_make_parametrize_id(val: object) -> str | None:
    """Short names of cases: a dictionary is shown as `name=value`, and no value is longer than 40 characters."""
    if isinstance(val, dict):
        val = " ".join(f"{name}={getattr(value, '__name__', value)}" for name, value in val.items()) or "nothing"
    return val[:40].encode("unicode_escape").decode() if isinstance(val, str) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests."""
    slow = {Path(__file__).parent / name for name in SLOW}
    if missing := [str(path) for path in slow if not path.exists()]:
        raise pytest.UsageError(f"SLOW names {', '.join(missing)}, which does not exist")
    files = {item.path for item in items}
    slow_files = {file for file in files if not slow.isdisjoint({file, *file.parents})}
    for item in items:
        if item.path in slow_files:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def nothing_learnt() -> None:
    """A command knows the secrets of its own run; here many run in one process."""
    redaction._learnt.clear()


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, no keyring, and an empty kernel keyring."""
    for variable in ("OIDC_HELPER_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv(kernel.VARIABLE, "session")
    session_keys.clear()
    return tmp_path


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """A process from which commands fork, for tests that need no new process; to start it takes a second."""
    with Zygote() as running:
        yield running


@pytest.fixture(scope="module")
def keys() -> SigningKeys:
    """Made once, which takes 50 ms."""
    return SigningKeys("RS256", "ES256")


@pytest.fixture
def home(tmp_path: Path, zygote: Zygote) -> Iterator[Home]:
    """A home whose vault is a file in it, and which uses the kernel keyring of this session; its commands fork."""
    kept = ("PATH", "LANG", "COVERAGE_PROCESS_START")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    yield Home(
        tmp_path,
        {
            **environment,
            "HOME": str(tmp_path),
            "OIDC_HELPER_KERNEL_KEYRING": "session",
            "OIDC_HELPER_SITE_CONFIG": "",
            "PYTHON_KEYRING_BACKEND": BACKEND,
            VARIABLE: str(tmp_path / "keyring.json"),
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        zygote,
    )
    session_keys.clear()  # users may have 200 keys, and other tests run beside this one


@pytest.fixture
def whole_processes(home: Home) -> None:
    """Let no command of `home` be a fork, for tests of how a process begins."""
    home.forks = None


@pytest.fixture
def emulator(home: Home, keys: SigningKeys) -> Iterator[Emulator]:
    """A running emulator, to which the home's environment leads."""
    with Emulator(keys=keys) as running:
        home.environment.update(running.environment)
        yield running


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """A home with an identity token of Alice, the identity that reads it, and the profiles of `file_config`."""
    home.configure(file_config(emulator))
    home.write_token(emulator.mint("alice@example.com"))
    return home


@pytest.fixture
def clock(home: Home, emulator: Emulator) -> Clock:
    """Moved by a test, for the commands of the home and for the emulator."""
    return installed(home, emulator)
