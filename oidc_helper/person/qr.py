"""A QR code in block characters, for terminals that have these characters and are wide enough."""

_BORDER = 2  # modules; ISO/IEC 18004 asks for 4, and the terminal's margin and our colours make up for the rest
_BLACK_ON_WHITE, _RESET = "\x1b[30;107m", "\x1b[0m"  # a dark theme would invert the code, which many scanners reject
_HALVES = {(0, 0): " ", (0, 1): "▄", (1, 0): "▀", (1, 1): "█"}


def drawn(text: str, columns: int) -> list[str]:
    """The code, with two rows of modules in each line; no lines if it is wider than that many columns."""
    import segno

    rows = [bytes(row) for row in segno.make_qr(text, error="l").matrix_iter(border=_BORDER)]
    if len(rows[0]) > columns:
        return []
    rows += [bytes(len(rows[0]))] * (len(rows) % 2)
    return [
        _BLACK_ON_WHITE + "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True)) + _RESET
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
