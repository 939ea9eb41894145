"""AWS credentials as a value: how long to serve them, and the JSON that every SDK reads."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from oidc_helper.machine.clock import is_instant
from oidc_helper.record import usable

_SDK_WINDOW_S = 900  # while less is left, botocore and .NET call us again for every request
_RENEW_AHEAD_S = 1_200


@dataclass(frozen=True)
class Credentials:
    """Access key, secret key, session token; `expires_at` in epoch seconds, None if they do not expire."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    expires_at: int | None
    account_id: str | None = None

    def alive(self, now: float) -> bool:
        """Whether a request signed now still arrives in time."""
        return self.expires_at is None or usable(self.expires_at, now)

    @property
    def well_typed(self) -> bool:
        """Whether each part has the right type: credentials from elsewhere may hold anything."""
        needed, others = (self.access_key_id, self.secret_access_key), (self.session_token, self.account_id)
        return (
            all(isinstance(text, str) and text for text in needed)
            and all(text is None or isinstance(text, str) for text in others)
            and (self.expires_at is None or (isinstance(self.expires_at, int) and is_instant(self.expires_at)))
        )

    def checked(self) -> Self:
        """These credentials, if an SDK can read them. Raises TypeError."""
        if not self.well_typed:
            raise TypeError
        return self


def serve_until(expires_at: int, made_at: float) -> int:
    """Until when a record is served: 15 minutes before its end, or a third of its lifetime if that is less."""
    return int(expires_at - min(_SDK_WINDOW_S, (expires_at - made_at) / 3))


def renew_from(expires_at: int, made_at: float) -> int:
    """From when a record is renewed though still served: 20 minutes before its end, or half its lifetime if less."""
    return int(expires_at - min(_RENEW_AHEAD_S, (expires_at - made_at) / 2))


def process_json(credentials: Credentials) -> str:
    """One compact ASCII object for `credential_process`.

    Expiration is UTC with a Z: old C++ SDKs read another offset as local time, Go and Rust refuse other forms.
    AccountId is a string, since Go refuses a number.
    """
    answer: dict[str, str | int] = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
    }
    if credentials.session_token:
        answer["SessionToken"] = credentials.session_token
    if credentials.expires_at is not None:
        answer["Expiration"] = datetime.fromtimestamp(credentials.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if credentials.account_id:
        answer["AccountId"] = credentials.account_id
    return json.dumps(answer, separators=(",", ":"))
