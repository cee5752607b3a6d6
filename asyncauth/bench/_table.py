"""The figures for people: tables in the terminal's colours where rich is there, else in columns of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from ._figures import Against, Figure, Spread
    from ._rounds import Plan

__all__ = ["show"]

_COARSE = 10.0
"""Microseconds from which on the figure behind the point says nothing."""

NOTES = (
    "\nMedians over the rounds, [least..greatest]. A ratio to a limit is to that loop just before and just after, which"
    " does both ends in one thread of this machine; to a peer, to the same calls of that peer on the same loop in the"
    " same round. In brackets the ratio by CPU time, user and system: what the busier process could reach if nothing"
    " else ran. us: microseconds of CPU time. --json has the spread of each ratio.\n"
)


def show(figures: Sequence[Figure], plan: Plan, stream: TextIO) -> None:
    """A table for each measure."""
    for measure in dict.fromkeys(figure.measure for figure in figures):
        rows = [figure for figure in figures if figure.measure == measure]
        title = measure.title.format(connections=plan.connections, idle=plan.idle)
        head, *body = _cells(rows)
        _print(f"{title} [{measure.unit}]", head, body, stream)
    stream.write(NOTES)


def _cells(rows: Sequence[Figure]) -> Iterator[list[str]]:
    """The head and the rows; columns that nobody fills are left out."""
    limits = list(dict.fromkeys(name for row in rows for name in row.limits))
    peers = list(dict.fromkeys(name for row in rows for name in row.peers))
    extra = list(dict.fromkeys(name for row in rows for name in row.more))
    head = ["", "median", "spread", *(f"x {name}" for name in (*limits, *peers))]
    table = [[*head, "server us", "client us", *extra]]
    for row in rows:
        value = _spread(row.value, row.measure.digits)
        against = [_ratio(row.limits.get(name)) for name in limits]
        against += [_ratio(row.peers.get(name)) for name in peers]
        cpu = [
            _number(each, 0 if each and each >= _COARSE else 1) for each in (row.server_cpu, row.client_cpu)
        ]
        table.append(
            [
                row.name,
                *value,
                *against,
                *cpu,
                *(_number(row.more.get(name), 2 if name.startswith("x ") else 1) for name in extra),
            ]
        )
    filled = [any(cells[1:]) or number == 0 for number, cells in enumerate(zip(*table, strict=True))]
    for line in table:
        yield [cell for cell, keep in zip(line, filled, strict=True) if keep]


def _ratio(against: Against | None) -> str:
    if against is None:
        return ""
    by_cpu = f" ({against.by_cpu.median:.2f})" if against.by_cpu else ""
    return f"{against.ratio.median:.2f}{by_cpu}"


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _spread(spread: Spread, digits: int) -> tuple[str, str]:
    median, least, greatest = (f"{value:,.{digits}f}" for value in (spread.median, spread.min, spread.max))
    return median, f"[{least}..{greatest}]"


def _print(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO) -> None:
    if not (stream.isatty() and _printed_with_rich(title, head, rows, stream)):
        stream.write(f"\n{title}\n" + "\n".join(_lines([head, *rows])) + "\n")


def _printed_with_rich(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], stream: TextIO
) -> bool:
    """False if rich is not installed. What is printed is text, never rich's markup."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(title=Text(title, "bold"), title_justify="left", box=box.SIMPLE_HEAD)
    for number, name in enumerate(head):
        table.add_column(
            Text(name), justify="right" if number else "left", no_wrap=not number, overflow="fold"
        )
    for row in rows:
        table.add_row(*map(Text, row))
    Console(file=stream, highlight=False).print(table)
    return True


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((f"  {name:<{widths[0]}}", *right)).rstrip()
