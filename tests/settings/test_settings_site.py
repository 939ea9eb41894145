"""Two layers: the site's files beneath the user's, which has the word key by key."""

import os
from pathlib import Path

import pytest
from fakes.places import needs
from settings.settings_files import APPLICATION, ROLE

from oidc_helper import paths, settings
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Settings, writing

STRANGER = 12_345
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
COMPANY = f"""\
[identity.corp]
source = "device"
issuer = "https://login.example.com"
client_id = "company"
authorize_parameters = {{ prompt = "login", domain_hint = "example.com" }}

[defaults]
identity = "corp"
application_arn = "{APPLICATION}"
identity_center_region = "eu-west-1"
caller = {{ web_identity_role_arn = "{ROLE}" }}
deadline_seconds = 40

[profile.analytics]
role_arn = "{ROLE}"
duration_seconds = 1800
region = "eu-west-2"
"""


class Files:
    """The files of a user and of two sites, in the places where a new user has them."""

    def __init__(self, home: Path) -> None:
        self.user = home / "config/oidc-helper/config.toml"
        self.site = home / "first/oidc-helper/config.toml"
        self.other_site = home / "second/oidc-helper/config.toml"

    def write(self, *, user: str = "", site: str = "", other_site: str = "") -> Settings:
        for path, text in ((self.user, user), (self.site, site), (self.other_site, other_site)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return settings.load()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    needs(os.name == "posix", "XDG's variables")
    for variable in (paths.CONFIG_VARIABLE, paths.SITE_CONFIG_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path / 'first'}:relative:{tmp_path / 'second'}:{tmp_path / 'missing'}")
    return Files(tmp_path)


def refusal(name: str) -> WrongSettings:
    with pytest.raises(WrongSettings) as caught:
        settings.load().profile(name)
    return caught.value


def test_a_user_without_a_file_has_the_profiles_of_the_site(files: Files) -> None:
    files.write(site=COMPANY)
    files.user.unlink()

    loaded = settings.load()

    assert loaded.profile("analytics").role_arn == ROLE
    assert (loaded.path, list(loaded.files)) == (str(files.user), [str(files.site), str(files.other_site)])


def test_the_users_value_of_a_key_wins_and_all_others_stay(files: Files) -> None:
    """In identities, defaults and profiles alike."""
    user = (
        '[identity.corp]\nclient_id = "mine"\n'
        "[defaults]\ndeadline_seconds = 20\n"
        '[profile.analytics]\nregion = "eu-west-3"\n'
    )
    profile = files.write(site=COMPANY, user=user).profile("analytics")

    assert (profile.identity.client_id, profile.identity.issuer) == ("mine", "https://login.example.com")
    assert (profile.deadline_seconds, profile.application_arn) == (20, APPLICATION)
    assert (profile.region, profile.duration_seconds) == ("eu-west-3", 1800)


def test_a_profile_of_the_site_beats_the_defaults_of_the_user(files: Files) -> None:
    """Defaults are for what a profile does not say, whoever wrote it."""
    assert (
        files.write(site=COMPANY, user='[defaults]\nregion = "eu-west-3"\n').profile("analytics").region == "eu-west-2"
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("[defaults]\ncaller", '{ profile = "base" }', settings.Caller(profile="base")),
        ("[identity.corp]\nauthorize_parameters", '{ prompt = "none" }', {"prompt": "none"}),
    ],
)
def test_a_table_is_one_value(files: Files, key: str, value: str, expected: object) -> None:
    """A caller of the user's and half of the site's would be a third that nobody wrote."""
    profile = files.write(site=COMPANY, user=f"{key} = {value}\n").profile("analytics")

    assert expected in (profile.caller, profile.identity.authorize_parameters)


def test_the_users_target_displaces_the_one_of_the_site(files: Files) -> None:
    """With the keys that go with it, as a profile's target displaces the one of [defaults]."""
    user = '[profile.analytics]\naccount_id = "111122223333"\npermission_set = "Admin"\n'
    profile = files.write(site=COMPANY, user=user).profile("analytics")

    assert (profile.target, profile.role_arn, profile.duration_seconds) == ("permission set", None, 3600)


def test_of_several_sites_the_first_has_the_word(files: Files) -> None:
    """XDG_CONFIG_DIRS lists them in the order of their importance; a directory that is not there is none."""
    other = COMPANY.replace("company", "other") + f'[profile.second]\nrole_arn = "{ROLE}"\n'
    loaded = files.write(site='[identity.corp]\nclient_id = "first"\n', other_site=other)

    assert loaded.profile("second").identity.client_id == "first"
    assert loaded.profile("second").identity.origins["client_id"].file == str(files.site)
    assert loaded.profile("second").identity.origins["issuer"].file == str(files.other_site)


def test_each_value_knows_its_own_file_and_line(files: Files) -> None:
    loaded = files.write(site=COMPANY, user='\n[profile.analytics]\nregion = "eu-west-3"\n')
    origins = loaded.profile("analytics").origins

    assert (origins["region"].file, origins["region"].line) == (str(files.user), 3)
    assert (origins["role_arn"].file, str(origins["role_arn"])) == (str(files.site), "profile.analytics (line 15)")


def test_a_relative_path_begins_at_the_file_that_says_it(files: Files) -> None:
    site = COMPANY + '[identity.job]\nsource = "file"\npath = "token"\n[profile.job]\nidentity = "job"\n'
    loaded = files.write(site=site, user='[defaults]\nca_bundle = "ca.pem"\n')

    assert loaded.profile("job").identity.path == str(files.site.parent / "token")
    assert loaded.profile("job").ca_bundle == str(files.user.parent / "ca.pem")


def test_the_variable_names_another_site_or_none(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(site=COMPANY)
    other = tmp_path / "other.toml"
    other.write_text(COMPANY.replace("analytics", "elsewhere"))

    monkeypatch.setenv("OIDC_HELPER_SITE_CONFIG", str(other))
    assert list(settings.load().profiles) == ["elsewhere"]
    monkeypatch.setenv("OIDC_HELPER_SITE_CONFIG", "")
    assert list(settings.load().profiles) == []


@pytest.mark.parametrize("variable", ["OIDC_HELPER_CONFIG", "OIDC_HELPER_SITE_CONFIG"])
def test_a_file_that_is_named_and_missing_is_an_error(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The other layer alone could mean other credentials."""
    files.write(site=COMPANY, user=COMPANY)
    monkeypatch.setenv(variable, str(tmp_path / "missing.toml"))

    assert refusal("analytics").message == f"no configuration at {tmp_path / 'missing.toml'}"


@pytest.mark.parametrize("broken", ["user", "site"])
def test_where_one_file_is_not_toml_nothing_can_be_used_and_both_files_are_judged(files: Files, broken: str) -> None:
    """What it says of the other's profiles is not known: to go on without it could give other credentials."""
    texts = {"user": COMPANY, "site": COMPANY + 'sign_inn = "never"\n'} | {broken: "[profile analytics]\n"}
    loaded = files.write(**texts)
    path = getattr(files, broken)

    assert (loaded.profiles, loaded.identities) == ({}, {})
    assert refusal("analytics").message.startswith(f"{path} (line 1): is not TOML: ")
    messages = [problem.message for problem in loaded.problems]
    assert len(messages) == (2 if broken == "user" else 1), "nothing is called missing that the broken file may have"
    assert ("did you mean sign_in?" in messages[-1]) == (broken == "user")


def test_one_error_of_two_files_has_a_list_for_each(files: Files) -> None:
    loaded = files.write(site=COMPANY + "wrong1 = 1\nwrong2 = 1\n", user="[profile.analytics]\nwrong3 = 1\n")

    with pytest.raises(WrongSettings) as caught:
        loaded.require_sound()

    assert caught.value.message == (
        f"{files.user}: profile.analytics.wrong3 (line 2): unknown key; "
        f"{files.site}: profile.analytics.wrong1 (line 18): unknown key; "
        "profile.analytics.wrong2 (line 19): unknown key"
    )
    assert list(caught.value.lines) == [
        f"{files.user}:",
        "  profile.analytics.wrong3 (line 2): unknown key",
        f"{files.site}:",
        "  profile.analytics.wrong1 (line 18): unknown key",
        "  profile.analytics.wrong2 (line 19): unknown key",
    ]
    assert caught.value.hint.startswith(f"edit {files.user} and {files.site}; ")


def test_a_mistake_that_the_user_has_put_right_concerns_nobody(files: Files) -> None:
    """It is reported nevertheless."""
    site = COMPANY.replace('"eu-west-2"', '"nowhere"').replace("deadline_seconds = 40", "deadline_seconds = 1")
    user = '[profile.analytics]\nregion = "eu-west-3"\n[defaults]\ndeadline_seconds = 20\n'
    loaded = files.write(site=site, user=user)

    assert loaded.profile("analytics").region == "eu-west-3"
    assert [Path(problem.file) for problem in loaded.problems] == [files.site] * 2
    assert refusal("analytcs").message == "no profile 'analytcs', did you mean analytics?"


def test_a_rule_that_both_files_break_together_is_an_error_of_the_upper_one(files: Files) -> None:
    files.write(site=COMPANY, user='[identity.corp]\nsource = "file"\npath = "token"\n')

    message = refusal("analytics").message

    assert f"{files.site}: identity.corp.issuer (line 3): belongs to source" in message


def test_names_come_from_both_files_without_a_check(files: Files) -> None:
    """Shells complete them, also where the files hold mistakes."""
    files.write(site=COMPANY, user="[profile.mine]\nwrong = 1\n[identity.job]\n[profile.analytics]\n")
    assert settings.names("profile") == ["mine", "analytics"]
    assert settings.names("identity") == ["job", "corp"]

    files.user.write_text('[profile."\\n"]\n')
    assert settings.names("profile") == ["analytics"], "a name that cannot be one is left out"
    files.user.write_text("[")
    assert settings.names("profile") == ["analytics"]


def test_the_document_of_both_files_is_what_they_say_together(files: Files) -> None:
    """Whoever changes the user's file sees what holds already."""
    files.write(
        site=COMPANY + '[generated.corp]\naccounts = ["dev-*"]\n',
        user='[profile.analytics]\nregion = "eu-west-3"\n[generated.corp]\ntemplate = "{account_name}"\n',
    )
    both = settings.document()
    assert both["generated"] == {"corp": {"accounts": ["dev-*"], "template": "{account_name}"}}
    assert both["profile"]["analytics"] == {"role_arn": ROLE, "duration_seconds": 1800, "region": "eu-west-3"}
    assert both["identity"]["corp"]["client_id"] == "company"

    files.user.unlink()
    assert settings.document()["profile"]["analytics"]["region"] == "eu-west-2"
    files.site.write_text("[")
    with pytest.raises(WrongSettings, match="is not TOML"):
        settings.document()


def test_a_text_is_judged_as_the_users_file_above_the_site(files: Files) -> None:
    """Before it is written."""
    files.write(site=COMPANY)
    loaded = settings.of_text(str(files.user), f'[profile.mine]\nrole_arn = "{OTHER_ROLE}"\n')

    assert loaded.profile("mine").application_arn == APPLICATION
    assert loaded.profile("analytics").role_arn == ROLE


def test_what_is_written_goes_to_the_users_file_and_counts_above_the_site(
    files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user's file is made where there was none, and the site's stays as it was."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    loaded = files.write(site=COMPANY)
    files.user.unlink()
    tables: writing.Tables = {
        ("profile", "analytics"): {"region": "eu-west-3"},
        ("profile", "mine"): {"role_arn": OTHER_ROLE},
    }

    writing.carry_out([writing.of_settings(loaded.path, tables)])

    assert settings.load().profile("analytics").region == "eu-west-3"
    assert settings.load().profile("mine").application_arn == APPLICATION
    assert files.site.read_text() == COMPANY


@pytest.mark.parametrize("mode", [0o666, 0o646], ids=oct)
def test_a_site_file_that_others_can_write_is_refused_with_the_command_that_closes_it(files: Files, mode: int) -> None:
    """Nobody goes on without what the company says."""
    files.write(site=COMPANY, user=COMPANY)
    files.site.chmod(mode)

    error = refusal("analytics")

    assert error.message == f"{files.site}: others can write it"
    assert error.hint == f"chmod go-w {files.site}"
    assert error.exit_code == 2


def test_a_directory_of_the_site_that_others_can_write_is_refused_by_its_name(files: Files) -> None:
    files.write(site=COMPANY, user=COMPANY)
    files.site.parent.chmod(0o777)

    error = refusal("analytics")

    assert error.message == f"{files.site}: others can write in {files.site.parent}"
    assert error.hint == f"chmod go-w {files.site.parent}"


@pytest.mark.parametrize("of", ["the file", "its directory", "a link"])
def test_a_site_file_of_a_user_is_refused_with_the_command_that_gives_it_to_root(
    files: Files, tmp_path: Path, of: str
) -> None:
    """A user could make all others run a command."""
    needs(os.geteuid() == 0, "root, to give a file to another user")
    files.write(site=COMPANY, user=COMPANY)
    if of == "a link":
        files.site.rename(tmp_path / "elsewhere.toml")
        files.site.symlink_to(tmp_path / "elsewhere.toml")
    place = files.site.parent if of == "its directory" else files.site
    os.chown(place, STRANGER, STRANGER, follow_symlinks=False)

    error = refusal("analytics")

    named = "" if place == files.site else f"{place} "
    assert error.message == (f"{files.site}: {named}belongs to user {STRANGER}: a site's configuration belongs to root")
    assert error.hint == f"chown -h root {place}"


def test_a_file_of_the_users_own_is_no_sites(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root, and the owner of the interpreter, write for all; sudo is then needed to mend it."""
    needs(os.geteuid() == 0, "root, to give a file to another user")
    files.write(site=COMPANY, user="")
    os.chown(files.site, STRANGER, STRANGER)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)

    assert refusal("analytics").hint == f"sudo chown -h root {files.site}"


def test_the_owner_of_the_interpreter_writes_for_all_its_users(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can change the interpreter can let it do anything."""
    needs(os.geteuid() == 0, "root, to give a file to another user")
    interpreter = tmp_path / "python"
    interpreter.touch()
    for path in (interpreter, files.site):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.chown(path, STRANGER, STRANGER)
    monkeypatch.setattr("sys.executable", str(interpreter))

    assert files.write(site=COMPANY).profile("analytics").role_arn == ROLE


@pytest.mark.parametrize(
    ("mistake", "sound", "broken"),
    [
        ('[profile.b]\nregion = "nowhere"', "ac", "b"),
        ("[profile.b]\nwrong = 1", "ac", "b"),
        ("[profile]\nb = 1", "ac", "b"),
        ('[identity.two]\nsource = "fil"\n[profile.b]\nidentity = "two"', "ac", "b"),
        ('[profile.b]\nidentity = "nobody"', "ac", "b"),
        (
            '[identity.two]\nsource = "profile"\nprofile = "c"\n[profile.b]\nidentity = "two"\n[profile.c]\nwrong = 1',
            "a",
            "bc",
        ),
        ("[defaults]\nduration_seconds = 1\n[profile.b]\nduration_seconds = 3600", "b", "ac"),
        ("[defaults]\nwrong = 1", "", "abc"),
        ("[profiles.b]", "", "abc"),
        ("[profile.'b c']", "abc", ""),
    ],
)
def test_a_mistake_is_an_error_of_what_uses_it_and_of_nothing_else(
    files: Files, mistake: str, sound: str, broken: str
) -> None:
    profiles = "".join(f'[profile.{name}]\nrole_arn = "{ROLE}"\n' for name in "abc")
    loaded = files.write(site=COMPANY + profiles, user=mistake)

    assert [name for name in "abc" if name in loaded.profiles] == list(sound)
    assert loaded.problems
    for name in sound:
        assert loaded.profile(name).identity in loaded.identities.values()
    for name in broken:
        assert str(files.user) in refusal(name).message


def test_identities_that_lead_to_a_broken_profile_are_no_obstacle_for_others(files: Files) -> None:
    """Persons are compared over all identities."""
    user = '[profile.b]\nwrong = 1\n[identity.two]\nsource = "profile"\nprofile = "b"\n'
    loaded = files.write(site=COMPANY, user=user)

    assert loaded.same_person(loaded.profile("analytics").identity) == {"corp"}
    with pytest.raises(WrongSettings, match="profile.b.wrong"):
        loaded.identity("two")
