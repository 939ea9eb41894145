"""`configure` by flags alone: from an empty home to credentials, and both files as they were where it fails."""

import json
import os
import re
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.sign_ins import ALICE
from cli.transcript import complaint, secrets
from fakes.browser import BrowserProgram
from homes import COMMAND, Home

from oidc_helper.emulator import Emulator
from oidc_helper.settings.writing import BACKUP

EXCHANGE = "CreateTokenWithIAM"
OTHERS = """\
# Alice's own
[profile other]
region = us-east-1
s3 =
    max_concurrent_requests = 2
"""


@pytest.fixture
def desk(home: Home, emulator: Emulator) -> Home:
    """An empty home of a person whose browser agrees to whatever the provider asks."""
    emulator.directory.identity_provider.auto_approve = True
    home.environment["BROWSER"] = str(BrowserProgram(home.path).path)
    return home


def flags(emulator: Emulator, **others: str | None) -> list[str]:
    """The flags that say all there is to say of Alice's role session, but those that are None."""
    directory = emulator.directory
    said = {
        "issuer": emulator.issuer,
        "client-id": emulator.client_id,
        "application-arn": directory.application_arn,
        "identity-center-region": directory.identity_center_region,
        "caller-role": directory.caller_role_arn,
        "role-arn": directory.analytics_role_arn,
        **{name.replace("_", "-"): value for name, value in others.items()},
    }
    return [word for name, value in said.items() if value is not None for word in (f"--{name}", value)]


def aws_config(home: Home) -> Path:
    return home.path / ".aws/config"


def write_aws_config(home: Home, text: str) -> Path:
    path = aws_config(home)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_region_that_nobody_knows_is_doubted(desk: Home, emulator: Emulator) -> None:
    """AWS may have it by now; what no region can be called is refused."""
    typed = ("--non-interactive", "--no-sign-in", "--dry-run")
    new = flags(emulator, identity_center_region="eu-west-9", region="mars-north-1")
    done = desk.run("configure", "analytics", *new, *typed)
    told = complaint(desk.run("configure", "analytics", *flags(emulator, region="us-east1"), *typed))

    assert done.returncode == 0
    doubts = re.findall(r"^! (\S+) is no region that .* knows, did you mean (eu-\w+)-\d\?$", done.stderr, re.MULTILINE)
    assert doubts == [("mars-north-1", "eu-north"), ("eu-west-9", "eu-west")]
    assert (told.code, "did you mean us-east-1?" in told.message) == (2, True)


def identity_of_caller(home: Home, profile: str) -> str:
    """Who AWS says that a real SDK is, which knows nothing but the AWS configuration of the home."""
    done = subprocess.run(
        [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--profile", profile, "--query", "Arn"],
        env=home.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().strip('"')


def opened(home: Home) -> int:
    """How often a browser was opened."""
    return len(BrowserProgram(home.path).opened)


def kept(home: Home) -> list[str]:
    """The names of all that the keyring holds."""
    keyring = home.path / "keyring.json"
    return sorted(json.loads(keyring.read_text())) if keyring.exists() else []


def test_flags_alone_lead_to_aws(desk: Home, emulator: Emulator) -> None:
    """Nothing is asked, no file is edited, and one sign-in is enough."""
    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {desk.config}\nwrote {aws_config(desk)}\n")
    assert "to try it: aws sts get-caller-identity --profile analytics\n" in done.stdout
    assert "to sign in" not in done.stdout
    assert not [secret for secret in secrets(desk, emulator) if secret in done.stdout + done.stderr]
    assert identity_of_caller(desk, "analytics") == f"arn:aws:sts::123456789012:assumed-role/analytics/{ALICE}"
    assert desk.run("login", "analytics").stdout.startswith(f"already signed in as {ALICE}")
    assert opened(desk) == 1


def test_the_second_profile_takes_two_flags(desk: Home, emulator: Emulator) -> None:
    """What the first one has said is there, and nobody signs in again."""
    desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    words = ["--account-id", "111122223333", "--permission-set", "Admin", "--non-interactive"]
    done = desk.run("configure", "dev-admin", *words)

    assert done.returncode == 0, done.stderr
    assert desk.config.read_text().endswith(
        '[profile.dev-admin]\naccount_id = "111122223333"\npermission_set = "Admin"\n'
    )
    assert "AWSReservedSSO_Admin" in identity_of_caller(desk, "dev-admin")
    assert opened(desk) == 1


def test_one_flag_changes_one_key(desk: Home, emulator: Emulator) -> None:
    """Of a profile that is there, and a second time nothing is left to change."""
    desk.run("configure", "analytics", *flags(emulator), "--non-interactive")
    before = desk.config.read_text()

    words = ["configure", "analytics", "--duration-seconds", "900", "--non-interactive"]
    done = desk.run(*words)

    assert done.returncode == 0, done.stderr
    assert desk.config.read_text() == before + "duration_seconds = 900\n"
    assert desk.config.with_name(desk.config.name + BACKUP).read_text() == before
    assert desk.run(*words).stdout.startswith("nothing to change\n")


def test_all_missing_flags_are_named_at_once(desk: Home, emulator: Emulator) -> None:
    """Before anything is looked at."""
    failed = complaint(desk.run("configure", "--issuer", emulator.issuer, "--non-interactive"))

    assert failed.code == 2
    assert failed.message == (
        "missing flags: --client-id, PROFILE, --application-arn, --identity-center-region, "
        "--caller-role or --caller-profile or --caller-environment, --role-arn, or --account-id with --permission-set"
    )
    assert not emulator.requests


def test_all_wrong_flags_are_named_at_once(desk: Home, emulator: Emulator) -> None:
    """In the words that the file gets."""
    failed = complaint(
        desk.run("configure", "x", *flags(emulator, issuer="example.com", role_arn="analytics"), "--non-interactive")
    )

    assert failed.code == 2
    assert failed.message.startswith("wrong flags: --issuer must be a URL such as ")
    assert "; --role-arn 'analytics' does not look like " in failed.message


def test_without_a_terminal_somebody_must_say_yes(desk: Home, emulator: Emulator) -> None:
    """Or only look."""
    failed = complaint(desk.run("configure", "x", *flags(emulator)))

    assert (failed.code, failed.message) == (2, "there is no terminal to ask at")
    assert failed.hint == "add --yes to write, or --dry-run to see the diffs"
    assert desk.run("configure", "x", *flags(emulator), "--yes").returncode == 0


def test_without_a_terminal_a_newcomer_sees_a_whole_line(desk: Home) -> None:
    """The flags that are missing matter only to who wants to do without one; the line works but for its names."""
    failed = complaint(desk.run("configure"))

    assert (failed.code, failed.message) == (2, "there is no terminal to ask at")
    _, *words = shlex.split(failed.hint)
    assert desk.run(*words, "--no-sign-in").returncode == 0
    assert "[profile.analytics]" in desk.config.read_text()


def test_a_dry_run_shows_both_diffs_and_writes_nothing(desk: Home, emulator: Emulator) -> None:
    """The diffs alone are on stdout, and nobody signs in."""
    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive", "--dry-run")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"+++ {desk.config}\n" in done.stdout
    assert f"+++ {aws_config(desk)}\n" in done.stdout
    assert "\n+[profile analytics]\n" in done.stdout
    assert not desk.config.exists()
    assert not aws_config(desk).exists()
    assert (opened(desk), kept(desk)) == (0, [])


def test_where_no_browser_opens_nobody_is_waited_for(desk: Home, emulator: Emulator) -> None:
    """The files are written all the same; the person signs in later."""
    del desk.environment["BROWSER"]

    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert "nobody signs in, since " in done.stderr
    first, then = "to sign in: oidc-helper login analytics\n", "to try it: aws sts get-caller-identity"
    assert f"{first}{then}" in done.stdout
    assert "[profile.analytics]" in desk.config.read_text()


def test_a_wrong_issuer_is_told_where_nobody_signs_in_either(desk: Home, emulator: Emulator) -> None:
    """Before anything is written; who means it says so."""
    del desk.environment["BROWSER"]
    words = ["configure", "analytics", *flags(emulator, issuer=f"{emulator.issuer}/wrong"), "--non-interactive"]

    done = desk.run(*words)

    assert done.returncode == 5
    assert "404" in done.stderr
    assert done.stderr.endswith("; to write all the same: --no-sign-in\n")
    assert not desk.config.exists()
    assert not aws_config(desk).exists()
    assert desk.run(*words, "--no-sign-in").returncode == 0


def test_a_provider_that_is_not_reached_may_be_believed(desk: Home, emulator: Emulator) -> None:
    """An image is often built where no provider can be reached; and an issuer that is written already is believed."""
    del desk.environment["BROWSER"]
    words = ["configure", "analytics", *flags(emulator, issuer="http://127.0.0.1:9/idp"), "--non-interactive"]

    done = desk.run(*words)

    assert done.returncode == 4
    assert done.stderr.endswith("; to write all the same: --no-sign-in\n")
    assert not desk.config.exists()
    assert desk.run(*words, "--no-sign-in").returncode == 0
    assert desk.run("configure", "analytics", "--region", "eu-west-3", "--non-interactive").returncode == 0


def test_the_region_that_identity_center_names_is_taken(desk: Home, emulator: Emulator) -> None:
    """Whatever the flag says: the application is there and nowhere else."""
    wrong = flags(emulator, identity_center_region="us-east-1")

    done = desk.run("configure", "analytics", *wrong, "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert "! the application is in eu-west-1, not in us-east-1\n" in done.stderr
    assert 'identity_center_region = "eu-west-1"\n' in desk.config.read_text()


def test_a_company_gives_what_nobody_then_writes(desk: Home, emulator: Emulator) -> None:
    """The site's identity, application, region and caller are defaults."""
    site = desk.path / "site.toml"
    directory = emulator.directory
    site.write_text(
        f'[identity.corp]\nsource = "browser"\nissuer = "{emulator.issuer}"\nclient_id = "{emulator.client_id}"\n'
        f'[defaults]\nidentity = "corp"\napplication_arn = "{directory.application_arn}"\n'
        f'identity_center_region = "eu-west-1"\n'
        f'caller = {{ web_identity_role_arn = "{directory.caller_role_arn}" }}\n'
    )
    desk.environment["OIDC_HELPER_SITE_CONFIG"] = str(site)

    done = desk.run("configure", "mine", "--role-arn", directory.analytics_role_arn, "--non-interactive")

    assert done.returncode == 0, done.stderr
    (_, _, *own) = desk.config.read_text().splitlines()
    assert own == ["[profile.mine]", f'role_arn = "{directory.analytics_role_arn}"']
    assert "assumed-role/analytics" in identity_of_caller(desk, "mine")


def test_a_workloads_token_is_judged_and_not_spent(desk: Home, emulator: Emulator) -> None:
    """It counts once, and is left for the first `get`."""
    desk.write_token(emulator.mint(ALICE))
    job = flags(emulator, issuer=None, client_id=None, source="file", path="token")

    done = desk.run("configure", "analytics", *job, "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert "✓ email  alice@example.com\n" in done.stderr
    assert [each for each in emulator.requests if each.operation == EXCHANGE] == []
    assert f'path = "{desk.path}/token"\n' in desk.config.read_text()
    assert identity_of_caller(desk, "analytics").endswith("/alice@example.com")


def test_a_workload_may_be_elsewhere(desk: Home, emulator: Emulator) -> None:
    """Its token cannot be judged here, which is no reason not to write."""
    job = flags(emulator, issuer=None, client_id=None, source="environment", variable="TOKEN_OF_THE_JOB")

    done = desk.run("configure", "job", *job, "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert "the environment variable TOKEN_OF_THE_JOB does not exist" in done.stderr
    assert 'variable = "TOKEN_OF_THE_JOB"\n' in desk.config.read_text()


def test_a_token_without_jti_is_told_before_anything_is_written(desk: Home, emulator: Emulator) -> None:
    """Identity Center would refuse it at the first `get`."""
    desk.write_token(emulator.mint(ALICE, jti=None))
    job = flags(emulator, issuer=None, client_id=None, source="file", path="token")

    done = desk.run("configure", "analytics", *job, "--non-interactive")

    assert done.returncode == 1
    assert "oidc-helper: jti of the identity token: missing\nhint: Identity Center requires it" in done.stderr
    assert not desk.config.exists()
    assert desk.run("configure", "analytics", *job, "--non-interactive", "--no-sign-in").returncode == 0


def test_another_kind_of_credentials_is_told_before_anybody_signs_in(desk: Home, emulator: Emulator) -> None:
    """With the keys that are in the way."""
    path = write_aws_config(desk, "[profile analytics]\nlogin_session = arn:aws:iam::123456789012:user/x\n")

    failed = complaint(desk.run("configure", "analytics", *flags(emulator), "--non-interactive"))

    assert failed.code == 2
    assert f"login_session (line 2) of {path}" in failed.message
    assert opened(desk) == 0
    words = [*flags(emulator), "--non-interactive", "--aws-profile", "tip"]
    assert desk.run("configure", "analytics", *words).returncode == 0
    assert "assumed-role/analytics" in identity_of_caller(desk, "tip")


def test_the_aws_profile_default_must_be_named(desk: Home, emulator: Emulator) -> None:
    """Every program without a profile would get its credentials."""
    failed = complaint(desk.run("configure", "default", *flags(emulator), "--non-interactive"))

    assert failed.code == 2
    assert failed.hint == "oidc-helper configure default --aws-profile default"
    words = [*flags(emulator), "--non-interactive", "--aws-profile", "default"]
    assert desk.run("configure", "analytics", *words).returncode == 0
    assert "[default]\n" in aws_config(desk).read_text()


def broken_aws_config(home: Home) -> None:
    write_aws_config(home, "region = eu-west-1\n[profile other]\n")


def broken_config(home: Home) -> None:
    home.configure("[profile.other]\nrole_arn = arn:aws\n")


def read_only_config(home: Home) -> None:
    home.configure("# mine\n")
    home.config.chmod(0o444)


def read_only_aws_config(home: Home) -> None:
    write_aws_config(home, OTHERS).chmod(0o444)


def hard_link(home: Home) -> None:
    home.configure("# mine\n")
    (home.path / "second").hardlink_to(home.config)


def no_file(home: Home) -> None:
    aws_config(home).mkdir(parents=True)


BAD: list[tuple[Callable[[Home], None], str]] = [
    (broken_aws_config, "/.aws/config (line 1): it stands before the first [section]: no SDK reads that"),
    (broken_config, "/config.toml (line 2): is not TOML"),
    (read_only_config, "/config.toml is read-only"),
    (read_only_aws_config, "/.aws/config is read-only"),
    (hard_link, "/config.toml has a second name, a hard link"),
    (no_file, "/.aws/config is not a regular file"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_files_that_cannot_be_changed_stay_as_they_are(
    desk: Home, emulator: Emulator, spoil: Callable[[Home], None], message: str
) -> None:
    """Both of them, and nobody is asked to sign in for nothing."""
    spoil(desk)
    before = {path: path.read_bytes() for path in (desk.config, aws_config(desk)) if path.is_file()}

    failed = complaint(desk.run("configure", "analytics", *flags(emulator), "--non-interactive"))

    assert message in failed.message
    assert failed.hint
    assert {path: path.read_bytes() for path in (desk.config, aws_config(desk)) if path.is_file()} == before
    assert (opened(desk), kept(desk)) == (0, [])


def test_a_full_disk_leaves_both_files(desk: Home, emulator: Emulator) -> None:
    """The sign-in is not kept either: nothing would use it."""
    path = write_aws_config(desk, OTHERS)
    done = subprocess.run(
        [COMMAND, "configure", "analytics", *flags(emulator), "--non-interactive", "--no-sign-in"],
        env={**desk.environment, "PYTHONDONTWRITEBYTECODE": "1"},  # Python 3.11 leaves files of bytecode cut off
        capture_output=True,
        encoding="utf-8",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY)),
        check=False,
    )

    failed = complaint(done)

    assert failed.code == 1
    assert "cannot be written: file too large" in failed.message
    assert not desk.config.exists()
    assert path.read_text() == OTHERS


def test_links_stay_links(desk: Home, emulator: Emulator) -> None:
    """Dotfiles lie elsewhere; what is not ours stays byte for byte."""
    elsewhere = desk.path / "dotfiles"
    elsewhere.mkdir()
    (elsewhere / "aws").write_text(OTHERS)
    aws_config(desk).parent.mkdir()
    aws_config(desk).symlink_to(elsewhere / "aws")

    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert aws_config(desk).is_symlink()
    assert (elsewhere / "aws").read_text().startswith(OTHERS)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone can give a file away")
def test_a_file_of_another_user_is_not_changed(desk: Home, emulator: Emulator) -> None:
    """Not even by root."""
    os.chown(write_aws_config(desk, OTHERS), 65_534, -1)

    failed = complaint(desk.run("configure", "analytics", *flags(emulator), "--non-interactive"))

    assert "/.aws/config belongs to another user" in failed.message
    assert not desk.config.exists()


def test_a_provider_that_is_down_leaves_both_files(desk: Home, emulator: Emulator) -> None:
    """It may be tried again."""
    done = desk.run("configure", "analytics", *flags(emulator, issuer="http://127.0.0.1:9/idp"), "--non-interactive")

    assert done.returncode == 4
    assert "oidc-helper: 127.0.0.1:9 cannot be reached" in done.stderr
    assert not desk.config.exists()


def test_a_refusal_leaves_both_files_and_keeps_nothing(desk: Home, emulator: Emulator) -> None:
    """The sign-in belongs to settings that nobody has."""
    emulator.directory.application.assigned.clear()

    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    assert done.returncode == 5
    assert "oidc-helper: CreateTokenWithIAM was refused: AccessDeniedException" in done.stderr
    assert not desk.config.exists()
    assert kept(desk) == []


def test_a_mistake_elsewhere_is_told_and_left(desk: Home, emulator: Emulator) -> None:
    """Whatever is wrong with another profile, this one can be made."""
    desk.configure("[profile.broken]\nrole_arm = 'x'\n")

    done = desk.run("configure", "analytics", *flags(emulator), "--non-interactive")

    assert done.returncode == 0, done.stderr
    assert "profile.broken.role_arm (line 2): unknown key, did you mean role_arn?" in done.stderr
    assert desk.config.read_text().startswith("[profile.broken]\nrole_arm = 'x'\n")


def test_nothing_invalid_is_written(desk: Home, emulator: Emulator) -> None:
    """The same checks hold as for `get`."""
    job = flags(emulator, source="file", path="token")  # with an issuer, which no file takes

    done = desk.run("configure", "analytics", *job, "--non-interactive", "--no-sign-in")

    assert done.returncode == 2
    assert 'belongs to source "browser" or "device", and this one is "file"' in done.stderr
    assert not desk.config.exists()
