"""When something is wrong, a user meets exit code, message and hint, and loses nothing."""

import subprocess
from collections.abc import Iterator

import pytest
from cli.arrangements import with_caller
from cli.transcript import answer, complaint, secrets, tells
from cli.worlds import (
    PLANTED,
    Case,
    World,
    a_directory,
    a_pipe,
    a_process_that,
    arranged,
    behind_a_wrapper,
    by_a_user,
    fault,
    hangs,
    keys_that_do_not_fit,
    mallory,
    no_file,
    no_such_server,
    nobody_there,
    not_assigned,
    nothing_lost,
    raw,
    role_does_not_trust,
    set_context_is_missing,
    through_source_profile,
    too_late,
)
from fakes.places import needs
from fakes.secret_service import missing_programs, private_secret_service
from homes import COMMAND, Home

from oidc_helper import kernel, names
from oidc_helper.emulator import Emulator
from oidc_helper.store.kinds import CREDENTIALS


@pytest.fixture
def world(home: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A home in which all is well, and where another profile's secrets are kept."""
    yield from arranged(home, emulator, monkeypatch)


AGAIN = "put a new identity token into|/token"
SETTINGS = [
    Case(
        "no configuration",
        lambda world: world.home.config.unlink(),
        2,
        "no configuration at|config.toml",
        "help config",
    ),
    Case("broken TOML", lambda world: world.settings("[profile.", "[profile "), 2, "(line |is not TOML", "edit"),
    Case(
        "unknown profile", lambda _: None, 2, "no profile 'analytcs', did you mean analytics?", "dev-admin", "analytcs"
    ),
    Case(
        "unknown key",
        lambda world: world.settings("permission_set", "permision_set"),
        2,
        "did you mean perm",
        "edit",
        "dev-admin",
    ),
    Case("wrong ARN", lambda world: world.settings("arn:aws:sso:", "arn:aws:s3:"), 2, "application_arn|line ", "edit"),
    Case(
        "number for an account",
        lambda world: world.settings('"111122223333"', "1"),
        2,
        "must be in quotes",
        "edit",
        "dev-admin",
    ),
    Case(
        "a profile that calls itself",
        lambda world: world.aws_profile(f"[profile base]\ncredential_process = {COMMAND} get analytics\n"),
        2,
        "profile analytics -> AWS profile base -> its credential_process, oidc-helper",
        "web_identity_role_arn",
    ),
    Case("a circle of two", through_source_profile, 2, "AWS profile base -> AWS profile middle -> its cred", "caller"),
    Case("a circle behind a wrapper", behind_a_wrapper, 2, "profile analytics -> AWS profile base", "caller"),
    Case("a process that prints nonsense", a_process_that("echo nonsense"), 2, "AWS profile base", "aws sts"),
    Case("a process that fails", a_process_that(r"printf 'no \033[1m luck' >&2; exit 3"), 2, "no \\x1b[1m luck", "aws"),
    Case("a process with no text", a_process_that(r"printf '\377\376' >&2; exit 3"), 2, "AWS profile base", "aws sts"),
    Case("no such AWS profile", lambda world: world.aws_profile("[profile bas]\n"), 2, "did you mean bas?", "aws"),
    Case("broken AWS configuration", lambda world: world.aws_profile("[profile base"), 2, "cannot be read|aws", ""),
    Case(
        "no keys",
        lambda world: with_caller(world.home, "{ environment = true }"),
        2,
        "no AWS cred",
        "AWS_ACCESS_KEY_ID",
    ),
    Case("no such command", lambda world: world.command("/no/such"), 2, "/no/such does not exist", "whole path"),
    Case(
        "a command of ours",
        lambda world: world.command(str(COMMAND), "token", "analytics"),
        2,
        "identity job",
        "command",
    ),
]
TOKENS_OF_NO_USE = [
    Case("no token file", no_file, 3, "the file|does not exist", AGAIN),
    Case("a directory", a_directory, 3, "/token is not a regular file", ""),
    Case("a pipe", a_pipe, 3, "/token is not a regular file", ""),
    Case("an empty file", raw(b"\n"), 3, "/token is empty", AGAIN),
    Case("a binary file", raw(bytes(range(256))), 3, "does not hold a JWT", AGAIN),
    Case("a huge file", raw(b"a" * 2_000_000), 3, "more than", AGAIN),
    Case("a word", raw(b"hunter2"), 3, "does not hold a JWT", AGAIN),
    Case("three words", raw(b"\x1b[2J.\x07.x"), 3, "does not hold a JWT", AGAIN),
    Case("no exp", lambda world: world.token(exp=None), 3, "has no usable exp", "exp"),
    Case("expired", lambda world: world.token(lifetime_s=-60), 3, "expired 6", AGAIN),
    Case(
        "no variable",
        lambda world: world.settings('source = "file"\npath = "token"', 'source = "environment"\nvariable = "X_TOKEN"'),
        3,
        "X_TOKEN does not exist",
        "X_TOKEN",
    ),
    Case(
        "a command that fails",
        lambda world: world.command(world.script(r"printf '\033]0;owned\007no session\n' >&2; exit 7")),
        3,
        r"exit code 7: \x1b]0;owned\x07no session",
        "",
    ),
    Case("a command that prints nonsense", lambda world: world.command("echo", "hello"), 3, "does not hold a JWT", ""),
    Case("a command without an end", lambda world: world.command("yes"), 3, "yes", ""),
]
REFUSED = [
    Case("no jti", by_a_user(jti=None), 5, "InvalidGrantException", "has no jti"),
    Case("ES256", by_a_user(alg="ES256"), 5, "InvalidGrantException", "ES256"),
    Case("wrong audience", by_a_user(aud="elsewhere"), 5, "InvalidGrantException", "aud 'elsewhere'"),
    Case(
        "a slash too many", by_a_user(iss="https://login.example.com/"), 5, "InvalidG", "'https://login.example.com/'"
    ),
    Case(
        "an audience that IAM does not know", lambda world: world.token(aud="x"), 5, "Incorrect token audience", "IAM"
    ),
    Case("not assigned", mallory, 5, "AccessDeniedException", "create-application-assignment"),
    Case("unknown in Identity Center", nobody_there, 5, "InvalidGrantException", "no single user matches"),
    Case(
        "no such application",
        lambda world: world.settings("apl-1234567890abcdef", "apl-0000000000000000"),
        5,
        "InvalidClientException",
        "application_arn",
    ),
    Case(
        "another region",
        lambda world: world.settings("eu-west-1", "us-east-1"),
        5,
        "InvalidRequestRegionException",
        'set identity_center_region = "eu-west-1"',
    ),
    Case(
        "unknown scope",
        lambda world: world.settings("[defaults]\n", '[defaults]\nscopes = ["sso:nothing", "sts:identity_context"]\n'),
        5,
        "InvalidScopeException",
        "scopes",
    ),
    Case("the caller's role does not trust", role_does_not_trust, 5, "AssumeRoleWithWebIdentity", "trust policy"),
    Case("no SetContext", set_context_is_missing, 5, "AssumeRole was refused|sts:SetContext", "sts:SetContext"),
    Case(
        "portal 401",
        fault("GetRoleCredentials", error="UnauthorizedException"),
        5,
        "Unauth",
        "sso:account",
        "dev-admin",
    ),
    Case(
        "portal 404",
        lambda world: world.settings('"Admin"', '"Owner"'),
        5,
        "ResourceNotFoundException",
        "permission_set",
        "dev-admin",
    ),
    Case("portal 403", not_assigned, 5, "ForbiddenException", "not assigned", "dev-admin"),
    Case(
        "keys that do not fit",
        keys_that_do_not_fit,
        5,
        "InvalidSignatureException",
        "keys",
    ),
]
HTML = b"<html>\x1b[2J<title>Log in to the hotel</title></html>"
SERVICES = {
    "AssumeRoleWithWebIdentity": "analytics",
    "CreateTokenWithIAM": "analytics",
    "AssumeRole": "analytics",
    "GetRoleCredentials": "dev-admin",
}
PASSING = [
    *(
        Case(
            f"{variable_name} refuses the connection",
            no_such_server(variable_name),
            4,
            "cannot be reached",
            "nothing listens there",
            p,
        )
        for variable_name, p in (
            ("AWS_ENDPOINT_URL_STS", "analytics"),
            ("AWS_ENDPOINT_URL_SSO_OIDC", "analytics"),
            ("AWS_ENDPOINT_URL_SSO", "dev-admin"),
        )
    ),
    *(Case(f"{name} 500", fault(name, status=500), 4, f"{name}|500", "", p) for name, p in SERVICES.items()),
    *(
        Case(f"{name} answers 200 with HTML", fault(name, body=HTML), 4, f"{name}|cannot be read", "", p)
        for name, p in SERVICES.items()
    ),
    Case("a proxy's 403", fault("AssumeRole", status=403, body=HTML), 4, "AssumeRole: ", "proxy"),
    Case("429", fault("GetRoleCredentials", error="TooManyRequestsException"), 4, "TooMany", "again", "dev-admin"),
    Case("no answer in time", too_late("AssumeRoleWithWebIdentity"), 4, "AssumeRoleWithWebIdentity", "network"),
    Case("a command that hangs", hangs, 4, "sleep did not answer", "deadline_seconds"),
]
CASES = [*SETTINGS, *TOKENS_OF_NO_USE, *REFUSED, *PASSING]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_failure_names_cause_and_remedy_and_loses_nothing(world: World, case: Case) -> None:
    """The exit code says what to do next, one line the cause, another the remedy; without secrets and escape codes."""
    case.breaks(world)
    config = world.home.config.read_bytes() if world.home.config.exists() else None

    failed = complaint(world.home.run("get", case.profile))

    assert failed.code == case.code, failed
    for part in case.message.split("|"):
        assert part in failed.message
    for part in case.hint.split("|"):
        assert part in failed.hint
    hidden = secrets(world.home, world.emulator) | {PLANTED, "hunter2"}
    assert tells(f"{failed}", hidden) == []
    nothing_lost(world)
    assert config == (world.home.config.read_bytes() if config is not None else None)


@pytest.mark.skipif(not kernel.available(), reason="without the kernel keyring there is no other place")
def test_without_a_keyring_the_kernel_keyring_caches_everything(world: World) -> None:
    """A headless machine has no other place."""
    world.home.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    first = world.home.get("analytics")

    assert world.home.get("analytics") == first
    world.home.get("dev-admin")
    assert world.emulator.count("CreateTokenWithIAM") == 1


def test_get_answers_even_if_nothing_can_be_cached(world: World) -> None:
    """Then nothing is cached, and each answer takes a new identity token."""
    nowhere = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", kernel.VARIABLE: "off"}
    first = world.home.get("analytics", **nowhere)
    world.token()

    assert world.home.get("analytics", **nowhere) != first
    nothing_lost(world)


def test_a_missing_keyring_back_end_is_named(world: World) -> None:
    """The user chose a back end that does not exist: exit 6, and the identity token is not spent."""
    failed = complaint(world.home.run("get", "analytics", PYTHON_KEYRING_BACKEND="no.such.Keyring"))

    assert (failed.code, "PYTHON_KEYRING_BACKEND" in failed.hint) == (6, True)
    world.home.get("analytics")
    nothing_lost(world)


@pytest.mark.parametrize("state", ["/proc/nowhere", "file"])
def test_an_unwritable_state_directory_costs_no_answer(world: World, state: str) -> None:
    """A file is in its place, or the file system is read-only: SDKs get their answer, the next time from the cache."""
    (world.home.path / "file").write_text("in the way")
    where = str(world.home.path / state)
    first = world.home.get("analytics", XDG_STATE_HOME=where)

    assert world.home.get("analytics", XDG_STATE_HOME=where) == first


def test_a_full_disk_costs_no_answer(world: World) -> None:
    """No file can be written, not even the keyring's: the answer comes all the same, and old records stay whole."""
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 0; exec {COMMAND} get analytics"],
        env=world.home.environment,
        cwd=world.home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    answer(done)
    nothing_lost(world)


def test_a_locked_keyring_is_named_and_nobody_is_asked(world: World) -> None:
    """Cached credentials are printed; a profile that needs the tokens exits with 6, and no prompt opens."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    world.home.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.SecretService.Keyring"
    with private_secret_service() as service:
        world.home.environment["DBUS_SESSION_BUS_ADDRESS"] = service.address
        first = world.home.get("analytics")
        service.lock()
        asked = len(world.emulator.requests)

        locked = complaint(world.home.run("get", "dev-admin"))

        assert (locked.code, locked.message) == (6, "Secret Service is locked")
        assert "unlock" in locked.hint
        assert world.home.get("analytics") == first or not kernel.available()
        assert len(world.emulator.requests) == asked
        assert len(service.labels()) == 1


@pytest.mark.skipif(not kernel.available(), reason="needs the kernel keyring")
def test_a_corrupt_record_in_the_kernel_is_a_miss(world: World) -> None:
    """A record with one flipped bit is not printed; the tokens still give new credentials."""
    first = world.home.get("analytics")
    entry = names.entry_name(CREDENTIALS, "analytics")
    kept = kernel.read(entry)
    assert kept is not None
    kernel.write(entry, kept[:-20] + bytes([kept[-20] ^ 1]) + kept[-19:], 3_600)

    assert world.home.get("analytics") != first
    assert [one.operation for one in world.emulator.requests].count("CreateTokenWithIAM") == 1


def test_a_corrupt_record_is_a_miss(world: World) -> None:
    """Credentials that were altered in the keyring are never printed; the tokens still give new ones."""
    first = world.home.get("analytics", **{kernel.VARIABLE: "off"})
    kept = world.home.path / "keyring.json"
    kept.write_text(kept.read_text().replace(first["AccessKeyId"], first["AccessKeyId"][::-1]))

    second = world.home.get("analytics", **{kernel.VARIABLE: "off"})

    assert second["AccessKeyId"] not in (first["AccessKeyId"], first["AccessKeyId"][::-1])
    assert world.emulator.count("CreateTokenWithIAM") == 1
