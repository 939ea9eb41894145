"""Authlib: what openid_client.mjs does and prints, with the requests of Python."""

import os

from authlib.common.security import generate_token  # type: ignore[import-untyped]  # likewise
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # it has no types
from joserfc import jwt
from joserfc.jwk import KeySet

client = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"] or None,
    redirect_uri=os.environ["REDIRECT_URI"],
    scope="openid email offline_access",
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic" if os.environ["CLIENT_SECRET"] else "none",
)
metadata = client.get(os.environ["ISSUER"] + "/.well-known/openid-configuration", withhold_token=True).json()
verifier = generate_token(48)
address, state = client.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=generate_token()
)
back = client.get(address, withhold_token=True, allow_redirects=False).headers["Location"]
tokens = client.fetch_token(
    metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
)
renewed = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
keys = KeySet.import_key_set(client.get(metadata["jwks_uri"], withhold_token=True).json())
print(jwt.decode(tokens["id_token"], keys).claims["email"])
print(jwt.decode(renewed["id_token"], keys).claims["sub"])
