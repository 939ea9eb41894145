"""The AWS profile: that a line of it leads to this very command, and that nothing else has the word there."""

import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from oidc_helper import paths
from oidc_helper.doctor.case import Case
from oidc_helper.doctor.findings import Finding, failed, of_error, ok, skipped
from oidc_helper.settings import writing
from oidc_helper.settings.writing import AwsNow
from oidc_helper.words import printable

_PROCESS = "credential_process"


class Line(NamedTuple):
    """A credential_process that gets the profile's credentials: where it stands, and what it says."""

    aws_profile: str
    path: str
    number: int
    command: str

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return f"AWS profile {printable(self.aws_profile)}, {printable(self.path)} (line {self.number})"


def lines(files: AwsNow, profile: str) -> list[Line]:
    """All lines of both files that get the credentials of that profile of ours."""
    return [line for line in _of_ours(files) if writing.profile_in(line.command) == profile]


def line(case: Case) -> Finding:
    """The AWS configuration has the line, and it starts this executable."""
    if not case.name:
        return skipped("there is no profile")
    if case.profile.target is None:
        return skipped("the profile gives tokens only, which no SDK asks for")
    found = lines(case.aws_files, case.name)
    if not found:
        path = case.aws_files.config.path
        return failed(
            f"no AWS profile in {printable(path)} gets its credentials from {case.name}",
            f"add to {printable(path)}:\n{_section(case)}",
        )
    for each in found:
        if wrong := _fault(each, case):
            return failed(f"{each.place}: {wrong}", f"{_PROCESS} = {_command(case)}")
    first = found[0]
    only = first.path == case.aws_files.credentials.path
    remark = "; a line there is not read by C++ programs before 2026" if only else ""
    return ok(f"{first.place}: {first.command}{remark}")


def shadows(case: Case) -> Finding:
    """No other key of the AWS profile leads some SDK elsewhere, and no section is there twice."""
    if not case.name or case.profile.target is None:
        return skipped("there is no AWS profile to look at")
    names = {one.aws_profile for one in lines(case.aws_files, case.name) if one.path == case.aws_files.config.path}
    for name in sorted(names):
        if obstacle := case.aws_files.other_credentials(name):
            remedy = "delete these lines, so that credential_process alone is left"
            return of_error(obstacle)._replace(remedy=remedy if "line" in obstacle.message else obstacle.hint)
    return ok("no other credentials in either file")


def _of_ours(files: AwsNow) -> Iterator[Line]:
    for file in (files.config, files.credentials):
        for name, places in file.by_profile.items():
            for place in places:
                for key, value, number in file.keys(place):
                    if key == _PROCESS and writing.profile_in(value):
                        yield Line(name, file.path, number, value)


def _fault(found: Line, case: Case) -> str:
    program = writing.program_of(found.command)
    if not program:
        return f"it starts {printable(found.command.split()[0])}, which is not there"
    is_ours = Path(program).name.startswith(paths.APPLICATION)  # and not `env`, say, which then starts us
    if is_ours and os.path.realpath(program) != os.path.realpath(case.program[0]):
        return f"it starts {printable(program)}, and this is {printable(shlex.join(case.program))}"
    return ""


def _command(case: Case) -> str:
    return writing.credential_process(case.program, case.name, windows=sys.platform == "win32")


def _section(case: Case) -> str:
    return f"[profile {case.name}]\n{_PROCESS} = {_command(case)}\nregion = {case.profile.region}"
