"""MSAL: signs a person in by the authorization code flow, as a client with a secret and without, and refreshes."""

import os
import warnings
from urllib.parse import parse_qsl, urlsplit

import msal  # type: ignore[import-untyped]  # it has no types
import requests

warnings.filterwarnings("ignore", message="response_mode")  # it would have the answer posted, which is no help here
secret = os.environ["CLIENT_SECRET"]
kind = msal.ConfidentialClientApplication if secret else msal.PublicClientApplication
client = kind(os.environ["CLIENT_ID"], secret or None, oidc_authority=os.environ["ISSUER"])
flow = client.initiate_auth_code_flow(
    ["email"], redirect_uri="http://localhost:8400"
)  # without a path, as in its own flow
back = requests.get(flow["auth_uri"], allow_redirects=False, timeout=30).headers["Location"]
tokens = client.acquire_token_by_auth_code_flow(flow, dict(parse_qsl(urlsplit(back).query)))
renewed = client.acquire_token_by_refresh_token(tokens["refresh_token"], ["email"])
print(tokens["id_token_claims"]["email"])
print(renewed["id_token_claims"]["sub"])
