"""A home whose identity is a person at the emulator's provider, and the browser that the person has."""

import json
from dataclasses import dataclass
from typing import Any

from commands.transcript import Complaint, complaint
from fakes.browser import BrowserProgram
from homes import Home

from oidc_helper.emulator import Emulator

ALICE, BOB = "alice@example.com", "bob@example.com"
_KEYS = """
[identity.corp]
source = "{source}"
issuer = "{issuer}"
client_id = "{client_id}"
{identity}

[identity.center]
source = "identity-center"
redirect_ports = [8400]

[identity.center-exchanged]
source = "profile"
profile = "center"

[identity.exchanged]
source = "profile"
profile = "other"

[defaults]
identity = "corp"
application_arn = "{application}"
identity_center_region = "{region}"
caller = {{ web_identity_role_arn = "{caller}" }}
{defaults}

[profile.analytics]
role_arn = "{role}"

[profile.dev-admin]
account_id = "111122223333"
permission_set = "Admin"

[profile.other]
application_arn = "{second}"

[profile.exchanged]
identity = "exchanged"
caller = {{ environment = true }}
role_arn = "{role}"

[profile.center]
identity = "center"
caller = {{ environment = true }}
application_arn = "{second}"

[profile.center-exchanged]
identity = "center-exchanged"
caller = {{ environment = true }}
role_arn = "{role}"
"""


@dataclass(frozen=True)
class Desk:
    """A person's home, browser and servers."""

    home: Home
    emulator: Emulator
    browser: BrowserProgram

    def configure(self, *, source: str = "browser", identity: str = "", defaults: str = "") -> None:
        """Write the configuration: three profiles of the person, three that follow one another."""
        directory, user = self.emulator.directory, self.emulator.directory.iam_user
        self.home.configure(
            _KEYS.format(
                source=source,
                issuer=self.emulator.issuer,
                client_id=self.emulator.client_id,
                application=directory.application_arn,
                second=directory.second_application_arn,
                region=directory.identity_center_region,
                caller=directory.caller_role_arn,
                role=directory.analytics_role_arn,
                identity=identity,
                defaults=defaults,
            )
        )
        self.home.environment |= {
            "AWS_ACCESS_KEY_ID": user.access_key_id,
            "AWS_SECRET_ACCESS_KEY": user.secret_access_key,
        }

    def log_in(self, *words: str) -> str:
        """What a login says that must work; its person reads stderr, since there is no terminal."""
        done = self.home.run("login", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> Complaint:
        """How a command fails that shows nothing else."""
        return complaint(self.home.run(*words))

    def status(self, profile: str) -> dict[str, Any]:
        """What status tells of a profile."""
        told = json.loads(self.home.run("status", "--json").stdout)["profiles"]
        (found,) = (one for one in told if one["name"] == profile)
        assert isinstance(found, dict)
        return found

    def kept(self) -> list[str]:
        """The names of what lies in the keyring, without the configuration's path."""
        keyring = self.home.path / "keyring.json"
        names = json.loads(keyring.read_text()) if keyring.exists() else {}
        return sorted(str(name).partition("oidc-helper:")[2].partition("@")[0] for name in names)


def desk(home: Home, emulator: Emulator, *, visits: bool = True) -> Desk:
    """A person who agrees to whatever the provider asks, or with `visits` False ignores the browser."""
    emulator.directory.identity_provider.auto_approve = True
    browser = BrowserProgram(home.path, visits)
    home.environment["BROWSER"] = str(browser.path)
    made = Desk(home, emulator, browser)
    made.configure()
    return made
