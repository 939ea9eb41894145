"""Both AWS files, read once for all profiles, and the lines in them that lead to us."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from oidc_helper.settings import writing
from oidc_helper.settings.writing import AwsNow
from oidc_helper.words import printable

PROCESS = "credential_process"


class Line(NamedTuple):
    """A credential_process line that gets a profile's credentials: where it is, and its command."""

    aws_profile: str
    path: str
    number: int
    command: str

    @property
    def place(self) -> str:
        """Where it is, for display."""
        return f"AWS profile {printable(self.aws_profile)}, {printable(self.path)} (line {self.number})"


class AwsFiles:
    """Both files, read on first use. Raises OidcHelperError if one cannot be read."""

    @cached_property
    def now(self) -> AwsNow:
        """Their present content."""
        return writing.aws_now()

    def lines(self, profile: str) -> Sequence[Line]:
        """All lines that get credentials of that profile."""
        return self._by_profile.get(profile, ())

    @cached_property
    def _by_profile(self) -> Mapping[str, Sequence[Line]]:
        by_profile: dict[str, list[Line]] = {}
        for file in (self.now.config, self.now.credentials):
            for name, places in file.by_profile.items():
                for place in places:
                    for key, value, number in file.keys(place):
                        if key == PROCESS and (profile := writing.profile_in(value)):
                            by_profile.setdefault(profile, []).append(Line(name, file.path, number, value))
        return by_profile
