"""What keys ask of one another: sources and their keys, one target, a caller that can sign, names that exist."""

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
def test_needed_keys_of_a_source(tmp_path: Path, source: str) -> None:
    """With the keys that its source needs an identity is complete; without any, each missing one is named."""
    needed = SOURCES[source].requires
    begin = f'{_BASE}[identity.a]\nsource = "{source}"\n'
    loaded = load(tmp_path, begin + "".join(f"{key} = {_VALUES[key]}\n" for key in needed))
    assert loaded.identities["a"].source == source
    if needed:
        missing = [f'identity.a.{key} (line 9): missing: source "{source}" needs it' for key in needed]
        assert _problems(tmp_path, begin) == "; ".join(missing)


@pytest.mark.parametrize("key", [key.name for key in KEYS["identity"] if key.name != "source"])
def test_keys_of_other_sources(tmp_path: Path, key: str) -> None:
    """A key that belongs to another source is refused by the names of both."""
    other = "environment" if key != "variable" else "identity-center"
    text = f'{_BASE}[identity.a]\nsource = "{other}"\n{key} = {_VALUES[key]}\n'
    problem = next(each for each in _problems(tmp_path, text).split("; ") if f"identity.a.{key}" in each)
    owners = [name for name, source in SOURCES.items() if key in source.requires + source.takes]
    assert problem.startswith(f"identity.a.{key} (line 11): belongs to source ")
    assert problem.endswith(f', and this one is "{other}"')
    assert all(f'"{owner}"' in problem for owner in owners)


def test_authentication_without_a_secret(tmp_path: Path) -> None:
    """How a client proves itself is asked for only where it has something to prove itself with."""
    person = 'source = "browser"\nissuer = "https://login.example.com"\nclient_id = "c"\n'
    text = f'{_BASE}[identity.a]\n{person}client_authentication = "client_secret_post"\n'
    assert _problems(tmp_path, text) == (
        "identity.a.client_authentication (line 13): needs client_secret, which this identity does not have"
    )


def test_missing_source(tmp_path: Path) -> None:
    """An identity without a source gets the list of them, and nothing more about its keys."""
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
            'account_id = "111122223333"\npermission_set = "Admin"\nduration_seconds = 900',
            "profile.x.duration_seconds (line 14): needs role_arn, which this profile does not have",
        ),
        (
            f'role_arn = "{ROLE}"\ns3_grant = {{ permission = "READ" }}',
            "profile.x.s3_grant.target (line 13): missing",
        ),
    ],
)
def test_targets(tmp_path: Path, keys: str, problem: str) -> None:
    """A profile opens a role or a permission set, whole, and only a role has what goes with roles."""
    assert _problems(tmp_path, f"{COMPLETE}{keys}\n") == problem


def test_two_targets_in_defaults(tmp_path: Path) -> None:
    """[defaults] may have an account id beside a role, for the permission sets of profiles, but not two targets."""
    defaults = f'[defaults]\nrole_arn = "{ROLE}"\naccount_id = "111122223333"\n'
    assert load(tmp_path, COMPLETE.replace("[defaults]\n", defaults)).profile("x").target == "role"
    both = defaults + 'permission_set = "Admin"\n'
    assert "defaults.permission_set (line 8): must not stand with role_arn" in _problems(
        tmp_path, COMPLETE.replace("[defaults]\n", both)
    )


@pytest.mark.parametrize(
    ("source", "keys"), [("identity-center", ""), ("profile", 'profile = "base"\n')], ids=["identity-center", "profile"]
)
def test_caller_without_identity_token(tmp_path: Path, source: str, keys: str) -> None:
    """A source without identity token cannot open the caller's role; the line is that of the caller, in [defaults]."""
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


def test_names_that_do_not_exist(tmp_path: Path) -> None:
    """An identity or profile that is referred to and not there is told with the nearest one."""
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


def test_chain_of_profiles(tmp_path: Path) -> None:
    """Profiles may exchange one another's tokens in a row."""
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
def test_circle_of_profiles(tmp_path: Path, links: tuple[tuple[str, str], ...], circle: str) -> None:
    """A profile whose token would come from itself is refused once, with the whole circle."""
    assert _problems(tmp_path, _chain(*links)) == circle


def test_circle_by_default(tmp_path: Path) -> None:
    """A profile that leads to itself only because [defaults] names the identity is told where it is named."""
    text = _BASE.replace("[profile.base]", "[defaults]").replace('identity = "base"', 'identity = "a"')
    text += '[identity.a]\nsource = "profile"\nprofile = "x"\n[profile.x]\n'
    assert _problems(tmp_path, text) == "profile.x.identity (line 5): its token would come from itself: x -> x"
