"""A configuration that another user wrote, or can write, is refused: it names programs that we run."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes.places import needs
from settings.settings_files import COMPLETE, load_at, refusal_at

STRANGER = 12_345
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a stat has no permissions there")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "etc/oidc-helper/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(COMPLETE)
    return path


@pytest.fixture
def staff(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose users all have one group."""
    monkeypatch.setattr("grp.getgrgid", lambda number: SimpleNamespace(gr_gid=number, gr_name="staff", gr_mem=[]))


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646], ids=oct)
def test_a_file_that_others_can_write_is_refused_with_the_command_that_closes_it(file: Path, mode: int) -> None:
    file.chmod(mode)

    error = refusal_at(file)

    assert error.message == f"{file}: others can write it"
    assert error.hint == f"chmod go-w {file}"


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757], ids=oct)
@pytest.mark.parametrize("above", [0, 1])
def test_a_directory_that_others_can_write_is_refused_by_its_name(file: Path, above: int, mode: int) -> None:
    """They can put another file in the place of ours."""
    directory = file.parents[above]
    directory.chmod(mode)

    error = refusal_at(file)

    assert error.message == f"{file}: others can write in {directory}"
    assert error.hint == f"chmod go-w {directory}"


def test_a_directory_like_tmp_is_no_danger(file: Path) -> None:
    """With the sticky bit, only its owner can put another file in the place of ours."""
    file.parent.chmod(0o1777)

    assert list(load_at(file).profiles) == ["x"]


@pytest.mark.parametrize("kind", ["its directory", "the directory of its target", "a directory between"])
def test_a_link_is_as_safe_as_all_directories_on_its_way(file: Path, tmp_path: Path, kind: str) -> None:
    """A configuration may be a link to a link, as in dotfiles and Nix's store."""
    link, between = tmp_path / "home/config.toml", tmp_path / "between/config.toml"
    for path in (link, between):
        path.parent.mkdir()
    link.symlink_to("../between/config.toml")
    between.symlink_to(file)
    assert list(load_at(link).profiles) == ["x"]
    opened = {"its directory": link, "the directory of its target": file, "a directory between": between}[kind].parent
    opened.chmod(0o777)

    assert refusal_at(link).message == f"{link}: others can write in {opened}"


def test_a_file_of_another_user_is_refused_with_its_number(file: Path) -> None:
    """Root that was given a user's configuration ran the command in it."""
    needs(os.geteuid() == 0, "root, to give a file to another user")
    os.chown(file, STRANGER, STRANGER)

    error = refusal_at(file)

    assert error.message == f"{file}: belongs to another user ({STRANGER})"
    assert "OIDC_HELPER_CONFIG" in error.hint


@pytest.mark.parametrize("mode", [0o755, 0o1777], ids=oct)
@pytest.mark.parametrize("above", [0, 1])
def test_a_directory_of_another_user_is_refused_by_its_name(file: Path, above: int, mode: int) -> None:
    """Its owner can put another file in the place of ours, also where it is like /tmp."""
    needs(os.geteuid() == 0, "root, to give a directory to another user")
    directory = file.parents[above]
    directory.chmod(mode)
    os.chown(directory, STRANGER, STRANGER)

    error = refusal_at(file)

    assert error.message == f"{file}: {directory} belongs to another user ({STRANGER})"
    assert "OIDC_HELPER_CONFIG" in error.hint


@pytest.mark.parametrize("of", ["the file", "a directory"])
def test_a_link_of_another_user_is_refused_by_its_name(file: Path, tmp_path: Path, of: str) -> None:
    """In a directory like /tmp as well: its owner can let it lead to another file, and a command ran as us."""
    needs(os.geteuid() == 0, "root, to become another user")
    shared, target = tmp_path / "shared", file if of == "the file" else file.parent
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "link"
    become = "import os, sys; os.chdir(sys.argv[1]); os.setuid(int(sys.argv[2])); os.symlink(*sys.argv[3:])"
    subprocess.run([sys.executable, "-c", become, shared, str(STRANGER), target, link.name], check=True)
    path = link if of == "the file" else link / file.name

    error = refusal_at(path)

    where = f"{link}:" if path == link else f"{path}: {link}"
    assert error.message == f"{where} belongs to another user ({STRANGER})"


def test_a_link_of_ours_in_a_directory_like_tmp_is_no_danger(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    tmp_path.chmod(0o1777)

    assert list(load_at(link).profiles) == ["x"]


def test_a_file_of_root_is_obeyed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's, Nix's and a container's volumes, also by a user without an account."""
    needs(file.stat().st_uid == 0, "a file of root")
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)

    assert list(load_at(file).profiles) == ["x"]


@pytest.mark.parametrize("mode", [0o664, 0o660], ids=oct)
def test_a_group_of_the_owner_alone_is_no_danger(file: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each user has such a group, the umask is 002."""
    owner = SimpleNamespace(pw_name="alice", pw_gid=file.stat().st_gid)
    monkeypatch.setattr("pwd.getpwuid", lambda _: owner)
    monkeypatch.setattr("grp.getgrgid", lambda number: SimpleNamespace(gr_gid=number, gr_name="alice", gr_mem=[]))
    file.chmod(mode)
    file.parent.chmod(0o775)

    assert list(load_at(file).profiles) == ["x"]


@pytest.mark.parametrize(
    ("owner", "group"),
    [
        ({"pw_name": "alice"}, {"gr_name": "alice", "gr_mem": ["alice", "bob"]}),
        ({"pw_name": "alice"}, {"gr_name": "staff", "gr_mem": []}),
        ({"pw_name": "alice", "pw_gid": STRANGER}, {"gr_name": "alice", "gr_mem": []}),
    ],
    ids=["another member", "another name", "not the owner's first"],
)
def test_a_group_of_others_is_a_danger(
    file: Path, owner: dict[str, object], group: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = file.stat().st_gid
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(**{"pw_gid": number, **owner}))
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_gid=number, **group))
    file.chmod(0o664)

    assert refusal_at(file).message.endswith("others can write it")


def test_a_read_only_volume_is_no_danger(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes gives volumes of settings the mode 0777, and mounts them read-only."""
    file.parent.chmod(0o777)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))

    assert list(load_at(file).profiles) == ["x"]


def test_a_file_of_the_machines_root_is_obeyed_in_a_user_namespace(file: Path) -> None:
    """There it has the number of nobody, as all users whom the namespace leaves out."""
    program = "from oidc_helper import settings; print(*settings.load().profiles)"
    become = ["unshare", "--user", "--map-user", str(STRANGER), sys.executable]
    tried = subprocess.run([*become, "-c", ""], capture_output=True, check=False)
    needs(not tried.returncode, "leave to make user namespaces")
    needs(file.stat().st_uid == 0, "a file of root")

    done = subprocess.run(
        [*become, "-c", program],
        env={**os.environ, "OIDC_HELPER_CONFIG": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("x\n", "")
