"""What other users of the machine can learn of a sign-in, and do to it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from cli.sign_ins import ALICE, desk
from fakes.browser import FakeBrowser
from fakes.places import needs
from homes import Home
from sign_in.sign_ins import PATH, at, waiting_sign_in

from oidc_helper.emulator import Emulator
from oidc_helper.sign_in import peer
from oidc_helper.sign_in.loopback import Loopback

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the user of a connection in /proc")

NOBODY = 65_534
# As NOBODY: sends a request; hangs up if `hides`, else prints the status line.
_AS_NOBODY = f"""
import contextlib, encodings.idna, os, socket, struct, sys  # NOBODY may not read them later
address, port, target, hides = sys.argv[1:]
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
with socket.create_connection((address, int(port)), timeout=30) as connection:
    request = f"GET {{target}} HTTP/1.1\\r\\nHost: 127.0.0.1:{{port}}\\r\\n\\r\\n"
    if hides == "resets":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError if hides else ()):  # the refusal may come before the request
        connection.sendall(request.encode())
    print("" if hides else connection.makefile("rb").readline().decode())
"""
# A browser that, on its way, looks for the secrets of its address in the arguments of all processes.
_LOOKS_AROUND = """#!{python} -IS
import glob, json, sys, urllib.error, urllib.parse, urllib.request
class Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *request):
        return None
try:
    urllib.request.build_opener(Stays).open(sys.argv[1])
except urllib.error.HTTPError as redirect:
    url = redirect.headers["Location"]
asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
arguments = b""
for name in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        with open(name, "rb") as file:
            arguments += file.read()
    except OSError:
        pass
with open({seen!r}, "w") as file:
    json.dump([name for name, value in asked.items() if len(value) > 20 and value.encode() in arguments], file)
    json.dump(sorted(asked), sys.stdout)
urllib.request.urlopen(url)
"""


@pytest.fixture
def root() -> None:
    needs(os.geteuid() == 0, "root, to be another user")


def as_nobody(url: str, target: str, hides: str = "") -> str:
    """The status line that another user gets."""
    address, _, port = url.removeprefix("http://").partition("/")[0].rpartition(":")
    words = [sys.executable, "-ISc", _AS_NOBODY, address, port, target, hides]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_no_argument_holds_a_secret_of_the_sign_in(home: Home, emulator: Emulator) -> None:
    """With state and nonce every user of the machine could sign in as himself in the person's place."""
    alice, program, seen = desk(home, emulator), home.path / "browser", home.path / "seen"
    program.write_text(_LOOKS_AROUND.format(python=sys.executable, seen=str(seen)))
    program.chmod(0o755)
    done = home.run("login", "analytics", BROWSER=str(program))

    assert done.stdout.startswith(f"signed in as {ALICE}"), done.stderr
    assert json.loads(seen.read_text()) == []
    assert not alice.browser.opened


@pytest.mark.usefixtures("root")
def test_another_user_gets_nothing_of_the_sign_in_and_ends_nothing(emulator: Emulator) -> None:
    """Neither the way to the provider, nor may he answer, though he knew the state."""
    loopback = Loopback(path=PATH)
    loopback.serve("https://login.example.com/?state=s", lambda _: pytest.fail("the answer was read"))
    start = loopback.start_url.rpartition("/")[2]
    for _ in range(3):
        assert as_nobody(loopback.start_url, f"/{start}") == "HTTP/1.1 403"
        assert as_nobody(loopback.start_url, f"{PATH}?code=his&state=s") == "HTTP/1.1 403"
    assert FakeBrowser().redirect_of(loopback.start_url) == "https://login.example.com/?state=s"
    loopback.close()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("hides", ["hangs up", "resets"])
def test_another_user_cannot_hide_by_hanging_up(emulator: Emulator, hides: str) -> None:
    """A socket that was closed has no owner any more; a browser waits for its page."""
    with waiting_sign_in(at(emulator)) as waiting:
        for _ in range(5):
            as_nobody(waiting.start, f"{PATH}?code=his&state={waiting.asked['state']}", hides)
        assert waiting.send("/favicon.ico").status == 404
        browser = FakeBrowser()
        browser(waiting.url)
        waiting.result().finish(None)

        assert "Signed in" in browser.page()
        assert emulator.count("Token") == 1


@pytest.mark.parametrize(
    ("family", "address", "named"),
    [(socket.AF_INET, "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "::1", "::1")],
)
def test_the_end_of_a_connection_is_ours(family: int, address: str, named: str) -> None:
    with socket.create_server((address, 0), family=family) as server:
        with socket.create_connection(server.getsockname()[:2]) as browser:
            connection, theirs = server.accept()
            assert not peer.is_foreign(connection.getsockname()[:2], theirs[:2])
            assert browser.getsockname()[0] == named
        assert peer.is_foreign(connection.getsockname()[:2], theirs[:2]), "it has hung up"
        connection.close()


def test_a_socket_of_both_kinds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers written in Java reach 127.0.0.1 with one for IPv6; only the other table has it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as browser:
        try:
            browser.connect(("::ffff:127.0.0.1", server.getsockname()[1]))
        except OSError:
            pytest.skip("needs IPv6")
        connection, theirs = server.accept()
        with connection:
            ours = connection.getsockname()
            assert not peer.is_foreign(ours, theirs)
            monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
            assert peer.is_foreign(ours, theirs) is (os.getuid() not in (0, NOBODY))


ROW = "   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {user:5} 0 {inode} 1 0 20 4 30 10 -1"
OURS, THEIRS = "0100007F:20D0", "0100007F:C350"


@pytest.mark.skipif(sys.byteorder != "little", reason="the rows are of a little-endian machine")
@pytest.mark.parametrize(
    ("rows", "foreign"),
    [
        ([], False),  # WSL's host, or a system that does not tell
        ([(OURS, THEIRS, "01", 1_000, 5)], False),  # a connection from outside
        ([(OURS, THEIRS, "08", 1_000, 5)], True),
        ([(OURS, "00000000:0000", "0A", 1_000, 5)], True),  # it has been reset
        ([(OURS, THEIRS, "01", 1_000, 5), (THEIRS, OURS, "01", 1_000, 6)], False),
        ([(OURS, THEIRS, "01", 1_000, 5), (THEIRS, OURS, "01", 1_001, 6)], True),
        ([(OURS, THEIRS, "08", 1_000, 5), (THEIRS, OURS, "05", 0, 0)], True),
        ([(OURS, THEIRS, "01", 1_000, 5), (THEIRS, OURS, "01", 0, 6)], False),  # root, as WSL's own relay
    ],
)
def test_the_user_is_read_from_the_table(
    rows: list[tuple[str, str, str, int, int]], foreign: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("local", "remote", "state", "user", "inode")
    lines = [ROW.format(**dict(zip(names, row, strict=True))) for row in rows]
    (tmp_path / "tcp").write_text("\n".join(["  sl  local_address rem_address ...", *lines, ""]))
    monkeypatch.setattr(peer, "_TABLES", (str(tmp_path / "tcp"), str(tmp_path / "tcp6")))
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)

    assert peer.is_foreign(("127.0.0.1", 8400), ("127.0.0.1", 50_000)) is foreign
