"""A home whose identity is a person at the emulator's provider, and the browser that the person has."""

import json
from dataclasses import dataclass
from typing import Any

from cli.transcript import Complaint, complaint
from fakes.browser import BrowserProgram
from homes import Home, file_config

from oidc_helper.emulator import Emulator

ALICE, BOB = "alice@example.com", "bob@example.com"
_PERSON = """\
source = "{source}"
issuer = "{issuer}"
client_id = "{client_id}"
{identity}
"""
_OTHERS = """
[profile.other]
application_arn = "{second}"

[identity.exchanged]
source = "profile"
profile = "other"

[profile.exchanged]
identity = "exchanged"
caller = {{ environment = true }}
role_arn = "{role}"

[identity.center]
source = "identity-center"
redirect_ports = [8400]

[profile.center]
identity = "center"
caller = {{ environment = true }}
application_arn = "{second}"

[identity.center-exchanged]
source = "profile"
profile = "center"

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
        emulator, directory, user = self.emulator, self.emulator.directory, self.emulator.directory.iam_user
        person = _PERSON.format(source=source, issuer=emulator.issuer, client_id=emulator.client_id, identity=identity)
        others = _OTHERS.format(second=directory.second_application_arn, role=directory.analytics_role_arn)
        self.home.configure(file_config(emulator, name="corp", identity=person, defaults=defaults, profiles=others))
        self.home.environment |= {
            "AWS_ACCESS_KEY_ID": user.access_key_id,
            "AWS_SECRET_ACCESS_KEY": user.secret_access_key,
        }

    def log_in(self, *words: str) -> str:
        """The answer of a login that must work; its person reads stderr, since there is no terminal."""
        done = self.home.run("login", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> Complaint:
        """How a command fails that shows nothing else."""
        return complaint(self.home.run(*words))

    def status(self, profile: str) -> dict[str, Any]:
        """What status tells of a profile."""
        profiles = json.loads(self.home.run("status", "--json").stdout)["profiles"]
        (status,) = (status for status in profiles if status["name"] == profile)
        assert isinstance(status, dict)
        return status

    def kept(self) -> list[str]:
        """The names of the entries in the keyring, without the configuration's path."""
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


def becomes_bob(emulator: Emulator) -> None:
    """Let the provider's page offer Bob first from now on."""
    provider = emulator.directory.identity_provider
    people = dict(provider.people)
    provider.people.clear()
    provider.people.update({BOB: people.pop(BOB), **people})
