"""One error names all problems of a file with their lines, and repeats no secret."""

import re
from pathlib import Path

import pytest
from settings.settings_files import COMPLETE, ROLE, refusal

from oidc_helper import settings
from oidc_helper.errors import WrongSettings


def problems_of(error: WrongSettings) -> list[str]:
    return error.message.partition(": ")[2].split("; ")


def test_all_problems_come_in_one_message(tmp_path: Path) -> None:
    """They are sorted by line, after the file's path; at a terminal each has a line of its own."""
    error = refusal(
        tmp_path,
        "[defaults]\n"
        'region = "nowhere"\n'
        "[profiles.x]\n"
        "[profile.x]\n"
        f'rol_arn = "{ROLE}"\n'
        "account_id = 1\n"
        "[identity.job]\n"
        'source = "fil"\n',
    )

    assert error.message == (
        f"{tmp_path / 'config.toml'}: "
        "defaults.region (line 2): 'nowhere' does not look like a region such as eu-west-1; "
        "profiles (line 3): unknown section, did you mean profile?; "
        "profile.x.identity (line 4): missing: set it in the profile or in [defaults]; "
        "profile.x.application_arn (line 4): missing: set it in the profile or in [defaults]; "
        "profile.x.identity_center_region (line 4): missing: set it in the profile or in [defaults]; "
        "profile.x.caller (line 4): missing: set it in the profile or in [defaults]; "
        "profile.x.rol_arn (line 5): unknown key, did you mean role_arn?; "
        "profile.x.account_id (line 6): must be in quotes, since a number loses its leading zeros; "
        "profile.x.account_id (line 6): must not stand with role_arn: a profile has one target; "
        'identity.job.source (line 8): \'fil\' is not "browser", "device", "file", "environment", "command", "ci", '
        '"identity-center" or "profile", did you mean file?'
    )
    assert list(error.lines) == [f"{tmp_path / 'config.toml'}:", *(f"  {one}" for one in problems_of(error))]
    assert str(tmp_path / "config.toml") in error.hint
    assert "oidc-helper help config" in error.hint
    assert error.exit_code == 2


def test_a_misspelt_key_of_an_inner_table_is_not_missing_too(tmp_path: Path) -> None:
    """Though its table cannot do without it."""
    grant = '{ target = "s3://reports/*", permision = "READ" }'
    error = refusal(tmp_path, f'{COMPLETE}role_arn = "{ROLE}"\ns3_grant = {grant}\n')

    assert error.message.endswith(": unknown key, did you mean permission?")
    assert len(problems_of(error)) == 1


def test_a_misspelt_key_is_not_missing_too(tmp_path: Path) -> None:
    """Seen: for `role_arm` alone, also that `s3_grant` needs role_arn."""
    error = refusal(
        tmp_path, f'{COMPLETE}role_arm = "{ROLE}"\ns3_grant = {{ target = "s3://reports/*", permission = "READ" }}\n'
    )

    assert len(problems_of(error)) == 1
    assert error.message.endswith(": unknown key, did you mean role_arn?")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("zzz = 1", "zzz (line 1): unknown section: there are [identity.NAME], [defaults] and [profile.NAME]"),
        ("identities = 1", "identities (line 1): unknown section, did you mean identity?"),
        (
            "role_arn = 'x'",
            "role_arn (line 1): stands outside of any section: put it under [defaults] or [profile.NAME]",
        ),
        ("profile = 1", "profile (line 1): must be a table with a name, as in [profile.analytics]"),
        ("[[profile]]", "profile (line 1): must be a table with a name, as in [profile.analytics]"),
        ("[[profile.x]]", "profile.x (line 1): must be a table, not an array"),
        ("[profile]\nx = 1", "profile.x (line 2): must be a table, not an integer"),
        ("defaults = 1", "defaults (line 1): must be a table, not an integer"),
        ("[[defaults]]", "defaults (line 1): must be a table, not an array"),
        ("[identity]\nsource = 'file'", "identity.source (line 2): must be a table, not a string"),
        ("[profile.'a b']", "profile.\"a b\" (line 1): 'a b' does not look like a name"),
        ("[profile.'']", 'profile."" (line 1): must not be empty'),
        ("[profile.-x]", "profile.-x (line 1): '-x' does not look like a name"),
        ("[profile.team/x]", "is not TOML: expected ']' at the end of a table declaration; put the name in quotes, as"),
        ("[defaults.caller]\nprofil = 'base'", "defaults.caller.profil (line 2): unknown key, did you mean profile?"),
        ("[defaults]\nzzz = 1", "defaults.zzz (line 2): unknown key"),
    ],
)
def test_a_misplaced_or_misspelt_key_is_named_with_its_remedy(tmp_path: Path, text: str, problem: str) -> None:
    """That is the nearest known name, or the place where it belongs."""
    message = refusal(tmp_path, text).message

    assert message.partition(": ")[2].startswith(problem)


@pytest.mark.parametrize(
    ("kind", "unquoted", "name"),
    [("profile", "team.x", "team.x"), ("profile", "a.b.c", "a.b.c"), ("identity", "team.x", "team.x")],
)
def test_a_name_with_a_dot_is_told_to_need_quotes(tmp_path: Path, kind: str, unquoted: str, name: str) -> None:
    """And nothing else is wrong for its sake. Seen: a source that was missing, and a profile called team."""
    used = f'[profile.user]\nidentity = "{name}"\n' if kind == "identity" else ""
    message = refusal(tmp_path, f'{COMPLETE}\n{used}[{kind}.{unquoted}]\nsource = "file"\n').message

    told = f': a name with a dot in it is written in quotes: [{kind}."{name}"]'
    assert message.endswith(told)
    assert message.count("(line ") == 1


def test_who_asks_for_a_name_without_quotes_is_told(tmp_path: Path) -> None:
    """Seen: `no profile 'team.x', did you mean team?`. What stands beside it is sound."""
    text = f"{COMPLETE}region = 'eu-west-1'\n[profile.team.x]\n[profile.team.y]\n[profile.x.y]\n"
    loaded = settings.of_text(str(tmp_path / "config.toml"), text)

    with pytest.raises(WrongSettings, match=re.escape('[profile."team.x"]')):
        loaded.profile("team.x")
    with pytest.raises(WrongSettings, match="no profile 'team', did you mean team.[xy]"):
        loaded.profile("team")
    assert loaded.profile("x")


def test_a_section_that_is_not_a_table_has_no_missing_keys(tmp_path: Path) -> None:
    message = refusal(tmp_path, "[profile]\nx = 1\n[identity]\ny = 2\n").message

    assert message.partition(": ")[2] == (
        "profile.x (line 2): must be a table, not an integer; identity.y (line 4): must be a table, not an integer"
    )


def test_the_value_of_an_unknown_key_is_not_repeated(tmp_path: Path) -> None:
    """It may be a secret that does not belong there."""
    message = refusal(tmp_path, '[defaults]\naws_secret_access_key = "hunter2hunter2"\n').message

    assert "defaults.aws_secret_access_key (line 2): unknown key" in message
    assert "hunter2" not in message


def test_terminal_codes_are_escaped(tmp_path: Path) -> None:
    """Those in names and those in values; long names are cut."""
    message = refusal(
        tmp_path,
        '[defaults]\n"\\u001b[2Jx\\n" = 1\nregion = "\\u009b2J\\u202e"\nsign_in = "\\U0001f600"\n'
        + "y" * 5000
        + " = 1\n",
    ).message

    assert 'defaults."\\x1b[2Jx\\n" (line 2): unknown key' in message
    assert "defaults.region (line 3): has control characters" in message
    assert "'😀' is not \"never\"" in message
    assert 'defaults."' + "y" * 61 + '..."' in message


def test_a_suggested_name_is_escaped(tmp_path: Path) -> None:
    assert (
        "did you mean corp\\x1b?"
        in refusal(tmp_path, '[identity."corp\\u001b"]\n[defaults]\nidentity = "corp"\n').message
    )


def test_a_wrong_default_is_reported_once(tmp_path: Path) -> None:
    """However many profiles inherit it."""
    text = COMPLETE.replace('identity = "job"', 'identity = "jab"') + "[profile.y]\n[profile.z]\n"
    message = refusal(tmp_path, text).message

    assert message.partition(": ")[2] == "defaults.identity (line 6): there is no identity jab, did you mean job?"


def test_at_most_fifty_problems_are_reported(tmp_path: Path) -> None:
    """A file that is no configuration of ours does not give a message without end."""
    message = refusal(tmp_path, "[defaults]\n" + "".join(f"wrong{number} = 1\n" for number in range(10_000))).message

    assert message.count("unknown key") == 50
    assert "wrong49 (line 51): unknown key; and more" in message
    assert "wrong50" not in message


def test_lines_are_right_in_every_style_of_toml(tmp_path: Path) -> None:
    """Comments, long strings, quoted and dotted keys, tables in tables and inline tables."""
    message = refusal(
        tmp_path,
        "# region = ''' \"\n"
        'title = """\n'
        "[defaults]\n"
        "wrong1 = 1\n"
        '\\""""\n'
        "[ defaults ]  # here\n"
        "scopes = [\n"
        "  'wrong2 = 1',\n"
        "]\n"
        '  "wrong1" = 1\n'
        "caller . wrong2 = 1\n"
        "[profile]\n"
        "x.wrong3 = 1\n"
        "y = { wrong4 = '''\n''', s3_grant = { wrong5 = 1 } }\n"
        "'z'.wrong6 = 1",
    ).message

    for place in (
        "title (line 2)",
        "defaults.wrong1 (line 10)",
        "defaults.caller.wrong2 (line 11)",
        "profile.x.wrong3 (line 13)",
        "profile.y.wrong4 (line 14)",
        "profile.y.s3_grant.wrong5 (line 14)",
        "profile.z.wrong6 (line 16)",
    ):
        assert f"{place}: unknown" in message
