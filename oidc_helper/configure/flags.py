"""Every key of the settings as a flag of `configure`, from the schema's table; a key that is a table has several."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oidc_helper.settings.schema import KEYS, Key

# Two sections have a key `scopes`, and people have a name of their own for a key of the caller.
_NAMES = {
    ("profile", "scopes", ""): "--application-scopes",
    ("profile", "caller", "web_identity_role_arn"): "--caller-role",
}
_METAVARS = {
    **dict.fromkeys(("identity", "profile", "permission_set", "role_session_name", "keyring"), "NAME"),
    **dict.fromkeys(("path", "ca_bundle"), "FILE"),
    **dict.fromkeys(("sign_in", "renew"), "WHEN"),
    "issuer": "URL",
    "resource": "URI",
    "account_access": "TENANT",
    "target": "URI",
    "source": "SOURCE",
}
SECTIONS = ("identity", "profile")


class Flag(NamedTuple):
    """A flag of one key; if the key is a table, `part` is the key inside it."""

    name: str
    section: str
    key: Key
    part: Key | None = None

    @property
    def meaning(self) -> str:
        """What the flag sets, in one line."""
        return (self.part or self.key).meaning

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value, since only true is possible."""
        return self.part is not None and self.part.name == "environment"

    @property
    def metavar(self) -> str:
        """The placeholder for its value in the help."""
        name = (self.part or self.key).name
        return _METAVARS.get(name) or name.rpartition("_")[2].upper()


def _flags() -> Iterator[Flag]:
    for section in SECTIONS:
        for key in KEYS[section]:
            if key.own:  # profiles --write notes it for itself
                continue
            for part in KEYS.get(key.table, (None,)):
                yield Flag(_name(section, key.name, part.name if part else ""), section, key, part)


def _name(section: str, key: str, part: str = "") -> str:
    usual = "-".join(filter(None, (key, part))).replace("_", "-")
    return _NAMES.get((section, key, part), f"--{usual}")


FLAGS = tuple(_flags())
_BY_KEY: Mapping[tuple[str, str], str] = {(flag.section, flag.key.name): flag.name for flag in FLAGS}


def flag_of(section: str, key: str) -> str:
    """The flag of a key."""
    return _BY_KEY[section, key]


def texts_in(options: Mapping[str, Any]) -> dict[Flag, str]:
    """The flags on a command line, with their texts; a switch has the text `true`."""
    texts = ((flag, options.get(flag.name)) for flag in FLAGS)
    return {flag: "true" if text is True else str(text) for flag, text in texts if text not in (None, False)}
