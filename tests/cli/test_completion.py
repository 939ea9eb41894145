"""Completion in the shells themselves, and its installation."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from cli.transcript import complaint
from fakes.places import needs
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper.cli import completion
from oidc_helper.cli.arguments import COMMANDS
from oidc_helper.emulator import Emulator

# How each shell is started so that it reads the startup file of the home alone.
SHELLS = {"bash": ("--noprofile",), "zsh": ("-o", "no_global_rcs")}


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.environment["PATH"] = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    home.environment["HOME"] = str(home.path)
    return home


TYPED = [("oidc-helper expl", "explain"), ("oidc-helper get anal", "analytics"), ("oidc-helper status --ch", "--check")]


def installed(ready: Home, shell: str) -> str:
    """The path of a shell that has our completion."""
    program = shutil.which(shell)
    needs(program is not None, shell)
    assert ready.run("completion", "--install", "--yes", shell).returncode == 0
    return str(program)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_a_tab_completes_commands_options_and_profiles(ready: Home, shell: str, typed: str, completed: str) -> None:
    """Once it is installed; the names of profiles come from the configuration."""
    at_tty = ["/bin/sh", "-c", 'exec "$@" </dev/tty >/dev/tty 2>&1', "sh"]

    with at_terminal(
        [*at_tty, installed(ready, shell), *SHELLS[shell], "-i"], ready.environment, directory=ready.path
    ) as person:
        person.type("echo re''ady\r")
        person.see("ready")
        person.type(f"{typed}\t")
        person.see(completed)


@pytest.mark.parametrize(("typed", "completed"), TYPED)
def test_fish_completes_commands_options_and_profiles(ready: Home, typed: str, completed: str) -> None:
    """It says itself what it would offer at a tab."""
    offered = subprocess.run(
        [installed(ready, "fish"), "-c", f"complete -C {shlex.quote(typed)}"],
        env=ready.environment,
        cwd=ready.path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert completed in [line.partition("\t")[0] for line in offered.splitlines()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_asks_for_names_by_the_command(ready: Home, shell: str) -> None:
    """PowerShell cannot be run here: its script is only looked at."""
    script = ready.run("completion", shell).stdout

    assert "oidc-helper completion --names profiles" in script
    assert "create-token-with-iam" in script or shell == "zsh"


def test_an_installation_is_shown_and_asks(ready: Home) -> None:
    """Nothing is written without a yes."""
    rc = ready.path / ".bashrc"
    rc.write_text("alias l=ls")

    with at_terminal([COMMAND, "completion", "--install", "bash"], ready.environment, directory=ready.path) as person:
        person.see("write this? [y/N] ")
        person.type("\r")
        refused = person.ended()
    without_terminal = complaint(ready.run("completion", "--install", "bash"))

    assert "+. " in refused.stdout
    assert refused.stdout.endswith("nothing was written\n")
    assert (without_terminal.code, without_terminal.hint) == (2, "add --yes")
    assert rc.read_text() == "alias l=ls"


def test_an_installation_is_made_once(ready: Home) -> None:
    """What was in the startup file stays."""
    rc = ready.path / ".bashrc"
    rc.write_text("alias l=ls")
    first = ready.run("completion", "--install", "--yes", "bash")
    after = rc.read_text()
    second = ready.run("completion", "--install", "--yes", "bash")

    assert (first.returncode, second.returncode) == (0, 0)
    assert after.startswith("alias l=ls\n. ")
    assert Path(after.split()[-1]).read_text() == ready.run("completion", "bash").stdout
    assert "installed already" in second.stdout
    assert rc.read_text() == after


def test_names_are_listed_in_the_middle_of_trouble(ready: Home) -> None:
    """A tab is no place for an error."""
    assert ready.run("completion", "--names", "profiles").stdout.split() == ["analytics", "dev-admin"]
    assert ready.run("completion", "--names", "identities").stdout.split() == ["job"]
    assert "configure" not in ready.run("completion", "--names", "profiles").stdout
    ready.configure("[")
    done = ready.run("completion", "--names", "profiles")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_unknown_shell_is_wrong_usage(ready: Home) -> None:
    """And so is none."""
    for words in (("completion", "tcsh"), ("completion",)):
        assert complaint(ready.run(*words)).code == 2


def test_the_command_line_takes_every_shell() -> None:
    """It has a list of its own, so that no command loads what it does not need."""
    (command,) = (command for command in COMMANDS if command.name == "completion")
    (shell,) = (argument for argument in command.arguments if argument.flag == "shell")

    assert shell.keywords["choices"] == tuple(completion.SHELLS)


def test_a_path_of_any_characters_is_quoted_for_its_shell(ready: Home) -> None:
    """A home may be called anything."""
    home = ready.path / "o'brien; $x"
    home.mkdir()
    done = ready.run("completion", "--install", "--yes", "bash", HOME=str(home), XDG_DATA_HOME=str(home / "data"))
    loaded = subprocess.run(
        ["bash", "--noprofile", "-c", f". {shlex.quote(str(home / '.bashrc'))} && complete -p oidc-helper"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.returncode == 0
    assert "oidc-helper" in loaded.stdout


def test_a_script_of_another_version_is_told_as_changed(ready: Home) -> None:
    """Only a first one is new."""
    first = ready.run("completion", "--install", "--yes", "fish").stdout
    script = Path(first.partition("new: ")[2].partition("\n")[0])
    script.write_text("# older\n")

    assert ready.run("completion", "--install", "--yes", "fish").stdout.startswith(f"changed: {script}\n")
