"""The medians as bars, best first, with a line from the least to the greatest: one SVG.

The limit that goals are stated in stands as a line across all bars, and so does its half; what each bar is of it is
written at the right. Plain TCP, which does nothing of the work, is cut off where it would make all others small. The
phases of a handshake are parts of its bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ._common import BenchmarkError
from ._svg import bar, document, line, text, torn, width_of

if TYPE_CHECKING:
    from ._figures import Figure
    from ._rounds import Plan

__all__ = ["check_plot", "svg", "write_plot"]

_WIDTH, _LEFT, _RIGHT, _MARGIN = 1000, 290, 210, 24
_AREA = _WIDTH - _LEFT - _RIGHT
_ROW, _BAR, _HEAD, _TITLE, _LEGEND = 22, 14, 102, 62, 24
_ROOM = 24
"""Pixels between two lines, at least, for both to have a number."""
_FLOOR = "tcp "
_ON_FIRST_LINE = 7
_LEGENDS = {
    "asyncauth": "asyncauth",
    "variant": "in another arrangement",
    "peer": "peers",
    "limit": "raw GSSAPI, both ends in one thread",
}


def check_plot(path: Path) -> None:
    """Whether a plot of that name can be written, before hours have gone into it.

    :raises BenchmarkError: it does not end in ``.svg``, or there is no such directory
    """
    if path.suffix != ".svg":
        raise BenchmarkError(f"the plot {path} is no .svg", fix="give it that ending; browsers show it")
    if not path.absolute().parent.is_dir():
        raise BenchmarkError(f"there is no directory for the plot {path}", fix="make it, or name another")


def write_plot(path: Path, figures: Sequence[Figure], plan: Plan, setting: Mapping[str, object]) -> None:
    """Write the plot, replacing what is there; OSError if that is not possible."""
    path.write_text(svg(figures, plan, setting), encoding="utf-8")


def svg(figures: Sequence[Figure], plan: Plan, setting: Mapping[str, object]) -> str:
    """One chart below the other, one for each measure."""
    parts, top = list(_head(figures, setting)), float(_HEAD)
    for measure in dict.fromkeys(figure.measure for figure in figures):
        rows = [figure for figure in figures if figure.measure == measure]
        title = measure.title.format(connections=plan.connections, idle=plan.idle)
        chart = _Stacked(rows, title, top) if measure.name == "phases" else _Chart(rows, title, top)
        parts += chart.drawn()
        top += chart.height
    return document(_WIDTH, top, parts)


def _head(figures: Sequence[Figure], setting: Mapping[str, object]) -> Iterator[str]:
    """What it is, on what it was measured, and what the colours mean."""
    yield text(_MARGIN, 32, "asyncauth bench", size=18, bold=True)
    said = [f"{name} {value}" for name, value in setting.items() if value is not None]
    for y, some in ((52, said[:_ON_FIRST_LINE]), (66, said[_ON_FIRST_LINE:])):
        yield text(_MARGIN, y, ", ".join(some), colour="soft", size=11)
    x = float(_MARGIN)
    there = {_colour(figure) for figure in figures}
    for colour, words in _LEGENDS.items():
        if colour in there:
            yield bar(x, 81, 12, 12, colour)
            yield text(x + 18, 91, words)
            x += 44 + width_of(words)
    yield line(f"M{x} 87h22M{x} 83v8M{x + 22} 83v8", "ink", 1.25)
    yield text(x + 30, 91, "least to greatest of the rounds")


def _colour(row: Figure) -> str:
    return "variant" if row.kind == "asyncauth" and ", " in row.name and row.limits else row.kind


class _Chart:
    """One measure.

    :param top: where it begins, in pixels
    """

    def __init__(self, rows: Sequence[Figure], title: str, top: float) -> None:
        self.measure = rows[0].measure
        self.rows = rows
        self._title = title
        self._limit = next((row for row in rows if row.kind == "limit"), None)
        if self._limit is not None or any(row.peers for row in rows):
            best_first = self.measure.better == "more"
            self.rows = sorted(rows, key=lambda row: row.value.median, reverse=best_first)
        self.top = top
        self.first = top + _TITLE
        self.height = _TITLE + _ROW * len(rows) + _MARGIN
        counted = [row.value.max for row in rows if not row.name.startswith(_FLOOR)]
        self._scale = _AREA / (max(counted or [row.value.max for row in rows]) or 1.0)

    def drawn(self) -> Iterator[str]:
        """Its shapes."""
        yield text(_MARGIN, self.top + 22, self._title, size=15, bold=True)
        unit = f"{self.measure.unit}; {self.measure.better} is better"
        yield text(_MARGIN, self.top + 39, unit, colour="soft")
        yield from self._lines()
        for number, row in enumerate(self.rows):
            yield from self._row(row, self.first + number * _ROW)

    def _lines(self) -> Iterator[str]:
        """The limit across all bars, and its half."""
        down = f"{self.first - 4}v{_ROW * len(self.rows)}"
        yield line(f"M{_LEFT} {down}", "grid")
        if self._limit is None:
            return
        name = f"x {self._limit.name}"
        yield text(_WIDTH - _MARGIN, self.first - 8, name, anchor="end", colour="soft")
        half, whole = (self._at(self._limit.value.median * part) for part in (0.5, 1.0))
        for x, words in ((half, "0.5" if whole - half > _ROOM else ""), (whole, "1.0")):
            yield line(f"M{x:.1f} {down}", "soft", 1, "3 3")
            yield text(x, self.first - 8, words, anchor="middle", colour="soft", size=10)

    def _row(self, row: Figure, y: float) -> Iterator[str]:
        yield text(_LEFT - 10, y + 11, row.name, anchor="end")
        edge = float(_LEFT + _AREA)
        end, greatest = (min(self._at(value), edge) for value in (row.value.median, row.value.max))
        yield from self._bar(row, y, end)
        if self._at(row.value.median) > edge:
            yield torn(edge - 40, y, _BAR)
        else:
            yield self._whisker(row, y + _BAR / 2, edge)
        value = f"{row.value.median:,.{self.measure.digits}f}"
        yield text(greatest + 8, y + 11, value, bold=row.kind == "asyncauth")
        if self._limit is not None and (against := row.limits.get(self._limit.name)):
            yield text(_WIDTH - _MARGIN, y + 11, f"{against.ratio.median:.2f}", anchor="end")

    def _whisker(self, row: Figure, middle: float, edge: float) -> str:
        """From the least to the greatest; without its end, if that is cut off."""
        least, greatest = self._at(row.value.min), self._at(row.value.max)
        cap = f"M{greatest:.1f} {middle - 3}v6" if greatest <= edge else ""
        reach = min(greatest, edge)
        return line(f"M{least:.1f} {middle}H{reach:.1f}M{least:.1f} {middle - 3}v6{cap}", "ink", 1.25)

    def _bar(self, row: Figure, y: float, end: float) -> Iterator[str]:
        spread = f"{row.value.median:,.2f} [{row.value.min:,.2f}..{row.value.max:,.2f}]"
        yield bar(_LEFT, y, end - _LEFT, _BAR, _colour(row), f"{row.name}: {spread} {self.measure.unit}")

    def _at(self, value: float) -> float:
        return _LEFT + value * self._scale


class _Stacked(_Chart):
    """A measure whose value has parts."""

    def __init__(self, rows: Sequence[Figure], title: str, top: float) -> None:
        super().__init__(rows, title, top)
        self.first += _LEGEND
        self.height += _LEGEND

    def drawn(self) -> Iterator[str]:
        yield from super().drawn()
        x = float(_LEFT)
        for number, name in enumerate(self.rows[0].more):
            yield bar(x, self.first - 24, 12, 12, f"phase{number}")
            yield text(x + 17, self.first - 14, name)
            x += 34 + width_of(name)

    def _bar(self, row: Figure, y: float, end: float) -> Iterator[str]:  # noqa: ARG002 - it is the sum
        x = float(_LEFT)
        for number, (name, value) in enumerate(row.more.items()):
            if width := self._at(value) - _LEFT:
                says = f"{row.name}: {name} {value:,.0f} {self.measure.unit}"
                yield bar(x, y, width, _BAR, f"phase{number}", says)
            x += width
