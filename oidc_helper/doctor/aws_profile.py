"""Check that the AWS profile leads to this very command, and has no other credentials."""

import os
import shlex
import sys
from pathlib import Path

from oidc_helper import paths
from oidc_helper.doctor.aws_files import PROCESS, Line
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, of_error, ok, skipped
from oidc_helper.settings import writing
from oidc_helper.words import printable


def line(case: Case) -> Finding:
    """The AWS configuration has the credential_process line, and it starts this executable."""
    if case.profile.target is None:
        return skipped("the profile gives tokens only, which no SDK asks for")
    lines = case.aws_files.lines(case.name)
    if not lines:
        path = case.aws_files.now.config.path
        return failed(
            f"no AWS profile in {printable(path)} gets its credentials from {case.name}",
            f"add to {printable(path)}:\n{_section(case)}",
        )
    for candidate in lines:
        if wrong := _fault(candidate, case):
            return failed(f"{candidate.place}: {wrong}", f"{PROCESS} = {_command(case)}")
    first = lines[0]
    only = first.path == case.aws_files.now.credentials.path
    remark = "; C++ programs before 2026 do not read it there" if only else ""
    return ok(f"{first.place}: {first.command}{remark}")


def shadows(case: Case) -> Finding:
    """No other key of the AWS profile leads some SDK elsewhere, and no section exists twice."""
    if case.profile.target is None:
        return skipped("there is no AWS profile to look at")
    names = {
        each.aws_profile for each in case.aws_files.lines(case.name) if each.path == case.aws_files.now.config.path
    }
    for name in sorted(names):
        if obstacle := case.aws_files.now.other_credentials(name):
            return of_error(obstacle)
    return ok("no other credentials in either file")


def _fault(line: Line, case: Case) -> str:
    program = writing.program_of(line.command)
    if not program:
        return f"it starts {printable(line.command.split()[0])}, which is not there"
    # Compare only scripts of ours: the line may name another program, such as `env`, that starts us, and we may be a
    # module that Python runs.
    are_scripts = all(Path(each).name.startswith(paths.APPLICATION) for each in (program, case.program[0]))
    if are_scripts and os.path.realpath(program) != os.path.realpath(case.program[0]):
        return f"it starts {printable(program)}, and this is {printable(shlex.join(case.program))}"
    return ""


def _command(case: Case) -> str:
    return writing.credential_process(case.program, case.name, windows=sys.platform == "win32")


def _section(case: Case) -> str:
    return f"[profile {case.name}]\n{PROCESS} = {_command(case)}\nregion = {case.profile.region}"
