"""The raw operation for one of our own profiles, and its answer as that profile's tokens."""

import json
from io import StringIO
from pathlib import Path

import pytest
from create_token_with_iam.runs import JWT_BEARER
from fakes.hosts import Hosts, stand_in
from homes import Home, file_config

from oidc_helper import settings
from oidc_helper.create_token_with_iam import main
from oidc_helper.emulator import Emulator
from oidc_helper.fetch import kept_tokens
from oidc_helper.store.store import Store

Words = tuple[str, ...]

COMMAND = ("create-token-with-iam", "--profile-settings", "analytics")
BEARER = (*COMMAND, "--grant-type", JWT_BEARER, "--assertion", "file://proof")


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Home:
    """A home with a configuration, and a token of Alice's in the file `proof`, where no profile looks for it."""
    home.configure(file_config(emulator))
    prove(home.path, emulator, "alice@example.com")
    return home


def prove(folder: Path, emulator: Emulator, email: str) -> None:
    (folder / "proof").write_text(emulator.mint(email))


def test_a_profile_fills_application_region_and_caller(alice: Home, emulator: Emulator) -> None:
    """The assertion opens the caller's role, so that no AWS key is needed."""
    done = alice.run(*BEARER)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["accessToken"]
    assert emulator.count("CreateTokenWithIAM", client_id=emulator.directory.application_arn, ok=True) == 1


def test_options_may_stand_before_the_command(alice: Home) -> None:
    """As with every other command: `--config` and `--debug`; an unknown one is refused."""
    other = alice.path / "other.toml"
    alice.config.rename(other)

    done = alice.run("--config", str(other), "--debug", *BEARER)
    unknown = alice.run("--trace", *BEARER)

    assert done.returncode == 0, done.stderr
    assert "CreateTokenWithIAM" in done.stderr
    assert (unknown.returncode, "does not take '--trace'" in unknown.stderr) == (2, True), unknown.stderr


def test_options_win_over_the_profile(alice: Home, emulator: Emulator) -> None:
    """Another application, and another caller."""
    user = emulator.directory.iam_user
    other = emulator.directory.second_application.arn
    (alice.path / "aws").write_text(
        f"[profile keyed]\naws_access_key_id = {user.access_key_id}\naws_secret_access_key = {user.secret_access_key}\n"
    )

    done = alice.run(*BEARER, "--client-id", other, "--profile", "keyed", AWS_CONFIG_FILE=str(alice.path / "aws"))

    assert done.returncode == 0, done.stderr
    assert emulator.count("CreateTokenWithIAM", client_id=other, ok=True) == 1
    assert emulator.count("AssumeRoleWithWebIdentity") == 0


def test_a_stored_answer_serves_get(alice: Home, emulator: Emulator) -> None:
    """Nothing more is exchanged."""
    answer = json.loads(alice.run(*BEARER, "--store").stdout)

    token = alice.run("token", "analytics").stdout.strip()
    credentials = alice.get("analytics")

    assert token == answer["accessToken"]
    assert credentials["AccessKeyId"]
    assert emulator.count("CreateTokenWithIAM") == 1


def test_a_refreshed_answer_replaces_the_former(alice: Home) -> None:
    """The refresh token came from elsewhere; the kept identity token opens the caller's role."""
    first = json.loads(alice.run(*BEARER, "--store").stdout)
    (alice.path / "refresh").write_text(first["refreshToken"])

    done = alice.run(*COMMAND, "--grant-type", "refresh_token", "--refresh-token", "file://refresh", "--store")

    assert done.returncode == 0, done.stderr
    assert alice.run("token", "analytics").stdout.strip() == json.loads(done.stdout)["accessToken"]


def test_without_store_nothing_is_kept(alice: Home) -> None:
    """The answer is only printed."""
    alice.run(*BEARER)

    assert alice.run("token", "analytics").returncode == 3


def test_the_answer_of_another_person_ends_the_credentials_of_the_former(alice: Home, emulator: Emulator) -> None:
    """They must not be served to the new person."""
    alice.run(*BEARER, "--store")
    former = alice.get("analytics")
    prove(alice.path, emulator, "bob@example.com")

    done = alice.run(*BEARER, "--store")

    assert done.returncode == 0, done.stderr
    assert alice.get("analytics")["AccessKeyId"] != former["AccessKeyId"]


def test_an_assertion_that_was_sent_is_marked(alice: Home, emulator: Emulator) -> None:
    """`get` does not send it again; the raw operation does, with a warning."""
    alice.run(*BEARER)
    (alice.path / "token").write_text((alice.path / "proof").read_text())

    refused = alice.run("get", "analytics")
    sent = emulator.count("CreateTokenWithIAM")
    again = alice.run(*BEARER)

    assert "was sent before" in refused.stderr
    assert sent == 1
    assert "warning: this assertion was sent before" in again.stderr


def test_an_assertion_that_was_refused_is_not_marked(alice: Home, emulator: Emulator) -> None:
    """It can be sent once the cause of the refusal is mended."""
    emulator.directory.application.audiences.clear()
    refused = alice.run(*BEARER)
    emulator.directory.application.audiences.add(emulator.client_id)

    done = alice.run(*BEARER)

    assert refused.returncode == 254
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refresh_token_alone_does_not_open_the_role_of_the_caller(alice: Home) -> None:
    """It takes an identity token, and none is kept."""
    done = alice.run(*COMMAND, "--grant-type", "refresh_token", "--refresh-token", "r")

    assert done.returncode == 253
    assert "hint: oidc-helper login analytics" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (("create-token-with-iam", "--store"), 252, "required: --client-id"),
        (("create-token-with-iam", "--client-id", "x", "--grant-type", "y", "--store"), 252, "--profile-settings"),
        (("create-token-with-iam", "--profile-settings", "analytic", *BEARER[3:]), 253, "analytics"),
    ],
    ids=["no parameters", "no profile", "unknown profile"],
)
def test_store_needs_a_known_profile(alice: Home, words: Words, code: int, reason: str) -> None:
    """Wrong usage and wrong settings, each with its exit code."""
    done = alice.run(*words)

    assert done.returncode == code
    assert reason in done.stderr


def test_a_store_that_cannot_be_used_is_a_warning_and_loses_no_answer(alice: Home) -> None:
    done = alice.run(
        *BEARER, "--store", PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring", OIDC_HELPER_KERNEL_KEYRING="off"
    )

    assert done.returncode == 0
    assert json.loads(done.stdout)["accessToken"]
    assert "warning: not stored" in done.stderr


def test_a_profile_with_several_regions_is_served_by_the_next(
    emulator: Emulator, empty_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its tokens remember which; an option that names a region leaves no choice."""
    emulator.directory.identity_center_regions = ["eu-west-1", "eu-central-1"]
    hosts = stand_in(monkeypatch, Hosts(emulator.url, {"eu-central-1"}))
    config = empty_home / "config.toml"
    config.write_text(file_config(emulator).replace('= "eu-west-1"', '= ["eu-west-1", "eu-central-1"]'))
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(config))
    words = ["--profile-settings", "analytics", "--store", "--grant-type", JWT_BEARER, "--assertion"]

    codes = [
        main([*words, emulator.mint("alice@example.com"), *more], answer=StringIO(), complaints=StringIO())
        for more in ([], ["--region", "eu-west-1"])
    ]

    assert codes == [0, 255]
    assert kept_tokens.load(settings.load().profile("analytics"), Store()).region == "eu-central-1"
    assert [host for host in hosts.tried if host.startswith("oidc.")] == [
        "oidc.eu-central-1.amazonaws.com",  # opening the caller's role has shown that the first one does not answer
        "oidc.eu-west-1.amazonaws.com",
    ]
