"""What a release checks, writes and makes; the whole of it is `nox -s release -- --rehearse`."""

import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fakes.places import needs
from release import distributions, materials, packages, progress, tree
from release.running import Failed, LeftOut
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
CHANGELOG = "# Changelog\n\n## 1.2.0 — unreleased\n\n- It is new.\n\n## 1.1.0 — 2026-10-01\n\n- It was new.\n"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_changelog_says_which_version_comes_next() -> None:
    """Its first section, without the others."""
    section = tree.newest_section(CHANGELOG)

    assert (section.version, section.on, section.text, section.tag) == ("1.2.0", None, "- It is new.", "v1.2.0")
    assert tree.newest_section((ROOT / tree.CHANGELOG).read_text()).text


@pytest.mark.parametrize(
    ("changelog", "complaint"),
    [
        ("# Changelog\n", "has no section such as"),
        (CHANGELOG.replace("1.2.0", "next"), "next in CHANGELOG.md is no version"),
        (CHANGELOG.replace("- It is new.\n\n", ""), "the section of 1.2.0 in CHANGELOG.md says nothing"),
        (CHANGELOG.replace("unreleased", "soon"), "soon in CHANGELOG.md is neither a date"),
    ],
)
def test_a_changelog_that_is_not_ready_stops_a_release(changelog: str, complaint: str) -> None:
    with pytest.raises(Failed, match=complaint):
        tree.newest_section(changelog)


def test_a_version_is_released_once_and_in_order() -> None:
    """A tag of it, a later tag, and a date in the changelog stop it; 1.10 comes after 1.9."""
    section = tree.newest_section(CHANGELOG)
    tree.check_order(section, "v1.1.0\nv0.9.12\nother\n")

    for tags in ("v1.2.0\n", "v1.10.0\nv1.9.0\n"):
        with pytest.raises(Failed, match=r"1\.2\.0 in CHANGELOG\.md is not newer than"):
            tree.check_order(section, tags)
    with pytest.raises(Failed, match=r"1\.2\.0 is released"):
        tree.check_order(tree.newest_section(CHANGELOG.replace("unreleased", "2026-11-01")), "")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the files that a release changes."""
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "maintainer@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    root = tmp_path / "checkout"
    (root / "oidc_helper").mkdir(parents=True)
    (root / tree.CHANGELOG).write_text(CHANGELOG)
    (root / tree.PACKAGE).write_text('"""Says."""\n\n__version__ = "1.1.0"\n')
    tree.git(root, "init", "--quiet")
    tree.git(root, "add", ".")
    tree.git(root, "commit", "--quiet", "--message", "Begin")
    return root


def test_a_release_is_a_commit_and_a_tag_that_names_the_checksums(checkout: Path, tmp_path: Path) -> None:
    """The checkout is as before until all is well; what lies about untracked is neither copied nor committed."""
    (checkout / "untracked").touch()
    section, sums = tree.newest_section(CHANGELOG), {"a.whl": "0" * 64, "a.tar.gz": "f" * 64}
    copy = tree.copied(checkout, tmp_path / "copy")
    tree.date_release(copy, date(2026, 11, 26))

    assert not (copy / "untracked").exists()
    assert (checkout / tree.CHANGELOG).read_text() == CHANGELOG

    tree.land(checkout, copy, section, sums)
    message = tree.git(checkout, "tag", "--list", "--format=%(contents)", "v1.2.0")

    assert "## 1.2.0 — 2026-11-26\n" in tree.git(checkout, "show", f"v1.2.0:{tree.CHANGELOG}")
    assert '__version__ = "1.2.0"' in tree.git(checkout, "show", f"HEAD:{tree.PACKAGE}")
    assert tree.sums_of(message) == sums
    assert "- It is new." in message
    assert tree.git(checkout, "status", "--porcelain") == "?? untracked\n"


def go_through(steps: dict[str, Callable[[], str]], way: progress.Progress) -> list[str]:
    return progress.go_through(steps, way, without=(), command="nox -s release -- --go-on")


def test_a_release_goes_on_with_the_step_that_stopped_it(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has passed is told and not done again; the copy that is released stays the same, with its date."""
    is_full = True

    def build() -> str:
        if is_full:
            raise Failed("there is no space left")
        return "built"

    steps = {"tests": iter(["they pass"]).__next__, "build": build}
    with pytest.raises(Failed, match=r"no space left\nthat was the step build; once it can pass: nox -s"):
        go_through(steps, progress.begun(checkout, tmp_path / "kept"))
    is_full = False
    goes_on = progress.resumed(checkout, tmp_path / "kept")

    assert go_through(steps, goes_on) == []
    assert "tests      passed already: they pass\nbuild      built\n" in capsys.readouterr().out
    assert tree.newest_section((goes_on.tree / tree.CHANGELOG).read_text()).on


def test_a_release_begins_anew_where_files_have_changed(checkout: Path, tmp_path: Path) -> None:
    """What has passed says nothing of them."""
    with pytest.raises(Failed, match="no run to go on with"):
        progress.resumed(checkout, tmp_path / "kept")
    progress.begun(checkout, tmp_path / "kept")
    (checkout / tree.PACKAGE).chmod(0o755)

    with pytest.raises(Failed, match="files have changed"):
        progress.resumed(checkout, tmp_path / "kept")


def test_a_step_that_was_left_out_is_told_and_done_later(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all that comes after it, which may build on it."""
    has_network = False

    def audit() -> str:
        if not has_network:
            raise LeftOut("nobody answers")
        return "nothing is known"

    steps = {"audit": audit, "package": iter(["packaged", "packaged anew"]).__next__}

    assert go_through(steps, progress.begun(checkout, tmp_path / "kept")) == ["audit"]
    assert capsys.readouterr().out == "audit      LEFT OUT: nobody answers\npackage    packaged\n"
    has_network = True
    assert go_through(steps, progress.resumed(checkout, tmp_path / "kept")) == []
    assert capsys.readouterr().out == "audit      nothing is known\npackage    packaged anew\n"


def test_what_was_left_out_unasked_stops_a_release() -> None:
    """An audit that nobody answered is none."""
    progress.check_whole(["image"], without=["image"], command="nox")

    with pytest.raises(Failed, match="there is no tag; to go without: nox --without audit --without image$"):
        progress.check_whole(["audit", "image"], without=["image"], command="nox")


def test_changes_that_are_not_committed_stop_a_release(checkout: Path) -> None:
    tree.check_clean(checkout)
    (checkout / tree.PACKAGE).write_text("")

    with pytest.raises(Failed, match="not committed"):
        tree.check_clean(checkout)


def test_a_second_build_that_differs_is_named() -> None:
    assert distributions.differences({"a": "1", "b": "2"}, {"a": "1", "b": "3", "c": "4"}).endswith(": b, c")


LOCK = """
[[packages]]
name = "cryptography"
version = "49.0"
sdist = { url = "https://files.example.com/cryptography-49.0.tar.gz", hashes = { sha256 = "00" } }
[[packages]]
name = "jeepney"
version = "0.9"
marker = "sys_platform == 'linux'"
sdist = { url = "https://files.example.com/jeepney-0.9.tar.gz", hashes = { sha256 = "aa" } }
wheels = [{ url = "https://files.example.com/jeepney-0.9.whl", hashes = { sha256 = "bb" } }]
[[packages]]
name = "pywin32-ctypes"
version = "0.2"
marker = "sys_platform == 'win32'"
sdist = { url = "https://files.example.com/pywin32-ctypes-0.2.tar.gz", hashes = { sha256 = "dd" } }
[[packages]]
name = "segno"
version = "1.6"
sdist = { url = "https://files.example.com/segno-1.6.tar.gz", hashes = { sha256 = "cc" } }
"""


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    path = tmp_path / "pylock.toml"
    path.write_text(LOCK)
    return path


def test_the_requirements_pin_everything_by_hash_and_the_program_too(lock_file: Path) -> None:
    rows = (
        materials.requirements(lock_file, "oidc-helper", "1.2.0", {"a.whl": "ee"}).replace(" \\\n   ", "").splitlines()
    )

    assert rows[1:] == [
        "jeepney==0.9 ; sys_platform == 'linux' --hash=sha256:bb --hash=sha256:aa",
        "pywin32-ctypes==0.2 ; sys_platform == 'win32' --hash=sha256:dd",
        "segno==1.6 --hash=sha256:cc",
        "oidc-helper==1.2.0 --hash=sha256:ee",
    ]


def found(**package: Any) -> dict[str, Any]:
    return {"name": "h11", "version": "0.16", "vulns": [], **package}


def test_a_known_vulnerability_stops_a_release_and_so_does_half_an_answer() -> None:
    """Without any answer the audit is left out, and the release says so."""
    assert materials.judged({"dependencies": [found()]}, 1) == "1 packages, none with a known vulnerability"
    with pytest.raises(Failed, match=r"h11 0\.16: PYSEC-1"):
        materials.judged({"dependencies": [found(vulns=[{"id": "PYSEC-1"}])]}, 1)
    with pytest.raises(Failed, match="looked at 1 of 2"):
        materials.judged({"dependencies": [found(), found(skip_reason="not found")]}, 2)
    with pytest.raises(LeftOut):
        materials.judged({"dependencies": [found(skip_reason="not found")]}, 1)


@pytest.fixture
def subject() -> packages.Subject:
    return packages.Subject(
        PROJECT, "1.2.0", date(2026, 11, 26), "- It is new.", "https://files.example.com/a.tar.gz", "f" * 64
    )


def test_the_formula_has_a_resource_for_what_homebrew_has_no_formula_of(
    subject: packages.Subject, lock_file: Path
) -> None:
    """What only Linux needs is a resource there; the source distribution is known by its checksum."""
    formula = packages.formula(subject, lock_file)

    assert formula.startswith("class OidcHelper < Formula\n")
    assert f'sha256 "{"f" * 64}"' in formula
    assert 'depends_on "cryptography"' in formula
    assert 'resource "cryptography"' not in formula
    assert '  on_linux do\n    resource "jeepney" do\n' in formula
    assert '\n  resource "segno" do\n' in formula
    assert "pywin32" not in formula


def test_a_library_without_a_source_distribution_stops_a_release(subject: packages.Subject, tmp_path: Path) -> None:
    """Homebrew builds everything from source; a formula without it would be one that does not start."""
    lock_file = tmp_path / "pylock.toml"
    lock_file.write_text('[[packages]]\nname = "segno"\nversion = "1.6"\nwheels = []\n')

    with pytest.raises(Failed, match="segno has no source distribution"):
        packages.formula(subject, lock_file)


def test_ruby_reads_the_formula(subject: packages.Subject, lock_file: Path) -> None:
    ruby = shutil.which("ruby")
    needs(ruby, "ruby")
    done = subprocess.run(
        [str(ruby), "-wc"], input=packages.formula(subject, lock_file), capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("Syntax OK\n", "")


def test_the_debian_package_needs_what_the_project_needs(subject: packages.Subject, tmp_path: Path) -> None:
    """Every dependency with its version, and a changelog that Debian's own tools read."""
    packages.write_debian(subject, tmp_path / "debian")
    depends = (tmp_path / "debian/control").read_text().partition("\nDepends: ")[2].partition("\nRecommends: ")[0]

    assert depends.count(" python3-") == len(PROJECT["dependencies"])
    assert "python3-ruamel.yaml.clib (>= 0.2.15)" in depends
    assert os.access(tmp_path / "debian/rules", os.X_OK)

    needs(shutil.which("dpkg-parsechangelog"), "dpkg-parsechangelog of dpkg-dev")
    read = subprocess.run(
        ["dpkg-parsechangelog", "-S", "version"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert (read.stdout, read.stderr) == ("1.2.0-1\n", "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_secret_and_few_rights(path: Path) -> None:
    """Nothing by default; the token that publishes is that of the job. Actions of others are named by their commit."""
    text = path.read_text()
    workflow = YAML(typ="safe").load(text)
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job.get("steps", []) if "uses" in step]

    assert "secrets." not in text
    assert workflow["permissions"] == {}
    assert uses
    assert [one for one in uses if len(one.partition("@")[2]) != 40] == []


def test_only_the_job_that_uploads_may_ask_for_a_token() -> None:
    """And it runs nothing of ours: it has what the others made and compared."""
    jobs = YAML(typ="safe").load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    asking = {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})}

    assert asking == {"publish"}
    assert all("run" not in step for step in jobs["publish"]["steps"])
    assert set(jobs["publish"]["needs"]) == {"tests", "again"}


def test_the_workflow_builds_again_what_a_maintainer_tagged() -> None:
    """By the same command, with the tag's message, and before anything is published."""
    jobs = YAML(typ="safe").load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    commands = [step["run"] for step in jobs["again"]["steps"] if "run" in step]

    assert "refs/tags/$GITHUB_REF_NAME" in commands[0]
    assert commands[1] == "pipx run nox -s release -- --again"


def test_the_image_is_made_of_the_wheel_alone() -> None:
    """It runs as nobody special, and its first argument is a command of ours."""
    lines = (ROOT / "Containerfile").read_text().splitlines()

    assert [line for line in lines if line.startswith("COPY") and "--from" not in line] == ["COPY dist/*.whl /dist/"]
    assert "USER 1000:1000" in lines
    assert lines[-2:] == ['ENTRYPOINT ["oidc-helper"]', 'CMD ["serve", "--help"]']
    assert (ROOT / ".dockerignore").read_text() == "*\n!dist/*.whl\n"


def test_nothing_names_the_host_of_a_package_index() -> None:
    """Whoever installs has an index of their own; a company's mirror is no exception that a file has to know."""
    hosts = ["py" + "pi.org", "pythonhosted" + ".org", "registry.npm" + "js.org"]
    names = tree.git(ROOT, "ls-files", "-z").split("\0")
    told = {
        name
        for name in names
        if name and (ROOT / name).is_file() and any(host.encode() in (ROOT / name).read_bytes() for host in hosts)
    }

    assert told == set()
