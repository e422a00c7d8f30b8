"""Drawings for the page of a report: plain SVG, made of figures and escaped words, without script or style of its own.

Each one has a title that says in words what it shows; the same figures stand in a table beside it. Colours come from
the page, so that they follow its light or dark. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from connector.display import cut
from connector.report.counting import Group, Month

WIDTH = 640
BAR, GAP = 22, 8
LABEL = 180
HEIGHT, FOOT, LEFT = 220, 28, 44


def bars(title: str, groups: Sequence[Group]) -> str:
    """How many complaints came in, by group."""
    most = max((group.received for group in groups), default=0) or 1
    room = WIDTH - LABEL - 70
    parts = []
    for number, group in enumerate(groups):
        top = number * (BAR + GAP)
        length = max(1, round(room * group.received / most))
        name = escape(cut(group.name, 24))
        parts.append(
            f'<text class="name" x="{LABEL - 8}" y="{top + BAR - 6}" text-anchor="end">{name}</text>'
            f'<rect class="bar" x="{LABEL}" y="{top}" width="{length}" height="{BAR}" rx="3"/>'
            f'<text class="value" x="{LABEL + length + 6}" y="{top + BAR - 6}">{group.received:,}</text>'
        )
    return _drawing(title, WIDTH, max(1, len(groups)) * (BAR + GAP), "".join(parts))


def months(title: str, told: Sequence[Month]) -> str:
    """Received and resolved month by month, and how many of the received were breached."""
    most = max((max(one.received, one.resolved) for one in told), default=0) or 1
    step = (WIDTH - LEFT) / max(1, len(told))
    width = max(3.0, step * 0.34)
    parts = [_grid(most)]
    for number, one in enumerate(told):
        left = LEFT + number * step + step * 0.12
        parts.append(_pillar("bar", left, width, one.received, most))
        parts.append(_pillar("late", left, width, one.breached, most))
        parts.append(_pillar("second", left + width + 2, width, one.resolved, most))
        if number % max(1, math.ceil(len(told) / 7)) == 0:
            middle = left + width
            parts.append(
                f'<text class="name" x="{middle:.1f}" y="{HEIGHT + 18}" text-anchor="middle">{escape(one.name)}</text>'
            )
    return _drawing(title, WIDTH, HEIGHT + FOOT, "".join(parts))


def _grid(most: int) -> str:
    found = ""
    for part in (0, 0.5, 1):
        y = HEIGHT - part * (HEIGHT - 12)
        found += (
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="name" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{round(most * part):,}</text>'
        )
    return found


def _pillar(kind: str, left: float, width: float, value: int, most: int) -> str:
    height = (HEIGHT - 12) * value / most
    return (
        f'<rect class="{kind}" x="{left:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
        if value
        else ""
    )


def _drawing(title: str, width: int, height: int, inside: str) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{inside}</svg>"
    )
