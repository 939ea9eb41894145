"""oidc-helper-jobs(7): each command does its job, against the emulator and stand-ins for what is not here."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from doctor.administered import Administered
from fakes.browser import BrowserProgram
from fakes.manuals import blocks
from fakes.one_answer import answering
from homes import COMMAND, Home, file_config
from serve.serving import serving

from oidc_helper.emulator import Emulator
from oidc_helper.manual.pages import page_on

_BLOCKS = blocks(page_on("jobs").read_text())
COMMANDS = [line[2:] for block in _BLOCKS for line in block.splitlines() if line.startswith("$ ")]
_PROGRAMS = [block for block in _BLOCKS if block.startswith("import")]
_REPORTS = """
[profile.reports]
role_arn = "arn:aws:iam::123456789012:role/analytics"
s3_grant = { target = "s3://reports/2026/*", permission = "READ" }
"""
# A program that is not here: it shows what it was given.
_SHOWS = """\
#!/bin/sh
echo "$(basename "$0") $*"
env | grep -E '^AWS_(ACCESS_KEY_ID|CONTAINER_CREDENTIALS_FULL_URI)='
"""
_AWS_PROFILE = "[profile {name}]\ncredential_process = {command} get {name}\nregion = eu-west-1\n"
Done = subprocess.CompletedProcess[str]


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    """A person whose profiles are in both files; programs in PATH that are not here show what they are given."""
    home.configure(file_config(emulator, profiles=_REPORTS))
    home.write_token(emulator.mint("alice@example.com"))
    directory = home.path / "bin"
    directory.mkdir()
    for name in ("docker", "dbt"):
        (directory / name).write_text(_SHOWS)
        (directory / name).chmod(0o755)
    names = ("analytics", "dev-admin", "reports")
    (home.path / "aws-config").write_text("".join(_AWS_PROFILE.format(name=name, command=COMMAND) for name in names))
    (home.path / "nightly.sh").write_text("#!/bin/sh\necho nightly\n")
    (home.path / "nightly.sh").chmod(0o755)
    home.environment |= {
        "AWS_CONFIG_FILE": str(home.path / "aws-config"),
        "PATH": f"{directory}:{Path(sys.executable).parent}:{home.environment['PATH']}",
    }
    return home


def typed(home: Home, line: str, **variables: str) -> Done:
    """A line of the page, in a shell."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env={**home.environment, **variables},
        cwd=home.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def runs_with_keys(program: str) -> Callable[[Done, Emulator], bool]:
    def check(done: Done, emulator: Emulator) -> bool:
        first, _, key = done.stdout.strip().partition("\n")
        return first.startswith(program) and key.partition("=")[2] in emulator._state.credentials

    return check


# The beginning of a line -> whether its job is done; lines that write are below.
JOBS: Mapping[str, Callable[[Done, Emulator], bool]] = {
    "aws sts": lambda done, _: "assumed-role/analytics/" in done.stdout,
    "oidc-helper profiles --diff": lambda done, _: "+[profile." in done.stdout,
    "oidc-helper doctor analytics": lambda done, _: "alice" not in done.stdout and "identity token" in done.stdout,
    "oidc-helper doctor --plan": lambda done, _: 'resource "aws_ssoadmin_application"' in done.stdout,
    "oidc-helper token": lambda done, emulator: done.stdout.strip() in emulator._state.tokens,
    "oidc-helper exec --endpoint analytics -- dbt": lambda done, _: done.stdout.startswith(
        "dbt run\nAWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"
    ),
    "oidc-helper exec analytics -- docker": runs_with_keys("docker run --rm -e AWS_ACCESS_KEY_ID "),
    "PS1=": lambda _done, _: True,
}
_BELOW = (
    *("oidc-helper configure", "oidc-helper profiles --write", "oidc-helper doctor --admin", "aws s3"),
    *("oidc-helper serve", "oidc-helper console", "oidc-helper status"),
)


@pytest.mark.parametrize("line", [line for line in COMMANDS if not line.startswith(_BELOW)])
def test_a_line_does_its_job(ready: Home, emulator: Emulator, line: str) -> None:
    """As a person types it; the profile was used before, where a line begins with what is kept."""
    ready.get("analytics")
    (check,) = [check for beginning, check in JOBS.items() if line.startswith(beginning)]
    done = typed(ready, line)

    assert done.returncode == 0, done.stderr
    assert check(done, emulator), done.stdout


def line_of(beginning: str) -> str:
    (line,) = [line for line in COMMANDS if line.startswith(beginning)]
    return line


def test_every_job_has_a_line_that_is_tried() -> None:
    """Ten of them, and no example of this page is left out."""
    tried = (*JOBS, *_BELOW)

    assert page_on("jobs").read_text().count("\n.Ss ") == 10
    assert [line for line in COMMANDS if not line.startswith(tried)] == []
    assert [beginning for beginning in tried if not any(line.startswith(beginning) for line in COMMANDS)] == []


def test_a_profile_is_made_and_used(ready: Home, emulator: Emulator) -> None:
    """`configure` asks nothing that it is told; here nobody is at a terminal."""
    ready.config.write_text(ready.config.read_text().partition("[profile")[0])
    (ready.path / "aws-config").unlink()
    flags = f"--role-arn {emulator.directory.analytics_role_arn} --region eu-west-1 --non-interactive"
    made = typed(ready, f"{line_of('oidc-helper configure')} {flags}")
    used = typed(ready, line_of("aws sts"))

    assert made.returncode == 0, made.stderr
    assert "assumed-role/analytics/" in used.stdout, used.stderr


def test_profiles_are_made_and_the_second_time_nothing_changes(ready: Home) -> None:
    done = typed(ready, line_of("oidc-helper profiles --write"))

    assert done.returncode == 0, done.stderr
    assert typed(ready, line_of("oidc-helper profiles --diff")).stdout == ""


def test_the_administrator_is_told_what_is_missing(home: Home, emulator: Emulator) -> None:
    """With the command that mends it."""
    administered = Administered(home, emulator)
    home.environment["PATH"] = f"{COMMAND.parent}:{home.environment['PATH']}"
    well = typed(home, line_of("oidc-helper doctor --admin"))
    emulator.directory.application.grants.discard("refresh_token")
    broken = typed(home, line_of("oidc-helper doctor --admin"))

    assert administered.home is home
    assert (well.returncode, broken.returncode) == (0, 1), well.stdout
    assert "aws sso-admin put-application-grant" in broken.stdout


def test_the_endpoint_answers(ready: Home) -> None:
    """As `exec --endpoint` has one; its own page has the containers."""
    _, command, *words = shlex.split(line_of("oidc-helper serve"))
    assert command == "serve"
    with serving(ready, *words) as endpoint:
        assert endpoint.credentials("analytics").json["AccessKeyId"].startswith("ASIA")


def test_the_console_opens_at_the_service(ready: Home, tmp_path: Path) -> None:
    browser = BrowserProgram(tmp_path)
    done = typed(ready, line_of("oidc-helper console"), BROWSER=str(browser.path))

    assert done.returncode == 0, done.stderr
    assert "s3%2Fhome" in browser.went[0]


def test_the_grants_credentials_are_those_that_s3_is_asked_with(ready: Home, emulator: Emulator) -> None:
    """S3 is not here: a stand-in gives an empty list."""
    with answering(200, b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>") as (url, heard):
        done = typed(ready, line_of("aws s3"), AWS_ENDPOINT_URL_S3=url.replace("127.0.0.1", "localhost"))

    assert done.stderr == ""
    assert emulator.count("GetDataAccess", ok=True) == 1
    keys = {one.access_key_id for one in emulator._state.credentials.values() if "access-grants" in one.arn}
    assert any(f"Credential={key}/" in head for key in keys for head in heard)


def test_a_script_goes_on_only_with_credentials(ready: Home) -> None:
    """And tells a person who must sign in from one who must not."""
    line = line_of("oidc-helper status --check")
    (ready.path / "token").rename(ready.path / "later")
    before = typed(ready, line)
    (ready.path / "later").rename(ready.path / "token")
    ready.get("analytics")

    assert (before.returncode in (3, 4), before.stdout) == (True, "")
    assert typed(ready, line).stdout == "nightly\n"


def test_the_prompt_has_a_few_characters(ready: Home) -> None:
    ready.get("analytics")
    prompt = shlex.split(line_of("PS1="))[0].partition("=")[2]
    shown = typed(ready, f'printf %s "{prompt}"').stdout

    assert shown.startswith("analytics ")
    assert len(shown) < 20


def test_redshift_is_asked_with_the_persons_session(ready: Home, emulator: Emulator) -> None:
    """The cluster is not here: its token is asked for by POST, and the connection then fails."""
    program, _ = _PROGRAMS
    token = "<Token>for-redshift</Token><ExpirationTime>2030-01-01T00:00:00Z</ExpirationTime>"
    name = "GetIdentityCenterAuthToken"
    answer = f"<{name}Response><{name}Result>{token}</{name}Result></{name}Response>"
    with answering(200, answer.encode()) as (url, heard):
        host = "reports.abc123xyz.eu-west-1.redshift.amazonaws.com"
        here = program.replace(host, urlsplit(url).hostname or "").replace("database=", "port=9, database=")
        subprocess.run(
            [sys.executable, "-c", here],
            env={**ready.environment, "AWS_PROFILE": "analytics", "AWS_ENDPOINT_URL_REDSHIFT": url},
            cwd=ready.path,
            capture_output=True,
            check=False,
        )

    (context,) = [one for one in emulator._state.credentials.values() if one.context]
    assert f"Credential={context.access_key_id}/" in heard[0]


def test_a_notebook_has_a_client_with_the_profile(ready: Home, emulator: Emulator) -> None:
    """Whose first call goes out with the session of the person."""
    *_, program = _PROGRAMS
    with answering(200, b'{"WorkGroups": []}') as (url, heard):
        done = subprocess.run(
            [sys.executable, "-c", f"{program}\nathena.list_work_groups()"],
            env={**ready.environment, "AWS_ENDPOINT_URL_ATHENA": url},
            cwd=ready.path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert any(f"Credential={key}/" in heard[0] for key in emulator._state.credentials)
    assert os.environ.get("AWS_PROFILE") is None
