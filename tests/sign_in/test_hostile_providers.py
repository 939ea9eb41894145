"""A whole sign-in at a provider that lies: a clear message and page, exit 5 or 4, and nothing kept."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from cli.sign_ins import Desk, desk
from cli.transcript import tells
from fakes.provider import CLIENT, FakeProvider, Reply, answer, fake_provider, new_key
from homes import Home

from oidc_helper.emulator import Emulator

DISCOVERY = "/.well-known/openid-configuration"


def unsigned(claims: dict[str, object]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + ".x"


@dataclass(frozen=True)
class Case:
    """A provider's lie, the exit code and message, and whether the person's browser reaches our page."""

    name: str
    breaks: Callable[[FakeProvider], object]
    code: int
    says: str
    page: bool = True


CASES = [
    Case(
        "another issuer",
        lambda provider: provider.document.update(issuer="https://evil.example"),
        5,
        "says that its issuer is 'https://evil.example'",
        page=False,
    ),
    Case(
        "plain http",
        lambda provider: provider.document.update(token_endpoint="http://idp.example/token"),
        5,
        "which is not an https address",
        page=False,
    ),
    Case(
        "a redirect that never ends",
        lambda provider: provider.replies.update(
            {DISCOVERY: lambda _: Reply(302, {"Location": DISCOVERY})},
        ),
        5,
        "redirects to",
        page=False,
    ),
    Case("alg: none", lambda provider: setattr(provider, "sign", unsigned), 5, "is signed with 'none'"),
    Case("another nonce", lambda provider: provider.claims.update(nonce="x"), 5, "'nonce'"),
    Case("another audience", lambda provider: provider.claims.update(aud="x"), 5, "'aud'"),
    Case("a key of nobody", lambda provider: setattr(provider, "key", new_key()), 5, "none of its published keys"),
    Case("out of order", lambda provider: provider.replies.update({"/token": lambda _: Reply(503)}), 4, "503"),
    Case(
        "escape sequences",
        lambda provider: provider.replies.update(
            {"/token": lambda _: answer({"error": "invalid_grant", "error_description": "\x1b[2J\u202e\x07"}, 400)}
        ),
        5,
        r"\x1b[2J\u202e\x07",
    ),
]


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as running:
        yield running


@pytest.fixture
def alice(home: Home, emulator: Emulator, provider: FakeProvider) -> Desk:
    made = desk(home, emulator)
    text = home.config.read_text().replace(emulator.issuer, provider.issuer)
    home.configure(text.replace(f'client_id = "{emulator.client_id}"', f'client_id = "{CLIENT}"'))
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_provider_gets_nothing_kept_or_obeyed(alice: Desk, provider: FakeProvider, case: Case) -> None:
    """No lie is believed, and nothing reaches the terminal unescaped."""
    case.breaks(provider)

    done = alice.home.run("login", "analytics")

    assert (done.returncode, done.stdout) == (case.code, "")
    assert case.says in done.stderr
    assert all(line.isprintable() for line in done.stderr.split("\n"))
    assert bool(alice.browser.opened) is case.page
    if case.page:
        assert "<h1>Not signed in</h1>" in alice.browser.page
    assert alice.kept() == []
    assert tells(done.stderr, {"an-access-token", "a-refresh-token"}) == []
    assert alice.emulator.requests == []
