"""Replace names that tell who and where somebody is by stand-ins, consistently throughout a report."""

import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from oidc_helper.machine.hosts import is_loopback
from oidc_helper.settings import Profile, Settings

_SHORTEST = 3  # characters of a name; a shorter one would be found in any word
_ORDINARY = {"default", "root", "localhost"}
_AWS_HOSTS = re.compile(r"(?:^|\.)(?:amazonaws\.(?:com(?:\.cn)?|eu)|api\.aws|aws\.amazon\.com|app\.aws)$")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_IN_URL = re.compile(r"(?<=://)[^\s/'\",;?#]+")
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*::?[0-9A-Fa-f:]+)(?![\w.])")
_HOMES = re.compile(r"(?:/home|/Users|[A-Za-z]:\\Users)[/\\][^/\\\s'\":;,]+")
# Kind of stand-in -> the texts that it replaces.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("session", re.compile(r"(?<=:assumed-role/)[\w+=.@-]+(?:/[\w+=.@-]+)?")),
    ("role", re.compile(r"(?<=:role/)[\w+=.@/-]+")),
    ("user", re.compile(r"(?<=:user/)[\w+=.@/-]+")),
    ("target", re.compile(r"(?<=s3://)[^\s;,'\"]+")),
    ("account", re.compile(r"(?<!\d)\d{12}(?!\d)")),
    ("key", re.compile(r"\bA[KS]IA[A-Z0-9]{8,}")),
    ("ssoins", re.compile(r"\bssoins-[0-9a-f]+")),
    ("apl", re.compile(r"\bapl-[0-9a-f]+")),
    ("tti", re.compile(r"\btti-[0-9a-f-]+")),
    ("ps", re.compile(r"\bps-[0-9a-f]{16}\b")),
    ("provider", re.compile(r"(?<=:oidc-provider/)[^\s'\",;]+")),
    ("bucket", re.compile(r"(?<=S3SubPrefix\":\")[^\"]+")),
    ("id", re.compile(r"\b(?:[0-9a-f]{10}-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")),
    ("aa", re.compile(r"\baa-[0-9a-f]+")),
    ("d", re.compile(r"\bd-[0-9a-z]{10}\b")),
    ("sub", re.compile(r"(?<=\bsub ')[^']+")),
    ("aud", re.compile(r"(?<=\baud ')[^']+")),
)


class Anonymity:
    """Replaces names in texts; equal names get equal stand-ins, such as `account-1`."""

    def __init__(self, settings: Settings | None, environment: Mapping[str, str] = os.environ) -> None:
        self._stand_ins: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}  # name -> kind
        home = environment.get("HOME") or environment.get("USERPROFILE") or ""
        self._home = home.rstrip("/\\") if len(home) > 1 else ""
        self._learn("host", [*_hosts(environment.values()), socket.gethostname()])
        self._learn("login", [environment.get("USER", ""), environment.get("USERNAME", "")])
        for profile in settings.profiles.values() if settings else ():
            self._learn_profile(profile)
        if settings:
            self._learn("identity", settings.identities)
            self._learn("profile", [table[1] for table in settings.broken if table[:1] == ("profile",)])

    def of(self, text: str, names: Mapping[str, str]) -> str:
        """The text with stand-ins; `names` are names that it may contain, each with its kind."""
        for name, kind in names.items():
            self._learn(kind, [name])
        if self._home:
            text = text.replace(self._home, "~")
        text = _HOMES.sub("~", text)
        text = self._replaced("user", _EMAIL, text)
        text = _IN_URL.sub(self._host_in_url, text)
        text = _ADDRESS.sub(self._address, text)
        for name in sorted(self._names, key=len, reverse=True):
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self._by_name, text)
        for kind, shape in _SHAPES:
            text = self._replaced(kind, shape, text)
        return text

    def _learn_profile(self, profile: Profile) -> None:
        identity = profile.identity
        self._learn("profile", [profile.name])
        self._learn("host", _hosts([identity.issuer]))
        self._learn("client", [identity.client_id])
        self._learn("audience", [identity.audience])
        self._learn("set", [profile.permission_set or ""])
        self._learn("account", [profile.account_name or ""])
        self._learn("aws-profile", [profile.caller.profile])

    def _learn(self, kind: str, names: Iterable[str]) -> None:
        for name in names:
            if len(name) >= _SHORTEST and name.lower() not in _ORDINARY:
                self._names.setdefault(name, kind)

    def _replaced(self, kind: str, shape: re.Pattern[str], text: str) -> str:
        return shape.sub(lambda match: self._stand_in(kind, match[0]), text)

    def _by_name(self, match: re.Match[str]) -> str:
        return self._stand_in(self._names[match[0]], match[0])

    def _host_in_url(self, match: re.Match[str]) -> str:
        host, colon, port = match[0].partition(":") if not match[0].startswith("[") else (match[0], "", "")
        if is_loopback(f"https://{host}") or _AWS_HOSTS.search(host):
            return match[0]
        return self._stand_in(self._names.get(host, "host"), host) + colon + port

    def _address(self, match: re.Match[str]) -> str:
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            return match[0]
        is_telling = not (address.is_loopback or address.is_link_local or address.is_unspecified)
        return self._stand_in("address", match[0]) if is_telling else match[0]

    def _stand_in(self, kind: str, name: str) -> str:
        if re.fullmatch(r"[a-z-]+-\d+", name) and name in self._stand_ins.values():
            return name  # another rule has replaced it already
        key = (kind, name)
        if key not in self._stand_ins:
            self._stand_ins[key] = f"{kind}-{sum(other == kind for other, _ in self._stand_ins) + 1}"
        return self._stand_ins[key]


def _hosts(texts: Iterable[str]) -> Iterator[str]:
    """The hosts of the texts that are URLs, except this machine and AWS's."""
    for text in texts:
        with suppress(ValueError):
            host = (urlsplit(text).hostname if "://" in text else "") or ""
            if host and not is_loopback(f"https://{host}") and not _AWS_HOSTS.search(host):
                yield host
