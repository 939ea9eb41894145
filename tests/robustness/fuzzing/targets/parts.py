"""A vault with any content: `get` returns the text as it was put, or None."""

from oidc_helper.store import parts

_ENTRY = "oidc-helper:tokens:x"


class _Vault:
    limit: int | None = 60

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, entry: str) -> str | None:
        return self.texts.get(entry)

    def set(self, entry: str, text: str) -> None:
        self.texts[entry] = text

    def delete(self, entry: str) -> bool:
        return self.texts.pop(entry, None) is not None


def seeds() -> list[bytes]:
    """A long text, and headers with digits of other scripts."""
    return [
        *(b"x" * length for length in range(400, 410)),
        "1 A ٣ 3 00000000".encode(),
        b"1 - 0 1 e8b7be43\na",
        b"1 A 999 1 00000000",
    ]


def target(data: bytes) -> None:
    """An entry with any content; and a text whose entry, or one part of it, has been damaged."""
    text, odd = data.decode("utf-8", "replace"), data[:50].decode("latin-1")
    foreign = _Vault()
    foreign.texts[_ENTRY] = text
    read = parts.get(foreign, _ENTRY)
    assert read is None or parts.seal(read) == text
    vault = _Vault()
    parts.put(vault, _ENTRY, text)
    assert parts.get(vault, _ENTRY) == text
    entries = sorted(vault.texts)
    spoilt = entries[len(data) % len(entries)]
    before = vault.texts[spoilt]
    vault.texts[spoilt] = odd
    assert before == odd or parts.get(vault, _ENTRY) in (None, parts.unseal(odd))
    parts.delete(vault, _ENTRY)
    assert vault.texts == {}
