"""Real providers, a real browser, and a person between them and the commands."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from fakes.places import needs
from homes import Home
from sign_in.real.chromium import Chromium, chromium
from sign_in.real.person import Person
from sign_in.real.real_provider import (
    CLIENT,
    CLIENT_WITHOUT_ID_TOKEN,
    CONFIDENTIAL_CLIENT,
    DJANGO,
    GLEWLWYD,
    HERE,
    INSTALL,
    OIDC_PROVIDER,
    SOFTWARE,
    RealProvider,
    real_provider,
)

from oidc_helper.emulator import Emulator


@pytest.fixture(scope="module")
def provider(request: pytest.FixtureRequest) -> Iterator[RealProvider]:
    """One provider for all tests of a module, each of which signs in anew."""
    name = getattr(request, "param", OIDC_PROVIDER)
    if name == DJANGO:
        needs(find_spec("oauth2_provider"), DJANGO)
    elif name == GLEWLWYD:
        needs(shutil.which("glewlwyd"), GLEWLWYD)
    else:
        needs(shutil.which("node"), "node")
        needs((HERE / "node_modules/oidc-provider").is_dir(), f"oidc-provider: {INSTALL}")
    with real_provider(SOFTWARE[name]) as running:
        yield running


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all tests of a module."""
    for program in ("chromium", "chromedriver", "tesseract"):
        needs(shutil.which(program), program)
    needs((HERE / "node_modules/axe-core").is_dir(), f"axe-core: {INSTALL}")
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def browser(window: Chromium) -> Chromium:
    """The browser of a person whom no site knows."""
    window.forget()
    return window


@pytest.fixture
def trusting(emulator: Emulator, provider: RealProvider) -> Emulator:
    """An emulator whose Identity Center and IAM trust the provider."""
    for client in (CLIENT, CONFIDENTIAL_CLIENT, CLIENT_WITHOUT_ID_TOKEN):
        emulator.trust(provider.issuer, client)
    return emulator


@pytest.fixture
def person(home: Home, trusting: Emulator, provider: RealProvider, browser: Chromium) -> Person:
    """A person whose configuration joins them all."""
    return Person(home, trusting, provider, browser)
