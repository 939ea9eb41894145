"""Refuse an AWS profile that has credentials of another kind: each SDK would choose between them in its own way."""

import re
from collections.abc import Iterator

from oidc_helper.errors import WrongSettings
from oidc_helper.machine.reentry import is_ours
from oidc_helper.settings.writing.aws_file import AwsFile
from oidc_helper.words import printable, shown

_PROCESS = "credential_process"
# Each sends some SDK elsewhere, or makes it refuse: "only one credential type may be specified per profile" (Go).
_OTHER_KINDS = re.compile(
    r"aws_access_key_id|aws_secret_access_key|aws_session_token|credential_source|login_session|role_arn"
    r"|source_profile|sso_\w+|web_identity_token_file"
)


def require_none(name: str, config: AwsFile, credentials: AwsFile) -> None:
    """Raise WrongSettings with the keys in the way, their files and lines."""
    in_the_way = [
        f"{', '.join(keys)} of {printable(file.path)}"
        for file in (config, credentials)
        if (keys := [f"{key} (line {line})" for key, line in _others(name, file, may_be_ours=file is config)])
    ]
    if in_the_way:
        raise WrongSettings(
            f"AWS profile {shown(name, 64)} has credentials of another kind: {'; '.join(in_the_way)}",
            "choose another AWS profile, or take these keys out first",
        )


def _others(name: str, file: AwsFile, *, may_be_ours: bool) -> Iterator[tuple[str, int]]:
    """In the credentials file even our own credential_process is in the way: it would win over the configuration's."""
    for place in file.by_profile.get(name, ()):
        for key, value, line in file.keys(place):
            if _OTHER_KINDS.fullmatch(key) or (key == _PROCESS and not (may_be_ours and is_ours(value))):
                yield key, line
