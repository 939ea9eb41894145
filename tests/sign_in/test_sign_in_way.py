"""The way of a sign-in where no option names one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fakes.browser import FakeBrowser
from fakes.provider import CLIENT, FakeProvider, answer, fake_provider
from sign_in.sign_ins import Screen, identity_of

from oidc_helper.errors import SignInNeeded
from oidc_helper.sign_in import provider as at_provider
from oidc_helper.sign_in.provider import sign_in


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that knows device codes."""
    with fake_provider() as running:
        running.replies["/device"] = lambda _: answer(
            {"device_code": "x", "user_code": "WDJB", "verification_uri": running.issuer + "/d", "expires_in": 600}
        )
        yield running


def shown(provider: FakeProvider, obstacle: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> str:
    """The screen of a person who signs in where that obstacle keeps a browser from opening."""
    monkeypatch.setattr(at_provider, "obstacle", lambda: obstacle)
    screen = Screen()
    person = replace(screen.person(FakeBrowser()), sleep=lambda _: None)
    sign_in(replace(identity_of(provider.issuer, CLIENT), **changes), person, timeout_s=20).finish(None)
    return screen.text.getvalue()


def test_the_browser_is_taken_where_one_can_be_opened(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "opening the browser" in shown(provider, "", monkeypatch)
    assert not provider.asked("/device")


def test_a_device_code_is_taken_where_no_browser_can_be_opened(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is shown."""
    text = shown(provider, "this is an SSH session", monkeypatch)

    assert text.startswith("oidc-helper: no browser can be opened, since this is an SSH session\n")
    assert "and enter this code\n  WDJB\n" in text


def test_pasting_is_left_where_the_provider_has_no_device_codes(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    del provider.document["device_authorization_endpoint"]
    with pytest.raises(SignInNeeded):  # this screen has no keyboard
        shown(provider, "there is no display", monkeypatch)

    assert not provider.asked("/device")


def test_the_source_device_takes_no_browser(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where one can be opened."""
    assert "and enter this code" in shown(provider, "", monkeypatch, source="device")
