"""What is tried with each client; a trial returns nothing where all is well, or what was seen instead."""

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from compatibility.site import ADMIN, ANALYTICS, CHAINED, LONGEST_S, USER, Run, Site, in_a_shell
from fakes.foreign_python import VARIABLES, write_library
from homes import COMMAND, file_config
from serve.serving import serving

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
    _shorten_lifetime(site)
    return _signed_by(site, ADMIN, site.finish(_calling(site, _LIFETIMES))) or _lifetimes(site, _LIFETIMES)


def handed_over(site: Site) -> str:
    """Both kinds of credentials, in variables."""
    profiles = {"analytics": ANALYTICS, "dev-admin": ADMIN}
    runs = {arn: site.run("static", before=[str(COMMAND), "exec", name, "--"]) for name, arn in profiles.items()}
    return "".join(_signed_by(site, arn, done) for arn, done in runs.items())


def endpoint(site: Site) -> str:
    """Calls in real time by both endpoints, for twice as long as any of their credentials live."""
    _shorten_lifetime(site)
    with serving(site.home, "dev-admin") as running:
        variables = {**running.variables["dev-admin"], "AWS_DEFAULT_REGION": "eu-west-1"}
        processes = [
            _calling(site, 2, before=["env", "-u", "AWS_PROFILE"], variables=variables),
            _calling(site, 2, before=[str(COMMAND), "exec", "--endpoint", "dev-admin", "--"]),
        ]
        runs = [site.finish(process) for process in processes]
    return "".join(_signed_by(site, ADMIN, done) for done in runs) or _lifetimes(site, _LIFETIMES)


def _shorten_lifetime(site: Site) -> None:
    directory = site.emulator.directory
    directory.permission_sets["Admin"].session_s = _LIFETIME_S
    directory.application.access_token_lifetime_s = _LIFETIME_S


def _calling(
    site: Site, lifetimes: int, *, before: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the client, which makes calls for so long; one that makes a single call is started for each."""
    duration_s = _LIFETIME_S * lifetimes
    if site.client.repeats:
        paced = {"CALLS": str(duration_s // _PAUSE_S), "PAUSE_S": str(_PAUSE_S)}
        return site.start("dev-admin", before=before, variables={**paced, **(variables or {})})
    script = (
        f"end=$(($(date +%s) + {duration_s})); "
        f'while [ $(date +%s) -lt $end ]; do "$@" || code=$?; sleep {_PAUSE_S}; done; exit ${{code:-0}}'
    )
    return site.start("dev-admin", before=[*before, *in_a_shell(script)], variables=variables)


def _lifetimes(site: Site, least: int) -> str:
    """What is wrong, where there were fewer."""
    lifetimes = site.emulator.count("GetRoleCredentials", ok=True)
    return "" if lifetimes >= least else f"{lifetimes} lifetimes"


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
    return f"{max(0, 1000 * (cached - key)):.0f} ms"  # a slow client's own time varies by more


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
    "exec": handed_over,
    "endpoint": endpoint,
    "20 at once": crowd,
    "sign-in told": told,
    "source_profile": chained,
    "'a path'": single_quotes,
    '"a path"': double_quotes,
    "hostile": in_hostile_environments,
    "hit": hit,
}
