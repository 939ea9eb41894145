"""`status` for programs: `--check`, `--prompt`, and the members of `--json`."""

import json
import re
from pathlib import Path

import pytest
from cli.sign_ins import Desk, desk
from cli.transcript import answer, complaint
from homes import Home, file_config

from oidc_helper.emulator import Emulator

ALICE = "alice@example.com"
MANUAL = Path(__file__).parents[2] / "man/oidc-helper.1"


@pytest.fixture
def job(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator))
    home.write_token(emulator.mint(ALICE))
    return home


@pytest.fixture
def alice(home: Home, emulator: Emulator) -> Desk:
    return desk(home, emulator)


def check(home: Home, *words: str) -> int:
    """The exit code of `status --check`, which must print nothing."""
    done = home.run("status", "--check", *words)
    assert (done.stdout, done.stderr) == ("", "")
    return done.returncode


def prompt(home: Home, *words: str, **variables: str) -> str:
    done = home.run("status", "--prompt", *words, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_check_follows_the_life_of_a_profile(job: Home) -> None:
    """To be had, then there, then not for long enough."""
    assert check(job, "analytics") == 4
    answer(job.run("get", "analytics"))
    assert check(job, "analytics") == 0
    assert check(job, "analytics", "--min-ttl", "3000") == 0
    assert check(job, "analytics", "--min-ttl", "4000") == 4


def test_the_worst_of_all_profiles_counts(job: Home) -> None:
    """Without a name, every profile is checked."""
    answer(job.run("get", "analytics"))
    assert check(job) == 4
    answer(job.run("get", "dev-admin"))
    assert check(job) == 0


def test_a_check_says_when_a_person_is_needed(alice: Desk) -> None:
    """Before the first sign-in, and not after it."""
    assert check(alice.home, "analytics") == 3
    assert prompt(alice.home, "analytics") == "analytics sign in\n"
    alice.home.run("login", "analytics")
    assert check(alice.home, "analytics") == 0


def test_a_token_that_somebody_must_put_there_takes_a_person(job: Home) -> None:
    """As the last failure of get said."""
    (job.path / "token").unlink()
    assert complaint(job.run("get", "analytics")).code == 3
    assert check(job, "analytics") == 3


def test_a_sign_in_ends_what_was_said_before_it(alice: Desk) -> None:
    """Seen: `see the hint`, which said to sign in, for another profile of the same sign-in."""
    told = complaint(alice.home.run("get", "dev-admin"))
    assert (told.code, check(alice.home, "dev-admin")) == (3, 3)
    alice.home.run("login", "analytics")

    assert check(alice.home, "dev-admin") == 4
    assert "when the session ends" in alice.home.run("status", "dev-admin").stdout
    assert "failed" not in alice.home.run("status").stdout


def test_what_was_refused_to_a_person_is_told_until_another_signs_in(alice: Desk) -> None:
    """The sign-in before it does not end it."""
    alice.home.run("login", "analytics")
    alice.emulator.directory.assignments.clear()
    told = complaint(alice.home.run("get", "dev-admin"))
    before = alice.home.run("status", "dev-admin").stdout
    alice.home.run("login", "--force", "analytics")

    assert (told.code, told.message in before, "see the hint" in before) == (5, True, True)
    assert "failed" not in alice.home.run("status", "dev-admin").stdout


def test_a_new_identity_token_ends_what_was_said_for_want_of_one(job: Home, emulator: Emulator) -> None:
    """A refusal stays: nobody else signs in."""
    (job.path / "token").unlink()
    job.run("get", "dev-admin")
    job.write_token(emulator.mint(ALICE))
    answer(job.run("get", "analytics"))

    assert check(job, "dev-admin") == 4

    emulator.directory.assignments.clear()
    job.run("get", "dev-admin")
    job.write_token(emulator.mint(ALICE))
    job.run("login", "analytics")

    assert "dev-admin failed" in job.run("status").stdout


def test_a_check_of_an_unknown_profile_is_wrong_usage(job: Home) -> None:
    """Which is no state of any profile."""
    told = complaint(job.run("status", "--check", "analitics"))

    assert (told.code, "did you mean analytics?" in told.message) == (2, True)


@pytest.mark.parametrize(
    "words", [("--min-ttl", "5"), ("--check", "--min-ttl", "soon"), ("--check", "--json"), ("--prompt", "--json")]
)
def test_options_that_do_not_go_together_are_refused(job: Home, words: tuple[str, ...]) -> None:
    assert complaint(job.run("status", *words)).code == 2


def test_a_prompt_names_the_profile_and_the_time_left(job: Home) -> None:
    """That of exec, or of the AWS profile of the same name, where none is named."""
    assert prompt(job, "analytics") == "analytics\n"
    answer(job.run("get", "analytics"))
    assert re.fullmatch(r"analytics (59m|1h)\n", prompt(job, "analytics"))
    assert prompt(job, OIDC_HELPER_PROFILE="analytics").startswith("analytics ")
    assert prompt(job, AWS_PROFILE="analytics").startswith("analytics ")


def test_a_prompt_is_never_in_the_way(job: Home) -> None:
    """No profile, an unknown one, and a broken file print nothing."""
    assert prompt(job) == ""
    assert prompt(job, "analitics") == ""
    job.configure("[")
    assert prompt(job, "analytics") == ""


def test_a_prompt_and_a_check_look_for_no_vault(job: Home) -> None:
    """A shell asks before every command, and finding a keyring takes longer than all else."""
    answer(job.run("get", "analytics"))
    for words in (("--prompt", "analytics"), ("--check", "analytics")):
        traced = job.run("status", *words, PYTHONPROFILEIMPORTTIME="1")

        assert "oidc_helper.cli.readiness" in traced.stderr
        assert "keyring.core" not in traced.stderr


def test_the_manual_has_each_member_of_the_json(alice: Desk) -> None:
    """Programs depend on them."""
    alice.home.run("login", "analytics")
    report = json.loads(alice.home.run("status", "--json").stdout)
    section = MANUAL.read_text().partition(".Sh STATUS AS JSON")[2].partition(".Sh ")[0]
    documented = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"^\.(?:It )?Li (.*)$", section, re.MULTILINE))))
    profile = next(one for one in report["profiles"] if one["name"] == "analytics")
    nested = [report, report["kernel_keyring"] or {}, profile]
    nested += [profile[name] or {} for name in ("credentials", "tokens", "provider", "sign_in", "last_failure")]

    assert report["schema"] == 1
    assert {name for members in nested for name in members} <= documented
