"""Failures over the day as an SVG, one line for each policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from day import Tally

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 340, 60, 40, 20, 40
COLOURS = ("#b0b0b0", "#d08020", "#2060c0")
_TEXT = 'font-family="sans-serif" font-size="12" fill="#444"'


def draw(tallies: Sequence[Tally], width: float, day: float) -> str:
    """The picture; `width` is the seconds of one bin."""
    bins = int(day // width)
    most = max(max(tally.failures.values(), default=1) for tally in tallies)
    scale = _round_up(most)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>Failed requests over a virtual day</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(scale, width),
    ]
    for number, (tally, colour) in enumerate(zip(tallies, COLOURS, strict=True)):
        parts.append(_line(tally.failures, bins, scale, colour))
        parts.append(_legend(number, f"{tally.name}: {tally.failed:,} failed", colour))
    return "\n".join([*parts, "</svg>", ""])


def _axes(scale: int, width: float) -> list[str]:
    parts = []
    for step in range(5):
        y = _y(scale * step / 4, scale)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#e4e4e4"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" {_TEXT}>{scale * step // 4}</text>'
        )
    for hour in range(0, 25, 4):
        x = LEFT + (WIDTH - LEFT - RIGHT) * hour / 24
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle" {_TEXT}>{hour:02}:00</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 20}" {_TEXT}>failed in each {width / 60:.0f} minutes</text>')
    return parts


def _line(failures: Mapping[int, int], bins: int, scale: int, colour: str) -> str:
    step = (WIDTH - LEFT - RIGHT) / bins
    points = []
    for number in range(bins):
        y = _y(failures.get(number, 0), scale)
        points += [f"{LEFT + number * step:.1f},{y:.1f}", f"{LEFT + (number + 1) * step:.1f},{y:.1f}"]
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _legend(number: int, text: str, colour: str) -> str:
    x = LEFT + 160 + number * 215
    return (
        f'<line x1="{x}" y1="{TOP - 24}" x2="{x + 18}" y2="{TOP - 24}" stroke="{colour}" stroke-width="3"/>'
        f'<text x="{x + 23}" y="{TOP - 20}" font-family="sans-serif" font-size="11" fill="#444">{text}</text>'
    )


def _y(value: float, scale: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / scale


def _round_up(value: int) -> int:
    """The top of the scale: a multiple of 4, 20, 40, 200 and so on, so that its quarters are round."""
    step = 4
    while step * 10 < value:
        step *= 5 if str(step).startswith("4") else 2
    return -(-value // step) * step
