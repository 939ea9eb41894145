"""The person's browser: whether one can be opened, which one, and that it inherits nothing of ours."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_helper.person import browser

URL = "https://login.example.com/authorize?a=b&c=%22%27%3B&d=$(x)"
RECORD = """\
#!{python}
import json, os, sys
def target(number):
    return os.readlink(f"/proc/self/fd/{{number}}")
print("chatter")
print("noise", file=sys.stderr)
report = {{"argv": sys.argv, "streams": [target(0), target(1), target(2)], "leads": os.getsid(0) == os.getpid()}}
with open({record!r}, "w") as file:
    json.dump(report, file)
os.rename({record!r}, {record!r} + ".whole")
with open({release!r}):
    pass
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Makes programs in the directory `bin`; each reports how it was started, and ends once `release` is opened."""
    (tmp_path / "bin").mkdir()
    os.mkfifo(tmp_path / "release")

    def make(name: str) -> Path:
        path = tmp_path / "bin" / name
        record, release = str(tmp_path / f"{name}.json"), str(tmp_path / "release")
        path.write_text(RECORD.format(python=sys.executable, record=record, release=release))
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Linux machine that is neither WSL nor a container, wherever the tests run."""
    monkeypatch.setattr(browser, "_CONTAINER_FILES", ())
    monkeypatch.setattr(browser, "_is_wsl", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")


def started(tmp_path: Path, name: str) -> dict[str, Any]:
    """Wait for the program's report, and let it end."""
    with (tmp_path / "release").open("w"):  # opens when the program is there to read
        report: dict[str, Any] = json.loads((tmp_path / f"{name}.json.whole").read_text())
    return report


def test_the_browser_inherits_no_stream(tmp_path: Path, program: Callable[[str], Path]) -> None:
    """It outlives us, and nobody waits for its end or hears of it."""
    path = program("browser")
    done = subprocess.run(
        [sys.executable, "-c", f"from oidc_helper.person import browser; print(browser.open_browser({URL!r}))"],
        env={**os.environ, "BROWSER": str(path)},
        stdin=subprocess.PIPE,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == (b"True\n", b"")

    report = started(tmp_path, "browser")
    assert report == {"argv": [str(path), URL], "streams": ["/dev/null"] * 3, "leads": True}


@pytest.mark.parametrize(
    ("variable", "arguments"),
    [
        ("browser", [URL]),
        ("browser --new-window %s --x", ["--new-window", URL, "--x"]),
        ("browser '--a b'", ["--a b", URL]),
        ("nothing-of-that-name:'unfinished:browser", [URL]),
    ],
)
def test_browser_may_hold_arguments_and_alternatives(
    tmp_path: Path, program: Callable[[str], Path], variable: str, arguments: list[str]
) -> None:
    """And the place of the address; no shell sees any of it."""
    path = program("browser")
    environment = {"PATH": f"{path.parent}:{os.environ['PATH']}", "BROWSER": variable}
    old, os.environ["PATH"] = os.environ["PATH"], environment["PATH"]
    try:
        assert browser.open_browser(URL, environment)
    finally:
        os.environ["PATH"] = old

    assert started(tmp_path, "browser")["argv"] == [str(path), *arguments]


def test_browser_may_be_a_path_with_spaces(tmp_path: Path, program: Callable[[str], Path]) -> None:
    path = program("my browser")

    assert browser.open_browser(URL, {"BROWSER": str(path)})
    assert started(tmp_path, "my browser")["argv"] == [str(path), URL]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "-new-window",
        "https://x/ y",
        "https://x/\n",
        "https://x/\u202e",
        "",
    ],
)
def test_only_web_addresses_are_opened(url: str) -> None:
    """No program gets anything else."""
    with pytest.raises(ValueError, match="not a web address"):
        browser.open_browser(url, {"BROWSER": "true"})


@pytest.mark.usefixtures("linux")
def test_nothing_is_opened_without_a_program() -> None:
    assert not browser.open_browser(URL, {"PATH": "/nowhere", "DISPLAY": ":0"})
    assert not browser.open_browser(URL, {"BROWSER": "/nowhere/firefox"})


def test_a_program_that_cannot_run_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "browser"
    path.write_text("#!/nowhere/at/all\n")
    path.chmod(0o755)

    assert not browser.open_browser(URL, {"BROWSER": str(path), "PATH": "/nowhere"})


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"DISPLAY": ":0"}, ""),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ""),
        ({"SSH_CONNECTION": "x", "DISPLAY": "localhost:10"}, "this is an SSH session"),
        ({"SSH_TTY": "/dev/pts/0"}, "this is an SSH session"),
        ({"SSH_TTY": "/dev/pts/0", "BROWSER": "code"}, ""),
        ({}, "there is no display"),
        ({"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "there is no display"),
        ({"container": "podman"}, "this is a container"),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "this is a container"),
        ({"container": "podman", "WAYLAND_DISPLAY": "wayland-0"}, ""),
    ],
)
def test_a_display_and_a_program_make_a_browser(
    program: Callable[[str], Path], environment: dict[str, str], why: str
) -> None:
    """SSH sessions, and containers without them, have no browser of the person's."""
    path = program("xdg-open").parent

    assert browser.obstacle({"PATH": str(path), **environment}) == why


@pytest.mark.usefixtures("linux")
def test_a_display_alone_opens_nothing() -> None:
    assert browser.obstacle({"PATH": "/nowhere", "DISPLAY": ":0"}) == (
        "no program opens a browser: install xdg-utils or set BROWSER"
    )


@pytest.mark.usefixtures("linux")
def test_a_container_is_known_by_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker and Podman leave one in each."""
    (tmp_path / ".dockerenv").touch()
    monkeypatch.setattr(browser, "_CONTAINER_FILES", (str(tmp_path / ".dockerenv"),))

    assert browser.obstacle({}) == "this is a container"


@pytest.mark.usefixtures("linux")
@pytest.mark.parametrize(
    ("programs", "why"),
    [(["wslview"], ""), (["rundll32.exe"], ""), ([], "there is no display")],
)
def test_wsl_opens_the_browser_of_windows(
    program: Callable[[str], Path], programs: list[str], why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If a program can reach it; the address arrives unchanged."""
    monkeypatch.setattr(browser, "_is_wsl", lambda: True)
    for name in programs:
        program(name)
    environment = {"PATH": str(tmp_path / "bin")}
    assert browser.obstacle(environment) == why

    known = {"wslview": [URL], "rundll32.exe": ["url.dll,FileProtocolHandler", URL]}
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    for name in programs:
        assert browser.open_browser(URL, environment)
        assert started(tmp_path, name)["argv"][1:] == known[name]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_macos_and_windows_always_have_a_browser(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """But not over SSH."""
    monkeypatch.setattr(sys, "platform", system)

    assert browser.obstacle({}) == ""
    assert browser.obstacle({"SSH_CONNECTION": "x"}) == "this is an SSH session"


def test_each_desktop_has_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert list(browser._known({})) == [["/usr/bin/open"]]

    monkeypatch.setattr(sys, "platform", "win32")
    assert list(browser._known({})) == [["rundll32.exe", "url.dll,FileProtocolHandler"]]
