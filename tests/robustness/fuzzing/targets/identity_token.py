"""An identity token from a file, a program or a provider."""

import base64
import json
import re
from collections.abc import Mapping

from oidc_helper.aws.client import session_name
from oidc_helper.identity.token import parse
from robustness.fuzzing.targets import ODD, ours

_CLAIMS = {
    "iss": "https://login.example.com",
    "sub": "00u",
    "aud": "x",
    "email": "a@example.com",
    "jti": "1",
    "exp": 2e9,
}


def _part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _token(claims: Mapping[str, object]) -> bytes:
    return f"{_part({'alg': 'RS256'})}.{_part(claims)}.c2ln".encode()


def seeds() -> list[bytes]:
    """Claims with something odd in each; the fuzzer also gets their JSON unencoded."""
    deep: object = "x"
    for _ in range(900):
        deep = [deep]
    odd = [*ODD, deep, 10**400, -1, None, True, {}, ["a", 1]]
    changed = [{**_CLAIMS, name: value} for name in _CLAIMS for value in odd]
    signed = [f"{_part({'alg': word})}.{_part(_CLAIMS)}.c2ln".encode() for word in ODD]
    return [*signed, *(_token(claims) for claims in changed)] + [json.dumps(claims).encode() for claims in changed[:20]]


def target(data: bytes) -> None:
    """It is refused, or all its claims can be shown, compared and sent."""
    in_the_clear = base64.urlsafe_b64encode(data).decode().rstrip("=")
    for raw in (
        data.decode("latin-1"),
        data.decode("utf-8", "replace"),
        f"{_part({'alg': 'ES256'})}.{in_the_clear}.c2ln",
    ):
        with ours():
            token = parse(raw, now=1_000, where="the file /token")
            assert isinstance(token.expires_at, int)
            assert re.fullmatch(r"[\w+=,.@-]{2,64}", session_name(token.user), re.ASCII)
            assert token.described().isprintable()
            assert all(doubt.isprintable() for doubt in token.doubts)
            assert token.single_use_id
            assert token.subject.startswith(token.issuer)
            assert raw.strip() not in repr(token)
