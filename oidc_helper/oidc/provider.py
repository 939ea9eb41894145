"""An OpenID provider as its discovery document describes it, after checks (OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oidc_helper.errors import Refused
from oidc_helper.machine.hosts import host_in, is_loopback
from oidc_helper.machine.requests import host_of
from oidc_helper.oidc.connection import Client, get_json, provider_hint
from oidc_helper.words import printable

_PATH = "/.well-known/openid-configuration"
_LONGEST_ADDRESS = 2048  # characters that browsers and cameras take
_DEFAULT_AUTHENTICATION = "client_secret_basic"  # Discovery section 3, and the default of client registration


@dataclass(frozen=True)
class Provider:
    """The parts of the document that we use; an endpoint that it does not name is empty."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    authorization_endpoint: str = ""
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    algorithms: tuple[str, ...] = ("RS256",)
    authentications: tuple[str, ...] = (_DEFAULT_AUTHENTICATION,)
    prompts: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()  # PKCE methods; a provider may support some and list none
    names_itself: bool = False  # by `iss` in authorization responses, RFC 9207

    @property
    def host(self) -> str:
        """The provider as messages name it."""
        return host_of(self.issuer)

    def endpoint(self, name: str) -> str:
        """The URL of the endpoint with that name. Raises Refused if the provider has none."""
        url: str = getattr(self, name)
        if not url:
            raise Refused(f"{self.host} offers no {name.replace('_', ' ')}", "see what its discovery document lists")
        return url

    def authentication_of(self, client: Client) -> str:
        """How the client authenticates: as its settings say, else by the default, else as the provider lists."""
        if not client.secret:
            return "none"
        if client.authentication:
            return client.authentication
        post_only = _DEFAULT_AUTHENTICATION not in self.authentications and "client_secret_post" in self.authentications
        return "client_secret_post" if post_only else _DEFAULT_AUTHENTICATION


def discover(issuer: str, *, client: Client, timeout_s: float) -> Provider:
    """Read and check the document of an issuer. Raises Refused, TryAgain."""
    document = get_json(issuer.removesuffix("/") + _PATH, issuer=issuer, client=client, timeout_s=timeout_s)
    named = document.get("issuer")
    if named != issuer:
        raise Refused(
            f"{host_of(issuer)} says that its issuer is {printable(str(named))!r}, not {issuer!r}",
            "write issuer exactly as the identity provider does, with or without a slash at the end",
        )
    return Provider(
        issuer=issuer,
        token_endpoint=_endpoint(document, "token_endpoint", issuer, needed=True),
        jwks_uri=_endpoint(document, "jwks_uri", issuer, needed=True),
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        device_authorization_endpoint=_endpoint(document, "device_authorization_endpoint", issuer),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", issuer),
        algorithms=_algorithms(document, issuer) or ("RS256",),
        authentications=_words(document, "token_endpoint_auth_methods_supported") or (_DEFAULT_AUTHENTICATION,),
        prompts=_words(document, "prompt_values_supported"),
        challenges=_words(document, "code_challenge_methods_supported"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def is_safe(url: str, issuer: str) -> bool:
    """Whether secrets may go to the URL: by https, or by plain http if both it and the issuer are on this machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    if not host_in(url) or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and issuer.startswith("http:") and is_loopback(url))


def is_safe_to_open(url: str, issuer: str) -> bool:
    """Whether a person may be sent to the URL, which may have a fragment here: it only names a place in the page."""
    return (
        len(url) <= _LONGEST_ADDRESS and is_safe(url.partition("#")[0], issuer) and url.isascii() and url.isprintable()
    )


def _endpoint(document: Mapping[str, Any], name: str, issuer: str, *, needed: bool = False) -> str:
    url = document.get(name)
    if not url and not needed:
        return ""
    if not isinstance(url, str) or not is_safe(url, issuer):
        raise Refused(
            f"{host_of(issuer)} names {printable(str(url))!r} as its {name}, which is not an https address",
            "tell the administrators of the identity provider; plain http is for an issuer on this machine only",
        )
    return url


def _algorithms(document: Mapping[str, Any], issuer: str) -> tuple[str, ...]:
    """The signature algorithms. They decide what we trust, so a malformed list is refused."""
    name = "id_token_signing_alg_values_supported"
    listed, words = document.get(name) or [], _words(document, name)
    if not isinstance(listed, list) or len(words) < len(listed):
        raise Refused(f"{host_of(issuer)} gives {name} that is not a list of words", provider_hint(issuer))
    return words


def _words(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The strings of a list, without its other members; empty if it is not a list."""
    words = document.get(name)
    return tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else ()
