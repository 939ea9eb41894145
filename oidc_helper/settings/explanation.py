"""The resolved settings of a profile as data for JSON, each value with its meaning and its origin."""

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from oidc_helper import paths
from oidc_helper.settings.model import Identity, Profile, Settings
from oidc_helper.settings.schema import KEYS

# The variables that we and botocore obey. None of ours holds a secret; a proxy's URL may, before the host or after `?`.
_PLAIN_VARIABLES = re.compile(
    r"OIDC_HELPER_\w+|(?:AWS|REQUESTS)_CA_BUNDLE|AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE|NO_PROXY"
    r"|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS|BROWSER|SSL_CERT_(?:FILE|DIR)|SSLKEYLOGFILE|AWS_USE_(?:FIPS|DUALSTACK)_ENDPOINT"
)
_URL_VARIABLES = re.compile(r"AWS_ENDPOINT_URL(?:_\w+)?|(?:HTTPS?|ALL)_PROXY")


def explain(settings: Settings, profile: Profile) -> dict[str, Any]:
    """All that decides what `get` does with this profile, without a secret; opens no store and calls no server.

    A value comes `from` a table and line of the `file`; file and line are null for a default.
    """
    explained = _explained("profile", profile)
    explained["identity"] |= {"value": profile.identity.name, "settings": _explained("identity", profile.identity)}
    return {
        "profile": profile.name,
        "target": profile.target,
        "grant": profile.grant,
        "config": {
            "value": settings.path,
            "from": paths.CONFIG_VARIABLE if os.environ.get(paths.CONFIG_VARIABLE) else "default",
        },
        "site": [file for file in settings.files if file != settings.path],
        "settings": explained,
        "environment": _environment(os.environ),
        "problems": [problem.message for problem in settings.problems],
    }


def _explained(section: str, owner: Identity | Profile) -> dict[str, dict[str, Any]]:
    return {
        key.name: {
            "value": _plain(getattr(owner, key.name)),
            "from": str(origin),
            "file": origin.file or None,
            "line": origin.line or None,
            "meaning": key.meaning,
        }
        for key in KEYS[section]
        if (origin := owner.origins.get(key.name))
    }


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: inner for name, inner in vars(value).items() if inner}
    return list(value) if isinstance(value, tuple) else value


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    obeyed = {}
    for name, value in sorted(environment.items()):
        if value and _PLAIN_VARIABLES.fullmatch(name.upper()):
            obeyed[name] = value
        elif value and _URL_VARIABLES.fullmatch(name.upper()):
            obeyed[name] = _without_credentials(value)
    return obeyed


def _without_credentials(url: str) -> str:
    """The URL without user, password and query; a password may hold any character, `/` and `@` too."""
    scheme, separator, rest = url.partition("://")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) or not separator:
        scheme, separator, rest = "", "", url
    return scheme + separator + rest.rpartition("@")[2].partition("?")[0]
