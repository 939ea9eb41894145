"""Signing in by device code and by pasting, as a person sees and types it at a terminal."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import segno
from fakes.browser import FakeBrowser
from fakes.provider import CLIENT, FakeProvider, Reply, Request, answer, fake_provider
from fakes.terminals import ASCII, AtTerminal, terminal

HALVES = {" ": (0, 0), "▄": (0, 1), "▀": (1, 0), "█": (1, 1)}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider with device codes."""
    with fake_provider() as running:
        running.replies["/device"] = lambda _: answer(
            {
                "device_code": "a-device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": running.issuer + "/activate",
                "verification_uri_complete": running.issuer + "/activate?user_code=WDJB-MJHT",
                "expires_in": 600,
            }
        )
        yield running


def decide_after(provider: FakeProvider, pending: int, error: str = "") -> None:
    """Let the token endpoint answer `pending` times that the person has not decided yet."""
    left = iter(range(pending))
    granted = provider._token

    def decided(_: Request) -> Reply:
        if next(left, None) is not None:
            return answer({"error": "authorization_pending"}, 400)
        return answer({"error": error}, 400) if error else answer(granted())

    provider.replies["/token"] = decided


def anonymous(provider: FakeProvider, screen: str) -> str:
    return screen.replace(provider.issuer.removeprefix("http://"), "PROVIDER")


DEVICE = """\
oidc-helper: to sign in at PROVIDER (identity corp), open this address on any device
  http://PROVIDER/activate
and enter this code
  WDJB-MJHT
within 10 min
enter a code only for a sign-in that you began yourself: anyone who sends you one signs in as you
"""


def test_a_device_sign_in_shows_address_and_code(provider: FakeProvider) -> None:
    """With its lifetime and the warning; the progress line is gone at the end."""
    decide_after(provider, 2)
    with terminal("signs_in", "device", provider.issuer, CLIENT, variables=ASCII) as person:
        person.see("waiting for", "127.0.0.1")
        for _ in range(3):
            person.tick()

        assert person.outcome() == "00u-alice"
        assert anonymous(provider, person.screen) == DEVICE


def test_the_limit_of_a_device_sign_in_is_that_of_who_waits(provider: FakeProvider) -> None:
    """The code would be good for 10 min, but the program gives up sooner."""
    decide_after(provider, 0)
    with terminal("signs_in", "device", provider.issuer, CLIENT, "40.9", variables=ASCII) as person:
        person.see("WDJB-MJHT\nwithin 40 s\n")
        person.tick()

        assert person.outcome() == "00u-alice"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("access_denied", ["Refused", "the sign-in was declined: access_denied"]),
        ("expired_token", ["SignInNeeded", "PROVIDER refused: expired_token"]),
    ],
)
def test_a_declined_or_expired_code_ends_the_sign_in(provider: FakeProvider, error: str, outcome: list[str]) -> None:
    decide_after(provider, 0, error)
    with terminal("signs_in", "device", provider.issuer, CLIENT, variables=ASCII) as person:
        person.tick()

        assert [anonymous(provider, text) for text in person.outcome()] == outcome


def test_a_wide_terminal_shows_a_qr_code(provider: FakeProvider) -> None:
    """Dark on light, whatever the terminal's own colours are."""
    decide_after(provider, 0)
    with terminal("signs_in", "device", provider.issuer, CLIENT) as person:
        person.tick()
        assert person.outcome() == "00u-alice"

        drawn = anonymous(provider, person.screen).removeprefix(DEVICE).splitlines()
    assert all(line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m") for line in drawn)

    rows: list[list[int]] = []
    for line in drawn:
        halves = [HALVES[block] for block in line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m")]
        rows += [[upper for upper, _ in halves], [lower for _, lower in halves]]
    expected = segno.make_qr(provider.issuer + "/activate?user_code=WDJB-MJHT", error="l")
    matrix = [list(row) for row in expected.matrix_iter(border=2)]
    assert rows[: len(matrix)] == matrix
    assert not any(map(any, rows[len(matrix) :]))


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, ASCII])
def test_a_terminal_that_cannot_draw_shows_no_qr_code(provider: FakeProvider, variables: dict[str, str]) -> None:
    """Nor a progress line, where it cannot move one."""
    decide_after(provider, 0)
    with terminal("signs_in", "device", provider.issuer, CLIENT, variables=variables) as person:
        person.tick()
        assert person.outcome() == "00u-alice"

        shown = anonymous(provider, person.screen)

    assert shown == DEVICE + ("waiting for PROVIDER\n" if variables.get("TERM") else "")


def test_ctrl_c_leaves_no_progress_line(provider: FakeProvider) -> None:
    """The terminal is as it was."""
    decide_after(provider, 1_000)
    with terminal("signs_in", "device", provider.issuer, CLIENT, variables=ASCII) as person:
        person.see("waiting for")
        person.interrupt()

        assert person.outcome() == ["KeyboardInterrupt"]
        assert anonymous(provider, person.screen) == DEVICE


def addresses(provider: FakeProvider, person: AtTerminal) -> tuple[str, str]:
    """The address to open, and the one that the browser is sent to."""
    person.see("open this address", "/authorize?", "beginning with", "/callback", "> ")
    opened = next(line for line in person.screen.splitlines() if line.startswith(provider.issuer))
    return opened, FakeBrowser().redirect_of(opened)


def paste_transcript(opened: str) -> str:
    redirect_uri = parse_qs(urlsplit(opened).query)["redirect_uri"][0]
    return f"""\
oidc-helper: to sign in at PROVIDER (identity corp), open this address in a browser on any machine
{opened}
after that, the browser is sent to an address that it cannot open, beginning with
  {redirect_uri}
copy that whole address from the browser's address bar, and paste it here
within 15 min
> """


def test_a_paste_sign_in_says_what_to_copy(provider: FakeProvider) -> None:
    """The pasted address is shown."""
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        opened, pasted = addresses(provider, person)
        person.type(pasted + "\r")

        assert person.outcome() == "00u-alice"
        assert person.screen == paste_transcript(opened).replace("PROVIDER", provider.issuer[7:]) + pasted + "\n"
    port = urlsplit(pasted).port

    assert port is not None
    assert port >= 49_152


def test_each_mistake_is_named_and_asked_again(provider: FakeProvider) -> None:
    """The part after the question mark is enough."""
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        opened, pasted = addresses(provider, person)
        forged = urlsplit(pasted)._replace(query=urlencode({"code": "stolen", "state": "x"})).geturl()
        mistakes = (
            (opened, "it is the address to sign in at, not the one that follows"),
            ("yes", "it holds no answer"),
            (forged, "it belongs to another sign-in"),
            ("http://[", "it is not an address"),
        )
        for number, (wrong, words) in enumerate(mistakes, 1):
            person.type(wrong + "\r")
            person.see(f"({number} of 5): {words}; paste the whole address, from http to its end", "> ")
        person.type(urlsplit(pasted).query + "\r")

        assert person.outcome() == "00u-alice"

    assert [request.values["code"] for request in provider.asked("/token")] == ["a-code"]


def test_five_mistakes_end_the_sign_in(provider: FakeProvider) -> None:
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        addresses(provider, person)
        for _ in range(5):
            person.type("x\r")

        assert person.outcome() == ["SignInNeeded", "nobody pasted the address that the browser was sent to"]

    assert not provider.asked("/token")


def test_the_rest_of_a_paste_does_not_go_to_the_shell(provider: FakeProvider) -> None:
    """It would run it as commands: of several lines the first five count as mistakes."""
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        addresses(provider, person)
        person.type("touch /tmp/x\r" * 2_000)

        assert person.outcome()[0] == "SignInNeeded"
        assert person.unread == 0


@pytest.mark.parametrize(("key", "outcome"), [("\x04", "SignInNeeded"), ("\x03", "KeyboardInterrupt")])
def test_ctrl_d_and_ctrl_c_give_up(provider: FakeProvider, key: str, outcome: str) -> None:
    """The terminal is as it was."""
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        addresses(provider, person)
        person.type(key)

        assert person.outcome()[0] == outcome


def test_a_pasted_refusal_ends_the_sign_in(provider: FakeProvider) -> None:
    with terminal("signs_in", "paste", provider.issuer, CLIENT) as person:
        _, pasted = addresses(provider, person)
        state = parse_qs(urlsplit(pasted).query)["state"][0]
        person.type(urlencode({"error": "access_denied", "state": state}) + "\r")

        assert person.outcome() == ["Refused", "the sign-in was declined: access_denied"]
