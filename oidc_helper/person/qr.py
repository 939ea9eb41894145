"""A QR code in characters, for terminals that are wide enough and know blocks."""

_BORDER = 2  # modules; ISO/IEC 18004 wants 4, and the terminal's own margin and our colours make up for it
_BLACK_ON_WHITE, _AS_BEFORE = "\x1b[30;107m", "\x1b[0m"  # scanners take no inverted codes, as dark themes would make
_HALVES = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}


def drawn(text: str, columns: int) -> list[str]:
    """Draw two rows of modules a line; nothing where it does not fit into that many columns."""
    import segno

    rows = [bytes(row) for row in segno.make_qr(text, error="l").matrix_iter(border=_BORDER)]
    if len(rows[0]) > columns:
        return []
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    return [
        _BLACK_ON_WHITE + "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) + _AS_BEFORE
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
