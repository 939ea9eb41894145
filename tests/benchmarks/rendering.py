"""The figures as a table, as JSON, as a small chart, and as the ratios that the next release is compared with."""

import json
import math
import os
import platform
from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.limits import LIMITS, Limit
from benchmarks.measure import Figures

_ROW, _LEFT, _WIDTH, _RIGHT = 24, 220, 300, 240  # pixels
_LONGEST = 6  # longer bars are cut there; the label has the ratio


def table(figures: Sequence[Figures]) -> str:
    """A table in Markdown."""
    lines = [
        "| | time | processor | peak memory | compared with | time ratio | memory ratio |",
        "|---|--:|--:|--:|---|--:|--:|",
        *(_row(one) for one in figures),
    ]
    return "\n".join(lines)


def _row(one: Figures) -> str:
    limit = LIMITS.get(one.case.name, Limit(math.inf))
    ratios = (_ratio(one.ratio, limit.time), _ratio(one.memory_ratio, limit.memory or math.inf))
    comparison = (one.case.against, *ratios) if one.case.name != one.case.against else ("", "", "")
    cells = (one.case.name, f"{one.wall_ms:.0f} ms", f"{one.cpu_ms:.0f} ms", f"{one.peak_mib:.1f} MiB", *comparison)
    return f"| {' | '.join(cells)} |"


def _ratio(ratio: float, limit: float) -> str:
    return f"{ratio:.2f}" if math.isinf(limit) else f"{ratio:.2f} (≤ {limit:g})"


def as_json(figures: Sequence[Figures]) -> str:
    """Every run, and the kind of machine."""
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    cases = [
        {
            "name": one.case.name,
            "against": one.case.against,
            "ratio": one.ratio,
            "memory_ratio": one.memory_ratio,
            "runs": [vars(run) for run in one.runs],
        }
        for one in figures
    ]
    return json.dumps({**machine, "cases": cases}, indent=1)


def ratios(figures: Sequence[Figures]) -> str:
    """JSON: the ratio of each case that has a limit."""
    return (
        json.dumps({one.case.name: round(one.ratio, 3) for one in figures if one.case.name in LIMITS}, indent=2) + "\n"
    )


def chart(figures: Sequence[Figures]) -> str:
    """SVG: a bar for each ratio, with a stroke at its limit; the dashed line is a ratio of 1."""
    compared = [one for one in figures if one.case.name != one.case.against]
    scale = _WIDTH / max((min(one.ratio, _LONGEST) for one in compared), default=1)
    height, width = _ROW * (len(compared) + 1), _LEFT + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for row, one in enumerate(compared):
        top, end = _ROW * row + _ROW // 2, _LEFT + min(one.ratio, _LONGEST) * scale
        limit = LIMITS.get(one.case.name)
        at = _LEFT + limit.time * scale if limit else 0
        label = f"{one.ratio:.2f} of {one.case.against}"
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end" fill="#222">{escape(one.case.name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_ROW - 6}" fill="#4a7fb5"/>',
            *([f'<path d="M{at:.1f} {top - 2}v{_ROW - 2}" stroke="#c33" stroke-width="2"/>'] if limit else []),
            f'<text x="{max(end, at) + 6:.1f}" y="{top + 13}" fill="#222">{escape(label)}</text>',
        ]
    parts += [f'<path d="M{_LEFT + scale:.1f} 0V{height}" stroke="#888" stroke-dasharray="3 3"/>', "</svg>"]
    return "\n".join(parts) + "\n"
