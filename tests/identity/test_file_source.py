"""Identity tokens in files, as editors and shells write them."""

from pathlib import Path

import pytest

from oidc_helper.errors import SignInNeeded
from oidc_helper.identity import file
from oidc_helper.settings import Identity


@pytest.mark.parametrize("encoding", ["ascii", "utf-8-sig", "utf-16"])
def test_a_mark_of_the_encoding_is_no_part_of_the_token(tmp_path: Path, encoding: str) -> None:
    """Notepad writes one, and so does PowerShell when it redirects output."""
    path = tmp_path / "token"
    path.write_bytes("aaa.bbb.ccc\r\n".encode(encoding))

    assert file.fetch(Identity("job", "file", path=str(path)), 1) == "aaa.bbb.ccc\r\n"


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xef\xbb\xbf\xc3\xa4", b"\xc3\xa4", b"\xff", b"\xfe\xff\x00\xe4"])
def test_what_is_no_ascii_text_is_no_token(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(SignInNeeded, match="it is not text"):
        file.fetch(Identity("job", "file", path=str(path)), 1)
