"""An index with any content, and `status`, which shows it."""

import argparse
import io
import json
import os
import tempfile
from pathlib import Path

from oidc_helper.cli import status
from oidc_helper.store import index
from robustness.fuzzing.targets import ODD, ours

_HOME = tempfile.TemporaryDirectory(prefix="index-")
_CONFIG = Path(_HOME.name, "config.toml")
_STATE = Path(_HOME.name, "state", "oidc-helper")
_APPLICATION = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
_ROLE = "arn:aws:iam::123456789012:role/x"
_SETTINGS = f"""
[identity.corp]
source = "file"
path = "token"
[profile.x]
identity = "corp"
application_arn = "{_APPLICATION}"
identity_center_region = "eu-west-1"
caller = {{ web_identity_role_arn = "{_ROLE}" }}
role_arn = "{_ROLE}"
"""
_ENVIRONMENT = {
    "OIDC_HELPER_CONFIG": str(_CONFIG),
    "XDG_STATE_HOME": str(_STATE.parent),
    "OIDC_HELPER_KERNEL_KEYRING": "off",
    "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
}


def seeds() -> list[bytes]:
    """A whole index with something odd in every place."""
    return [
        json.dumps(_document(odd, number)).encode() for odd in ("alice", *ODD) for number in (2e9, 10**40, -(10**40))
    ]


def _document(word: str, number: float) -> dict[str, object]:
    name = f"x@{_CONFIG}"
    entry = {
        "kind": "tokens",
        "name": f"corp+{_APPLICATION}",
        "config": str(_CONFIG),
        "place": word or "vault",
        "expires_at": int(number),
        "written_at": int(number),
        "details": {"user": word, "access_expires_at": int(number), "refreshable": 0},
        "former_places": [word],
    }
    return {
        "version": 1,
        "entries": {
            f"oidc-helper:tokens:{name}": entry,
            f"oidc-helper:credentials:{name}": {**entry, "kind": "credentials", "name": "x"},
        },
        "spent": {word: int(number)},
        "failures": {f"oidc-helper:failure:{name}": {"at": number, "message": word, "hint": word, "exit_code": 4}},
        "unkept": {word: word},
    }


def target(data: bytes) -> None:
    """It is read as far as it makes sense, and can be written again and shown."""
    parsed = index._parsed(data)
    assert index._parsed(index._serialised(parsed).encode("ascii")) == parsed
    before = dict(os.environ)
    os.environ.update(_ENVIRONMENT)
    try:
        if not _CONFIG.exists():
            _STATE.mkdir(parents=True)
            _CONFIG.write_text(_SETTINGS)
        (_STATE / "index.json").write_bytes(data)
        for as_json in (True, False):
            shown = io.StringIO()
            with ours():
                options = argparse.Namespace(json=as_json, profile=None, check=False, min_ttl=0, prompt=False)
                status.status(options, shown)
            assert all(line.isprintable() for line in shown.getvalue().split("\n")), ascii(shown.getvalue())
    finally:
        os.environ.clear()
        os.environ.update(before)
