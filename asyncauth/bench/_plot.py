"""The medians as bars, with a line from the least to the greatest: one SVG, or a PNG made of it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from .._errors import MechanismUnavailable
from ._common import BenchmarkError

if TYPE_CHECKING:
    from ._figures import Figure

__all__ = ["check_plot", "svg", "write_plot"]

_COLOURS = {"limit": "#8a8f98", "asyncauth": "#2563a8", "peer": "#c9812f"}
_WIDTH, _LEFT, _RIGHT = 960, 310, 130
_ROW, _BAR, _TITLE, _MARGIN = 22, 14, 44, 16
_CONVERTER = "cairosvg"


def check_plot(path: Path) -> None:
    """Whether a plot of that name can be written, before hours have gone into it.

    :raises BenchmarkError: neither ``.svg`` nor ``.png``, or no such directory
    :raises MechanismUnavailable: ``.png``, and nothing here makes one
    """
    if path.suffix not in (".svg", ".png"):
        raise BenchmarkError(f"the plot {path} is neither .svg nor .png", fix="give it one of these endings")
    if not path.absolute().parent.is_dir():
        raise BenchmarkError(f"there is no directory for the plot {path}", fix="make it, or name another")
    if path.suffix == ".png" and importlib.util.find_spec(_CONVERTER) is None:
        raise MechanismUnavailable(
            f"{path}: it takes the package {_CONVERTER} to write PNG",
            fix=f"name a file that ends in .svg, or pip install {_CONVERTER}",
        )


def write_plot(path: Path, figures: Sequence[Figure]) -> None:
    """Write the plot, replacing what is there; OSError if that is not possible."""
    text = svg(figures)
    if path.suffix == ".png":
        converter = importlib.import_module(_CONVERTER)
        converter.svg2png(bytestring=text.encode(), write_to=str(path), scale=2)
    else:
        path.write_text(text, encoding="utf-8")


def svg(figures: Sequence[Figure]) -> str:
    """One chart below the other, one for each measure."""
    parts: list[str] = []
    top = _MARGIN
    for measure in dict.fromkeys(figure.measure for figure in figures):
        rows = [figure for figure in figures if figure.measure == measure]
        parts += _chart(rows, top)
        top += _TITLE + _ROW * len(rows) + _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}"'
        ' font-family="sans-serif" font-size="12">'
    )
    return "\n".join((head, '<rect width="100%" height="100%" fill="#ffffff"/>', *parts, "</svg>\n"))


def _chart(rows: Sequence[Figure], top: int) -> Iterator[str]:
    measure = rows[0].measure
    title = f"{measure.name}: {measure.unit}, {measure.better} is better"
    yield _text(_MARGIN, top + 20, title, "start", ' font-size="15" font-weight="bold"')
    longest = max(row.value.max for row in rows) or 1.0
    for number, row in enumerate(rows):
        yield from _bar(row, top + _TITLE + number * _ROW, longest)


def _bar(row: Figure, y: int, longest: float) -> Iterator[str]:
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    width, middle = row.value.median * scale, y + _BAR / 2
    yield _text(_LEFT - 8, y + 11, row.name, "end")
    yield (
        f'<rect x="{_LEFT}" y="{y}" width="{max(width, 1):.1f}" height="{_BAR}" fill="{_COLOURS[row.kind]}">'
        f"<title>{escape(row.name)}: {row.value.median:,.2f} [{row.value.min:,.2f}..{row.value.max:,.2f}]"
        f" {escape(row.measure.unit)}</title></rect>"
    )
    least, greatest = (_LEFT + value * scale for value in (row.value.min, row.value.max))
    yield f'<path d="M{least:.1f} {middle}H{greatest:.1f}" stroke="#111111" stroke-width="1.5"/>'
    yield _text(greatest + 8, y + 11, f"{row.value.median:,.{row.measure.digits}f}", "start")


def _text(x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#111111"{more}>{escape(text)}</text>'
