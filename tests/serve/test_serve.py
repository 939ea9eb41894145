"""`serve`: an endpoint for SDKs, from memory, that goes on whatever happens to one profile."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cli.arrangements import wait_until, with_caller
from cli.transcript import complaint, secrets
from homes import COMMAND, Home, file_config
from serve.serving import TOKEN, TOKEN_FILE, URL, read_variables, serving

from oidc_helper.cli import endpoint
from oidc_helper.doctor import program
from oidc_helper.emulator import Emulator
from oidc_helper.errors import OidcHelperError

EVERYWHERE = "0.0.0.0"  # noqa: S104  # the address that is warned of
# What systemd does: the socket is descriptor 3, and two variables name it and the process that it is for.
SYSTEMD = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
os.dup2(os.dup(listening.fileno()), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + int(sys.argv[1]))}
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_it_prints_what_leads_an_sdk_to_each_profile(ready: Home, emulator: Emulator) -> None:
    """One exchange for both; the members are those of the container provider."""
    with serving(ready, "analytics", "dev-admin") as running:
        told = running.variables
        answers = {name: running.credentials(name) for name in told}

    assert list(told) == ["analytics", "dev-admin"]
    assert told["analytics"][TOKEN] != told["dev-admin"][TOKEN]
    for answer in answers.values():
        assert answer.status == 200
        assert {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} <= set(answer.json)
        assert all(isinstance(value, str) for value in answer.json.values())
    assert answers["dev-admin"].json["AccountId"] == "111122223333"
    assert answers["analytics"].json["AccessKeyId"] == ready.get("analytics")["AccessKeyId"]
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_token_opens_its_own_profile_alone(ready: Home) -> None:
    """The error has the members that each SDK looks for, and neither token."""
    with serving(ready, "analytics", "dev-admin") as running:
        of_other = running.variables["dev-admin"][TOKEN]
        tokens: tuple[dict[str, str], ...] = (
            {},
            {"Authorization": of_other},
            {"Authorization": f"Bearer {running.variables['analytics'][TOKEN]}"},
        )
        answers = [running.ask("/v1/credentials/analytics", **token) for token in tokens]

    for answer in answers:
        assert answer.status == 401
        assert answer.json["code"] == answer.json["Code"] == "Unauthorized"
        assert answer.json["message"] == answer.json["Message"]
        assert "\n" not in answer.text
        assert of_other not in answer.text


REFUSED: tuple[tuple[int, dict[str, str]], ...] = (
    (403, {"Host": "attacker.example"}),
    (403, {"Host": "127.0.0.1.attacker.example"}),
    (403, {"Host": "192.0.2.7"}),
    (403, {"Host": ""}),
    (403, {"Host": "127.0.0.1."}),
    (403, {"Host": "localhost."}),
    (403, {"Host": "127.1"}),
    (403, {"Host": "2130706433"}),
    (403, {"Host": "someone@127.0.0.1"}),
    (403, {"Host": "127.0.0.1:80@attacker.example"}),
    (403, {"Host": "[::1].attacker.example"}),
    (403, {"Host": "[::1"}),
    (403, {"Origin": "http://127.0.0.1"}),
    (403, {"Sec_Fetch_Site": "same-origin"}),
    (400, {"X_Forwarded_For": "192.0.2.7"}),
    (400, {"Forwarded": "for=192.0.2.7"}),
    (405, {"method": "POST"}),
    (405, {"method": "PUT"}),
    (405, {"method": "HEAD"}),
    (405, {"method": "OPTIONS"}),
)


def test_what_no_sdk_sends_is_refused_though_the_token_is_right(ready: Home) -> None:
    """A page, a rebound name, a proxy; nothing allows a page to read it."""
    with serving(ready, "analytics") as running:
        token = running.variables["analytics"][TOKEN]
        answers = [running.ask("/v1/credentials/analytics", Authorization=token, **order) for _, order in REFUSED]

    assert [answer.status for answer in answers] == [status for status, _ in REFUSED]
    for answer in answers:
        assert "AccessKeyId" not in answer.text
        assert not any(name.lower().startswith("access-control") for name in answer.headers)


HOSTS = (
    *("127.0.0.1", "127.0.0.1:", "localhost:80", "LOCALHOST", "127.0.0.2", "[::1]", "[::1]:4"),
    *("169.254.170.2", "169.254.170.23:80", "[fd00:ec2::23]", "[FD00:EC2::23]"),
)


def test_the_hosts_of_sdks_are_answered(ready: Home) -> None:
    """With a port or without: the common runtime sends none."""
    with serving(ready, "analytics") as running:
        assert [running.credentials("analytics", Host=host).status for host in HOSTS] == [200] * len(HOSTS)


def test_two_hosts_are_refused(ready: Home) -> None:
    """Two readers could take one each."""
    with serving(ready, "analytics") as running, socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: attacker.example\r\nHost: 127.0.0.1\r\n\r\n")

        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_everybody_may_ask_how_it_stands_and_learns_no_name_or_secret(ready: Home, emulator: Emulator) -> None:
    """Neither of profiles nor of people."""
    with serving(ready, "analytics", "dev-admin") as running:
        health = [running.ask(path) for path in ("/healthz", "/readyz", "/readyz/analytics")]
        running.credentials("analytics")
        metrics = running.ask("/metrics").text
        tokens = {told[TOKEN] for told in running.variables.values()}

    assert [(one.status, one.text) for one in health] == [(200, "ok\n")] * 3
    assert 'oidc_helper_answers_total{status="200"} 4.0' in metrics
    assert "oidc_helper_profiles_ready 2.0" in metrics
    assert "oidc_helper_fetches_total" in metrics
    assert not [word for word in ("analytics", "dev-admin", "alice", *tokens) if word in metrics]
    assert not [secret for secret in secrets(ready, emulator) if secret in metrics]


def test_there_is_nothing_else(ready: Home) -> None:
    """A stranger learns no names from it."""
    places = (
        "/",
        "/v1/credentials",
        "/v1/credentials/",
        "/v1/credentials/other",
        "/readyz/other",
        "/metrics/analytics",
    )
    with serving(ready, "analytics") as running:
        token = running.variables["analytics"][TOKEN]
        answers = [running.ask(path, Authorization=token) for path in places]

    assert [answer.status for answer in answers] == [404] * len(places)
    assert not any("analytics" in answer.text for answer in answers)


def test_where_a_person_is_needed_programs_are_told_and_it_goes_on(home: Home, emulator: Emulator) -> None:
    """The hint is in what SDKs show, other profiles are served, and the sign-in is found without a new start."""
    other = 'identity = "later"'
    config = file_config(
        emulator, profiles=f'[profile.other]\nrole_arn = "{emulator.directory.analytics_role_arn}"\n{other}'
    )
    home.configure(f'{config}\n[identity.later]\nsource = "file"\npath = "later"\n')
    home.write_token(emulator.mint("alice@example.com"))
    with serving(home, "analytics", "other") as running:
        missing = running.credentials("other")
        ready = [running.ask(path).status for path in ("/readyz", "/readyz/other", "/readyz/analytics", "/healthz")]

        assert missing.status == 503
        assert missing.json["code"] == missing.json["Code"] == "SignInNeeded"
        assert "hint: " in missing.json["message"]
        assert missing.json["message"] == missing.json["Message"]
        assert ready == [503, 503, 200, 200]
        assert running.credentials("analytics").status == 200

        (home.path / "later").write_text(emulator.mint("bob@example.com"))
        running.hang_up()
        wait_until(lambda: running.credentials("other").status == 200)
        done = running.stop()

    assert done.returncode == 0
    assert "oidc-helper: other: " in done.stderr
    assert "other: there are credentials again" in done.stderr


def test_a_provider_that_is_down_at_the_start_is_told(ready: Home, emulator: Emulator) -> None:
    """The endpoint is there before the credentials are."""
    emulator.fault("CreateTokenWithIAM", status=503, times=None)
    with serving(ready, "analytics") as running:
        answer = running.credentials("analytics")

    assert (answer.status, answer.json["code"]) == (503, "CredentialsUnavailable")
    assert "503" in answer.json["message"]


def test_an_endpoint_that_would_ask_itself_for_the_callers_keys_is_told(ready: Home, emulator: Emulator) -> None:
    """As where it starts anew, at the same port, in a shell that has its variables; so is that of exec."""
    with_caller(ready, "{ environment = true }")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1/credentials/analytics"
    ready.environment |= {URL: url, TOKEN: "former"}
    with serving(ready, "analytics", "--port", str(port)) as running:
        answer = running.credentials("analytics")
        of_exec = complaint(ready.run("exec", "--endpoint", "analytics", "true"))
        told = running.stop().stderr

    cycle = f"the settings lead back to oidc-helper: profile analytics -> the container's endpoint {url}"
    assert (answer.status, answer.json["code"]) == (503, "WrongSettings")
    assert answer.json["message"].startswith(f"{cycle}; hint: start it without {URL}")
    assert f"oidc-helper: analytics: {cycle}\nhint: start it without {URL}" in told
    assert (of_exec.code, of_exec.message) == (2, cycle)
    assert emulator.requests == []


def test_readiness_is_told_while_fetches_fail(ready: Home, emulator: Emulator) -> None:
    """A probe waits; a person reads why."""
    emulator.fault("CreateTokenWithIAM", status=503, times=None)
    with serving(ready, "analytics") as running:
        answer = running.ask("/readyz")

    assert answer.status == 503
    assert answer.json["message"].startswith("there are no credentials with enough time left")


def test_a_store_out_of_reach_is_told(ready: Home) -> None:
    """As get tells it: the tokens lie in a keyring that this session has not."""
    ready.environment["OIDC_HELPER_KERNEL_KEYRING"] = "off"
    ready.get("analytics")
    expected = complaint(ready.run("get", "dev-admin", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"))
    with serving(ready, "dev-admin", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring") as running:
        answer = running.credentials("dev-admin")

    assert expected.code == 6
    assert (answer.status, answer.json["message"]) == (503, f"{expected.message}; hint: {expected.hint}")


def test_what_no_place_takes_serves_the_endpoint_for_as_long_as_it_runs(ready: Home, emulator: Emulator) -> None:
    """In a container without keyrings its tokens are in hand: another profile, and a renewal, take no new exchange."""
    backend = "keyring.backends.null.Keyring"
    words = ("analytics", "dev-admin")
    with serving(ready, *words, PYTHON_KEYRING_BACKEND=backend, OIDC_HELPER_KERNEL_KEYRING="off") as running:
        answers = [running.credentials(name).status for name in words]
        warned = running.stop().stderr

    assert answers == [200, 200]
    assert warned.count("cannot keep the tokens of job") == 1
    assert emulator.count("CreateTokenWithIAM") == 1


def test_it_reads_the_settings_anew(ready: Home, emulator: Emulator) -> None:
    """Credentials of the former role are not handed out any more."""
    with serving(ready, "analytics") as running:
        before = running.credentials("analytics").json["AccessKeyId"]
        ready.configure(ready.config.read_text().replace("\nrole_arn", '\nrole_session_name = "new"\nrole_arn'))
        running.hang_up()
        wait_until(
            lambda: (answer := running.credentials("analytics")).status == 200 and answer.json["AccessKeyId"] != before
        )

    assert emulator.count("CreateTokenWithIAM") == 1


def test_settings_that_are_wrong_leave_the_former_in_force(ready: Home) -> None:
    """It says so."""
    with serving(ready, "analytics") as running:
        ready.configure("[profile")
        running.hang_up()
        assert running.process.stderr
        told = running.process.stderr.readline()
        answer = running.credentials("analytics")

    assert "the former settings stay in force" in told
    assert answer.status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(ready: Home, number: int) -> None:
    """Exit code 0, and nothing said; an idle connection is no obstacle."""
    with serving(ready, "analytics") as running, socket.create_connection(("127.0.0.1", running.port)):
        running.process.send_signal(number)
        stdout, stderr = running.process.communicate(timeout=60)

    assert (running.process.returncode, stdout, stderr) == (0, "", "")


def test_a_fetch_that_is_under_way_is_finished_before_the_end(ready: Home, emulator: Emulator) -> None:
    """Its token is spent already."""
    emulator.fault("CreateTokenWithIAM", delay_s=1)
    process = ready.start("serve", "analytics")
    assert emulator.wait_for("CreateTokenWithIAM")
    process.send_signal(signal.SIGTERM)
    stdout, _ = process.communicate(timeout=60)

    assert (process.returncode, stdout) == (0, "")
    assert ready.get("analytics")
    assert emulator.count("CreateTokenWithIAM") == 1


def test_the_token_files_are_private_and_without_a_newline(ready: Home) -> None:
    """They are replaced by rename, and gone afterwards."""
    template = str(ready.path / "{profile}.token")
    old = ready.path / "analytics.token"
    old.write_text("old")
    old.chmod(0o644)
    inode = old.stat().st_ino
    with serving(ready, "analytics", "dev-admin", "--token-file", template, with_files=True) as running:
        for name, told in running.variables.items():
            path = Path(told[TOKEN_FILE])
            assert path == ready.path / f"{name}.token"
            assert path.read_text() == told[TOKEN]
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert old.stat().st_ino != inode
        assert running.stop().returncode == 0

    assert not list(ready.path.glob("*.token"))


def test_it_takes_the_socket_that_systemd_passes_and_tells_it_when_it_answers(ready: Home) -> None:
    """READY=1 comes with the answer."""
    with notified(ready) as systemd:
        process = subprocess.Popen(
            [sys.executable, "-c", SYSTEMD, "0", COMMAND, "serve", "analytics", "--fd"],
            env=ready.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ready.path,
        )
        running = read_variables(process, 1)
        assert running.credentials("analytics").status == 200
        assert systemd.recv(100) == b"READY=1"
        assert running.stop().returncode == 0
        assert systemd.recv(100) == b"STOPPING=1"


def test_systemd_is_told_of_the_end_when_it_begins(ready: Home, emulator: Emulator) -> None:
    """While a fetch is under way, which is finished."""
    ready.configure(file_config(emulator, identity='source = "command"\ncommand = ["cat", "pipe"]'))
    os.mkfifo(ready.path / "pipe")
    with notified(ready) as systemd:
        process = ready.start("serve", "analytics")
        with (ready.path / "pipe").open("w") as source:
            process.send_signal(signal.SIGTERM)
            assert systemd.recv(100) == b"STOPPING=1"
            source.write(emulator.mint("alice@example.com"))
        assert process.communicate(timeout=60) == ("", "")

    assert process.returncode == 0
    assert ready.get("analytics")
    assert emulator.count("CreateTokenWithIAM") == 1


@contextmanager
def notified(home: Home) -> Iterator[socket.socket]:
    """The socket at which systemd hears of a service that this home starts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        home.environment["NOTIFY_SOCKET"] = str(home.path / "notify")
        systemd.bind(home.environment["NOTIFY_SOCKET"])
        yield systemd


def test_a_socket_for_another_process_is_not_taken(ready: Home) -> None:
    words = [sys.executable, "-c", SYSTEMD, "1", str(COMMAND), "serve", "analytics", "--fd"]
    done = subprocess.run(words, env=ready.environment, capture_output=True, text=True, check=False, cwd=ready.path)
    told = complaint(done)

    assert (told.code, "LISTEN_PID" in told.message) == (2, True)


def test_listening_for_others_is_warned_of(ready: Home) -> None:
    """The variables still lead programs of this machine."""
    with serving(ready, "analytics", "--bind", EVERYWHERE) as running:
        assert running.variables["analytics"][URL].startswith("http://127.0.0.1:")
        assert running.credentials("analytics").status == 200
        warned = running.stop().stderr

    assert f"warning: other machines can reach {EVERYWHERE}" in warned


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["analitics"], "did you mean analytics?"),
        (["analytics", "--port", "70000"], "there is no port 70000"),
        (["analytics", "--bind", "example.com"], "no IP address"),
        (["analytics", "--bind", "192.0.2.1"], "this machine has no address 192.0.2.1"),
        (["analytics", "--fd"], "LISTEN_FDS is not set"),
        (["analytics", "--fd", "0"], "descriptor 0 is no"),
        (["analytics", "--fd", "99"], "descriptor 99 is no open socket"),
        (["analytics", "--fd", "3", "--port", "1"], "has its own address and port"),
        (["analytics", "dev-admin", "--token-file", "token"], "a token of its own"),
        (["analytics", "--token-file", "nowhere/token"], "no such file or directory"),
        (["tokens-only"], "has nothing to get credentials for"),
        ([], "needs the name of a profile"),
    ],
)
def test_bad_input_is_an_error_before_anything_is_asked(
    ready: Home, emulator: Emulator, words: list[str], message: str
) -> None:
    ready.configure(f"{ready.config.read_text()}\n[profile.tokens-only]\n")
    told = complaint(ready.run("serve", *words))

    assert told.code == 2
    assert message in told.message
    assert told.hint
    assert emulator.requests == []


@pytest.mark.parametrize("words", [("serve", "analytics"), ("emulator",), ("emulator", "--write", "try")])
def test_a_port_that_is_taken_is_named(ready: Home, words: tuple[str, ...]) -> None:
    """In the same words by each command that listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = complaint(ready.run(*words, "--port", str(port)))

    assert (told.code, told.message) == (2, f"port {port} of 127.0.0.1 is taken")
    assert told.hint == "end what listens there, or choose another --port"


def test_without_the_extra_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(OidcHelperError) as failure:
        endpoint.require_libraries()

    assert "uvicorn" in failure.value.message
    assert "httptools" not in failure.value.message
    assert failure.value.hint == program.to_install("serve")


def test_no_other_command_imports_its_libraries(ready: Home) -> None:
    """They take 100 ms."""
    told = ready.run("get", "analytics", PYTHONVERBOSE="1", PYTHONUNBUFFERED="1").stderr

    assert not re.search(r"import '?(uvicorn|prometheus_client|httptools)", told)


def test_the_process_that_answers_makes_no_client_of_aws(ready: Home) -> None:
    """Each would keep all who ask waiting for 20 ms and more."""
    with (ready.path / "imports").open("w+") as imports:
        process = subprocess.Popen(
            [COMMAND, "serve", "analytics"],
            env={**ready.environment, "PYTHONPROFILEIMPORTTIME": "1"},
            cwd=ready.path,
            stdout=subprocess.PIPE,
            stderr=imports,
            text=True,
        )
        running = read_variables(process, 1)
        assert running.credentials("analytics").status == 200
        running.stop()
        imports.seek(0)
        loaded = {line.rpartition("|")[2].split(".")[0].strip() for line in imports}

    assert "uvicorn" in loaded
    assert "botocore" not in loaded


def test_neither_arguments_nor_stderr_have_a_token(ready: Home) -> None:
    """The trace of --debug included, which shows each call of a fetch."""
    with serving(ready, "analytics", "--debug") as running:
        token = running.variables["analytics"][TOKEN]
        running.credentials("analytics")
        arguments = Path(f"/proc/{running.process.pid}/cmdline").read_text()
        trace = running.stop().stderr

    assert "debug: CreateTokenWithIAM at " in trace
    assert token not in arguments + trace


def test_a_thousand_slow_clients_keep_nobody_waiting(ready: Home) -> None:
    """Each has sent half a request; the oldest make way."""
    with serving(ready, "analytics") as running:
        slow = []
        try:
            for _ in range(1_000):
                client = socket.create_connection(("127.0.0.1", running.port))
                client.sendall(b"GET /v1/credentials/analytics HTTP/1.1\r\nHost: ")
                slow.append(client)
            assert running.credentials("analytics").status == 200
            slow[0].settimeout(30)
            with suppress(ConnectionResetError):
                assert slow[0].recv(1) == b""
        finally:
            for client in slow:
                client.close()


def test_a_request_without_end_is_cut(ready: Home) -> None:
    with serving(ready, "analytics") as running, socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        with suppress(ConnectionError):
            for _ in iter(lambda: client.sendall(b"X: y\r\n" * 1_000), 0):
                pass
        assert running.ask("/healthz").status == 200


def test_the_answer_of_an_error_is_ascii_and_short(ready: Home) -> None:
    """The common runtime of AWS takes 10,000 bytes."""
    with serving(ready, "analytics") as running:
        answer = running.ask("/v1/credentials/analytics")

    assert answer.text.isascii()
    assert len(json.dumps(answer.json)) < 10_000
