"""A vault that holds anything: texts are as they were put, or not there."""

from oidc_helper.store import parts

_ENTRY = "oidc-helper:tokens:x"


class _Vault:
    limit: int | None = 60

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, entry: str) -> str | None:
        return self.kept.get(entry)

    def set(self, entry: str, text: str) -> None:
        self.kept[entry] = text

    def delete(self, entry: str) -> bool:
        return self.kept.pop(entry, None) is not None


def seeds() -> list[bytes]:
    """A long text, and headers with digits of other scripts."""
    return [
        *(b"x" * length for length in range(400, 410)),
        "1 A ٣ 3 00000000".encode(),
        b"1 - 0 1 e8b7be43\na",
        b"1 A 999 1 00000000",
    ]


def target(data: bytes) -> None:
    """Whatever lies in an entry; and a text whose entry, or one part of it, was turned over."""
    text, odd = data.decode("utf-8", "replace"), data[:50].decode("latin-1")
    foreign = _Vault()
    foreign.kept[_ENTRY] = text
    found = parts.get(foreign, _ENTRY)
    assert found is None or parts.seal(found) == text
    vault = _Vault()
    parts.put(vault, _ENTRY, text)
    assert parts.get(vault, _ENTRY) == text
    entries = sorted(vault.kept)
    spoilt = entries[len(data) % len(entries)]
    before = vault.kept[spoilt]
    vault.kept[spoilt] = odd
    assert before == odd or parts.get(vault, _ENTRY) in (None, parts.unseal(odd))
    parts.delete(vault, _ENTRY)
    assert vault.kept == {}
