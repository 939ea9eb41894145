"""`console`: the browser is at the console, or the address is printed; what can be wrong shows before."""

import json
import os
import shlex
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from cli.transcript import complaint, secrets, tells
from fakes.browser import BrowserProgram
from fakes.proxies import intercepting_proxy
from fakes.terminals import at_terminal
from homes import COMMAND, Home, file_config

from oidc_helper import paths, record, settings
from oidc_helper.aws import console
from oidc_helper.emulator import Emulator
from oidc_helper.store.kinds import CREDENTIALS
from oidc_helper.store.store import Store

REPORTS = """
[profile.reports]
role_arn = "arn:aws:iam::123456789012:role/analytics"
s3_grant = { target = "s3://reports/*", permission = "READ" }
"""


@pytest.fixture
def ready(home: Home, emulator: Emulator) -> Home:
    home.configure(file_config(emulator, profiles=REPORTS))
    home.write_token(emulator.mint("alice@example.com"))
    return home


@pytest.fixture
def browser(ready: Home, tmp_path: Path) -> BrowserProgram:
    program = BrowserProgram(tmp_path)
    ready.environment["BROWSER"] = str(program.path)
    return program


def printed(home: Home, *words: str) -> dict[str, list[str]]:
    """The query of the address that is printed, and nothing else on stdout."""
    done = home.run("console", "--print", *words)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert urlsplit(line).path == "/federation"
    return parse_qs(urlsplit(line).query)


def opened(browser: BrowserProgram, home: Home, *words: str) -> str:
    """The address that the browser was started with, once it has gone there."""
    done = home.run("console", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"the browser opens the console of {words[0]}, until ")
    wait_for(browser.directory / "page")
    return browser.opened[-1]


def wait_for(path: Path) -> None:
    """Wait for a file that the browser makes, by the clock of the test's own timeout."""
    while not path.exists() or not path.read_bytes():
        os.sched_yield()


def test_the_browser_is_signed_in(browser: BrowserProgram, ready: Home, emulator: Emulator) -> None:
    """As the session of the permission set, at the home of the console; its arguments hold nothing of that."""
    address = opened(browser, ready, "dev-admin")

    assert "assumed-role/AWSReservedSSO_Admin" in browser.page
    assert "eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1" in browser.page
    assert address.startswith("http://127.0.0.1:")
    assert "SigninToken" not in address
    assert [urlsplit(url).path for url in browser.went] == ["/federation"]


def test_the_credentials_are_posted_and_in_no_address(ready: Home, emulator: Emulator) -> None:
    """The emulator's log has the method; the address that is printed has the sign-in token alone."""
    done = ready.run("console", "--print", "dev-admin")

    assert emulator.count("GetSigninToken", method="POST", ok=True) == 1
    assert emulator.count("ConsoleLogin") == 0
    assert tells(done.stdout + done.stderr, secrets(ready, emulator)) == []


def test_the_address_can_be_redeemed_for_15_minutes(ready: Home, emulator: Emulator) -> None:
    address = ready.run("console", "--print", "dev-admin").stdout.strip()

    assert b"Signed in to the console" in urlopen(address).read()  # noqa: S310  the emulator's
    emulator.advance(901)
    assert emulator.count("ConsoleLogin", ok=True) == 1
    with pytest.raises(OSError, match="400"):
        urlopen(address)  # noqa: S310


def test_an_identity_enhanced_session_lands_on_athena(ready: Home) -> None:
    """One line says what will work."""
    done = ready.run("console", "--print", "analytics")

    assert "Destination=https%3A%2F%2Feu-west-1.console.aws.amazon.com%2Fathena%2Fhome" in done.stdout
    (line,) = done.stderr.splitlines()
    assert "only Athena" in line
    assert "permission set" in line


@pytest.mark.parametrize(
    ("words", "landing"),
    [
        (("analytics", "--service", "glue"), "/glue/home?region=eu-west-1"),
        (("analytics", "--destination", "/athena/home#/query-editor"), "/athena/home#/query-editor"),
        (("dev-admin",), "/console/home?region=eu-west-1"),
        (("dev-admin", "--service", "s3"), "/s3/home?region=eu-west-1"),
    ],
)
def test_one_lands_where_one_says(ready: Home, words: tuple[str, ...], landing: str) -> None:
    assert printed(ready, *words)["Destination"] == [f"https://eu-west-1.console.aws.amazon.com{landing}"]


def test_a_grant_lands_on_s3(ready: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 Control is asked by a name that few machines know, so that this looks at the table alone."""
    monkeypatch.setenv("OIDC_HELPER_CONFIG", str(ready.config))
    kind = console.kind(settings.load().profile("reports"))

    assert (kind.page, "nothing but its prefix works" in kind.note, kind.outlasts) == ("s3", True, False)


def test_a_duration_is_for_permission_sets(ready: Home, emulator: Emulator) -> None:
    """It is sent only if it is asked for, and never for a role session."""
    printed(ready, "dev-admin")
    printed(ready, "dev-admin", "--duration", "43200")
    done = ready.run("console", "--print", "analytics", "--duration", "3600")

    asked = [request.asked("SessionDuration") for request in emulator.requests if request.operation == "GetSigninToken"]
    assert asked == [None, "43200", None]
    assert "--duration is left out" in done.stderr


def test_a_duration_that_is_refused_is_left_out(ready: Home, emulator: Emulator) -> None:
    """Once, and it is said."""
    emulator.fault("GetSigninToken", error="InvalidDuration", status=400)
    done = ready.run("console", "--print", "dev-admin", "--duration", "7273")

    assert done.returncode == 0
    assert "7,273 s are refused" in done.stderr
    assert emulator.count("GetSigninToken") == 2
    assert emulator.count("GetSigninToken", SessionDuration="7273") == 1


def test_a_refusal_names_what_may_be_the_cause(ready: Home, emulator: Emulator) -> None:
    emulator.fault("GetSigninToken", status=403, times=None, body=b"<html>no</html>")
    told = complaint(ready.run("console", "--print", "dev-admin"))

    assert (told.code, "HTTP status 403" in told.message) == (5, True)
    assert "network perimeter" in told.hint
    assert emulator.count("GetSigninToken") == 1


def test_credentials_that_end_soon_are_renewed_before(
    ready: Home, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The console ends with them; where none can be had now, those at hand do."""
    for name, value in ready.environment.items():
        monkeypatch.setenv(name, value)
    now, stamp = int(time.time()), paths.config_stamp([str(ready.config), ""])
    kept = ready.get("analytics")
    text = record.compose(
        json.dumps(kept), serve_until=now + 900, stamp=stamp, renew_from=now - 1, expires_at=now + 1_100
    )
    Store().put(CREDENTIALS, "analytics", text, expires_at=now + 1_100)
    emulator.fault("AssumeRole", status=503, times=None)
    printed(ready, "analytics")
    emulator.clear_faults()
    printed(ready, "analytics")

    asked = [request.asked("Session") for request in emulator.requests if request.operation == "GetSigninToken"]
    assert [json.loads(session)["sessionId"] == kept["AccessKeyId"] for session in asked] == [True, False]


def test_signing_out_comes_before_signing_in(ready: Home, emulator: Emulator) -> None:
    done = ready.run("console", "--print", "--logout", "dev-admin")
    with urlopen(done.stdout.strip()) as page:  # noqa: S310  the emulator's
        text = page.read()

    assert b"Signed in to the console" in text
    assert emulator.count("ConsoleLogout", ok=True) == emulator.count("ConsoleLogin", ok=True) == 1


@pytest.mark.parametrize(
    ("words", "scheme"), [((), "ext+container:"), (("granted-containers",), "ext+granted-containers:")]
)
def test_a_container_of_firefox_opens_it(ready: Home, words: tuple[str, ...], scheme: str) -> None:
    done = ready.run("console", "--print", "dev-admin", "--container", *words)

    assert done.stdout.startswith(f"{scheme}name=dev-admin&url=http%3A%2F%2F127.0.0.1")


def test_a_command_opens_it(ready: Home, tmp_path: Path) -> None:
    """Its words are those of a shell, which there is none of."""
    program = BrowserProgram(tmp_path, visits=False)
    command = f"{shlex.quote(str(program.path))} {{url}} '$HOME; echo'"
    done = ready.run("console", "dev-admin", "--browser-command", command)
    wait_for(tmp_path / "opened")

    assert done.returncode == 0
    assert urlsplit(program.opened[0]).path == "/federation"
    assert "console" in done.stdout


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("dev-admin", "--browser-command", "no-such-browser {url}"), 2, "no-such-browser does not exist"),
        (("dev-admin", "--browser-command", "'firefox"), 2, "is no command"),
        (("dev-admin", "--browser-command", ""), 2, "is no command"),
        (("dev-admin", "--container"), 1, "Firefox is not found"),
        (("dev-admin", "--duration", "60"), 2, "is not between 900 and 43200 seconds"),
        (("dev-admin", "--duration", "1h"), 2, "is no number of seconds"),
        (("dev-admin", "--print", "--service", "a b"), 2, "is no service of the console"),
        (("dev-admin", "--print", "--destination", "ftp://x"), 2, "is no page of the console"),
        (("dev-admin", "--service", "s3", "--destination", "/x"), 2, "not allowed with"),
        (("dev-admin", "--print", "--container", "chrome"), 2, "invalid choice"),
        (("dev-amin", "--print"), 2, "did you mean dev-admin?"),
        (("dev-admin",), 1, "no browser can be opened"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    ready: Home, emulator: Emulator, words: tuple[str, ...], code: int, message: str
) -> None:
    """No sign-in token is asked for that nobody could use."""
    told = complaint(ready.run("console", *words))

    assert (told.code, message in told.message) == (code, True), told
    assert told.hint
    assert emulator.count("GetSigninToken") == 0


def test_a_person_who_must_sign_in_is_told_so(ready: Home) -> None:
    (ready.path / "token").unlink()
    told = complaint(ready.run("console", "--print", "dev-admin"))

    assert told.code == 3


def test_a_terminal_is_told_that_the_address_is_a_secret(ready: Home) -> None:
    """Elsewhere nothing is said."""
    with at_terminal(
        [COMMAND, "console", "--print", "dev-admin"], ready.environment, directory=ready.path, prints_there=True
    ) as person:
        done = person.ended()

    assert done.returncode == 0
    assert "this address is a secret: for 15 min, it signs in anybody who opens it" in person.screen
    assert ready.run("console", "--print", "dev-admin").stderr == ""


def test_a_closed_terminal_loses_nothing(ready: Home, emulator: Emulator) -> None:
    """Without a standard output the address has nowhere to go, and none is made; without a stderr it is printed."""
    shell = ready.environment | {"C": str(COMMAND)}
    with at_terminal(["/bin/sh", "-c", '"$C" console --print dev-admin >&-'], shell, directory=ready.path) as one:
        assert one.ended().returncode == 1
    assert emulator.count("GetSigninToken") == 0
    with at_terminal(["/bin/sh", "-c", '"$C" console --print analytics 2>&-'], shell, directory=ready.path) as one:
        assert "SigninToken" in one.ended().stdout


def test_an_endpoint_out_of_reach_may_be_tried_again(ready: Home) -> None:
    told = complaint(ready.run("console", "--print", "dev-admin", AWS_ENDPOINT_URL_SIGNIN="https://127.0.0.1:9"))

    assert (told.code, "127.0.0.1:9 cannot be reached" in told.message) == (4, True)


def test_a_proxy_with_an_authority_of_its_own_is_gone_through(ready: Home, tmp_path: Path) -> None:
    """As everywhere: without the authority nothing is sent."""
    with intercepting_proxy(tmp_path, "signin.test", b'{"SigninToken": "through-the-proxy"}') as (
        proxy,
        authority,
        seen,
    ):
        way = {"AWS_ENDPOINT_URL_SIGNIN": "https://signin.test", "HTTPS_PROXY": proxy}
        untrusted = complaint(ready.run("console", "--print", "dev-admin", **way))
        assert (untrusted.code, "is not trusted" in untrusted.message, seen) == (4, True, [])
        done = ready.run("console", "--print", "dev-admin", **way, AWS_CA_BUNDLE=str(authority))

    assert done.returncode == 0, done.stderr
    assert "SigninToken=through-the-proxy" in done.stdout
    assert [line.split()[:2] for line in seen] == [["POST", "/federation"]]
