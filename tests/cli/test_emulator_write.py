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


def exported(lines: list[str]) -> dict[str, str]:
    """The variables of the printed lines, as a shell without any would have them."""
    pairs = [shlex.split(line)[1].partition("=") for line in lines if line.startswith("export ") and "$" not in line]
    return {name: value for name, _, value in pairs}


@contextmanager
def written(home: Home, directory: Path, *options: str) -> Iterator[dict[str, str]]:
    """The emulator with its files in that directory; yields the variables that it printed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
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
