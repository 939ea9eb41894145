"""Profiles of the AWS configuration: what is written, and what is refused with file and line."""

import os
from pathlib import Path

import pytest
from botocore.configloader import load_config

from oidc_helper.errors import WrongSettings
from oidc_helper.settings import writing

_LINE = "/usr/bin/oidc-helper get x"
_PROFILE = {"x": {"credential_process": _LINE, "region": "eu-west-1"}}


@pytest.fixture(autouse=True)
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it; the AWS files are where the SDKs look."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE", raising=False)
    (tmp_path / ".aws").mkdir()
    return tmp_path / ".aws"


def written(config: Path, text: str, profiles: writing.Profiles = _PROFILE) -> str:
    config.write_text(text)
    return writing.of_aws_config(profiles).after.decode()


def refusal(profiles: writing.Profiles = _PROFILE) -> WrongSettings:
    with pytest.raises(WrongSettings) as caught:
        writing.of_aws_config(profiles)
    assert caught.value.message.isprintable()
    assert caught.value.hint
    return caught.value


def test_a_missing_file_is_made_with_the_profile_alone(aws: Path) -> None:
    change = writing.of_aws_config(_PROFILE)

    assert (change.path, change.before) == (str(aws / "config"), None)
    assert change.after.decode() == f"[profile x]\ncredential_process = {_LINE}\nregion = eu-west-1\n"


def test_a_new_profile_is_the_last_section(aws: Path) -> None:
    """An empty line is before it; a last line without an end gets one."""
    new = written(aws / "config", "# mine\n[default]\ns3 =\n    x = 1\n[services s]\nregion=a")

    assert new == (
        "# mine\n[default]\ns3 =\n    x = 1\n[services s]\nregion=a\n\n"
        f"[profile x]\ncredential_process = {_LINE}\nregion = eu-west-1\n"
    )


def test_only_the_lines_that_differ_change(aws: Path) -> None:
    """New keys follow the last key of the profile."""
    new = written(aws / "config", "[profile x]\nRegion=a\noutput=json\n\n# of y\n[profile y]\nregion=b\n")

    assert new == (
        f"[profile x]\nRegion = eu-west-1\noutput=json\ncredential_process = {_LINE}\n\n# of y\n[profile y]\nregion=b\n"
    )


def test_a_profile_with_these_values_stays_as_it_is(aws: Path) -> None:
    """However it is spaced."""
    text = f"[profile 'x']\n  region=eu-west-1\ncredential_process   =  {_LINE}  \n"

    assert written(aws / "config", text) == text


def test_a_removed_profile_takes_its_comment_along(aws: Path) -> None:
    """The lines around it stay."""
    text = f"[a]\n\n# of x\n[profile x]\ncredential_process = {_LINE}\n\n# of b\n[b]\n"

    assert written(aws / "config", text, {"x": None}) == "[a]\n\n# of b\n[b]\n"
    assert written(aws / "config", "[a]\n", {"x": None}) == "[a]\n"


def test_only_ours_is_removed(aws: Path) -> None:
    """A profile without our command is a person's own."""
    (aws / "config").write_text("\n[profile x]\nregion = a\n")

    assert refusal({"x": None}).message == f"{aws}/config (line 2): AWS profile x is not one of oidc-helper's"


def test_default_by_name_only(aws: Path) -> None:
    """The profile default is what every program uses that names none: it is changed only if it is meant."""
    assert "ask for default by name" in refusal({"default": {"credential_process": _LINE}}).hint

    change = writing.of_aws_config({"default": {"credential_process": _LINE}}, default_is_meant=True)
    assert change.after.decode() == f"[default]\ncredential_process = {_LINE}\n"


@pytest.mark.parametrize("name", ["a b", "", "a]", "ü", "a\nb", "a#b"])
def test_name_that_not_every_sdk_reads(name: str) -> None:
    assert "cannot name an AWS profile" in refusal({name: {"region": "eu-west-1"}}).message


def test_value_of_two_lines() -> None:
    """No value can smuggle in a section."""
    assert "region of AWS profile x" in refusal({"x": {"region": "a\n[profile y]"}}).message


@pytest.mark.parametrize(
    "key",
    [
        "AWS_ACCESS_KEY_ID",
        "aws_secret_access_key",
        "aws_session_token",
        "credential_source",
        "login_session",
        "role_arn",
        "source_profile",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    ],
)
@pytest.mark.parametrize("name", ["config", "credentials"])
def test_credentials_of_another_kind(aws: Path, key: str, name: str) -> None:
    """A profile with other credentials, in either file, is refused: the SDKs choose differently between the two."""
    header = "[profile x]" if name == "config" else "[x]"
    (aws / name).write_text(f"# first\n{header}\nregion = a\n{key} = hunter2\n")

    error = refusal()

    assert error.message == (f"AWS profile 'x' has credentials of another kind: {key.lower()} (line 4) of {aws / name}")


def test_another_programs_credential_process_is_not_replaced(aws: Path) -> None:
    """In the credentials file, not even ours may be."""
    (aws / "config").write_text("[profile x]\ncredential_process = other get x\n")
    (aws / "credentials").write_text("[x]\ncredential_process = oidc-helper get x\n")

    assert refusal().message == (
        "AWS profile 'x' has credentials of another kind: "
        f"credential_process (line 2) of {aws}/config; credential_process (line 2) of {aws}/credentials"
    )


def test_other_profiles_are_not_in_the_way(aws: Path) -> None:
    """Keys of other profiles, and sections of the credentials file with our name in another form, do not matter."""
    (aws / "credentials").write_text("[profile x]\nrole_arn = a\n[y]\naws_access_key_id = b\n")

    assert "[profile x]" in written(aws / "config", "[profile y]\nrole_arn = a\n[x]\nrole_arn = b\n")


def test_profile_there_twice(aws: Path) -> None:
    """Where the profile itself is there twice, nobody knows which one is meant."""
    (aws / "config").write_text("[profile x]\n[default]\n[profile 'x']\n")

    assert refusal().message == f"{aws}/config (lines 1, 3): AWS profile x is there 2 times"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("region = a\n[default]\n", 1),
        ("[default]\nregion\n", 2),
        ("[default]\n= a\n", 2),
        ("[default]\ns3 =\n  a = 1\n  b\n", 4),
        ("\ufeff[default]\n", 1),
        ("[default]\na = b\rc = d\n", 2),
    ],
)
@pytest.mark.parametrize("name", ["config", "credentials"])
def test_file_that_botocore_cannot_read(aws: Path, text: str, line: int, name: str) -> None:
    """What botocore cannot read is refused with its line, in either file."""
    (aws / name).write_bytes(text.encode())

    assert refusal().message.startswith(f"{aws / name} (line {line}): ")


def test_a_file_that_is_not_utf8_is_refused(aws: Path) -> None:
    (aws / "config").write_bytes(b"[default]\nregion = \xff\n")

    assert refusal().message == f"{aws}/config (line 2): is not UTF-8 text"


def test_files_named_by_variables(aws: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDKs' variables name the files, with ~ and variables in them; /dev/null is no credentials file."""
    monkeypatch.setenv("PLACE", "elsewhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "~/$PLACE/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)

    assert writing.of_aws_config(_PROFILE).path == str(tmp_path / "elsewhere" / "config")


def test_botocore_reads_what_was_written(aws: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    writing.carry_out([writing.of_aws_config(_PROFILE)])

    assert load_config(str(aws / "config"))["profiles"] == _PROFILE


def test_a_renamed_profile_stays_at_its_place(aws: Path) -> None:
    """Other profiles that take its keys follow the new name."""
    (aws / "config").write_text(
        f"[profile x] ; why\ncredential_process = {_LINE}\n\n[profile y]\nsource_profile=x\nrole_arn=r\n"
    )
    new = writing.of_aws_config({"z": {"region": "r"}}, {"x": "z"}).after.decode()

    assert new == (
        f"[profile z] ; why\ncredential_process = {_LINE}\nregion = r\n\n[profile y]\nsource_profile = z\nrole_arn=r\n"
    )


def test_rename_to_a_name_that_is_taken(aws: Path) -> None:
    (aws / "config").write_text(f"[profile x]\ncredential_process = {_LINE}\n[profile z]\nregion = r\n")
    with pytest.raises(WrongSettings, match="cannot be changed"):
        writing.of_aws_config({}, {"x": "z"})


@pytest.mark.parametrize(
    ("line", "profile"),
    [
        ("/usr/bin/oidc-helper get x", "x"),
        ("'/opt/my tools/oidc-helper' get 'x'", "x"),
        ("env -u PYTHONHOME oidc-helper --config /c.toml get --debug x", "x"),
        ("oidc-helper get --config /c.toml x", "x"),
        ("python3 -P -m oidc_helper get a/b.c", "a/b.c"),
        ("oidc-helper token x", ""),
        ("other get x", ""),
    ],
)
def test_the_profile_that_a_line_gets(line: str, profile: str) -> None:
    """It can be exchanged, and all else of the line stays."""
    assert writing.profile_in(line) == profile
    if profile:
        assert (
            writing.with_profile(line, "new.name")
            == f"{line.rpartition(profile)[0]}new.name{line.rpartition(profile)[2]}"
        )
