"""What is tried with each client; a trial returns nothing where all is well, or what was seen instead."""

import re
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from compatibility.site import ADMIN, ANALYTICS, CHAINED, LONGEST_S, USER, Run, Site, in_a_shell
from fakes.foreign_python import VARIABLES, write_library
from homes import COMMAND, file_config

_MANUAL = Path(__file__).parents[2] / "man/oidc-helper.1"
_LIFETIME_S, _LIFETIMES, _PAUSE_S = 70, 4, 10
_CROWD = 20
_TURNS = 10
_OTHER_SESSION = """
import os, sys
from oidc_helper import kernel
kernel.join_anonymous_session()
os.execvp(sys.argv[1], sys.argv[1:])
"""


def credentials(site: Site) -> str:
    """A role session, and a permission set."""
    return _signed_by(site, ANALYTICS, site.run("analytics")) or _signed_by(site, ADMIN, site.run("dev-admin"))


def refresh(site: Site) -> str:
    """Calls in real time, while the credentials end again and again."""
    directory = site.emulator.directory
    directory.permission_sets["Admin"].session_s = _LIFETIME_S
    directory.application.access_token_lifetime_s = _LIFETIME_S
    calls = _LIFETIME_S * _LIFETIMES // _PAUSE_S
    if site.client.repeats:
        done = site.run("dev-admin", variables={"CALLS": str(calls), "PAUSE_S": str(_PAUSE_S)})
        seen = _signed_by(site, ADMIN, done)
    else:
        paced = f'for call in $(seq {calls}); do "$@" || code=$?; sleep {_PAUSE_S}; done; exit ${{code:-0}}'
        seen = _signed_by(site, ADMIN, site.run("dev-admin", before=in_a_shell(paced)))
    lifetimes = site.emulator.count("GetRoleCredentials", ok=True)
    return seen or ("" if lifetimes >= _LIFETIMES else f"{lifetimes} lifetimes")


def crowd(site: Site) -> str:
    """All at once, with an empty store."""
    processes = [site.start("analytics") for _ in range(_CROWD)]
    try:
        said = [process.communicate(timeout=LONGEST_S)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    if (exchanges := site.emulator.count("CreateTokenWithIAM")) != 1:
        return f"{exchanges} exchanges"
    codes = [process.returncode for process in processes]
    if wrong := [text for code, text in zip(codes, said, strict=True) if code != site.client.exit_code]:
        return wrong[0]
    strangers = set(site.callers()) - {ANALYTICS}
    return ", ".join(strangers) or ("" if len(site.callers()) >= _CROWD else f"{len(site.callers())} calls")


def told(site: Site) -> str:
    """Nobody is signed in."""
    emulator = site.emulator
    identity = f'source = "browser"\nissuer = "{emulator.issuer}"\nclient_id = "{emulator.client_id}"'
    site.home.configure(file_config(emulator, identity=identity))
    done = site.run()
    return "" if re.search(r"oidc-helper\s+login\s+analytics", done.said) else f"said: {done.said}"


def chained(site: Site) -> str:
    """The client itself takes on a role, with our credentials."""
    return _signed_by(site, CHAINED, site.run("chained"))


def single_quotes(site: Site) -> str:
    return _with_blank(site, "'{}'")


def double_quotes(site: Site) -> str:
    return _with_blank(site, '"{}"')


def _with_blank(site: Site, quotes: str) -> str:
    directory = site.home.path / "my tools"
    directory.mkdir(exist_ok=True)
    (directory / "oidc-helper").symlink_to(COMMAND)
    site.write_line(quotes.format(directory / "oidc-helper"))
    return _signed_by(site, ANALYTICS, site.run())


def in_hostile_environments(site: Site) -> str:
    """Each with new credentials and with cached ones; those that end Python need the manual's line."""
    settings = site.home.config.read_text()
    for name, trial in HOSTILE.items():
        site.write_line()
        site.home.configure(settings)  # of another time, so that nothing cached is theirs
        for kind in ("new", "cached"):
            done = trial(site)
            if wrong := set(done.callers) ^ {ANALYTICS}:
                return f"{name}, {kind}: {', '.join(wrong)} {done.said}"
    return ""


def _with_variable(name: str) -> Callable[[Site], Run]:
    def trial(site: Site) -> Run:
        program = shutil.which(site.words()[0]) or ""
        write_library(site.home.path / "theirs", spared="/usr/bin/env" if site.is_python() else program)
        (line,) = re.findall(
            r"^credential_process = (env .* )oidc-helper get analytics$", _MANUAL.read_text(), re.MULTILINE
        )
        site.write_line(line + str(COMMAND))
        value = VARIABLES[name].format(site.home.path / "theirs")
        return site.run(variables=site.hostile({name: value}))

    return trial


def _with_empty_entries(site: Site) -> Run:
    for name in ("json", "zlib", "ctypes", "botocore"):
        (site.home.path / f"{name}.py").write_text("raise SystemExit('theirs')")
    try:
        return site.run(variables=site.hostile({"PYTHONPATH": ":/nowhere:"}))
    finally:
        for name in ("json", "zlib", "ctypes", "botocore"):
            (site.home.path / f"{name}.py").unlink()


HOSTILE: dict[str, Callable[[Site], Run]] = {
    **{f"`{name}` of a program that brings its own Python": _with_variable(name) for name in VARIABLES},
    "`PYTHONPATH` with empty entries": _with_empty_entries,
    "SIGCHLD ignored": lambda site: site.run(before=in_a_shell('trap "" CHLD; exec "$@"')),
    "standard streams closed": lambda site: site.run(before=in_a_shell('exec "$@" <&- >&- 2>&-')),
    "another session keyring": lambda site: site.run(before=[sys.executable, "-c", _OTHER_SESSION]),
}


def hit(site: Site) -> str:
    """The least processor time of some runs with each, which a busy machine disturbs least, in turns; milliseconds."""
    site.run("analytics")
    turns = [(_processor_s(site, "analytics", ANALYTICS), _processor_s(site, "static", USER)) for _ in range(_TURNS)]
    cached, key = map(min, zip(*turns, strict=True))
    return f"{1000 * (cached - key):.0f} ms"


def _processor_s(site: Site, profile: str, arn: str) -> float:
    """What a client and its children take, when nothing else runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = site.run(profile)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if wrong := _signed_by(site, arn, done):
        raise AssertionError(wrong)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _signed_by(site: Site, arn: str, done: Run) -> str:
    """What is wrong, where a run failed or others signed its calls."""
    if done.code != site.client.exit_code or not done.callers:
        return f"exit code {done.code}: {done.said}"
    return ", ".join({caller for caller in done.callers if not caller.startswith(arn)})


TRIALS: dict[str, Callable[[Site], str]] = {
    "credentials": credentials,
    "refresh": refresh,
    "20 at once": crowd,
    "sign-in told": told,
    "source_profile": chained,
    "'a path'": single_quotes,
    '"a path"': double_quotes,
    "hostile": in_hostile_environments,
    "hit": hit,
}
