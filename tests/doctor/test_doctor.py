"""The report of `doctor`: its forms, what it never does, and what it says where little or nothing is there."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli.sign_ins import desk
from cli.transcript import complaint, secrets, tells
from doctor.ward import ALICE, Ward
from fakes.certificates import tls_server
from fakes.places import needs
from fakes.screens import Screen
from fakes.secret_service import missing_programs, private_secret_service
from fakes.terminals import at_terminal
from homes import COMMAND, Home

from oidc_helper.cli import doctor
from oidc_helper.doctor import CHECKS, Anonymity, Check, admin, program

MANUAL = (Path(__file__).parents[2] / "man/oidc-helper.1").read_text()


def lines(home: Home, *words: str, **variables: str) -> list[str]:
    done = home.run("doctor", *words, **variables)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("heading", "checks", "words"),
    [("DOCTOR", CHECKS, ()), ("THE ADMINISTRATOR'S SIDE", admin.CHECKS, ("--admin",))],
)
def test_each_check_stands_in_the_manual_and_in_the_list(
    home: Home, heading: str, checks: Sequence[Check[Any]], words: tuple[str, ...]
) -> None:
    """In the order in which they are made."""
    section = MANUAL.partition(f"\n.Sh {heading}\n")[2].partition("\n.Sh ")[0]
    documented = re.findall(r"^\.It Li (.*)$", section, re.MULTILINE)
    ids = [check.id for check in checks]

    assert documented == ids == [line.split()[0] for line in lines(home, *words, "--list")]
    listed = json.loads(home.run("doctor", *words, "--list", "--json").stdout)["checks"]
    assert [(check["id"], check["about"]) for check in listed] == [(check.id, check.about) for check in checks]


def test_a_check_needs_only_what_stands_before_it() -> None:
    """Else it would be made though that had failed."""
    ids = [check.id for check in CHECKS]

    assert len(set(ids)) == len(ids)
    assert all(ids.index(needed) < ids.index(check.id) for check in CHECKS for needed in check.needs)


def test_a_sound_chain_has_a_line_for_each_check(ward: Ward) -> None:
    """The marks are those of people where the stream has them; nothing was exchanged."""
    shown = lines(ward.home, "analytics")

    assert [line.split()[1] for line in shown[:-1]] == [check.id for check in CHECKS]
    assert {line[0] for line in shown[:-1]} == {"✓", "\N{EN DASH}"}
    assert re.fullmatch(r"all \d+ checks passed, \d+ were skipped", shown[-1])
    assert ward.emulator.count("CreateTokenWithIAM") == 0


@pytest.mark.parametrize(
    ("counted", "told"),
    [
        ({"ok": 1}, "1 check passed"),
        ({"ok": 2}, "all 2 checks passed"),
        ({"skipped": 1}, "no check was run, 1 was skipped"),
        ({"failed": 1, "skipped": 2}, "1 of 1 check failed, 2 were skipped"),
        ({"ok": 1, "failed": 1, "skipped": 1}, "1 of 2 checks failed, 1 was skipped"),
    ],
)
def test_the_last_line_counts_each_check_once(counted: dict[str, int], told: str) -> None:
    """Those that were made, well or not, and apart from them those that were not."""
    assert doctor._summary(Counter(counted), may_name_one=False) == told


def test_the_remedy_stands_below_what_is_broken_and_nowhere_else(ward: Ward) -> None:
    """As it is to be pasted; the exit code tells, too."""
    ward.aws_config("")
    done = ward.home.run("doctor", "analytics")
    shown = done.stdout.splitlines()
    at = next(index for index, line in enumerate(shown) if line.startswith("✗"))

    assert done.returncode == 1
    assert shown[at].split()[1] == "aws-profile"
    assert shown[at + 1 : at + 5] == [
        f"    add to {ward.aws / 'config'}:",
        "    [profile analytics]",
        f"    credential_process = {COMMAND} get analytics",
        "    region = eu-west-1",
    ]
    assert [line for line in shown if line.startswith("    ")] == shown[at + 1 : at + 5]


@pytest.mark.parametrize(("columns", "stands_in"), [(80, 20), (40, 2)])
def test_no_long_word_breaks_the_columns(ward: Ward, columns: int, stands_in: int) -> None:
    """Seen: an ARN that went on at the margin."""
    typed = (COMMAND, "doctor", "analytics", "--only", "profile")
    with at_terminal(typed, ward.home.environment, columns=columns, prints_there=True) as terminal:
        assert terminal.ended().returncode == 0
        first, *others, summary = filter(None, Screen(terminal, columns).lines)

    assert (first.split()[:2], summary) == (["✓", "profile"], "1 check passed")
    assert all(line.startswith(" " * stands_in) for line in others)
    assert ward.emulator.directory.application_arn in "".join(line.strip() for line in others)


def test_a_region_that_nobody_knows_is_named_and_no_fault(ward: Ward) -> None:
    """AWS may have it by now; get says nothing of it."""
    ward.settings("[profile.analytics]", '[profile.analytics]\nregion = "eu-west-9"')
    ward.home.get("analytics")
    found = ward.report("analytics")["profile"]

    assert found["status"] == "ok"
    assert "; eu-west-9 is no region that the installed botocore knows, did you mean eu-west-" in found["found"]


def test_what_depends_on_a_broken_link_says_so(ward: Ward) -> None:
    (ward.home.path / "token").unlink()
    report = ward.report("analytics")

    assert report["claims"]["found"] == report["caller"]["found"] == "not checked: identity failed"


def test_only_some_checks_are_made(ward: Ward) -> None:
    """Whatever comes before them."""
    (ward.home.path / "token").unlink()

    assert list(ward.report("--only", "clock", "--only", "settings", "analytics")) == ["settings", "clock"]
    assert ward.failed("--only", "claims", "analytics") == ["claims"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("analitics",), "no profile 'analitics', did you mean analytics?"),
        (("--only", "clok"), "there is no check 'clok', did you mean clock?"),
    ],
)
def test_what_nobody_knows_is_wrong_usage(ward: Ward, words: tuple[str, ...], message: str) -> None:
    told = complaint(ward.home.run("doctor", *words))

    assert (told.code, told.message) == (2, message)


def test_without_a_name_all_profiles_are_looked_at(ward: Ward) -> None:
    """Their settings and AWS profiles; each sign-in once; no credentials."""
    told = lines(ward.home)
    missing = f"no AWS profile in {ward.aws / 'config'} gets its credentials from dev-admin"

    assert "✓ profile           analytics, dev-admin" in told
    assert f"✗ aws-profile       dev-admin: {missing}" in told
    assert any(line.startswith("✓ caller            analytics: arn:aws:sts::") for line in told)
    assert not any(line.split()[1:2] == ["credentials"] for line in told)
    assert told[-1].endswith("oidc-helper doctor PROFILE")
    assert ward.emulator.count("AssumeRoleWithWebIdentity") == 1


def test_without_a_name_the_only_profile_is_meant(ward: Ward) -> None:
    text = ward.home.config.read_text()
    ward.home.configure(text[: text.index("[profile.dev-admin]")])

    assert "credentials" in ward.report()


def test_an_empty_home_is_told_how_to_begin(home: Home) -> None:
    """The checks that need no settings are made all the same."""
    done = home.run("doctor", "--json")
    checks = {check["id"]: check for check in json.loads(done.stdout)["checks"]}

    assert done.returncode == 1
    assert "no configuration at" in checks["settings"]["found"]
    assert "oidc-helper demo" in checks["settings"]["remedy"]
    assert checks["vault"]["status"] == "ok"


def test_an_exchange_is_made_only_when_asked_for(ward: Ward) -> None:
    """Then its tokens are kept, as those of get."""
    assert ward.report("analytics")["exchange"]["status"] == "skipped"
    report = ward.report("--exchange", "analytics")

    assert ward.emulator.count("CreateTokenWithIAM") == 1
    assert report["exchange"]["found"].startswith(f"tokens of {ALICE}")
    assert report["credentials"]["found"].startswith("access key ASIA")
    ward.home.get("analytics")
    assert ward.emulator.count("CreateTokenWithIAM") == 1


def test_a_person_is_never_asked(ward: Ward) -> None:
    """Nor is a browser opened, though an exchange was wanted."""
    desk(ward.home, ward.emulator)
    report = ward.report("--exchange", "analytics")

    assert report["tokens"]["remedy"] == "oidc-helper login analytics"
    assert report["exchange"]["found"] == "not checked: tokens failed"
    assert ward.emulator.count("Authorization") == 0


def test_nothing_is_left_of_the_trials(ward: Ward) -> None:
    ward.report("analytics")

    assert "trial" not in (ward.home.path / "keyring.json").read_text()
    assert [path.name for path in (ward.home.path / ".local/state/oidc-helper").iterdir() if "trial" in path.name] == []


def test_no_secret_is_in_the_report(ward: Ward) -> None:
    """Neither of the tokens that it looks at nor of the credentials that it asks for."""
    done = ward.home.run("doctor", "--exchange", "--debug", "analytics")

    assert tells(done.stdout + done.stderr, secrets(ward.home, ward.emulator)) == []


def test_a_report_can_be_shown_to_others(ward: Ward) -> None:
    """The same names have the same stand-ins; what tells nobody stays."""
    ward.home.get("analytics")
    done = ward.home.run("doctor", "--anonymize", "--json", "--exchange", "analytics")
    told = done.stdout
    telling = [ALICE, "alice", "123456789012", "analytics", "tip-caller", "1234567890abcdef", "oidc-helper-cli", "job"]

    assert [name for name in (*telling, str(ward.home.path), ward.home.path.name) if name in told] == []
    assert "arn:aws:iam::account-1:role/" in told
    assert "in account account-1" in told
    assert "eu-west-1" in told
    assert "~/.aws/config" in told


@pytest.mark.parametrize(
    ("text", "anonymous"),
    [
        ("bob@corp.example and eve@corp.example, bob@corp.example", "user-1 and user-2, user-1"),
        ("https://idp.corp.example/x at idp.corp.example", "https://host-1/x at host-1"),
        ("https://idp.corp.example:8443/", "https://host-1:8443/"),
        ("https://sts.eu-west-1.amazonaws.com", "https://sts.eu-west-1.amazonaws.com"),
        ("http://127.0.0.1:80, 10.1.2.3, 2001:db8::1", "http://127.0.0.1:80, address-1, address-2"),
        ("::1 at 10:11:12", "::1 at 10:11:12"),
        ("/home/bob/.aws/config", "~/.aws/config"),
        (r"C:\Users\bob\.aws\config", r"~\.aws\config"),
        ("arn:aws:sts::111122223333:assumed-role/x/bob", "arn:aws:sts::account-1:assumed-role/session-1"),
    ],
)
def test_names_get_stand_ins(text: str, anonymous: str) -> None:
    assert Anonymity(None, {"AWS_ENDPOINT_URL": "https://idp.corp.example/"}).of(text, {}) == anonymous


def test_pythonhome_is_named(ward: Ward) -> None:
    """A real process, which starts since that is its own."""
    report = ward.report_of(ward.home.start("doctor", "--json", "analytics", PYTHONHOME=sys.base_prefix))

    assert report["environment"]["remedy"] == "unset PYTHONHOME"


def test_a_full_kernel_keyring_is_named_with_its_remedy(ward: Ward) -> None:
    """The trial drops nobody's records for it."""
    full = "from oidc_helper import kernel\ndef write(*_):\n    raise OSError(122, 'full')\nkernel.write = write"
    assert ward.home.forks
    done = ward.home.forks.run(("doctor", "--json", "analytics"), ward.home.environment, ward.home.path, full)
    report = {check["id"]: check for check in json.loads(done.stdout)["checks"]}

    assert report["kernel-keyring"]["status"] == "failed"
    assert "is full" in report["kernel-keyring"]["found"]
    assert report["kernel-keyring"]["remedy"].startswith("sudo sysctl -w kernel.keys.")


def test_a_container_is_no_fault(ward: Ward) -> None:
    """An SDK there takes its keys only where no AWS profile is named."""
    where = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"}
    ward.variables(**where)
    report = ward.report("analytics")

    assert report["sdk"]["found"].endswith("the container's endpoint; for analytics: export AWS_PROFILE=analytics")
    ward.variables(AWS_PROFILE="analytics")
    assert ward.report("analytics")["sdk"]["status"] == "ok"


def test_a_module_that_python_runs_is_the_same_command(ward: Ward) -> None:
    """The line may name the script."""
    words = [sys.executable, "-P", "-m", "oidc_helper", "doctor", "--only", "aws-profile", "analytics"]
    done = subprocess.run(words, env=ward.home.environment, capture_output=True, text=True, check=True)

    assert done.stdout.startswith("✓ aws-profile")


@pytest.mark.parametrize(
    ("mark", "installer"), [("uv-receipt.toml", "uv tool"), ("pipx_metadata.json", "pipx"), ("nothing", "")]
)
def test_the_installer_is_named(tmp_path: Path, mark: str, installer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it leaves in its environment, else by the package's own note."""
    (tmp_path / mark).write_text("")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    noted = importlib.metadata.distribution("oidc-helper").read_text("INSTALLER") or ""

    assert program._installer() == (installer or noted.strip())


PIP = "/venv/python -m pip install"
GIT = {"url": "https://git.example.com/helper", "vcs_info": {"vcs": "git", "commit_id": "f00d"}}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have the program think that it was installed in that way."""

    def install(mark: str, installer: str, origin: object) -> None:
        noted = {
            "INSTALLER": installer,
            "METADATA": "Name: oidc-helper\nRequires-Dist: keyring\n"
            "Requires-Dist: uvicorn>=0.40; extra == 'serve'\nRequires-Dist: httptools ; extra == \"serve\"\n",
            **({"direct_url.json": json.dumps(origin)} if origin else {}),
        }
        for name, text in noted.items():
            (tmp_path / name).write_text(text)
        (tmp_path / mark).write_text("")
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        monkeypatch.setattr(sys, "executable", "/venv/python")
        monkeypatch.setattr(importlib.metadata, "distribution", lambda _: importlib.metadata.PathDistribution(tmp_path))

    return install


@pytest.mark.parametrize(
    ("mark", "installer", "origin", "command"),
    [
        ("pipx_metadata.json", "pip", None, "pipx inject oidc-helper 'uvicorn>=0.40' httptools"),
        ("pipx_metadata.json", "pip", {"url": "file:///src"}, "pipx inject oidc-helper 'uvicorn>=0.40' httptools"),
        ("uv-receipt.toml", "uv", {"url": "file:///the%20src"}, "uv tool install --force '/the src[serve]'"),
        ("uv-receipt.toml", "uv", None, "uv tool install --force 'oidc-helper[serve]'"),
        ("nothing", "uv", {"url": "file:///src"}, "uv pip install --python /venv/python '/src[serve]'"),
        ("nothing", "pip", {"url": "file:///src"}, f"{PIP} '/src[serve]'"),
        ("nothing", "pip", None, f"{PIP} 'oidc-helper[serve]'"),
        ("nothing", "pip", GIT, f"{PIP} 'oidc-helper[serve] @ git+{GIT['url']}'"),
    ],
)
def test_an_extra_is_added_by_the_installer_from_where_the_program_came(
    installed: Callable[..., None], mark: str, installer: str, origin: object, command: str
) -> None:
    """A checkout or a wheel on the disk too: what is in no index cannot be had by its name."""
    installed(mark, installer, origin)

    assert program.to_install("serve") == command


@pytest.mark.parametrize(
    ("installer", "line", "is_slow"),
    [
        ("pip", "import re", True),
        ("pip", "from oidc_helper.hotpath import main as _", False),
        ("debian", "import re", False),  # pip may not write there
    ],
)
def test_a_slow_script_of_pip_is_named(
    installed: Callable[..., None],
    tmp_path: Path,
    installer: str,
    line: str,
    is_slow: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As pip before 25 writes it; it is no failure."""
    installed("nothing", installer, None)
    monkeypatch.setenv("PATH", str(COMMAND.parent))
    script = tmp_path / "oidc-helper"
    script.write_text(f"#!{sys.executable}\n{line}\nimport sys\n")
    case: Any = SimpleNamespace(program=[str(script)])
    finding = program.executable(case)

    assert finding.status == "ok"
    assert ("its script was written by pip before 25" in finding.found) == is_slow
    assert f"PATH leads to another one, {COMMAND}" in finding.found


def test_a_slow_script_is_written_anew_from_where_the_program_came(installed: Callable[..., None]) -> None:
    """With pipx too: each of its environments has a pip."""
    installed("pipx_metadata.json", "pip", {"url": "file:///helper.whl", "archive_info": {}})

    assert program._to_rewrite_script() == f"{PIP} --upgrade pip && {PIP} --force-reinstall --no-deps /helper.whl"


def test_a_locked_keyring_stays_locked(ward: Ward) -> None:
    """What lies in it is not looked at."""
    needs(not missing_programs(), " and ".join(missing_programs()))
    ward.variables(PYTHON_KEYRING_BACKEND="keyring.backends.SecretService.Keyring")
    with private_secret_service() as service:
        ward.variables(DBUS_SESSION_BUS_ADDRESS=service.address)
        ward.home.get("analytics")
        assert ward.report("analytics")["vault"]["found"] == "a trial record was kept in the Secret Service"
        labels = service.labels()
        service.lock()
        report = ward.report("analytics")

        assert report["vault"]["found"] == "Secret Service is locked"
        assert "unlock" in report["vault"]["remedy"]
        assert report["tokens"]["found"] == report["caller"]["found"].replace("tokens", "vault")
        assert report["tokens"]["found"] == "not checked: vault failed"
        service.unlock()
        assert service.labels() == labels


def test_an_untrusted_certificate_is_told_from_a_silent_host(ward: Ward, tmp_path: Path) -> None:
    """With the setting that names its authority."""
    (tmp_path / "tls").mkdir()
    desk(ward.home, ward.emulator)
    with tls_server(tmp_path / "tls") as url:
        ward.settings(ward.emulator.issuer, url)
        report = ward.report("analytics")

    assert "is not trusted" in report["provider"]["found"]
    assert "ca_bundle" in report["provider"]["remedy"]


def test_a_proxy_that_is_down_is_named(ward: Ward) -> None:
    """And not the host behind it alone."""
    desk(ward.home, ward.emulator)
    ward.settings(ward.emulator.issuer, "https://idp.corp.example")
    report = ward.report_of(ward.home.start("doctor", "--json", "analytics", HTTPS_PROXY=ward.closed))

    assert f"through {ward.closed} (HTTPS_PROXY)" in report["proxy"]["found"]
    assert f"through the proxy {ward.closed} of HTTPS_PROXY" in report["provider"]["found"]
    assert report["provider"]["remedy"] == "correct HTTPS_PROXY, or let NO_PROXY have idp.corp.example"


def test_a_proxy_that_is_none_is_named(ward: Ward) -> None:
    desk(ward.home, ward.emulator)
    ward.settings(ward.emulator.issuer, "https://idp.corp.example")
    report = ward.report_of(ward.home.start("doctor", "--json", "analytics", HTTPS_PROXY="ftp://proxy"))

    assert report["proxy"]["status"] == "failed"
    assert "begin HTTPS_PROXY with socks5h://" in report["proxy"]["remedy"]
    assert report["provider"]["found"] == "not checked: proxy failed"
