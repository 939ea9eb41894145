"""A hit prints a fresh record with next to no imports; a stale, torn or foreign record is never served."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import platformdirs
import pytest
import secretstorage
from fakes import refused_keys
from fakes.places import needs
from fakes.secret_service import SecretService, missing_programs, private_secret_service
from homes import COMMAND, Home
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from jeepney.io.blocking import open_dbus_connection
from keyring import core

from oidc_helper import hotpath, kernel, paths, record
from oidc_helper.aws.credentials import Credentials, process_json
from oidc_helper.cli import arguments
from oidc_helper.handover import hit as handed_over
from oidc_helper.machine import pause
from oidc_helper.store import hit, keyring_settings, parts
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.store.places import SECRET_SERVICE
from oidc_helper.store.store import Store

pytestmark = pytest.mark.usefixtures("whole_processes")

# What a hit adds to a bare interpreter; ctypes brings those below it.
LIBRARY = {"errno", "pwd", "time", "zlib", "ctypes", "_ctypes", "_struct", "struct", "ctypes._endian", "types"}
OURS = {f"oidc_helper{name}" for name in ("", ".hotpath", ".kernel", ".names", ".paths", ".record")}
OF_EXEC = {"_signal", *(f"oidc_helper.handover{name}" for name in ("", ".hit", ".variables"))}
# What the Secret Service adds: jeepney, and what it imports for itself. No json, argparse, logging, pathlib, keyring.
OF_JEEPNEY = {
    *(
        "_collections",
        "_functools",
        "_operator",
        "_sre",
        "_typing",
        "_weakrefset",
        "array",
        "collections",
        "contextlib",
    ),
    *("copyreg", "enum", "functools", "itertools", "keyword", "operator", "re", "reprlib", "threading", "typing"),
    *("_socket", "_string", "binascii", "jeepney", "math", "select", "selectors", "socket", "string", "warnings"),
}
OF_THE_VAULT = {
    *(f"oidc_helper.{name}" for name in ("errors", "machine", "machine.deadline", "store")),
    *(f"oidc_helper.store.{name}" for name in ("hit", "keyring_settings", "parts", "secret_service", "session_bus")),
}

BODY = '{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s","Expiration":"x"}'


@dataclass
class Place:
    """A store of records: how to put one there, the variables that lead a command to it, and what a hit may import."""

    stored: Callable[[str], bytes]
    keep: Callable[[str, bytes], None]
    environment: dict[str, str]
    imports: set[str]

    def put(
        self,
        home: Home,
        name: str,
        *,
        serve_for_s: int = 1000,
        lives_for_s: int = 0,
        damage: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """Store a record as a fetch would."""
        now = int(time.time())
        text = record.compose(
            BODY,
            serve_until=now + serve_for_s,
            stamp=paths.config_stamp([str(home.config), home.environment["OIDC_HELPER_SITE_CONFIG"]]),
            renew_from=now + serve_for_s,
            expires_at=now + (lives_for_s or serve_for_s),
        )
        self.keep(f"oidc-helper:credentials:{name}@{home.config}", damage(self.stored(text)))


@pytest.fixture
def kernel_keyring(monkeypatch: pytest.MonkeyPatch) -> Place:
    needs(kernel.available(), "the kernel keyring")
    monkeypatch.setenv(kernel.VARIABLE, "session")
    return Place(str.encode, lambda entry, stored: kernel.write(entry, stored, 60), {}, LIBRARY | OURS)


@pytest.fixture(scope="module")
def secret_service() -> Iterator[SecretService]:
    needs(not missing_programs(), " and ".join(missing_programs()))
    with private_secret_service() as service:
        yield service


@pytest.fixture
def vault(home: Home, secret_service: SecretService) -> Place:
    """A machine without kernel keyring, whose user has not configured keyring."""
    del home.environment["PYTHON_KEYRING_BACKEND"]

    def keep(entry: str, stored: bytes) -> None:
        with closing(open_dbus_connection(secret_service.address)) as bus:
            names = {"service": entry, "username": "oidc-helper", "application": "Python keyring library"}
            secretstorage.Collection(bus).create_item("label", names, stored, replace=True)

    environment = {kernel.VARIABLE: "off", "DBUS_SESSION_BUS_ADDRESS": secret_service.address}
    return Place(lambda text: parts.seal(text).encode(), keep, environment, LIBRARY | OURS | OF_JEEPNEY | OF_THE_VAULT)


@pytest.fixture(params=["kernel_keyring", "vault"])
def place(request: pytest.FixtureRequest, home: Home) -> Place:
    """Each place that a hit is served from."""
    chosen: Place = request.getfixturevalue(request.param)
    home.environment.update(chosen.environment)
    home.configure("[profile.a]\n")  # never read on a hit: it would be an error
    return chosen


def test_a_fresh_record_is_printed_as_it_is(home: Home, place: Place) -> None:
    """The output is the stored JSON and a newline, without reading the configuration."""
    place.put(home, "a")

    done = home.run("get", "a")

    assert (done.returncode, done.stdout, done.stderr) == (0, BODY + "\n", "")


SPELLINGS = (
    "get a --config {}",
    "get a --config={}",
    "get --config {} a",
    "get --config={} a",
    "--config {} get a",
    "--config={} get a",
    "--config /dev/null get a --config {}",
    "get --config get --config {} a",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_configuration_named_in_the_line_is_a_hit_too(home: Home, kernel_keyring: Place, spelling: str) -> None:
    """It cost the full program, whose start takes ten times as long. The last one counts, as for argparse."""
    home.configure("[profile.a]\n")  # never read on a hit: it would be an error
    kernel_keyring.put(home, "a")
    del home.environment["OIDC_HELPER_CONFIG"]

    done = home.run(*spelling.format(home.config).split())

    assert (done.returncode, done.stdout, done.stderr) == (0, BODY + "\n", "")


WORDS = (
    "get",
    "a",
    "b",
    "--config",
    "--config=",
    "--config=c",
    "--config=-c",
    "-c",
    "-",
    "--",
    "--debug",
    "--refresh",
    "",
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, database=None)
@given(words=some.lists(some.sampled_from(WORDS), min_size=2, max_size=6))
@example(words=["get", "a", "--config"])
def test_the_hit_path_takes_no_line_otherwise_than_the_full_program(words: list[str]) -> None:
    """What it understands means the same to argparse; the rest it leaves alone."""
    with mock.patch.dict(os.environ, {"OIDC_HELPER_CONFIG": "from the environment"}):
        profile = hotpath._profile(words)
        config = os.environ["OIDC_HELPER_CONFIG"]
    if profile is None:
        assert config == "from the environment"
    else:
        options = arguments.parse(words)
        assert (options.command, options.profile, options.refresh) == ("get", profile, False)
        assert not options.debug
        assert (options.config or "from the environment") == config


@given(words=some.lists(some.sampled_from([*WORDS, "exec", "exec", "env"]), min_size=1, max_size=5))
@example(words=["exec", "a", "--", "--", "b"])
@example(words=["exec", "a", "get", "--", "--debug"])
@example(words=["exec", "", "get"])
def test_the_hit_path_takes_no_program_otherwise_than_the_full_program(words: list[str]) -> None:
    """Which words are the program's is the same to argparse."""
    if program := hotpath._program(words):
        options = arguments.parse(words)
        assert (options.command, options.profile, options.words) == ("exec", words[1], program)
        assert (options.endpoint, options.nested, options.min_ttl, options.config) == (False, False, 0, None)


@given(
    credentials=some.dictionaries(some.text(min_size=1), some.text() | some.integers() | some.lists(some.text())),
    separators=some.sampled_from([(",", ":"), (", ", ": ")]),
)
@example(credentials={"a": "b", "c": "d"}, separators=(",", ":"))
@example(credentials={"a": "b", "c": 5, "d": "e"}, separators=(",", ":"))
def test_the_hit_path_reads_no_credentials_otherwise_than_json(
    credentials: dict[str, object], separators: tuple[str, str]
) -> None:
    """What is not just strings is left to the full program."""
    text = json.dumps({"Version": 1, **credentials}, separators=separators)
    members = handed_over._members(text.encode())

    assert members in ({}, credentials)


def test_credentials_as_a_fetch_writes_them_are_read_on_the_hit_path() -> None:
    """With every member that they may have."""
    made = Credentials("ASIA", "sec/ret+", "to/ken==", 2_000_000_000, account_id="111122223333")
    text = process_json(made)

    assert {"Version": 1, **handed_over._members(text.encode())} == json.loads(text)


def printed_modules(home: Home, statements: str) -> set[str]:
    """What the statements print, as names of modules; those of others without what follows the first dot."""
    done = subprocess.run(
        [sys.executable, "-c", f"import os, sys; bare = set(sys.modules)\n{statements}"],
        env=home.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name if name.startswith("oidc_helper") else name.split(".")[0] for name in done.stdout.split()}


def test_exec_on_a_hit_imports_next_to_nothing(home: Home, place: Place) -> None:
    """A program starts as fast as an SDK has its answer."""
    place.put(home, "a")
    imported = printed_modules(
        home,
        "from oidc_helper import hotpath\n"
        "def execvpe(*words): print(words[0], *sorted(set(sys.modules) - bare)); sys.exit()\n"
        "os.execvpe = execvpe\n"
        "sys.argv[1:] = ['exec', 'a', '--', 'the-program']\n"
        "hotpath.main()",
    )

    assert "the-program" in imported
    assert imported <= place.imports | OF_EXEC | {"resource", "the-program"}


def test_exec_on_a_hit_is_one_execve(home: Home, kernel_keyring: Place, tmp_path: Path) -> None:
    """After that of the command itself; no other process begins."""
    needs(can_trace(), "strace, and leave to use it")
    home.configure("[profile.a]\n")
    kernel_keyring.put(home, "a")
    file = tmp_path / "trace"
    traced = ["strace", "-f", "-qq", "-o", str(file), "-e", "trace=execve,clone,clone3,fork,vfork", str(COMMAND)]
    subprocess.run([*traced, "exec", "a", "--", "/bin/true"], env=home.environment, check=True, capture_output=True)

    begun = [line.split(None, 1)[1].partition(", [")[0] for line in file.read_text().splitlines()]

    assert begun == [f'execve("{COMMAND}"', 'execve("/bin/true"']


def test_a_hit_imports_next_to_nothing(home: Home, place: Place) -> None:
    """Each further module would cost time in every AWS command of the user."""
    place.put(home, "a")
    imported = printed_modules(
        home,
        "from oidc_helper import hotpath\n"
        "answer = hotpath._cached('a')\n"
        "assert answer\n"
        "print(*sorted(set(sys.modules) - bare))",
    )

    assert imported <= place.imports


def test_with_a_full_kernel_keyring_a_hit_needs_no_full_program(
    home: Home, vault: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hit reads the record that went to the Secret Service for lack of room."""
    needs(kernel.available() and refused_keys.supported(os.uname().machine), "a kernel that lets us keep keys")
    home.configure("[profile.a]\n")
    home.environment["DBUS_SESSION_BUS_ADDRESS"] = vault.environment["DBUS_SESSION_BUS_ADDRESS"]
    for name in ("HOME", "OIDC_HELPER_CONFIG", "OIDC_HELPER_KERNEL_KEYRING", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, home.environment[name])
    stamp = paths.config_stamp([str(home.config)])
    text = record.compose(BODY, serve_until=2**33, stamp=stamp, renew_from=2**33, expires_at=2**33)

    def put() -> None:
        assert Store().put(CREDENTIALS, "a", text, expires_at=2**33) == SECRET_SERVICE

    refused_keys.without_kernel_keyring(put, os.uname().machine, errno.EDQUOT, 0)
    program = (
        "import sys; from oidc_helper import hotpath\n"
        "print(bool(hotpath._cached('a')), 'oidc_helper.cli' in sys.modules)"
    )
    looked = subprocess.run(
        [sys.executable, "-c", program], env=home.environment, capture_output=True, text=True, check=True
    )

    assert looked.stdout == "True False\n"
    assert home.run("get", "a").stdout == BODY + "\n"


def can_trace() -> bool:
    """Containers may forbid it."""
    tried = ["strace", "-qq", "-o", os.devnull, "true"]
    return bool(shutil.which("strace")) and subprocess.run(tried, check=False, capture_output=True).returncode == 0


def calls(home: Home, file: Path) -> list[str]:
    """The names of a hit's system calls on files and keys, in order, from the first module of ours on."""
    traced = ["strace", "-qq", "-o", str(file), "-e", "trace=%file,read,keyctl", "oidc-helper", "get", "a"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(traced, env={**home.environment, "PATH": path}, check=True, capture_output=True)
    lines = file.read_text().splitlines()
    ours = next(number for number, line in enumerate(lines) if "hotpath" in line)
    assert not [line for line in lines[ours:] if line.startswith("open") and str(home.config) in line]
    return [line.partition("(")[0] for line in lines[ours:]]


def test_a_hit_does_the_same_whatever_the_number_of_profiles(home: Home, kernel_keyring: Place) -> None:
    """It makes the same system calls with a thousand profiles in configuration and store as with one."""
    needs(can_trace(), "strace, and leave to use it")
    home.configure("[profile.a]\n")
    kernel_keyring.put(home, "a")
    alone = calls(home, home.path / "alone")
    home.configure("".join(f"[profile.p{number}]\n" for number in range(1_000)) + "[profile.a]\n")
    with suppress(OSError):  # an ordinary user's quota is 200 keys
        for number in range(1_000):
            kernel_keyring.put(home, f"p{number}")
    kernel_keyring.put(home, "a")

    among_others = calls(home, home.path / "among")

    assert among_others == alone


def change_site(site: Path) -> None:
    site.write_text("[profile.b]\n")


def remove_site(site: Path) -> None:
    site.unlink()


@pytest.mark.parametrize("change", [change_site, remove_site])
def test_a_site_file_is_a_part_of_the_stamp(home: Home, place: Place, change: Callable[[Path], None]) -> None:
    """A hit does not read it; once it has changed, the credentials of before are served no more."""
    site = home.path / "site.toml"
    site.write_text("[profile.a]\n")
    home.environment["OIDC_HELPER_SITE_CONFIG"] = str(site)
    place.put(home, "a")
    assert home.run("get", "a").stdout == BODY + "\n"

    change(site)

    assert home.run("get", "a").returncode == 2


def test_a_hit_looks_at_a_site_file_once(home: Home, kernel_keyring: Place) -> None:
    """One call more than without: it is neither opened nor are its directories looked at."""
    needs(can_trace(), "strace, and leave to use it")
    home.configure("[profile.a]\n")
    kernel_keyring.put(home, "a")
    without = calls(home, home.path / "without")
    home.environment["OIDC_HELPER_SITE_CONFIG"] = str(home.path / "site.toml")
    (home.path / "site.toml").write_text("".join(f"[profile.p{number}]\n" for number in range(1_000)))
    kernel_keyring.put(home, "a")

    assert len(calls(home, home.path / "with")) <= len(without) + 1


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_variables_of_sdks_do_not_prevent_a_hit(home: Home, kernel_keyring: Place, variable: str) -> None:
    """SDKs pass their whole environment on to us."""
    home.configure("[profile.a]\n")
    kernel_keyring.put(home, "a")

    assert home.run("get", "a", **{variable: "a"}).stdout == BODY + "\n"


def torn(text: bytes) -> bytes:
    return text[: len(text) // 2]


def flipped(text: bytes) -> bytes:
    return text[:-20] + bytes([text[-20] ^ 1]) + text[-19:]


def of_the_future(text: bytes) -> bytes:
    return b"2" + text[1:]


def foreign(_text: bytes) -> bytes:
    return b"\xff\x00 somebody else's"


@pytest.mark.parametrize("damage", [torn, flipped, of_the_future, foreign])
def test_a_damaged_record_is_a_miss(home: Home, place: Place, damage: Callable[[bytes], bytes]) -> None:
    """The full program takes over, and reports the mistake in the configuration."""
    place.put(home, "a", damage=damage)

    assert home.run("get", "a").returncode == 2


@pytest.mark.parametrize("paused", [True, False], ids=["in a pause", "without one"])
def test_a_record_that_still_lives_is_a_hit_while_its_renewal_rests(
    home: Home, place: Place, monkeypatch: pytest.MonkeyPatch, *, paused: bool
) -> None:
    """SDKs ask before each request then, and a service that fails is not to be met each time."""
    place.put(home, "a", serve_for_s=0, lives_for_s=800)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    if paused:
        pause.begin(f"oidc-helper:credentials:a@{home.config}", time.time())

    done = home.run("get", "a")

    assert (done.returncode, done.stdout) == ((0, BODY + "\n") if paused else (2, ""))
    assert not (home.path / ".local/state/oidc-helper/renewals").exists(), "no renewal was started"


def test_an_expired_record_is_a_miss(home: Home, place: Place) -> None:
    """It is not served from serve-until on."""
    place.put(home, "a", serve_for_s=0)

    assert home.run("get", "a").returncode == 2


def test_an_edited_configuration_is_a_miss(home: Home, place: Place) -> None:
    """The stamp shows the edit without parsing the settings."""
    place.put(home, "a")
    home.configure("[profile.b]\n#\n")

    assert home.run("get", "a").returncode == 2


def test_an_edit_that_keeps_size_and_time_is_a_miss(home: Home, place: Place) -> None:
    """As by Nix, rsync -t, cp -p and a restored backup: the credentials of the former account were printed."""
    place.put(home, "a")
    before = home.config.stat()
    edited = home.path / "edited"
    edited.write_text("[profile.b]\n")
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    edited.replace(home.config)

    assert home.config.stat().st_size == before.st_size
    assert home.run("get", "a").returncode == 2


def test_an_override_is_a_miss(home: Home, place: Place) -> None:
    """--refresh demands new credentials, and another configuration has its own records."""
    place.put(home, "a")
    (home.path / "other.toml").write_text("[profile.a]\n")

    assert home.run("get", "--refresh", "a").returncode == 2
    assert home.run("get", "a", OIDC_HELPER_CONFIG=str(home.path / "other.toml")).returncode == 2


@pytest.mark.parametrize(
    "variables",
    [{"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, {"KEYRING_PROPERTY_X": ""}],
    ids=["back end", "property"],
)
def test_a_configured_keyring_is_respected(home: Home, vault: Place, variables: dict[str, str]) -> None:
    """Another back end does not have the record of the Secret Service."""
    home.environment.update(vault.environment)
    home.configure("[profile.a]\n")
    vault.put(home, "a")

    assert home.run("get", "a").returncode == 0
    assert home.run("get", "a", **variables).returncode == 2


@pytest.mark.parametrize("base", [".config", "elsewhere"])
def test_a_hit_looks_for_keyrings_settings_where_keyring_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str
) -> None:
    """A keyringrc.cfg means that keyring is configured, in either of its directories."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if base != ".config":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / base))

    assert not keyring_settings.exist()

    expected = core._config_path()  # type: ignore[no-untyped-call]

    assert expected.is_relative_to(tmp_path / base)

    expected.parent.mkdir(parents=True)
    expected.touch()

    assert keyring_settings.exist()


def test_an_unusual_vault_is_left_to_the_full_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Secret Service that is locked, hangs or does not exist is a miss within the time limit."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv(kernel.VARIABLE, "off")
    with private_secret_service() as service:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
        with closing(open_dbus_connection(service.address)) as bus:
            names = {"service": "entry", "username": "oidc-helper"}
            secretstorage.Collection(bus).create_item("label", names, parts.seal("text").encode())
        assert hit.read("entry") == b"text"
        os.kill(service.pid, signal.SIGSTOP)
        monkeypatch.setattr(hit, "_TIMEOUT_S", 0.05)
        assert hit.read("entry") is None
        os.kill(service.pid, signal.SIGCONT)
        monkeypatch.setattr(hit, "_TIMEOUT_S", 100)
        service.lock()
        assert hit.read("entry") is None

    assert hit.read("entry") is None


@pytest.mark.parametrize("xdg", ["", "/somewhere/config", "relative"])
def test_the_configuration_lies_where_platformdirs_says(monkeypatch: pytest.MonkeyPatch, xdg: str) -> None:
    """The hit path computes the same path by itself."""
    monkeypatch.setenv("XDG_CONFIG_HOME", xdg)

    expected = Path(platformdirs.user_config_path("oidc-helper", appauthor=False)) / "config.toml"

    assert paths.default_config_file() == str(expected)
