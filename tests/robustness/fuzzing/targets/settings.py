"""A configuration file of any bytes."""

import json

from oidc_helper.settings import explain
from oidc_helper.settings.file import parse
from oidc_helper.settings.layers import Layer
from oidc_helper.settings.resolution import resolve
from robustness.fuzzing.targets import ODD, ours

_ARN = "arn:aws:sso::123456789012:application/ssoins-1234567890abcdef/apl-1234567890abcdef"
_WHOLE = f"""
[identity.corp]
source = "browser"
issuer = "https://login.example.com"
client_id = "x"
[identity.job]
source = "command"
command = ["print-token", "now"]
[defaults]
identity = "corp"
application_arn = "{_ARN}"
identity_center_region = "eu-west-1"
caller = {{ web_identity_role_arn = "arn:aws:iam::123456789012:role/caller" }}
[profile.analytics]
role_arn = "arn:aws:iam::123456789012:role/analytics"
s3_grant = {{ target = "s3://reports/*", permission = "READ" }}
[profile."of {{}}"]
account_id = "111122223333"
permission_set = "Admin"
identity = "job"
deadline_seconds = 5
"""

_SITE = Layer("/site.toml", _WHOLE, parse("/site.toml", _WHOLE))


def seeds() -> list[bytes]:
    """A whole file with something odd in place of a value and of a name."""
    odd = [json.dumps(word)[1:-1] for word in ODD if not "\ud800" <= word[0] <= "\udfff"]
    return [
        _WHOLE.replace(old, old[:1] + word).encode("utf-8", "surrogatepass")
        for word in odd
        for old in ("analytics", "of {}", "browser", "eu-west-1", "Admin", "s3://")
    ]


def target(data: bytes) -> None:
    """It becomes settings, or an error of one printable line and a hint."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return  # which the reader refuses
    with ours():
        layer = Layer("/config.toml", text, parse("/config.toml", text))
        resolve([layer, _SITE], [], layer.path, "1")
        loaded = resolve([layer], [], layer.path, "1")
        for problem in loaded.problems:
            assert problem.message.isprintable()
        for profile in loaded.profiles.values():
            assert json.dumps(explain(loaded, profile)).isprintable()
            assert len(profile.tokens_name) < 4_000
