"""The few shapes of SVG that a chart is made of, in colours for a light and a dark surrounding.

Each shape has its colour for light as an attribute, which every program that draws SVG knows, and a class, by which a
style sheet gives it another one in browsers that prefer dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["bar", "document", "line", "text", "torn", "width_of"]

_COLOURS = {
    "paper": ("#ffffff", "#11161c"),
    "ink": ("#1a1f26", "#e8ebef"),
    "soft": ("#5d6673", "#9ba6b3"),
    "grid": ("#c4cad2", "#3d4753"),
    "limit": ("#8a8f98", "#7d8590"),
    "asyncauth": ("#2563a8", "#5a9de6"),
    "variant": ("#8db3dc", "#35608f"),
    "peer": ("#cf8a37", "#d9984a"),
    "phase0": ("#6a51a3", "#9a86d0"),
    "phase1": ("#c2473d", "#e0706a"),
    "phase2": ("#2563a8", "#5a9de6"),
    "phase3": ("#3f8f5b", "#5fb87d"),
    "phase4": ("#cf8a37", "#d9984a"),
    "phase5": ("#8a8f98", "#7d8590"),
}
"""By class: light, dark."""
SIZE = 12
"""Of letters, in pixels."""


def document(width: float, height: float, parts: Iterable[str]) -> str:
    """A whole picture."""
    dark = "".join(f".{name}{{fill:{colour}}}" for name, (_, colour) in _COLOURS.items())
    lines = "".join(
        f".{name}-line{{stroke:{_COLOURS[name][1]}}}" for name in ("ink", "soft", "grid", "paper")
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="system-ui, Helvetica, Arial, sans-serif"'
        f' font-size="{SIZE}">'
    )
    dark += f"text{{stroke:{_COLOURS['paper'][1]}}}"
    style = f"<style>@media (prefers-color-scheme: dark){{{dark}{lines}}}</style>"
    paper = f'<rect width="100%" height="100%" {_fill("paper")}/>'
    return "\n".join((head, style, paper, *parts, "</svg>\n"))


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = "ink",
    size: int = SIZE,
    bold: bool = False,
) -> str:
    """A line of text; ``y`` is where its letters stand. Lines that cross it stop round it."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{weight}'
    place += f' stroke="{_COLOURS["paper"][0]}" stroke-width="3" paint-order="stroke"'
    return f"<text {place} {_fill(colour)}>{escape(words)}</text>"


def width_of(words: str) -> float:
    """About how wide a line of text is, in pixels: fonts differ."""
    return 0.6 * SIZE * len(words)


def bar(x: float, y: float, width: float, height: float, colour: str, says: str = "") -> str:
    """A filled box, with what it says when pointed at."""
    title = f"<title>{escape(says)}</title>" if says else ""
    box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:g}"'
    return f"<rect {box} {_fill(colour)}>{title}</rect>"


def line(path: str, colour: str, width: float = 1.0, dashes: str = "") -> str:
    """A path that is drawn."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    stroke = f'class="{colour}-line" stroke="{_COLOURS[colour][0]}" stroke-width="{width:g}"'
    return f'<path d="{path}" fill="none" {stroke}{dashed}/>'


def torn(x: float, y: float, height: float) -> str:
    """Where a bar is cut off that would not fit."""
    step = height / 4
    return line(
        f"M{x:.1f} {y - 1:.1f}" + f"l4 {step + 0.5:g}l-4 {step:g}l4 {step:g}l-4 {step + 0.5:g}", "paper", 3
    )


def _fill(colour: str) -> str:
    return f'class="{colour}" fill="{_COLOURS[colour][0]}"'
