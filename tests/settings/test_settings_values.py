"""Single values: those that a key takes, and the message about those that it refuses."""

import os
from pathlib import Path

import pytest
from service_limits import LONGEST_SESSION_S, SHORTEST_SESSION_S, bounds
from settings.settings_files import APPLICATION, COMPLETE, ROLE, load, refusal

from oidc_helper.settings import explain

_NAME = bounds("sts", "AssumeRole", "RoleSessionName")
_LONGEST_ARN, _LONGEST_TARGET = (
    bounds("sts", "AssumeRole", "RoleArn")[1],
    bounds("s3control", "GetDataAccess", "Target")[1],
)
_SET = bounds("sso-admin", "CreatePermissionSet", "Name")
_SESSION = f"must be {SHORTEST_SESSION_S} to {LONGEST_SESSION_S} seconds"
_REGION = 'identity_center_region = "eu-west-1"'
_JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("role_arn", "arn:aws:iam::123456789012:role/analytics"),
        ("role_arn", "arn:aws-us-gov:iam::012345678901:role/team/sub/Role+=,.@-_"),
        ("role_arn", "arn:aws-eusc:iam::123456789012:role/a"),
        ("application_arn", APPLICATION),
        ("application_arn", APPLICATION.replace("arn:aws:", "arn:aws-iso-b:")),
        ("region", "us-gov-west-1"),
        ("region", "eusc-de-east-1"),
        ("region", "us-isob-east-1"),
        ("region", "ap-southeast-5"),
        ("duration_seconds", SHORTEST_SESSION_S),
        ("duration_seconds", LONGEST_SESSION_S),
        ("role_session_name", "alice@example.com"),
        ("deadline_seconds", 5),
        ("deadline_seconds", 3600),
        ("sign_in", "when-needed"),
        ("renew", "on-demand"),
        ("identity_context_provider_arn", "arn:aws-cn:iam::aws:contextProvider/IdentityCenter"),
    ],
)
def test_right_values_are_accepted_unchanged(tmp_path: Path, key: str, value: str | int) -> None:
    """Every partition, both ends of each range, the whole alphabet of a name."""
    role = "" if key == "role_arn" else f'role_arn = "{ROLE}"\n'
    written = value if isinstance(value, int) else f'"{value}"'

    assert getattr(load(tmp_path, f"{COMPLETE}{role}{key} = {written}\n").profile("x"), key) == value


@pytest.mark.parametrize(
    ("key", "written", "complaint"),
    [
        ("role_arn", '"arn:aws:iam::12345678901:role/x"', "does not look like arn:aws:iam::123456789012:role/NAME"),
        ("role_arn", '"arn:aws:sts::123456789012:assumed-role/x/y"', "does not look like arn:aws:iam::"),
        ("role_arn", '"arn:aws:iam::123456789012:role/x\\n"', "has control characters, or white space at its ends"),
        ("role_arn", '"arn:aws:iam::1234:role/x"', ": the account '1234' is not 12 digits"),
        ("role_arn", '"arn:aws:sts::123456789012:assumed-role/x/y"', ": the service 'sts' is not iam"),
        ("role_arn", '"arn:aws:iam:eu-west-1:123456789012:role/x"', ": the region 'eu-west-1' is not empty"),
        ("role_arn", '"arn:amazon:iam::123456789012:role/x"', ": the partition 'amazon' is not aws, aws-cn or another"),
        ("role_arn", '"urn:aws:iam::123456789012:role/x"', ": the beginning 'urn' is not arn"),
        ("role_arn", '"arn:aws:iam::123456789012:user/alice"', ": the resource 'user' is not role"),
        ("role_arn", '"arn:aws:iam::123456789012:role"', ": the name '' is not a path and letters"),
        ("role_arn", '"arn:aws:iam::123456789012"', "does not look like arn:aws:iam::123456789012:role/NAME"),
        (
            "application_arn",
            f'"{APPLICATION}0"',
            ": the application 'apl-1234567890abcdef0' is not apl- and 1",
        ),
        (
            "application_arn",
            f'"{APPLICATION.replace("ssoins", "ssoin")}"',
            ": the instance 'ssoin-1234567890abcdef' is",
        ),
        ("application_arn", f'"{APPLICATION.rpartition("/")[0]}"', ": the application '' is not apl-"),
        ("role_arn", "12", "must be a string, not an integer"),
        ("role_arn", '""', "must not be empty"),
        ("application_arn", f'"{APPLICATION}0"', "does not look like arn:aws:sso::123456789012:application/ssoins-"),
        ("account_id", "123456789012", "must be in quotes, since a number loses its leading zeros"),
        ("account_id", '"12345678901"', "'12345678901' does not look like an account id of 12 digits"),
        ("account_id", '"١٢٣٤٥٦٧٨٩٠١٢"', "does not look like an account id"),
        ("account_id", "true", "must be a string, not a boolean"),
        ("region", '"eu-west"', "'eu-west' does not look like a region such as eu-west-1"),
        ("region", '"us-east1"', "'us-east1' does not look like a region such as eu-west-1, did you mean us-east-1?"),
        ("region", '"eu-west-1.evil.example"', "does not look like a region"),
        ("region", "1979-05-27", "must be a string, not a date or time"),
        ("duration_seconds", f"{SHORTEST_SESSION_S - 1}", _SESSION),
        ("duration_seconds", f"{LONGEST_SESSION_S + 1}", _SESSION),
        ("duration_seconds", "0x" + "f" * 20_000, _SESSION),
        ("duration_seconds", "3600.0", "must be an integer (seconds), not a number"),
        ("duration_seconds", "true", "must be an integer (seconds), not a boolean"),
        ("duration_seconds", '"1h"', "must be an integer (seconds), not a string"),
        (
            "role_session_name",
            '"a"',
            f"'a' does not look like {_NAME[0]} to {_NAME[1]} letters, digits or any of _",
        ),
        ("role_session_name", f'"{"a" * (_NAME[1] + 1)}"', f"to {_NAME[1]} letters, digits or any of _+=,.@-"),
        ("role_arn", f'"{ROLE}{"x" * _LONGEST_ARN}"', f"must not have more than {_LONGEST_ARN} characters"),
        ("role_session_name", '"josé"', "'josé' does not look like"),
        ("deadline_seconds", "4", "must be 5 to 3600 seconds"),
        ("deadline_seconds", "nan", "must be an integer (seconds), not a number"),
        ("sign_in", '"when-neded"', '\'when-neded\' is not "never" or "when-needed", did you mean when-needed?'),
        ("sign_in", "true", 'must be "never" or "when-needed", not a boolean'),
        ("renew", '"always"', '\'always\' is not "ahead" or "on-demand"'),
        ("permission_set", f'"{"x" * (_SET[1] + 1)}"', f"does not look like {_SET[0]} to {_SET[1]} letters"),
        ("scopes", '"openid"', 'must be a list such as ["openid", "email"], not a string'),
        ("scopes", '["openid email"]', "must be a list of strings, each one scope without spaces"),
        ("scopes", "[1]", "must be a list of strings, each one scope without spaces"),
        ("ca_bundle", '"~nobody-of-that-name/ca.pem"', "names a home directory that is not known"),
        ("ca_bundle", '"ca\\u0000.pem"', "has control characters"),
        ("identity", '"a b"', "'a b' does not look like a name"),
        ("identity", '"corp"', "there is no identity corp: the configuration has job"),
        ("caller.zzz", '"base"', "unknown key: the keys here are web_identity_role_arn, profile, environment"),
        ("caller", '"base"', "must be a table such as { web_identity_role_arn = "),
        ("caller", "{}", "must have exactly one of web_identity_role_arn, profile, environment"),
        ("caller", '{ profile = "a", environment = true }', "must have exactly one of"),
        ("caller.environment", "false", "must be true, or left out"),
        ("caller.profile", '""', "must not be empty"),
        ("s3_grant", '"s3://x"', 'must be a table such as { target = "s3://BUCKET/PREFIX*", permission = "READ" }'),
        ("s3_grant.target", '"https://bucket/prefix"', "does not look like s3://BUCKET/PREFIX*"),
        (
            "s3_grant.target",
            f'"s3://bucket/{"x" * _LONGEST_TARGET}"',
            f"must not have more than {_LONGEST_TARGET} characters",
        ),
        ("s3_grant.permission", '"READ_WRITE"', 'is not "READ", "WRITE" or "READWRITE", did you mean READWRITE?'),
        ("s3_grant.privilege", '"minimal"', 'is not "Default" or "Minimal", did you mean Minimal?'),
        ("s3_grant.account_id", "1", "must be in quotes"),
    ],
)
def test_a_wrong_value_is_named_with_its_right_form(tmp_path: Path, key: str, written: str, complaint: str) -> None:
    """And with its key and line."""
    message = refusal(tmp_path, f"{COMPLETE}{key} = {written}\n").message

    assert f"profile.x.{key} (line 12): " in message
    assert complaint in message


def test_a_secret_pasted_in_a_wrong_place_is_not_repeated(tmp_path: Path) -> None:
    message = refusal(tmp_path, f'{COMPLETE}role_arn = "{_JWT}"\n').message

    assert "'eyJhbGciOiJSUzI1NiIsI...' does not look like" in message
    assert _JWT[24:40] not in message


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.example.com",
        "https://login.example.com/",
        "https://login.example.com:8443/oauth2/default",
        "http://127.0.0.1:5000/idp",
        "http://localhost:5000",
        "http://[::1]:5000/",
    ],
)
def test_an_issuer_is_kept_letter_for_letter(tmp_path: Path, issuer: str) -> None:
    """A slash at its end included; plain http is for loopback hosts."""
    loaded = load(tmp_path, f'[identity.a]\nsource = "browser"\nissuer = "{issuer}"\nclient_id = "c"\n')

    assert loaded.identities["a"].issuer == issuer


@pytest.mark.parametrize(
    ("issuer", "complaint"),
    [
        ("http://login.example.com", "plain http is for loopback hosts only"),
        ("http://127.0.0.1.example.com", "plain http is for loopback hosts only"),
        ("http://127.1", "plain http is for loopback hosts only"),
        ("https://user:secret@login.example.com", "without user or password"),
        ("https://login.example.com/?tenant=1", "without query and fragment"),
        ("https://login.example.com/#", "without query and fragment"),
        ("https://login.example.com/.well-known/openid-configuration", "must be the issuer itself"),
        ("https://login.example.com:0", "must be a URL such as https://"),
        ("https://login.example.com:99999", "has an impossible host or port"),
        ("https://[1:2]", "has an impossible host or port"),
        ("login.example.com", "must be a URL such as https://"),
        ("https://", "must be a URL such as https://"),
    ],
)
def test_an_impossible_issuer_is_refused(tmp_path: Path, issuer: str, complaint: str) -> None:
    """A password in it is not repeated."""
    message = refusal(tmp_path, f'[identity.a]\nsource = "browser"\nclient_id = "c"\nissuer = "{issuer}"\n').message

    assert "identity.a.issuer (line 4): " in message
    assert complaint in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ('"vault read"', "must be a list of words such as"),
        ("[]", "must begin with a program"),
        ('["", "x"]', "must begin with a program"),
        ('["vault", 1]', "must be a list of strings, without an integer in it"),
        ('["vault", "a\\u0000b"]', "has a NUL character in it"),
    ],
)
def test_a_command_that_is_not_a_list_of_words_is_refused(tmp_path: Path, written: str, complaint: str) -> None:
    """No shell will split it."""
    assert complaint in refusal(tmp_path, f'[identity.a]\nsource = "command"\ncommand = {written}\n').message


def test_the_words_of_a_command_are_kept_unchanged(tmp_path: Path) -> None:
    """Empty ones, those with spaces, those with line ends."""
    loaded = load(tmp_path, '[identity.a]\nsource = "command"\ncommand = ["sh", "-c", "", "a b\\n~ $x"]\n')

    assert loaded.identities["a"].command == ("sh", "-c", "", "a b\n~ $x")


_PERSON = '[identity.a]\nsource = "browser"\nissuer = "https://login.example.com"\nclient_id = "c"\n'


@pytest.mark.parametrize(
    ("key", "written", "complaint"),
    [
        ("client_secret", "{}", "must have exactly one of keyring, command"),
        ("client_secret.value", '"hunter2"', "unknown key"),
        ("client_secret.command", '"pass show corp"', "must be a list of words such as"),
        ("client_authentication", '"private_key_jwt"', 'is not "client_secret_basic" or "client_secret_post"'),
        ("assertion", '"id-token"', '\'id-token\' is not "id_token" or "access_token", did you mean id_token?'),
        ("resource", '"api"', "does not look like a URI such as https://api.example.com/"),
        ("resource", '"https://api.example.com/#x"', "does not look like a URI"),
        ("authorize_parameters", '"prompt=login"', 'must be a table such as { prompt = "consent" }, not a string'),
        ("authorize_parameters", "{ max_age = 5 }", "'max_age' must be a string, not an integer"),
        ("authorize_parameters", '{ state = "x" }', "must not set state, which is not free to choose"),
        ("authorize_parameters", '{ login_hint = "x" }', "must not set login_hint, which is not free to choose or has"),
        ("redirect_ports", "8400", "must be a list of ports such as [8400, 8401]"),
        ("redirect_ports", "[]", "must be a list of ports such as [8400, 8401]"),
        ("redirect_ports", "[0]", "must be a list of integers from 1 to 65535"),
        ("redirect_ports", "[true]", "must be a list of integers from 1 to 65535"),
        ("redirect_host", '"0.0.0.0"', 'is not "127.0.0.1" or "localhost"'),
        ("redirect_path", '"callback"', "does not look like a path such as /oidc-helper/callback"),
        ("redirect_path", '"/a?b"', "does not look like a path"),
    ],
)
def test_a_wrong_value_of_a_sign_in_is_named_with_its_right_form(
    tmp_path: Path, key: str, written: str, complaint: str
) -> None:
    """And with its key and line."""
    message = refusal(tmp_path, f"{_PERSON}{key} = {written}\n").message

    assert f"identity.a.{key} (line 5): " in message
    assert complaint in message


def test_a_client_secret_in_the_file_is_refused(tmp_path: Path) -> None:
    """With the reason, and without repeating it."""
    message = refusal(tmp_path, f'{_PERSON}client_secret = "hunter2"\n').message

    assert 'must be { keyring = "NAME" } or { command = [...] }: a secret has no place in this file' in message
    assert "hunter2" not in message


def test_relative_paths_begin_at_the_directory_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the working directory is; `~` is home."""
    monkeypatch.chdir("/")
    loaded = load(tmp_path, COMPLETE + 'ca_bundle = "~/ca.pem"\n')
    assert loaded.identities["job"].path == str(tmp_path / "token")
    assert loaded.profile("x").ca_bundle == str(Path("~/ca.pem").expanduser())

    absolute = os.path.abspath("/etc/ca.pem")  # noqa: PTH100 - Windows adds a drive
    assert load(tmp_path, f"{COMPLETE}ca_bundle = '{absolute}'\n").profile("x").ca_bundle == absolute


def test_the_word_system_is_no_path(tmp_path: Path) -> None:
    """It means the operating system's own certificate authorities."""
    assert load(tmp_path, COMPLETE + 'ca_bundle = "system"\n').profile("x").ca_bundle == "system"
    assert load(tmp_path, COMPLETE + 'ca_bundle = "system.pem"\n').profile("x").ca_bundle == str(
        tmp_path / "system.pem"
    )


def test_one_region_of_identity_center_or_a_list_is_taken(tmp_path: Path) -> None:
    """`explain` shows it as it was written."""
    listed = COMPLETE.replace(_REGION, 'identity_center_region = ["eu-west-1", "eu-central-1"]')

    one, two = load(tmp_path, COMPLETE), load(tmp_path, listed)

    assert one.profile("x").identity_center_regions == ("eu-west-1",)
    assert two.profile("x").identity_center_regions == ("eu-west-1", "eu-central-1")
    assert [explain(each, each.profile("x"))["settings"]["identity_center_region"]["value"] for each in (one, two)] == [
        "eu-west-1",
        ["eu-west-1", "eu-central-1"],
    ]


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("[]", "must have at least one region in it"),
        ('["eu-west-1", "eu-west-1"]', "has eu-west-1 twice"),
        ('["eu-west-1", "nowhere"]', "'nowhere' does not look like a region such as eu-west-1"),
        ('["eu-west-1", 7]', "must be a string, not an integer"),
        ("7", "must be a string, not an integer"),
        ('["cn-north-1", "eu-west-1"]', "must have regions of one partition: cn-north-1 and eu-west-1 are in two"),
        ('["us-east-1", "us-gov-west-1"]', "must have regions of one partition"),
        ('["eu-central-1", "eusc-de-east-1"]', "must have regions of one partition"),
        ('["us-iso-east-1", "us-isob-east-1"]', "must have regions of one partition"),
    ],
)
def test_a_list_of_regions_that_no_instance_has_is_refused(tmp_path: Path, written: str, complaint: str) -> None:
    text = COMPLETE.replace(_REGION, f"identity_center_region = {written}")

    assert complaint in refusal(tmp_path, text).message


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("", ("eu-west-1", "eu-central-1")),
        ('region = "eu-central-1"', ("eu-central-1", "eu-west-1")),
        ('region = "us-east-1"', ("us-east-1",)),
    ],
    ids=["not set", "one of them", "another"],
)
def test_a_role_session_is_asked_for_in_the_regions_of_identity_center_if_its_own_is_one(
    tmp_path: Path, region: str, expected: tuple[str, ...]
) -> None:
    """STS gives the same in each; a region that was chosen for itself is not left."""
    text = COMPLETE.replace(_REGION, 'identity_center_region = ["eu-west-1", "eu-central-1"]')

    assert load(tmp_path, f"{text}{region}\n").profile("x").role_regions == expected
