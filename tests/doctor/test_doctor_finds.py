"""Whatever one thing is wrong, doctor names just that with its remedy, and is content after that was done."""

import shutil
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from cli.arrangements import keys_of_the_iam_user, with_caller
from cli.sign_ins import Desk, desk
from doctor.ward import ALICE, Ward
from homes import COMMAND

Act = Callable[[Ward], object]


class Row(NamedTuple):
    """What is broken, the one check that fails, words of what it found and of its remedy, and how that is done.

    Without `mend`, what is printed is done to the letter. `words` are those of the command, `first` is done before all.
    """

    id: str
    wrong: Act
    found: str
    remedy: str
    mend: Act | None = None
    words: tuple[str, ...] = ("analytics",)


def keep(name: str) -> Act:
    """Put the file of the home back as it was."""
    return lambda ward: shutil.copy(ward.home.path / f"{name}.sound", ward.home.path / name)


def breaking(name: str, act: Act) -> Act:
    """Break a file of the home, a copy of which is kept."""

    def wrong(ward: Ward) -> None:
        shutil.copy(ward.home.path / name, ward.home.path / f"{name}.sound")
        act(ward)

    return wrong


def settings(old: str, new: str) -> Act:
    return breaking("config.toml", lambda ward: ward.settings(old, new))


def aws_key(line: str) -> Act:
    return breaking(".aws/config", lambda ward: ward.aws_key(line))


def variables(**values: str) -> Act:
    return lambda ward: ward.variables(**values)


def without(*names: str) -> Act:
    return lambda ward: ward.without(*names)


def closed(variable: str) -> Act:
    return lambda ward: ward.variables(**{variable: ward.closed})


def token(**claims: Any) -> Act:
    return lambda ward: ward.token(**claims)


def new_token(ward: Ward) -> None:
    ward.token()


def elsewhere(ward: Ward) -> None:
    """Another copy of the command."""
    (ward.home.path / "bin").mkdir()
    other = ward.home.path / "bin/oidc-helper"
    shutil.copy(COMMAND, other)
    ward.aws_config(f"[profile analytics]\ncredential_process = {other} get analytics\n")


def a_broken_keyring(ward: Ward) -> None:
    ward.variables(SOUND=ward.home.environment["PYTHON_KEYRING_BACKEND"], PYTHON_KEYRING_BACKEND="no.such.Keyring")


def no_place(ward: Ward) -> None:
    a_broken_keyring(ward)
    ward.variables(PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring", OIDC_HELPER_KERNEL_KEYRING="off")


def another_keyring(ward: Ward) -> None:
    ward.home.get("analytics")
    a_broken_keyring(ward)
    ward.variables(PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")


def the_old_keyring(ward: Ward) -> None:
    ward.variables(PYTHON_KEYRING_BACKEND=ward.home.environment.pop("SOUND"), OIDC_HELPER_KERNEL_KEYRING="session")


def a_file_as_state(ward: Ward) -> None:
    place = ward.home.path / ".local/state"
    shutil.rmtree(place / "oidc-helper")
    (place / "oidc-helper").write_text("")


def a_spent_token(ward: Ward) -> None:
    """The tokens that it brought have ended."""
    ward.emulator.directory.application.grants.discard("refresh_token")
    ward.emulator.directory.application.access_token_lifetime_s = 30
    ward.home.run("get", "analytics")


def other_keys(ward: Ward) -> None:
    """As of another run of the emulator: AWS knows neither the caller's keys nor the provider's."""
    ward.emulator.rotate_keys(retire=True)
    ward.emulator._state.credentials.clear()


def longer_tokens(ward: Ward) -> None:
    ward.emulator.directory.application.access_token_lifetime_s = 3_600
    ward.token()


def signed_by_keys(ward: Ward, keys: dict[str, str]) -> None:
    with_caller(ward.home, '{ profile = "base" }')
    lines = "".join(f"{name.lower()} = {value}\n" for name, value in keys.items())
    ward.aws_credentials(f"[base]\n{lines}")


def wrong_keys(ward: Ward) -> None:
    signed_by_keys(ward, keys_of_the_iam_user(ward.emulator) | {"AWS_SECRET_ACCESS_KEY": "wrong" * 8})


def right_keys(ward: Ward) -> None:
    signed_by_keys(ward, keys_of_the_iam_user(ward.emulator))


def takes(change: Callable[[Any], object]) -> Act:
    """Change the emulator's directory."""
    return lambda ward: change(ward.emulator.directory)


def assigned(ward: Ward) -> None:
    """The emulator has redeemed the token before it looked at the assignment."""
    ward.emulator.directory.application.assigned.add(ward.emulator.directory.users[0].user_id)
    ward.token()


def after_get(act: Act) -> Act:
    """Break it when tokens are at hand, and nothing else is."""

    def wrong(ward: Ward) -> None:
        ward.home.get("analytics")
        act(ward)

    return wrong


TABLE = {
    "no configuration": Row(
        "settings",
        breaking("config.toml", lambda ward: ward.home.config.unlink()),
        "no configuration at",
        "oidc-helper help config",
        keep("config.toml"),
    ),
    "no TOML": Row("settings", settings("[defaults]", "[defaults"), "is not TOML", "edit", keep("config.toml")),
    "a mistake in another profile": Row(
        "settings", settings("account_id =", "account_idd ="), "account_id?", "edit", keep("config.toml")
    ),
    "others can write": Row("settings", lambda ward: ward.home.config.chmod(0o666), "others can write", "chmod go-w"),
    "a mistake in the profile": Row(
        "profile", settings("\nrole_arn", "\nrole_am"), "did you mean role_arn?", "edit", keep("config.toml")
    ),
    "no line": Row("aws-profile", lambda ward: ward.aws_config(""), "no AWS profile in", "credential_process ="),
    "no such program": Row(
        "aws-profile",
        lambda ward: ward.aws_config("[profile x]\ncredential_process = /gone/oidc-helper get analytics\n"),
        "/gone/oidc-helper, which is not there",
        f"credential_process = {COMMAND} get analytics",
    ),
    "another executable": Row("aws-profile", elsewhere, "and this is", f"credential_process = {COMMAND}"),
    "no file of AWS": Row(
        "aws-profile", aws_key("nonsense"), "no SDK reads that", "mend that line", keep(".aws/config")
    ),
    "keys beside the line": Row(
        "aws-shadows",
        aws_key("aws_access_key_id = AKIAOLD\naws_secret_access_key = old"),
        "aws_access_key_id (line 4), aws_secret_access_key (line 5) of",
        "take these keys out",
        keep(".aws/config"),
    ),
    "keys in the other file": Row(
        "aws-shadows",
        lambda ward: ward.aws_credentials("[analytics]\naws_access_key_id = AKIAOLD\n"),
        ".aws/credentials",
        "take these keys out",
        lambda ward: ward.aws_credentials(""),
    ),
    "a session of sso": Row(
        "aws-shadows", aws_key("sso_session = corp"), "sso_session (line 4)", "take these keys out", keep(".aws/config")
    ),
    "a session of aws login": Row(
        "aws-shadows",
        aws_key("login_session = arn:x"),
        "login_session (line 4)",
        "take these keys out",
        keep(".aws/config"),
    ),
    "a role": Row(
        "aws-shadows", aws_key("role_arn = arn:x"), "role_arn (line 4)", "take these keys out", keep(".aws/config")
    ),
    "a section twice": Row(
        "aws-shadows", aws_key("[profile analytics]\nregion = x"), "analytics", "", keep(".aws/config")
    ),
    "keys in the environment": Row(
        "sdk",
        variables(AWS_ACCESS_KEY_ID="AKIAOLD", AWS_SECRET_ACCESS_KEY="old"),
        "the keys of the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
        "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY",
    ),
    "a role of the environment": Row(
        "sdk",
        variables(AWS_ROLE_ARN="arn:x", AWS_WEB_IDENTITY_TOKEN_FILE="/x"),
        "web_identity_token_file (AWS_ROLE_ARN",
        "unset AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    "an unknown AWS profile": Row(
        "sdk", variables(AWS_PROFILE="analitics"), "did you mean analytics?", "unset AWS_PROFILE"
    ),
    "keys of connections": Row(
        "environment", variables(SSLKEYLOGFILE="keys"), "SSLKEYLOGFILE is set", "unset SSLKEYLOGFILE"
    ),
    "keys of connections that nobody can write": Row(
        "environment", variables(SSLKEYLOGFILE="/gone/keys"), "SSLKEYLOGFILE is set", "unset SSLKEYLOGFILE"
    ),
    "a mark of ourselves": Row(
        "environment", variables(OIDC_HELPER_REENTRY="profile x"), "OIDC_HELPER_REENTRY", "unset OIDC_HELPER_REENTRY"
    ),
    "a keyring that is none": Row(
        "vault",
        a_broken_keyring,
        "the chosen keyring back end cannot be used",
        "PYTHON_KEYRING_BACKEND",
        the_old_keyring,
    ),
    "no place for secrets": Row(
        "vault", no_place, "nothing is kept", "name a keyring back end with PYTHON_KEYRING_BACKEND", the_old_keyring
    ),
    "a sign-in in another keyring": Row(
        "tokens", another_keyring, "may lie in", "run it in the session that has", the_old_keyring
    ),
    "no place for notes": Row(
        "state",
        a_file_as_state,
        "cannot write in",
        "make that directory yours",
        lambda ward: (ward.home.path / ".local/state/oidc-helper").unlink(),
    ),
    "no identity token": Row(
        "identity",
        lambda ward: (ward.home.path / "token").unlink(),
        "does not exist",
        "put a new identity token into",
        new_token,
    ),
    "an old identity token": Row(
        "identity", token(exp=1_000_000_000), "expired", "put a new identity token", new_token
    ),
    "no JWT": Row(
        "identity",
        lambda ward: ward.home.write_token("x"),
        "does not hold a JWT",
        "put a new identity token",
        new_token,
    ),
    "no variable": Row(
        "identity",
        settings('source = "file"\npath = "token"', 'source = "environment"\nvariable = "TOKEN_OF_CI"'),
        "the environment variable TOKEN_OF_CI does not exist",
        "set TOKEN_OF_CI",
        lambda ward: ward.variables(TOKEN_OF_CI=ward.emulator.mint(ALICE)),
    ),
    "a failing command": Row(
        "identity",
        settings('source = "file"\npath = "token"', 'source = "command"\ncommand = ["false"]'),
        "failed with exit code 1",
        "let false print a new identity token",
        settings('["false"]', '["cat", "token"]'),
    ),
    "no jti": Row("claims", token(jti=None), "has no jti", "put a unique jti into each token", new_token),
    "no audience": Row("claims", token(aud=None), "has no aud", "into aud", new_token),
    "another signature": Row("claims", token(alg="ES256"), "signed with ES256, not RS256", "with RS256", new_token),
    "a spent token": Row(
        "claims", a_spent_token, "was already exchanged", "put a new identity token into", longer_tokens
    ),
    "no authorities": Row(
        "certificates",
        variables(AWS_CA_BUNDLE="/gone.pem"),
        "AWS_CA_BUNDLE: the certificates in /gone.pem cannot be read",
        "correct AWS_CA_BUNDLE, or unset it",
        without("AWS_CA_BUNDLE"),
    ),
    "no ca_bundle": Row(
        "certificates",
        settings("[profile.analytics]", '[profile.analytics]\nca_bundle = "gone.pem"'),
        "gone.pem cannot be read",
        "correct ca_bundle",
        keep("config.toml"),
    ),
    "no STS": Row(
        "aws",
        closed("AWS_ENDPOINT_URL_STS"),
        "cannot be reached (EndpointConnection)",
        "check AWS_ENDPOINT_URL_STS",
        lambda ward: ward.variables(AWS_ENDPOINT_URL_STS=ward.emulator.url),
    ),
    "no Identity Center": Row(
        "aws",
        closed("AWS_ENDPOINT_URL_SSO_OIDC"),
        "sso-oidc",
        "check AWS_ENDPOINT_URL_SSO_OIDC",
        lambda ward: ward.variables(AWS_ENDPOINT_URL_SSO_OIDC=ward.emulator.url),
    ),
    "clear text": Row(
        "aws",
        variables(AWS_ENDPOINT_URL_STS="http://aws.example"),
        "without TLS",
        "let AWS_ENDPOINT_URL_STS begin with https://",
        lambda ward: ward.variables(AWS_ENDPOINT_URL_STS=ward.emulator.url),
    ),
    "the clock": Row(
        "clock",
        lambda ward: ward.emulator.skew(1_200),
        "s behind the server's",
        "",
        lambda ward: ward.emulator.skew(0),
    ),
    "the caller's trust": Row(
        "caller",
        takes(lambda directory: directory.caller_role.web_identity_audiences.clear()),
        "AssumeRoleWithWebIdentity was refused: AccessDenied",
        "sts:AssumeRoleWithWebIdentity",
        takes(lambda directory: directory.caller_role.web_identity_audiences.add("oidc-helper-cli")),
    ),
    "no provider at IAM": Row(
        "caller",
        takes(lambda directory: next(iter(directory.oidc_providers.values())).clear()),
        "InvalidIdentityToken",
        "create-open-id-connect-provider",
        takes(lambda directory: next(iter(directory.oidc_providers.values())).add("oidc-helper-cli")),
    ),
    "no such caller": Row(
        "caller",
        lambda ward: with_caller(ward.home, '{ profile = "base" }'),
        "there is no AWS profile 'base'",
        "profiles are in",
        right_keys,
    ),
    "the caller's keys": Row("caller", wrong_keys, "SignatureDoesNotMatch", "the caller's keys", right_keys),
    "a circle": Row(
        "caller",
        lambda ward: with_caller(ward.home, '{ profile = "analytics" }'),
        "lead back to oidc-helper",
        "web_identity_role_arn",
        right_keys,
    ),
    "not assigned": Row(
        "exchange",
        takes(lambda directory: directory.application.assigned.clear()),
        f"(signed in as {ALICE})",
        "create-application-assignment",
        assigned,
        ("--exchange", "analytics"),
    ),
    "another audience": Row(
        "exchange",
        takes(lambda directory: directory.application.audiences.clear()),
        "InvalidGrantException",
        "compare iss and aud",
        takes(lambda directory: directory.application.audiences.add("oidc-helper-cli")),
        ("--exchange", "analytics"),
    ),
    "the actor policy": Row(
        "exchange",
        takes(lambda directory: directory.application.actors.clear()),
        "AccessDeniedException",
        "put-application-authentication-method",
        takes(lambda directory: directory.application.actors.add(directory.caller_role.arn)),
        ("--exchange", "analytics"),
    ),
    "no such application": Row(
        "exchange",
        settings("apl-1234567890abcdef", "apl-0000000000000000"),
        "InvalidClientException",
        "check application_arn",
        keep("config.toml"),
        ("--exchange", "analytics"),
    ),
    "the role's trust": Row(
        "credentials",
        after_get(takes(lambda directory: setattr(directory.analytics_role, "allows_set_context", False))),
        "AssumeRole was refused: AccessDenied",
        "sts:SetContext",
        takes(lambda directory: setattr(directory.analytics_role, "allows_set_context", True)),
    ),
}
# Those of a person who signs in at the emulator's provider.
AT_PROVIDER = {
    "nobody is signed in": Row("tokens", lambda ward: ward.home.run("logout", "--all"), "nobody is signed in", "oidc-"),
    "no provider": Row(
        "provider",
        breaking("config.toml", lambda ward: ward.settings(ward.emulator.issuer, f"{ward.closed}/idp")),
        "cannot be reached (the connection is refused)",
        "nothing listens there: check issuer",
        keep("config.toml"),
    ),
    "a failing provider": Row(
        "provider",
        lambda ward: ward.emulator.fault("Discovery", status=503, times=None),
        "answers with HTTP status 503",
        "try again in a while",
        lambda ward: ward.emulator.clear_faults(),
    ),
    "another issuer": Row(
        "discovery",
        breaking("config.toml", lambda ward: ward.settings(ward.emulator.issuer, f"{ward.emulator.issuer}/")),
        "says that its issuer is",
        "write issuer exactly as",
        keep("config.toml"),
    ),
    "no provider at the issuer": Row(
        "discovery",
        breaking("config.toml", lambda ward: ward.settings(ward.emulator.issuer, f"{ward.emulator.url}/other")),
        "HTTP status 404",
        "check issuer",
        keep("config.toml"),
    ),
    "other keys at the provider": Row(
        "caller",
        other_keys,
        "retrieve verification key",
        "sign in again: oidc-helper login analytics --force",
        lambda ward: ward.obey("oidc-helper login analytics --force"),
    ),
    "no client secret": Row(
        "client-secret",
        settings("[defaults]", 'client_secret = { keyring = "corp" }\n[defaults]'),
        "the keyring entry corp holds no client_secret",
        "keyring set corp oidc-helper",
        keep("config.toml"),
    ),
}


@pytest.fixture
def person(ward: Ward) -> Desk:
    """A person who has signed in."""
    sitting = desk(ward.home, ward.emulator)
    ward.without("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    sitting.log_in("analytics")
    return sitting


@pytest.mark.parametrize("case", TABLE)
def test_what_is_wrong_is_named_and_mended(case: str, ward: Ward) -> None:
    """All was well before."""
    assert ward.failed("analytics") == []
    found_and_mended(TABLE[case], ward)


@pytest.mark.parametrize("case", AT_PROVIDER)
def test_what_is_wrong_at_a_provider_is_named_and_mended(case: str, ward: Ward, person: Desk) -> None:
    """Likewise, for a person who signs in."""
    assert ward.failed("analytics") == []
    found_and_mended(AT_PROVIDER[case], ward)


def found_and_mended(row: Row, ward: Ward) -> None:
    row.wrong(ward)
    report = ward.report(*row.words)
    broken = report[row.id]

    assert [one for one, check in report.items() if check["status"] == "failed"] == [row.id]
    assert row.found in broken["found"]
    assert row.remedy in broken["remedy"]
    if row.mend:
        row.mend(ward)
    else:
        ward.obey(broken["remedy"])
    assert ward.failed(*row.words) == []


def test_an_exchange_that_takes_a_person_is_not_tried(ward: Ward, person: Desk) -> None:
    """At Identity Center itself, where nothing renews a proof, and the tokens at hand are good."""
    ward.variables(**keys_of_the_iam_user(ward.emulator))
    person.log_in("center")
    report = ward.report("--exchange", "center")

    assert report["tokens"]["status"] == "ok"
    assert report["exchange"]["found"] == "a new proof takes a person: oidc-helper login center --force"
    assert ward.failed("--exchange", "center") == []


def test_kept_keys_of_the_caller_that_aws_no_longer_knows_are_no_fault(ward: Ward) -> None:
    """A fetch opens the role anew. Seen: doctor led to the settings, while get gave credentials."""
    ward.home.get("analytics")
    ward.emulator._state.credentials.clear()

    assert ward.failed("analytics") == []


def test_the_tokens_of_another_profile_are_exchanged(ward: Ward, person: Desk) -> None:
    """As often as one likes: they are not used up."""
    ward.variables(**keys_of_the_iam_user(ward.emulator))
    person.log_in("other")
    report = ward.report("--exchange", "exchanged")

    assert report["tokens"]["found"] == "there are none yet; get fetches new ones with those of profile other"
    assert report["exchange"]["found"].startswith(f"tokens of {ALICE}")
    assert report["credentials"]["status"] == "ok"


def test_a_provider_that_never_answers_takes_no_more_than_the_deadline(ward: Ward, person: Desk) -> None:
    """What there is no time for is passed over."""
    ward.settings("[profile.analytics]", "[profile.analytics]\ndeadline_seconds = 5")
    answers = threading.Event()
    ward.emulator.fault("Discovery", until=answers, times=None)
    report = ward.report("analytics")
    answers.set()

    assert "does not answer in time" in report["provider"]["found"]
    assert report["aws"]["found"] == "not checked: the 5 s for all checks are over"
    assert [one for one, check in report.items() if check["status"] == "failed"] == ["provider"]
