"""Variables that nobody can obey: named before a person or a token is used up; live credentials are served."""

import pytest
from cli.arrangements import run_later
from cli.transcript import answer, complaint
from homes import Home, file_config
from service_limits import SHORTEST_SESSION_S

from oidc_helper.emulator import Emulator

# Name -> the variables, and the one that the message begins with.
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "a proxy of another kind": ({"ALL_PROXY": "socks4://127.0.0.1:9"}, "ALL_PROXY names a proxy with socks4://"),
    "no proxy at all": ({"https_proxy": "http://us er:p#ss@host"}, "https_proxy is not the address of a proxy"),
    "no such bundle": ({"AWS_CA_BUNDLE": "/nowhere.pem"}, "AWS_CA_BUNDLE: the certificates in /nowhere.pem"),
    "no such file": ({"SSL_CERT_FILE": "/nowhere.pem"}, "SSL_CERT_FILE: the certificates in /nowhere.pem"),
    "a directory": ({"SSL_CERT_FILE": "/"}, "SSL_CERT_FILE: the certificates in /"),
    "no such directory": ({"SSL_CERT_DIR": "/nowhere"}, "SSL_CERT_DIR: the certificates in /nowhere"),
    "no place for keys": ({"SSLKEYLOGFILE": "/nowhere/keys"}, "SSLKEYLOGFILE: /nowhere/keys cannot be written"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_variable_that_cannot_be_obeyed_is_named_and_the_token_kept(
    ready: Home, emulator: Emulator, wrong: str
) -> None:
    variables, words = WRONG[wrong]
    elsewhere = {f"AWS_ENDPOINT_URL_{service}": "https://aws.invalid" for service in ("STS", "SSO_OIDC")}

    named = complaint(ready.run("get", "analytics", **elsewhere, **variables))

    assert named.code == 2
    assert named.message.startswith(words)
    assert next(iter(variables)) in named.hint
    assert ready.get("analytics")["AccountId"] == "123456789012"


@pytest.mark.parametrize("wrong", ["no such bundle", "no such file", "no such directory", "no place for keys"])
def test_a_person_is_not_asked_to_sign_in_for_nothing(home: Home, emulator: Emulator, wrong: str) -> None:
    """It was found after the person had signed in, or was a bug."""
    variables, words = WRONG[wrong]
    identity = f'source = "device"\nissuer = "{emulator.issuer}"\nclient_id = "{emulator.client_id}"'
    home.configure(file_config(emulator, identity=identity))

    named = complaint(home.run("login", "analytics", **variables))

    assert named.code == 2
    assert named.message.startswith(words)
    assert emulator.requests == []


def test_live_credentials_are_served_whatever_a_variable_says(ready: Home, emulator: Emulator) -> None:
    """Renewing them cannot work now, and does not have to."""
    ready.configure(file_config(emulator, defaults=f"duration_seconds = {SHORTEST_SESSION_S}"))
    before = answer(run_later(ready, 0, "get", "analytics"))
    ready.environment |= {"AWS_ENDPOINT_URL_STS": "https://aws.invalid", "ALL_PROXY": "socks4://127.0.0.1:9"}
    later = answer(run_later(ready, 700, "get", "analytics"))

    assert later == before
    assert complaint(run_later(ready, 1000, "get", "analytics")).code == 2
