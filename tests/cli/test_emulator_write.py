"""`emulator --write`: both configuration files, with which a newcomer's first steps work at once."""

import os
import shlex
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from cli.transcript import complaint
from homes import Home

from oidc_helper.settings.writing import BACKUP


def exported(lines: list[str]) -> dict[str, str]:
    """The variables of the printed lines, as a shell without any would have them."""
    pairs = [shlex.split(line)[1].partition("=") for line in lines if line.startswith("export ") and "$" not in line]
    return {name: value for name, _, value in pairs}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def written(home: Home, directory: Path, *options: str, port: int = 0) -> Iterator[dict[str, str]]:
    """The emulator with its files in that directory; yields the variables that it printed."""
    port = port or free_port()
    with home.start("emulator", "--write", str(directory), "--port", str(port), *options) as process:
        assert process.stdout
        lines: list[str] = []
        while not lines or not lines[-1].startswith("# mallory@example.com"):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()[1]
        yield exported(lines)
        process.terminate()


@pytest.mark.parametrize("options", [(), ("--https",)], ids=["http", "https"])
def test_the_files_lead_an_sdk_to_credentials(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """With nothing but what was printed and written."""
    with written(home, tmp_path / "try", *options) as variables:
        for name in [name for name in os.environ if name.startswith(("AWS_", "OIDC_"))]:
            monkeypatch.delenv(name)
        for name, value in {**home.environment, **variables}.items():
            monkeypatch.setenv(name, value)
        arn = boto3.Session(profile_name="nightly").client("sts").get_caller_identity()["Arn"]
        others = [home.run("explain", name, **variables).returncode for name in ("analytics", "remote", "dev-admin")]

    assert variables["OIDC_HELPER_SITE_CONFIG"] == ""
    assert arn.split(":")[5].startswith("assumed-role/analytics/")
    assert others == [0, 0, 0]


@pytest.mark.parametrize("name", ["identity-token", "ca.pem"])
def test_each_file_is_for_its_owner_alone_and_written_anew(home: Home, tmp_path: Path, name: str) -> None:
    with written(home, tmp_path, "--https"):
        first = (tmp_path / name).read_text()
    with written(home, tmp_path, "--https"):
        second = (tmp_path / name).read_text()

    assert first != second
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_what_was_added_stays(home: Home, tmp_path: Path) -> None:
    """A profile of `configure`, say: the next start renews the token alone."""
    port = free_port()
    with written(home, tmp_path, port=port):
        token = (tmp_path / "identity-token").read_text()
    for name, more in (("config.toml", "\n[profile.mine]\nrole_arn = 'x'\n"), ("aws-config", "\n[profile mine]\n")):
        (tmp_path / name).write_text((tmp_path / name).read_text() + more)
    before = [(tmp_path / name).read_text() for name in ("config.toml", "aws-config")]
    with written(home, tmp_path, port=port) as variables:
        assert variables["AWS_CONFIG_FILE"] == str(tmp_path / "aws-config")

    assert [(tmp_path / name).read_text() for name in ("config.toml", "aws-config")] == before
    assert (tmp_path / "identity-token").read_text() != token


def test_a_second_run_says_that_the_sign_ins_of_the_first_are_over(home: Home, tmp_path: Path) -> None:
    """Seen: status showed them, and doctor looked for the fault at AWS."""
    port = free_port()
    with written(home, tmp_path, port=port) as variables:
        home.get("nightly", **variables)
    with home.start("emulator", "--write", str(tmp_path), "--port", str(port)) as process:
        assert process.stderr
        told = process.stderr.readline()
        done = home.run("logout", "--all", **variables)
        process.terminate()

    assert told.endswith("to forget them: oidc-helper logout --all\n")
    assert (done.returncode, "signed out of nightly" in done.stdout) == (0, True)


def test_a_file_that_led_elsewhere_is_written_anew_and_kept_beside(home: Home, tmp_path: Path) -> None:
    with written(home, tmp_path):
        pass
    with (tmp_path / "config.toml").open("a") as file:
        file.write("\n[profile.mine]\nrole_arn = 'x'\n")
    with written(home, tmp_path) as variables:  # at another port
        config = Path(variables["OIDC_HELPER_CONFIG"])

    assert "profile.mine" not in config.read_text()
    assert "profile.mine" in config.with_name(config.name + BACKUP).read_text()


@pytest.mark.parametrize("name", ["config.toml", "aws-config", "identity-token", "ca.pem"])
def test_a_file_that_is_not_the_emulators_is_left_alone(home: Home, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("# mine\n")
    told = complaint(home.run("emulator", "--write", str(tmp_path), "--port", "0", "--https"))

    assert (told.code, f"{name} is not the emulator's" in told.message) == (2, True)
    assert [(path.name, path.read_text()) for path in tmp_path.glob("*")] == [(name, "# mine\n")]


def test_a_directory_in_the_place_of_a_file_is_named(home: Home, tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    told = complaint(home.run("emulator", "--write", str(tmp_path)))

    assert (told.code, "is not a regular file" in told.message) == (2, True)
