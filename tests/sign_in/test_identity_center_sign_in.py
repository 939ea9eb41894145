"""Signing in at Identity Center itself, whose code CreateTokenWithIAM redeems."""

from typing import Any

import botocore.session
import pytest
from fakes.browser import FakeBrowser
from sign_in.sign_ins import PATH, Screen, at

from oidc_helper.emulator import Emulator
from oidc_helper.errors import Refused
from oidc_helper.settings import Identity
from oidc_helper.sign_in import identity_center
from oidc_helper.sign_in.identity_center import CodeObtained

IDENTITY = Identity("center", "identity-center", redirect_host="127.0.0.1", redirect_path=PATH)


def obtained(emulator: Emulator, browser: FakeBrowser, **how: object) -> CodeObtained:
    at(emulator)  # lets people in without asking
    emulator.directory.second_application.any_loopback_port = True
    return identity_center.sign_in(
        IDENTITY,
        Screen().person(browser),
        application_arn=emulator.directory.second_application_arn,
        endpoint_url=emulator.url + "/",
        way="browser",
        timeout_s=20,
        **how,  # type: ignore[arg-type]
    )


def test_create_token_with_iam_redeems_the_code(emulator: Emulator) -> None:
    """With its redirect URI and verifier; the page waits for that."""
    browser = FakeBrowser()
    got = obtained(emulator, browser, scopes=("own:read", "openid"))
    assert got.code not in repr(got)
    assert got.code_verifier not in repr(got)

    user = emulator.directory.iam_user
    client: Any = botocore.session.Session().create_client(
        "sso-oidc",
        region_name=emulator.directory.identity_center_region,
        endpoint_url=emulator.url,
        aws_access_key_id=user.access_key_id,
        aws_secret_access_key=user.secret_access_key,
    )
    answer = client.create_token_with_iam(
        clientId=emulator.directory.second_application_arn,
        grantType="authorization_code",
        code=got.code,
        redirectUri=got.redirect_uri,
        codeVerifier=got.code_verifier,
    )
    assert answer["accessToken"]
    assert set(answer["scope"]) == {"own:read", "openid"}

    got.finish(None)
    assert "Signed in" in browser.page()


def test_an_error_of_the_authorize_endpoint_is_shown(emulator: Emulator) -> None:
    """On the page as well."""
    browser = FakeBrowser()
    with pytest.raises(Refused) as caught:
        obtained(emulator, browser, scopes=("no:such",))

    assert caught.value.message == "Identity Center refused: invalid_scope"
    assert "Identity Center refused: invalid_scope" in browser.page()
