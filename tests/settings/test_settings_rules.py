"""The rules between keys: sources and their keys, one target, a caller that can sign, names that exist."""

from pathlib import Path

import pytest
from settings.settings_files import APPLICATION, COMPLETE, ROLE, load, refusal

from oidc_helper.settings.schema import KEYS, SOURCES

_VALUES = {
    "issuer": '"https://login.example.com"',
    "client_id": '"client"',
    "path": '"token"',
    "variable": '"TOKEN"',
    "command": '["print-token"]',
    "audience": '"sts"',
    "profile": '"base"',
    "scopes": '["openid"]',
    "client_secret": '{ keyring = "corp" }',
    "client_authentication": '"client_secret_post"',
    "assertion": '"access_token"',
    "resource": '"https://api.example.com"',
    "login_hint": '"alice@example.com"',
    "authorize_parameters": '{ prompt = "login" }',
    "redirect_ports": "[8400]",
    "redirect_host": '"localhost"',
    "redirect_path": '"/callback"',
}
TENANT = "aa-0123456789ab"
GRANT = 's3_grant = { target = "s3://bucket/*", permission = "READ" }'
_BASE = f"""\
[identity.base]
source = "file"
path = "token"
[profile.base]
identity = "base"
application_arn = "{APPLICATION}"
identity_center_region = "eu-west-1"
caller = {{ environment = true }}
"""


def _problems(directory: Path, text: str) -> str:
    return refusal(directory, text).message.partition("config.toml: ")[2]


@pytest.mark.parametrize("source", SOURCES)
def test_each_missing_key_of_a_source_is_named(tmp_path: Path, source: str) -> None:
    """With them all, the identity is complete."""
    needed = SOURCES[source].requires
    begin = f'{_BASE}[identity.a]\nsource = "{source}"\n'
    loaded = load(tmp_path, begin + "".join(f"{key} = {_VALUES[key]}\n" for key in needed))
    assert loaded.identities["a"].source == source

    if needed:
        missing = [f'identity.a.{key} (line 9): missing: source "{source}" needs it' for key in needed]
        assert _problems(tmp_path, begin) == "; ".join(missing)


@pytest.mark.parametrize("key", [key.name for key in KEYS["identity"] if key.name != "source"])
def test_a_key_of_another_source_is_refused(tmp_path: Path, key: str) -> None:
    """The message names both sources."""
    other = "environment" if key != "variable" else "identity-center"
    text = f'{_BASE}[identity.a]\nsource = "{other}"\n{key} = {_VALUES[key]}\n'
    problem = next(each for each in _problems(tmp_path, text).split("; ") if f"identity.a.{key}" in each)
    owners = [name for name, source in SOURCES.items() if key in source.requires + source.takes]

    assert problem.startswith(f"identity.a.{key} (line 11): belongs to source ")
    assert problem.endswith(f', and this one is "{other}"')
    assert all(f'"{owner}"' in problem for owner in owners)


def test_client_authentication_needs_a_client_secret(tmp_path: Path) -> None:
    person = 'source = "browser"\nissuer = "https://login.example.com"\nclient_id = "c"\n'
    text = f'{_BASE}[identity.a]\n{person}client_authentication = "client_secret_post"\n'

    assert _problems(tmp_path, text) == (
        "identity.a.client_authentication (line 13): needs client_secret, which this identity does not have"
    )


def test_a_missing_source_is_answered_with_the_list_of_them(tmp_path: Path) -> None:
    """Nothing is said about the identity's other keys."""
    assert _problems(tmp_path, '[identity.a]\npath = "token"\n') == (
        'identity.a.source (line 1): missing: one of "browser", "device", "file", "environment", "command", "ci", '
        '"identity-center" or "profile"'
    )


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            f'role_arn = "{ROLE}"\npermission_set = "Admin"',
            "profile.x.permission_set (line 13): must not stand with role_arn: a profile has one target",
        ),
        (
            f'role_arn = "{ROLE}"\naccount_id = "111122223333"',
            "profile.x.account_id (line 13): must not stand with role_arn: a profile has one target",
        ),
        ('account_id = "111122223333"', "profile.x.permission_set (line 11): missing: account_id needs it"),
        ('permission_set = "Admin"', "profile.x.account_id (line 11): missing: permission_set needs it"),
        (
            's3_grant = { target = "s3://bucket/*", permission = "READ" }',
            "profile.x.s3_grant (line 12): needs role_arn, which this profile does not have",
        ),
        (
            'account_id = "111122223333"\npermission_set = "Admin"\nduration_seconds = 1800',
            "profile.x.duration_seconds (line 14): needs role_arn, which this profile does not have",
        ),
        (
            f'role_arn = "{ROLE}"\ns3_grant = {{ permission = "READ" }}',
            "profile.x.s3_grant.target (line 13): missing",
        ),
        (
            f'account_access = "{TENANT}"',
            "profile.x.account_access (line 12): needs role_arn, which this profile does not have",
        ),
        (
            f'role_arn = "{ROLE}"\naccount_access = "{TENANT}"\npermission_set = "Admin"',
            "profile.x.permission_set (line 14): must not stand with role_arn: a profile has one target",
        ),
    ],
)
def test_a_profile_has_one_complete_target(tmp_path: Path, keys: str, problem: str) -> None:
    """Only a role has the keys that serve roles."""
    assert _problems(tmp_path, f"{COMPLETE}{keys}\n") == problem


def test_defaults_have_one_target_too(tmp_path: Path) -> None:
    """They may add an account id, which the permission sets of profiles need."""
    defaults = f'[defaults]\nrole_arn = "{ROLE}"\naccount_id = "111122223333"\n'
    assert load(tmp_path, COMPLETE.replace("[defaults]\n", defaults)).profile("x").target == "role"

    both = defaults + 'permission_set = "Admin"\n'
    assert "defaults.permission_set (line 8): must not stand with role_arn" in _problems(
        tmp_path, COMPLETE.replace("[defaults]\n", both)
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [GRANT.split(" = ", 1), ("identity_context_provider_arn", '"arn:aws:iam::aws:contextProvider/IdentityCenter"')],
)
def test_only_an_identity_enhanced_session_has_a_grant_and_a_context(tmp_path: Path, key: str, value: str) -> None:
    given = f'{COMPLETE}role_arn = "{ROLE}"\naccount_access = "{TENANT}"\n'

    assert _problems(tmp_path, f"{given}{key} = {value}\n") == (
        f"profile.x.{key} (line 14): must not stand with account_access: "
        "it belongs to an identity-enhanced role session"
    )
    assert load(tmp_path, f'{given}duration_seconds = 7200\nrole_session_name = "me"\n').profile("x").target


@pytest.mark.parametrize(
    ("defaults", "own", "expected"),
    [
        (f'account_access = "{TENANT}"', f'role_arn = "{ROLE}"', ("role", None)),
        (f'role_arn = "{ROLE}"\naccount_access = "{TENANT}"', f'role_arn = "{ROLE}"', ("role", None)),
        (f'role_arn = "{ROLE}"\naccount_access = "{TENANT}"', "", ("account access", TENANT)),
        (f'role_arn = "{ROLE}"\n{GRANT}', f'account_access = "{TENANT}"', ("account access", TENANT)),
        (f'account_access = "{TENANT}"', 'account_id = "111122223333"\npermission_set = "A"', ("permission set", None)),
        (f'account_access = "{TENANT}"', "", (None, None)),
    ],
    ids=["tenant", "another role's tenant", "role and tenant", "role with a grant", "permission set", "no target"],
)
def test_the_tenant_of_defaults_turns_no_role_into_one_of_account_access_manager(
    tmp_path: Path, defaults: str, own: str, expected: tuple[str | None, str | None]
) -> None:
    """It goes with the role there; a profile's own role has a tenant of its own, or none."""
    text = COMPLETE.replace("[defaults]\n", f"[defaults]\n{defaults}\n") + own + "\n"
    loaded = load(tmp_path, text)
    profile = loaded.profile("x")

    assert (profile.target, profile.account_access) == expected
    assert profile.s3_grant is None
    assert loaded.tenants(profile) == [TENANT]


@pytest.mark.parametrize(
    ("source", "keys"), [("identity-center", ""), ("profile", 'profile = "base"\n')], ids=["identity-center", "profile"]
)
def test_a_source_without_identity_token_opens_no_caller_role(tmp_path: Path, source: str, keys: str) -> None:
    """The line named is that of the caller, in [defaults]."""
    text = (
        f'{_BASE}[identity.a]\nsource = "{source}"\n{keys}[defaults]\ncaller = {{ web_identity_role_arn = "{ROLE}" }}\n'
    )
    line = text[: text.index("[defaults]")].count("\n") + 2
    text += f'[profile.x]\nidentity = "a"\napplication_arn = "{APPLICATION}"\nidentity_center_region = "eu-west-1"\n'

    assert _problems(tmp_path, text) == (
        f"profile.x.caller (line {line}): web_identity_role_arn needs an identity token, "
        f'and source "{source}" gives none'
    )
    assert load(tmp_path, text + 'caller = { profile = "base" }\n').profile("x").caller.profile == "base"


def test_a_name_that_does_not_exist_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    text = f'{_BASE}[identity.a]\nsource = "profile"\nprofile = "basis"\n[profile.x]\nidentity = "bas"\n'
    problems = _problems(tmp_path, text)

    assert "identity.a.profile (line 11): there is no profile basis, did you mean base?" in problems
    assert "profile.x.identity (line 13): there is no identity bas, did you mean base?" in problems


def _chain(*links: tuple[str, str]) -> str:
    """Profiles, each exchanging the token of the next."""
    return _BASE.replace("[profile.base]", "[defaults]") + "".join(
        f'[profile.{name}]\nidentity = "from-{name}"\n'
        f'[identity.from-{name}]\nsource = "profile"\nprofile = "{follows}"\n'
        for name, follows in links
    )


def test_profiles_may_exchange_one_another_s_tokens_in_a_row(tmp_path: Path) -> None:
    loaded = load(tmp_path, _chain(("a", "b"), ("b", "c")) + '[profile.c]\nidentity = "base"\n')

    assert loaded.profile("a").identity.profile == "b"


@pytest.mark.parametrize(
    ("links", "circle"),
    [
        ((("a", "a"),), "profile.a.identity (line 10): its token would come from itself: a -> a"),
        (
            (("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")),
            "profile.b.identity (line 15): its token would come from itself: b -> c -> d -> b",
        ),
    ],
)
def test_a_circle_of_profiles_is_refused(tmp_path: Path, links: tuple[tuple[str, str], ...], circle: str) -> None:
    """Once, with all its members."""
    assert _problems(tmp_path, _chain(*links)) == circle


def test_a_circle_through_defaults_names_the_line_there(tmp_path: Path) -> None:
    text = _BASE.replace("[profile.base]", "[defaults]").replace('identity = "base"', 'identity = "a"')
    text += '[identity.a]\nsource = "profile"\nprofile = "x"\n[profile.x]\n'

    assert _problems(tmp_path, text) == "profile.x.identity (line 5): its token would come from itself: x -> x"
