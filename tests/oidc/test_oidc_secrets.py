"""A provider that repeats a secret of the request, in any form, gets it into no message of ours."""

import base64
from collections.abc import Callable
from urllib.parse import quote, quote_plus, urlencode

import pytest
from fakes.provider import CLIENT, FakeProvider, Reply, Request, answer

from oidc_helper.errors import OidcHelperError
from oidc_helper.oidc import grants
from oidc_helper.oidc.connection import Client
from oidc_helper.oidc.provider import discover

SECRET, REFRESH_TOKEN = "s/e c:r+e%t&planted-tail", "planted-refresh-token"
BASIC = base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
FORMS = {
    "the client's secret": SECRET,
    "its tail, as of a form": SECRET.rpartition("&")[2],
    "in a URL": quote(SECRET),
    "in a form": urlencode({"client_secret": SECRET}),
    "user and password": BASIC,
    "cut user and password": BASIC[:-6],
    "the refresh token": REFRESH_TOKEN,
    "the refresh token, cut": REFRESH_TOKEN[:18],
}
ANSWERS: dict[str, Callable[[str], Reply]] = {
    "a redirect": lambda said: Reply(302, {"Location": f"https://elsewhere.example/?{said}"}),
    "a description": lambda said: answer({"error": "invalid_client", "error_description": f"no {said}"}, 400),
    "an error": lambda said: answer({"error": said}, 400),
    "a media type": lambda said: Reply(200, {"Content-Type": said.encode("ascii", "replace").decode()}, b"{}"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("way", ANSWERS)
def test_no_secret_of_a_request_is_repeated(provider: FakeProvider, way: str, form: str) -> None:
    client = Client(CLIENT, SECRET)
    found = discover(provider.issuer, client=client, timeout_s=10)

    def repeat(_: Request) -> Reply:
        return ANSWERS[way](FORMS[form])

    provider.replies["/token"] = repeat

    with pytest.raises(OidcHelperError) as caught:
        grants.refresh(found, client, REFRESH_TOKEN, timeout_s=10)

    shown = f"{caught.value.message} {caught.value.hint}"
    assert "planted" not in shown
    assert quote_plus(SECRET)[:12] not in shown
    assert BASIC[12:30] not in shown
