"""The parameters compared with the grant before anything is sent: doubts to warn of, never reasons to refuse.

Sources: the service model's descriptions, RFC 6749, RFC 7523 and RFC 8693.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from oidc_helper.aws.tokens import ACCESS_TOKEN_TYPE
from oidc_helper.create_token_with_iam.model import Member
from oidc_helper.errors import SignInNeeded
from oidc_helper.identity.token import parse
from oidc_helper.settings.schema import JWT_BEARER, TOKEN_EXCHANGE
from oidc_helper.words import shown

_REFRESH_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:refresh_token"  # noqa: S105  # the name of a type


@dataclass(frozen=True)
class Grant:
    """A grant type: its meaning, and the members that it needs and may have."""

    meaning: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


GRANTS: Mapping[str, Grant] = {
    JWT_BEARER: Grant("a token of your identity provider", ("assertion",)),
    "refresh_token": Grant("a refresh token of Identity Center", ("refreshToken",)),
    "authorization_code": Grant("a code from Identity Center's sign-in", ("code", "redirectUri"), ("codeVerifier",)),
    TOKEN_EXCHANGE: Grant(
        "an access token of another application", ("subjectToken", "subjectTokenType"), ("requestedTokenType",)
    ),
}
_TYPES: Mapping[str, tuple[str, ...]] = {
    "subjectTokenType": (ACCESS_TOKEN_TYPE,),
    "requestedTokenType": (ACCESS_TOKEN_TYPE, _REFRESH_TOKEN_TYPE),
}


def doubts(parameters: Mapping[Any, Any], members: Mapping[str, Member]) -> Iterator[str]:
    """A sentence for each parameter that the service will probably miss, refuse or ignore."""
    name = parameters.get("grantType")
    grant = GRANTS.get(name) if isinstance(name, str) else None
    if grant:
        takes = {*grant.needed, *grant.optional}
        others = {member for other in GRANTS.values() for member in (*other.needed, *other.optional)} - takes
        yield from (f"this grant needs {members[member].option}" for member in grant.needed if member not in parameters)
        yield from (f"this grant ignores {members[member].option}" for member in parameters if member in others)
    elif isinstance(name, str):
        near = get_close_matches(name, GRANTS, n=1, cutoff=0.3)
        yield f"{shown(name, 40)} is no grant type that AWS documents" + (f"; did you mean {near[0]}?" if near else "")
    for member_name, types in _TYPES.items():
        token_type = parameters.get(member_name)
        if isinstance(token_type, str) and token_type not in types:
            yield f"{members[member_name].option} should be {' or '.join(types)}"
    for member in members.values():
        value = parameters.get(member.name)
        if member.secret and isinstance(value, str) and value != value.strip():
            yield f"{member.option} has white space at its ends, such as the line end of a file"
    if grant and isinstance(parameters.get("assertion"), str) and "assertion" in grant.needed:
        yield from _doubts_of_assertion(parameters["assertion"])


def _doubts_of_assertion(assertion: str) -> Iterator[str]:
    try:
        token = parse(assertion, now=time.time(), where="--assertion")
    except SignInNeeded as problem:
        yield problem.message
    else:
        yield from (f"--assertion {doubt}" for doubt in token.doubts)
