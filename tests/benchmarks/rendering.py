"""The figures as a table, as JSON, and as a small chart."""

import json
import os
import platform
from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.measure import Figures

_ROW, _LEFT, _WIDTH, _RIGHT = 24, 190, 360, 150  # pixels


def table(found: Sequence[Figures]) -> str:
    """Markdown, to be pasted into a document."""
    lines = [
        "| | time | processor | peak memory | against | time ratio | memory ratio |",
        "|---|--:|--:|--:|---|--:|--:|",
    ]
    for one in found:
        ratios = "| | " if one.case.name == one.case.against else f"{one.ratio:.2f} | {one.memory_ratio:.2f} "
        against = "" if one.case.name == one.case.against else one.case.against
        lines.append(
            f"| {one.case.name} | {one.wall_ms:.1f} ms | {one.cpu_ms:.1f} ms | {one.peak_mib:.1f} MiB "
            f"| {against} | {ratios.removeprefix('| ')}|"
        )
    return "\n".join(lines)


def as_json(found: Sequence[Figures]) -> str:
    """Every run, and on what kind of machine."""
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    cases = [
        {
            "name": one.case.name,
            "against": one.case.against,
            "ratio": one.ratio,
            "memory_ratio": one.memory_ratio,
            "runs": [vars(run) for run in one.runs],
        }
        for one in found
    ]
    return json.dumps({**machine, "cases": cases}, indent=1)


def chart(found: Sequence[Figures]) -> str:
    """SVG: a bar for each ratio; the line is what it is held against."""
    compared = [one for one in found if one.case.name != one.case.against]
    scale = _WIDTH / max(one.ratio for one in compared)
    height, width = _ROW * (len(compared) + 1), _LEFT + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
        "<style>text { font: 12px sans-serif }</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for row, one in enumerate(compared):
        top = _ROW * row + _ROW // 2
        end = _LEFT + one.ratio * scale
        label = f"{one.ratio:.2f} of {one.case.against}"
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 13}" text-anchor="end" fill="#222">{escape(one.case.name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_ROW - 6}" fill="#4a7fb5"/>',
            f'<text x="{_placed(end, label):.1f}" y="{top + 13}" fill="{_ink(end, label)}">{escape(label)}</text>',
        ]
    parts += [f'<path d="M{_LEFT + scale:.1f} 0V{height}" stroke="#c33" stroke-dasharray="3 3"/>', "</svg>"]
    return "\n".join(parts) + "\n"


def _fits(end: float, label: str) -> bool:
    return end + 6 + 6.5 * len(label) < _LEFT + _WIDTH + _RIGHT


def _placed(end: float, label: str) -> float:
    """Behind the bar, or at its end where there is no room."""
    return end + 6 if _fits(end, label) else end - 6 - 6.5 * len(label)


def _ink(end: float, label: str) -> str:
    return "#222" if _fits(end, label) else "#fff"
