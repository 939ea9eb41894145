"""The settings of a right file: defaults, inheritance, and the origin of each value."""

import dataclasses
from pathlib import Path

import pytest
from settings.settings_files import APPLICATION, COMPLETE, ROLE, checked, load

from oidc_helper import paths
from oidc_helper.errors import WrongSettings
from oidc_helper.settings import Caller, ClientSecret, Identity, Profile, S3Grant
from oidc_helper.settings.schema import KEYS

_EXAMPLE = f"""\
# a person, a job, and three things to open
[identity.corp]
source    = "browser"
issuer    = "https://login.example.com/oauth2/default"
client_id = "0oa1b2c3d4"

[identity.job]
source = "file"
path   = "/var/run/secrets/tokens/aws"

[defaults]
identity               = "corp"
application_arn        = "{APPLICATION}"
identity_center_region = "eu-west-1"
caller                 = {{ web_identity_role_arn = "arn:aws:iam::123456789012:role/tip-caller" }}

[profile.analytics]
role_arn = "{ROLE}"
region   = "eu-central-1"

[profile.dev-admin]
account_id     = "111122223333"
permission_set = "Admin"

[profile.reports]
role_arn = "{ROLE}"
s3_grant = {{ target = "s3://reports/2026/*", permission = "READ" }}
"""


def test_the_three_kinds_of_profile_are_resolved(tmp_path: Path) -> None:
    """A role session, a permission set, an S3 access grant."""
    loaded = load(tmp_path, _EXAMPLE)
    corp = Identity(
        "corp",
        "browser",
        issuer="https://login.example.com/oauth2/default",
        client_id="0oa1b2c3d4",
        scopes=("openid", "email", "offline_access"),
        assertion="id_token",
        redirect_host="127.0.0.1",
        redirect_path="/oidc-helper/callback",
    )
    assert loaded.identities == {"corp": corp, "job": Identity("job", "file", path="/var/run/secrets/tokens/aws")}

    analytics = Profile(
        name="analytics",
        identity=corp,
        application_arn=APPLICATION,
        identity_center_region="eu-west-1",
        caller=Caller(web_identity_role_arn="arn:aws:iam::123456789012:role/tip-caller"),
        region="eu-central-1",
        role_arn=ROLE,
        account_access=None,
        account_id=None,
        permission_set=None,
        s3_grant=None,
        scopes=(),
        duration_seconds=3600,
        role_session_name=None,
        sign_in="never",
        renew="ahead",
        deadline_seconds=50,
        ca_bundle=None,
        identity_context_provider_arn="arn:aws:iam::aws:contextProvider/IdentityCenter",
    )
    grant = S3Grant("s3://reports/2026/*", "READ", "Default", account_id="123456789012")
    assert loaded.profiles == {
        "analytics": analytics,
        "dev-admin": dataclasses.replace(
            analytics,
            name="dev-admin",
            region="eu-west-1",
            role_arn=None,
            account_id="111122223333",
            permission_set="Admin",
        ),
        "reports": dataclasses.replace(analytics, name="reports", region="eu-west-1", s3_grant=grant),
    }
    assert [profile.target for profile in loaded.profiles.values()] == ["role", "permission set", "role"]


def test_settings_carry_their_path_and_stamp(tmp_path: Path) -> None:
    """Cached credentials are compared with the stamp."""
    loaded = load(tmp_path, _EXAMPLE)

    assert loaded.path == str(tmp_path / "config.toml")
    assert loaded.stamp == paths.config_stamp([loaded.path])


def test_profiles_of_one_identity_and_application_share_their_tokens(tmp_path: Path) -> None:
    """Another identity has its own."""
    loaded = load(tmp_path, _EXAMPLE + 'identity = "job"\n')
    names = [profile.tokens_name for profile in loaded.profiles.values()]

    assert names == [f"corp+{APPLICATION}", f"corp+{APPLICATION}", f"job+{APPLICATION}"]


def test_every_key_knows_the_table_and_line_of_its_value(tmp_path: Path) -> None:
    loaded = load(tmp_path, _EXAMPLE)
    origins = loaded.profile("reports").origins
    assert set(origins) == {key.name for key in KEYS["profile"]}

    written = {key: str(origin) for key, origin in origins.items() if origin.file}
    assert written == {
        "identity": "defaults (line 12)",
        "application_arn": "defaults (line 13)",
        "identity_center_region": "defaults (line 14)",
        "caller": "defaults (line 15)",
        "role_arn": "profile.reports (line 26)",
        "s3_grant": "profile.reports (line 27)",
    }
    assert {key: str(origin) for key, origin in loaded.identities["corp"].origins.items()} == {
        "source": "identity.corp (line 3)",
        "issuer": "identity.corp (line 4)",
        "client_id": "identity.corp (line 5)",
        **dict.fromkeys(("scopes", "assertion", "redirect_host", "redirect_path"), "default"),
    }


def test_every_key_of_a_sign_in_reaches_the_identity_unchanged(tmp_path: Path) -> None:
    identity = load(
        tmp_path,
        """
[identity.corp]
source = "device"
issuer = "https://login.example.com"
client_id = "c"
client_secret = { command = ["pass", "show", "corp"] }
client_authentication = "client_secret_post"
assertion = "access_token"
audience = "https://aws.example.com"
resource = "https://api.example.com/"
login_hint = "alice@example.com"
authorize_parameters = { prompt = "login", access_type = "offline" }
redirect_ports = [8400, 8401]
redirect_host = "localhost"
redirect_path = "/callback"
""",
    ).identities["corp"]

    assert identity == Identity(
        "corp",
        "device",
        issuer="https://login.example.com",
        client_id="c",
        scopes=("openid", "email", "offline_access"),
        client_secret=ClientSecret(command=("pass", "show", "corp")),
        client_authentication="client_secret_post",
        assertion="access_token",
        audience="https://aws.example.com",
        resource="https://api.example.com/",
        login_hint="alice@example.com",
        authorize_parameters={"prompt": "login", "access_type": "offline"},
        redirect_ports=(8400, 8401),
        redirect_host="localhost",
        redirect_path="/callback",
    )


def test_a_profile_s_own_target_displaces_the_default_one(tmp_path: Path) -> None:
    """Neither the role nor the keys that serve roles are inherited by a permission set, and the reverse."""
    defaults = f'[defaults]\nrole_arn = "{ROLE}"\nduration_seconds = 1800\naccount_id = "111122223333"\n'
    text = COMPLETE.replace("[defaults]\n", defaults)
    permission_set = load(tmp_path, text + 'permission_set = "Admin"\n').profile("x")
    assert permission_set.target == "permission set"
    assert permission_set.account_id == "111122223333"
    assert (permission_set.role_arn, permission_set.duration_seconds) == (None, 3600)

    role = load(tmp_path, text).profile("x")
    assert (role.target, role.account_id, role.duration_seconds) == ("role", None, 1800)


def test_a_caller_replaces_the_default_one_as_a_whole(tmp_path: Path) -> None:
    loaded = load(tmp_path, COMPLETE + "caller.environment = true\n")

    assert loaded.profile("x").caller == Caller(environment=True)


def test_a_profile_may_have_no_target(tmp_path: Path) -> None:
    """It is for `token`."""
    assert load(tmp_path, COMPLETE).profile("x").target is None


@pytest.mark.parametrize(
    ("source", "grant"),
    [
        ('source = "file"\npath = "t"', "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ('source = "environment"\nvariable = "T"', "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ('source = "identity-center"', "authorization_code"),
        ('source = "profile"\nprofile = "x"', "urn:ietf:params:oauth:grant-type:token-exchange"),
    ],
)
def test_the_source_of_the_identity_decides_the_grant(tmp_path: Path, source: str, grant: str) -> None:
    other = f'[identity.o]\n{source}\n[profile.o]\nidentity = "o"\ncaller = {{ environment = true }}\n'

    assert load(tmp_path, COMPLETE + other).profile("o").grant == grant


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-f"])
def test_the_context_provider_follows_the_partition_of_the_role(tmp_path: Path, partition: str) -> None:
    """Unless it is set."""
    role = f'role_arn = "arn:{partition}:iam::123456789012:role/x"\n'
    by_default = load(tmp_path, COMPLETE + role).profile("x").identity_context_provider_arn
    assert by_default == f"arn:{partition}:iam::aws:contextProvider/IdentityCenter"

    other = "arn:aws-cn:iam::aws:contextProvider/Other"
    set_by_user = load(tmp_path, f'{COMPLETE}{role}identity_context_provider_arn = "{other}"\n').profile("x")
    assert set_by_user.identity_context_provider_arn == other


def test_an_s3_grant_may_be_of_another_account(tmp_path: Path) -> None:
    """Its S3 Access Grants instance need not be in the role's."""
    grant = 'target = "s3://b-1/é x*"\npermission = "WRITE"\nprivilege = "Minimal"\naccount_id = "000000000001"\n'
    profile = load(tmp_path, f'{COMPLETE}role_arn = "{ROLE}"\n[profile.x.s3_grant]\n{grant}').profile("x")

    assert profile.s3_grant == S3Grant("s3://b-1/é x*", "WRITE", "Minimal", "000000000001")


def test_names_may_have_dots_and_slashes(tmp_path: Path) -> None:
    """In quotes."""
    assert load(tmp_path, COMPLETE + '[profile."team/a.b-c"]\n').profile("team/a.b-c").name == "team/a.b-c"


def test_an_unknown_profile_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    """The hint lists the profiles."""
    with pytest.raises(WrongSettings) as caught:
        load(tmp_path, _EXAMPLE).profile("analytcs")

    assert caught.value.message == "no profile 'analytcs', did you mean analytics?"
    assert caught.value.hint == f"profiles in {tmp_path / 'config.toml'}: analytics, dev-admin, reports"


def test_a_long_list_of_profiles_is_cut(tmp_path: Path) -> None:
    """The unknown name is escaped."""
    with pytest.raises(WrongSettings) as caught:
        load(tmp_path, COMPLETE + "".join(f"[profile.p{number}]\n" for number in range(30))).profile("\x1b[2J")

    assert checked(caught.value).message == "no profile '\\x1b[2J'"
    assert caught.value.hint.endswith("and 23 more")


def test_without_profiles_the_hint_says_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings) as caught:
        load(tmp_path, "").profile("x")

    assert caught.value.hint == f"add [profile.NAME] to {tmp_path / 'config.toml'}; to see how: oidc-helper help config"
