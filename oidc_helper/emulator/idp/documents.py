"""The documents that the provider publishes: its metadata and its keys."""

import json

from oidc_helper.emulator.calls import Answer, Call
from oidc_helper.emulator.directory import DEVICE_CODE
from oidc_helper.emulator.state import State


def metadata(state: State, _call: Call) -> Answer:
    """OpenID Connect Discovery 1.0 section 3, with RFC 8628 section 4 and RFC 9207 section 3."""
    provider, base = state.directory.identity_provider, state.url + "/idp"
    return _json(
        {
            "issuer": provider.issuer,
            "authorization_endpoint": base + "/authorize",
            "token_endpoint": base + "/token",
            "device_authorization_endpoint": base + "/device_authorization",
            "revocation_endpoint": base + "/revoke",
            "userinfo_endpoint": base + "/userinfo",
            "end_session_endpoint": base + "/end_session",
            "jwks_uri": base + "/keys",
            "scopes_supported": provider.scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_CODE],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "jti", "email", "name"],
        }
    )


def keys(state: State, _call: Call) -> Answer:
    """The JWKS (RFC 7517 section 5)."""
    return _json(state.keys.jwks())


def _json(document: object) -> Answer:
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})
