"""The figures for people: tables in the terminal's colours where rich is there, else in columns of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from ._measures import COLUMNS, Column

if TYPE_CHECKING:
    from ._figures import Against, Figure, Spread
    from ._rounds import Plan

__all__ = ["show"]

_COARSE = 10.0
"""Microseconds from which on the figure behind the point says nothing."""

_NOTES = {
    "": "Medians over the rounds, [least..greatest]; --json has the spread of each ratio.",
    "limits": (
        "x limit: to that loop just before and just after, which does both ends in one thread of this machine. Of the"
        " two for handshakes raw krb5 is the limit that goals are stated in; raw spnego does what Negotiate does. Those"
        " for sealed data only seal: gss_wrap by itself, and OpenSSL's AES-256-CBC and HMAC-SHA1 without anything else."
    ),
    "peers": (
        "x peer: to the same calls of that peer on the same loop, or what is nearest to them, in the same round."
    ),
    "cpu": (
        "In brackets the ratio by CPU time, user and system: what the busier process could reach if nothing else ran."
        " CPU us: microseconds of CPU time for one of what is counted; of a limit, for both ends."
    ),
    "difference": "In brackets, where less is better, the difference to the peer in the measure's unit.",
    "kept": (
        "echoes/s: of a connection that was established, while the handshakes wait, and just before that. ms before:"
        " what the loop was late by without handshakes."
    ),
    "model": (
        "model: what the CPU times of the arrangement with one server and one client come to with these processes and"
        " cores. x model: what was measured to that; by CPU: with this arrangement's own CPU times."
    ),
}
"""What the columns mean, by what has to be there."""


def show(figures: Sequence[Figure], plan: Plan, stream: TextIO) -> None:
    """A table for each measure, a second one for the peers, and what the columns mean."""
    for measure in dict.fromkeys(figure.measure for figure in figures):
        rows = [figure for figure in figures if figure.measure == measure]
        title = measure.title.format(connections=plan.connections, idle=plan.idle)
        _print(f"{title} [{measure.unit}]", _own(rows), stream)
        if any(row.peers for row in rows):
            _print(
                f"{measure}: asyncauth against peers ({measure.better} is better)", _compared(rows), stream
            )
    stream.write("\n" + "\n".join(text for what, text in _NOTES.items() if _occurs(what, figures)) + "\n")


def _occurs(what: str, figures: Sequence[Figure]) -> bool:
    """Whether there is anything to explain."""
    return {
        "limits": any(figure.limits for figure in figures),
        "peers": any(figure.peers for figure in figures),
        "cpu": any(figure.client_cpu for figure in figures),
        "difference": any(_less(figure) and figure.peers for figure in figures),
        "kept": any("kept" in figure.more for figure in figures),
        "model": any("model" in figure.more for figure in figures),
    }.get(what, True)


def _own(rows: Sequence[Figure]) -> Iterator[list[str]]:
    """The head and the rows of a measure, columns that nobody fills left out."""
    limits = list(dict.fromkeys(name for row in rows for name in row.limits))
    extra = {name: COLUMNS.get(name, Column(name)) for row in rows for name in row.more}
    head = ["", "median", "spread", *(f"x {name}" for name in limits), "server CPU us", "client CPU us"]
    table = [[*head, *(column.title for column in extra.values())]]
    table += [
        [
            row.name,
            *_spread(row.value, row.measure.digits),
            *(_ratio(row.limits.get(name)) for name in limits),
            *map(_microseconds, (row.server_cpu, row.client_cpu)),
            *_more(row.more, extra),
        ]
        for row in rows
    ]
    return _filled(table)


def _compared(rows: Sequence[Figure]) -> Iterator[list[str]]:
    """Ratios of whoever has any to peers."""
    peers = list(dict.fromkeys(name for row in rows for name in row.peers))
    yield ["", *(f"x {name}" for name in peers)]
    for row in rows:
        if row.peers:
            yield [row.name, *(_ratio(row.peers.get(name), _less(row)) for name in peers)]


def _less(figure: Figure) -> bool:
    return figure.measure.better == "less"


def _filled(table: Sequence[Sequence[str]]) -> Iterator[list[str]]:
    keep = [any(cells[1:]) or number == 0 for number, cells in enumerate(zip(*table, strict=True))]
    for line in table:
        yield [cell for cell, kept in zip(line, keep, strict=True) if kept]


def _ratio(against: Against | None, difference: bool = False) -> str:
    if against is None:
        return ""
    ratio = f"{against.ratio.median:.2f}"
    if difference and against.difference is not None:
        return f"{ratio} ({against.difference.median:+,.1f})"
    return f"{ratio} ({against.by_cpu.median:.2f})" if against.by_cpu else ratio


def _more(more: Mapping[str, float], columns: Mapping[str, Column]) -> Iterator[str]:
    for name, column in columns.items():
        yield "" if name not in more else f"{more[name]:,.{column.digits}f}"


def _microseconds(value: float | None) -> str:
    return "" if value is None else f"{value:,.{0 if value >= _COARSE else 1}f}"


def _spread(spread: Spread, digits: int) -> tuple[str, str]:
    median, least, greatest = (f"{value:,.{digits}f}" for value in (spread.median, spread.min, spread.max))
    return median, f"[{least}..{greatest}]"


def _print(title: str, rows: Iterator[list[str]], stream: TextIO) -> None:
    table = list(rows)
    if not (stream.isatty() and _printed_with_rich(title, table, stream)):
        stream.write(f"\n{title}\n" + "\n".join(_lines(table)) + "\n")


def _printed_with_rich(title: str, rows: Sequence[Sequence[str]], stream: TextIO) -> bool:
    """False if rich is not installed. What is printed is text, never rich's markup."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table(title=Text(title, "bold"), title_justify="left", box=box.SIMPLE_HEAD)
    for number, name in enumerate(rows[0]):
        table.add_column(
            Text(name), justify="right" if number else "left", no_wrap=not number, overflow="fold"
        )
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    Console(file=stream, highlight=False).print(table)
    return True


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((f"  {name:<{widths[0]}}", *right)).rstrip()
