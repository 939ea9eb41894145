"""What the AWS configuration says about single profiles before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from oidc_helper.errors import WrongSettings
from oidc_helper.settings.writing import other_credentials
from oidc_helper.settings.writing.aws_file import AwsFile
from oidc_helper.settings.writing.aws_profiles import require_once
from oidc_helper.settings.writing.process_line import profile_in
from oidc_helper.words import printable


@dataclass(frozen=True)
class AwsNow:
    """The configuration, and the shared credentials."""

    config: AwsFile
    credentials: AwsFile

    def keys(self, name: str) -> Mapping[str, str] | None:
        """The profile's keys in lower case with their values, None if there is no such profile."""
        place = next(iter(self.config.by_profile.get(name, ())), None)
        return self.config.contents[place.header] if place else None

    def obstacle(self, name: str) -> WrongSettings | None:
        """Why the AWS profile of that name cannot become the one for our profile of the same name; None if it can."""
        if obstacle := self.other_credentials(name):
            return obstacle
        other = profile_in((self.keys(name) or {}).get("credential_process", ""))
        if other in ("", name):
            return None
        (place,) = self.config.by_profile[name]
        where = f"{printable(self.config.path)} (line {self.config.line(place.begin)})"
        return WrongSettings(f"{where}: AWS profile {name} gets the credentials of {other}", "remove it by hand")

    def other_credentials(self, name: str) -> WrongSettings | None:
        """Why some SDK may not use the credential_process of that AWS profile, with files and lines; None if all do."""
        try:
            require_once(name, self.config)
            other_credentials.require_none(name, self.config, self.credentials)
        except WrongSettings as obstacle:
            return obstacle
        return None

    def users(self) -> dict[str, str]:
        """For each AWS profile whose keys another one takes (`source_profile`), the name of the other one."""
        sources = {name: (self.keys(name) or {}).get("source_profile", "") for name in self.config.by_profile}
        return {source: name for name, source in sources.items() if source not in ("", name)}
