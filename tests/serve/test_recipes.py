"""The units and recipes that are installed beside the manual, run as far as this machine can."""

import configparser
import json
import os
import shutil
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from fakes.places import needs
from homes import COMMAND, Home
from ruamel.yaml import YAML
from serve.serving import TOKEN, read_variables

from oidc_helper.emulator import Emulator

ROOT = Path(__file__).parents[2]
SHARE = ROOT / "share"
MANUAL = (ROOT / "man/oidc-helper-serve.1").read_text()
ADDRESS = "169.254.170.2"
# Runs the emulator where it stands, and writes down what a home needs.
EMULATOR = """
import json, sys, time
from oidc_helper.emulator import Emulator
with Emulator() as running:
    directory = running.directory
    told = [running.environment, running.mint("alice@example.com"), directory.application_arn,
            directory.identity_center_region, directory.caller_role_arn, directory.analytics_role_arn]
    print(json.dumps(told), flush=True)
    sys.stdin.read()
"""


def documents(name: str) -> list[Any]:
    return list(YAML(typ="safe").load_all((SHARE / name).read_text()))


def is_installed(name: str) -> str:
    """Where the wheel puts a file of `share`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    data: dict[str, str] = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    return data[f"share/{name}"]


@pytest.mark.parametrize("path", sorted(SHARE.iterdir()), ids=lambda path: path.name)
def test_each_file_is_installed_and_in_the_manual(path: Path) -> None:
    place = is_installed(path.name)

    assert path.name in MANUAL
    assert (Path(place).parent.as_posix() in MANUAL) or (place in MANUAL)
    assert (Path(sys.prefix) / place).read_bytes() == path.read_bytes()


def test_the_manifest_is_sound() -> None:
    """By the schemas of Kubernetes itself."""
    needs(find_spec("kubernetes_validate"), "kubernetes-validate")
    import kubernetes_validate

    for document in documents("kubernetes.yaml"):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def pod() -> dict[str, Any]:
    (found,) = (one for one in documents("kubernetes.yaml") if one["kind"] == "Pod")
    spec: dict[str, Any] = found["spec"]
    return spec


def in_place_of(home: Home, words: Sequence[str]) -> list[str]:
    """A container's command with directories of the home, and our program and interpreter."""
    replaced = {"/tokens": str(home.path / "tokens"), "oidc-helper": str(COMMAND), "python": sys.executable}
    found = []
    for word in words:
        for before, after in {"/tokens/": f"{home.path}/tokens/", "exec oidc-helper ": f"exec {COMMAND} "}.items():
            word = word.replace(before, after)  # noqa: PLW2901  # step by step
        found.append(replaced.get(word, word))
    return found


@contextmanager
def running_quietly(home: Home, words: Sequence[str], **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        words, env={**home.environment, **variables}, cwd=home.path, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def wait_for_probe(home: Home, words: Sequence[str]) -> None:
    while subprocess.run(words, env=home.environment, stderr=subprocess.DEVNULL, check=False).returncode:
        pass


def test_the_pod_works_on_loopback(ready: Home) -> None:
    """Sidecar, probe and client of the manifest, with the projected token in a file."""
    (sidecar,), (app,) = pod()["initContainers"], pod()["containers"]
    (ready.path / "tokens").mkdir()
    client = {one["name"]: one["value"] for one in app["env"]}
    client["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(ready.path / "tokens/analytics")
    with running_quietly(ready, in_place_of(ready, sidecar["command"])):
        wait_for_probe(ready, in_place_of(ready, sidecar["startupProbe"]["exec"]["command"]))
        words = [sys.executable, "-m", "awscli", *app["command"][1:]]
        done = subprocess.run(
            words,
            env={**ready.environment, **client, "AWS_DEFAULT_REGION": "eu-west-1"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["Arn"] == "arn:aws:sts::123456789012:assumed-role/analytics/alice@example.com"


def test_the_pods_configuration_is_read(ready: Home, emulator: Emulator) -> None:
    """The one of the ConfigMap, as it stands."""
    (config,) = (one["data"]["config.toml"] for one in documents("kubernetes.yaml") if one["kind"] == "ConfigMap")
    ready.configure(config)

    assert ready.run("explain", "analytics").returncode == 0


def test_the_sidecar_and_the_client_meet() -> None:
    """One port, one user, and the token's file where the other looks for it."""
    (sidecar,), (app,) = pod()["initContainers"], pod()["containers"]
    told = {one["name"]: one["value"] for one in app["env"]}

    assert "--port 9421" in sidecar["command"][2]
    assert told["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://127.0.0.1:9421/v1/credentials/analytics"
    assert {mount["mountPath"] for mount in app["volumeMounts"]} == {"/tokens"}
    assert pod()["securityContext"]["runAsUser"] == 1000


def test_the_units_start_it_with_the_socket(ready: Home) -> None:
    """The very command line of the service, with the descriptor and the variables that systemd gives."""
    units = {}
    for suffix in ("service", "socket"):
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string((SHARE / f"oidc-helper-serve.{suffix}").read_text())
        units[suffix] = parser
    line = units["service"]["Service"]["ExecStart"].replace("%t", str(ready.path)).replace("$PROFILES", "analytics")
    (ready.path / "oidc-helper-serve").mkdir(mode=0o700)
    as_systemd = (
        "import os, socket, sys\n"
        "listening = socket.create_server(('127.0.0.1', 0))\n"
        "os.dup2(os.dup(listening.fileno()), 3)\n"
        "os.environ |= {'LISTEN_FDS': '1', 'LISTEN_PID': str(os.getpid())}\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", as_systemd, *line.split()],
        env={**ready.environment, "PATH": f"{COMMAND.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        running = read_variables(process, 1, with_files=True)
        assert running.credentials("analytics").status == 200
        assert (ready.path / "oidc-helper-serve/analytics").read_text() == running.variables["analytics"][TOKEN]
    finally:
        process.kill()
        process.communicate()

    assert units["socket"]["Socket"]["ListenStream"].startswith("127.0.0.1:")
    assert units["service"]["Service"]["StandardOutput"] == "null"


@pytest.fixture
def namespace() -> Iterator[list[str]]:
    """The words before a command that runs it where the machine has the address of the container endpoint."""
    ip = shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    needs(ip and hasattr(os, "geteuid") and os.geteuid() == 0, "root, and ip of iproute2, for a network namespace")
    name = f"oidc-{uuid.uuid4().hex[:8]}"
    made = subprocess.run([str(ip), "netns", "add", name], capture_output=True, text=True, check=False)
    needs(made.returncode == 0, "a kernel that lets root make a network namespace")
    inside = [str(ip), "netns", "exec", name]
    try:
        subprocess.run([*inside, str(ip), "link", "set", "lo", "up"], check=True)
        subprocess.run([*inside, str(ip), "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
        yield inside
    finally:
        subprocess.run([str(ip), "netns", "delete", name], check=True)


def test_the_containers_of_compose_meet_at_the_address_of_ecs(home: Home, namespace: list[str]) -> None:
    """Its commands and variables, on one machine that has that address; RELATIVE_URI leads there."""
    (compose,) = documents("compose.yaml")
    server, app = compose["services"]["credentials"], compose["services"]["app"]
    assert server["networks"]["credentials"]["ipv4_address"] == ADDRESS
    (home.path / "tokens").mkdir()
    emulator = subprocess.Popen(
        [*namespace, sys.executable, "-c", EMULATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert emulator.stdout
        variables, token, *arns = json.loads(emulator.stdout.readline())
        home.environment |= variables
        home.write_token(token)
        application, region, caller, role = arns
        home.configure(
            f'[identity.job]\nsource = "file"\npath = "token"\n[defaults]\nidentity = "job"\n'
            f'application_arn = "{application}"\nidentity_center_region = "{region}"\n'
            f'caller = {{ web_identity_role_arn = "{caller}" }}\n[profile.analytics]\nrole_arn = "{role}"\n'
        )
        client = {
            **app["environment"],
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(home.path / "tokens/analytics"),
            "AWS_DEFAULT_REGION": app["environment"]["AWS_REGION"],
        }
        with running_quietly(home, [*namespace, *in_place_of(home, server["command"])]) as process:
            wait_for_probe(home, [*namespace, *in_place_of(home, server["healthcheck"]["test"][1:])])
            done = subprocess.run(
                [*namespace, sys.executable, "-m", "awscli", *app["command"]],
                env={**home.environment, **client},
                capture_output=True,
                text=True,
                check=False,
            )
            assert process.poll() is None
    finally:
        emulator.kill()
        emulator.communicate()

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["Arn"] == "arn:aws:sts::123456789012:assumed-role/analytics/alice@example.com"
