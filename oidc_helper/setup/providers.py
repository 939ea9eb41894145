"""What to do at the identity provider, by the issuer's host; oidc-helper-setup(7) has the same steps in more words."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oidc_helper.setup.spec import Spec

_BROWSERS = ("browser", "device")


class Provider(NamedTuple):
    """An identity provider: a pattern of its issuers, what to do there, and the settings that only it needs."""

    name: str
    issuer: str
    steps: Sequence[str]
    settings: str = ""


_PORTS = "redirect_ports = [8400, 8401, 8402]"
PROVIDERS: Sequence[Provider] = (
    Provider(
        "Okta",
        r"[^/]+\.(?:okta|oktapreview|okta-emea)\.com(?:/.*)?",
        (
            "Applications, Create App Integration: OIDC, Native Application.",
            "Grant types: Authorization Code and Refresh Token; Device Authorization for the source device.",
            "Sign-in redirect URIs: http://127.0.0.1:8400/oidc-helper/callback and the same with ports 8401 and 8402.",
            "Assignments: the people or groups who may sign in.",
            'Client Credentials: authentication "None", and PKCE required.',
            (
                "Security, API, Authorization Servers: this page shows the issuer. In its server, make sure that an"
                " access policy admits the client, and add a claim email for the ID token, always, with the value"
                " user.email."
            ),
        ),
        _PORTS,
    ),
    Provider(
        "Microsoft Entra ID",
        r"(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)/.*",
        (
            "App registrations, New registration: accounts of this directory only.",
            (
                "Authentication, Add a platform: Mobile and desktop applications, with the custom redirect URI"
                " http://localhost/oidc-helper/callback."
            ),
            "Allow public client flows, for the source device.",
            "Enterprise applications, the same name: set whether an assignment is required, and assign the people.",
        ),
        'redirect_host = "localhost"',
    ),
    Provider(
        "Amazon Cognito",
        r"cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/.*",
        (
            "Create the user pool without self-registration, with verified addresses, and with a domain.",
            "Create its client without a secret, for the authorization code grant with the scopes openid and email.",
            "Callback URLs: http://127.0.0.1:8400/oidc-helper/callback and the same with ports 8401 and 8402.",
            "Leave token revocation enabled: without it tokens have no jti.",
        ),
        f'{_PORTS}, scopes = ["openid", "email"]',
    ),
    Provider(
        "Keycloak",
        r"[^/]+(?:/auth)?/realms/.*",
        (
            'Clients, Create client: OpenID Connect, client ID "oidc-helper".',
            (
                "Capability config: client authentication off, Standard flow on; OAuth 2.0 Device Authorization Grant"
                " for the source device."
            ),
            "Valid redirect URIs: http://127.0.0.1/oidc-helper/callback, without a port, which matches every port.",
            "Advanced: Proof Key for Code Exchange Code Challenge Method S256.",
            "Realm settings: Verify email on, unless the addresses come from a directory that people cannot edit.",
        ),
    ),
    Provider(
        "Google",
        r"accounts\.google\.com",
        (
            "Google Cloud console, Google Auth Platform, Clients, Create client: Desktop app.",
            "Its client secret is not secret, but Google requires it: set client_secret.",
            "IAM trusts the issuer without an OIDC provider.",
        ),
        'scopes = ["openid", "email"], authorize_parameters',
    ),
    Provider(
        "Auth0",
        r"[^/]+\.auth0\.com/",
        (
            "Applications, Create Application: Native.",
            "Allowed Callback URLs: http://127.0.0.1:8400/oidc-helper/callback and the same with ports 8401 and 8402.",
            "Grant Types: Authorization Code and Refresh Token; Device Code for the source device.",
            "APIs, Create API: with the JSON Web Token Profile RFC 9068, for access tokens with a jti.",
        ),
        f'{_PORTS}, audience, assertion = "access_token"',
    ),
)


def provider_of(issuer_name: str) -> Provider | None:
    """The provider that has such an issuer, which is named without https://."""
    return next((provider for provider in PROVIDERS if re.fullmatch(provider.issuer, issuer_name)), None)


def steps(spec: Spec) -> Iterator[str]:
    """The steps for the issuer, each a paragraph."""
    if spec.source not in _BROWSERS:
        yield f"At {spec.host}: let it issue tokens with the audience {spec.audience} and a jti, signed with RS256."
        return
    if not (provider := provider_of(spec.issuer_name)):
        yield (
            f"At {spec.host}: a public client with PKCE (S256) and the redirect URI"
            " http://127.0.0.1/oidc-helper/callback, on any port; see oidc-helper help setup."
        )
        return
    yield f"At {provider.name}, where the client is {spec.audience}; oidc-helper help setup says more:"
    for number, step in enumerate(provider.steps, 1):
        yield f"{number}. {step}"
    if provider.settings:
        yield f"In the identity of config.toml: {provider.settings}"
