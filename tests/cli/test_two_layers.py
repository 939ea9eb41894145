"""A company ships one file, and its people add their own: what `get`, `explain` and `status` make of both."""

import json
import re
from pathlib import Path

import pytest
from cli.transcript import answer, complaint
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper.emulator import Emulator

ALICE, BOB = "alice@example.com", "bob@example.com"
MINE = """\
[defaults]
duration_seconds = 1800

[profile.mine]
role_arn = "{role}"

[profile.dev-admin]
region = "eu-central-1"
"""


@pytest.fixture
def site(home: Home, emulator: Emulator) -> Path:
    """The file of a company, with an identity, defaults and profiles; its people have none yet."""
    site = home.path / "site.toml"
    site.write_text(file_config(emulator))
    home.environment["OIDC_HELPER_SITE_CONFIG"] = str(site)
    del home.environment["OIDC_HELPER_CONFIG"]
    home.config = home.path / ".config/oidc-helper/config.toml"
    home.config.parent.mkdir(parents=True)
    home.write_token(emulator.mint(ALICE))
    return site


def test_people_of_a_company_use_its_file_and_add_to_it(home: Home, emulator: Emulator, site: Path) -> None:
    """Alice has no file of her own; Bob has one, with a profile, a default and a region that are his."""
    alice = answer(home.run("get", "analytics"))
    assert answer(home.run("get", "analytics")) == alice, "from the cache"

    bob = Home(home.path / "bob", {**home.environment, "HOME": str(home.path / "bob")})
    del bob.environment["OIDC_HELPER_CONFIG"]
    home.write_token(emulator.mint(BOB))
    bob.config = bob.path / ".config/oidc-helper/config.toml"
    bob.config.parent.mkdir(parents=True)
    bob.configure(MINE.format(role=emulator.directory.analytics_role_arn))
    for profile in ("mine", "analytics"):
        answer(bob.run("get", profile))
    region = json.loads(bob.run("explain", "--json", "dev-admin").stdout)["settings"]["region"]
    assert (region["value"], region["file"]) == ("eu-central-1", str(bob.config))
    told = json.loads(bob.run("explain", "--json", "mine").stdout)["settings"]
    assert (told["duration_seconds"]["value"], told["duration_seconds"]["file"]) == (1800, str(bob.config))
    assert (told["application_arn"]["file"], told["identity"]["value"]) == (str(site), "job")


def test_an_edit_of_the_companys_file_is_obeyed_at_once(home: Home, emulator: Emulator, site: Path) -> None:
    """Cached credentials belong to the settings of before."""
    before = answer(home.run("get", "analytics"))
    site.write_text(site.read_text() + "\n# edited\n")

    assert answer(home.run("get", "analytics")) != before


def test_a_mistake_of_one_profile_leaves_the_others_alone(home: Home, emulator: Emulator, site: Path) -> None:
    """Whoever writes a new profile goes on working meanwhile."""
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn).replace("role_arn", "role_arm"))
    answer(home.run("get", "analytics"))

    failed = complaint(home.run("get", "mine"))

    assert failed.code == 2
    assert failed.message == f"{home.config}: profile.mine.role_arm (line 5): unknown key, did you mean role_arn?"


def test_status_lists_what_works_and_every_mistake_of_both_files(home: Home, emulator: Emulator, site: Path) -> None:
    """One a line, with its file and line; the exit code says that there are some."""
    home.configure("[profile.analytics]\nregion = 'nowhere'\n")
    site.write_text(site.read_text() + "\n[profile.other]\nwrong = 1\n")
    mistakes = [
        f"{home.config}: profile.analytics.region (line 2): 'nowhere' does not look like a region such as eu-west-1",
        f"{site}: profile.other.wrong (line {len(site.read_text().splitlines())}): unknown key",
    ]

    table, told = home.run("status"), home.run("status", "--json")

    assert (table.returncode, told.returncode, table.stderr, told.stderr) == (2, 2, "", "")
    assert [f"wrong settings: {mistake}" for mistake in mistakes] == table.stdout.splitlines()[-2:]
    report = json.loads(told.stdout)
    assert (report["problems"], report["site"]) == (mistakes, [str(site)])
    assert [profile["name"] for profile in report["profiles"]] == ["dev-admin"]
    one = home.run("status", "dev-admin")
    assert (one.returncode, mistakes[0] in one.stdout) == (0, True)


@pytest.mark.parametrize("broken", ["user", "site"])
def test_where_one_file_is_no_toml_nobody_goes_on_without_it(
    home: Home, emulator: Emulator, site: Path, broken: str
) -> None:
    """`get` names the file and line, `status` says so too."""
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn))
    file = home.config if broken == "user" else site
    file.write_text("# a comment\n[profile analytics]\n")

    failed = complaint(home.run("get", "analytics"))
    status = home.run("status")

    assert failed.message.startswith(f"{file} (line 2): is not TOML")
    assert failed.hint.startswith(f"edit {file}")
    assert status.returncode == 2
    assert f"wrong settings: {file} (line 2): is not TOML" in status.stdout


def test_logout_forgets_what_sound_profiles_hold_and_says_that_others_are_left(
    home: Home, emulator: Emulator, site: Path
) -> None:
    """Secrets go, whatever state the files are in."""
    answer(home.run("get", "analytics"))
    home.configure("[profile.dev-admin]\nwrong = 1\n")

    done = home.run("logout", "--all")

    assert done.returncode == 0
    assert done.stdout.startswith(
        f"of the others, only what is stored here can be deleted: {home.config}: profile.dev-"
    )
    assert "signed out of analytics" in done.stdout


def test_explain_shows_people_each_value_with_its_file_and_line(home: Home, emulator: Emulator, site: Path) -> None:
    """Also the identity's, the variables in force, and what is wrong elsewhere."""
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn) + "[profile.other]\nwrong = 1\n")
    done = home.run("explain", "dev-admin", AWS_CA_BUNDLE="/etc/ssl/site.pem")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}

    assert (done.returncode, done.stderr) == (0, "")
    assert rows["region"] == ["eu-central-1", "user:8"]
    assert rows["permission_set"][0] == "Admin"
    assert rows["identity"] == ["job", "site:7"]
    assert rows["source"] == ["file", "site:3"]
    assert rows["sign_in"] == ["never", "default"]
    assert rows["AWS_CA_BUNDLE"] == ["/etc/ssl/site.pem"]
    assert f"user: {home.config}\nsite: {site}\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"wrong settings: {home.config}: profile.other.wrong (line 10)")


def test_explain_of_an_unknown_name_offers_the_nearest_of_both_files(
    home: Home, emulator: Emulator, site: Path
) -> None:
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn))

    failed = complaint(home.run("explain", "analytcs"))

    assert failed.message == "no profile 'analytcs', did you mean analytics?"
    assert failed.hint == f"profiles in {home.config} and {site}: analytics, dev-admin, mine"


def test_explain_has_no_setting_that_the_profile_cannot_have(
    home: Home, emulator: Emulator, site: Path, tmp_path: Path
) -> None:
    """Seen: the keys of a role session for a permission set, in lines of 200 characters."""
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn))
    shown = {name: home.run("explain", name).stdout for name in ("dev-admin", "analytics")}
    words = {name: set(re.findall(r"\w+", text)) for name, text in shown.items()}

    assert words["dev-admin"] & {"duration_seconds", "role_arn", "s3_grant"} == set()
    assert words["analytics"] & {"account_id", "permission_set"} == set()
    assert max(len(line) for text in shown.values() for line in text.splitlines()) < 140


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_explain_fits_the_terminal(home: Home, emulator: Emulator, site: Path, columns: int) -> None:
    """A table with short names of the files where there is little room, and a list where there is less."""
    home.configure(MINE.format(role=emulator.directory.analytics_role_arn))
    with at_terminal(
        ["/bin/sh", "-c", f"{COMMAND} explain analytics >/dev/tty"], home.environment, columns=columns
    ) as started:
        started.ended()
    lines = [line for line in started.screen.splitlines() if "duration_seconds" in line]
    table = re.sub("\x1b\\[[0-9]*m", "", started.screen).partition("user:")[0].splitlines()

    assert max(map(len, table)) <= columns
    if columns == 40:
        assert lines == ["duration_seconds (user:2)"]
        return
    assert lines[0].endswith("~/.config/oidc-helper/config.toml:2" if columns == 200 else "user:2")


def test_a_profile_of_the_site_typed_as_a_command_is_known(home: Home, emulator: Emulator, site: Path) -> None:
    assert complaint(home.run("analytics")).hint == "oidc-helper get analytics"


def test_a_site_file_that_others_can_write_stops_get_with_the_remedy(
    home: Home, emulator: Emulator, site: Path
) -> None:
    """It could name any program, to be run by everybody."""
    site.chmod(0o666)

    failed = complaint(home.run("get", "analytics"))

    assert (failed.code, failed.message) == (2, f"{site}: others can write it")
    assert failed.hint == f"chmod go-w {site}"
    site.chmod(0o644)
    answer(home.run("get", "analytics"))
