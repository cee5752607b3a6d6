"""How it is told: a line on stderr for each measurement, and at the end a table or JSON on stdout."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from asyncauth import __version__

from ._figures import UNITS, Figure, Spread, figures
from ._realm import Place
from ._rounds import MEASURES, Plan, Sample

__all__ = ["Report", "tell"]

_PACKAGES = ("anyio", "gssapi", "trio", "uvloop")
_TITLES = {
    "handshake": "Handshakes per second: connect, authenticate, close; {connections} at a time; us of CPU a handshake",
    "throughput": "Sealed MB/s: messages of 64 KiB one way on one connection; us of CPU a message",
}

_NOTES = (
    "Medians over the rounds, [least..greatest]. Ratios are to the raw loops just before and after, which do",
    "both sides in one thread; by CPU: what the busier process could reach if nothing else ran on this machine.",
)


def tell(line: str) -> None:
    """A line for whoever is waiting."""
    print(f"  {line}", file=sys.stderr, flush=True)


class Report:
    """Takes the samples as they come.

    :param as_json: one JSON object per line on stdout, and nothing else there
    """

    def __init__(self, plan: Plan, place: Place, *, as_json: bool) -> None:
        self._plan = plan
        self._as_json = as_json
        self._samples: list[Sample] = []
        self._setting = {
            "realm": place.kind,
            "rounds": plan.rounds,
            "seconds": plan.seconds,
            "connections": plan.connections,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "asyncauth": __version__,
            **{package: _version(package) for package in _PACKAGES},
        }
        self._object("setting", **self._setting)

    def add(self, sample: Sample) -> None:
        """Show a sample, and keep it for the end."""
        self._samples.append(sample)
        measured, ratios = sample.measured, sample.ratios
        shares = ", ".join(f"{ratio:.2f} of {mechanism}" for mechanism, ratio in ratios.items())
        tell(
            f"round {sample.round}/{self._plan.rounds}  {sample.layer:<17}"
            f"{measured.value:8,.0f} {UNITS[sample.measure]}  ({shares})"
        )
        self._object(
            "sample",
            round=sample.round,
            measure=sample.measure,
            layer=sample.layer,
            unit=UNITS[sample.measure],
            value=measured.value,
            limits={mechanism: limit.value for mechanism, limit in sample.limits.items()},
            ratios=ratios,
            cpu_ratios=sample.cpu_ratios,
            limit_cpu_us={mechanism: limit.cpu for mechanism, limit in sample.limits.items()},
            server_cpu_us=measured.server_cpu,
            client_cpu_us=measured.client_cpu,
        )

    def end(self) -> None:
        """Show what it all comes to."""
        rows = figures(self._samples)
        for row in rows:
            self._object("result", **_fields(row))
        if not self._as_json:
            print("\n".join(self._table(rows)))

    def _object(self, event: str, **fields: object) -> None:
        if self._as_json:
            print(json.dumps({"event": event, **fields}), flush=True)

    def _table(self, rows: Sequence[Figure]) -> Iterator[str]:
        yield ", ".join(f"{name} {value}" for name, value in self._setting.items() if value is not None)
        for measure in MEASURES:
            if found := [row for row in rows if row.measure == measure]:
                yield ""
                yield _TITLES[measure].format(connections=self._plan.connections)
                yield from _lines([_HEAD, *map(_cells, found)])
        yield ""
        yield from _NOTES


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


_HEAD = ("", "median", "", "x spnego", "", "by CPU", "x krb5", "", "by CPU", "server us", "client us")


def _cells(row: Figure) -> tuple[str, ...]:
    value = _spread(row.value, 0 if row.measure == "handshake" else 1)
    ratios = [
        cell
        for mechanism, ratio in row.ratios.items()
        for cell in (*_spread(ratio, 2), f"{row.cpu_ratios[mechanism].median:.2f}")
    ]
    cpu = [f"{microseconds:,.0f}" for microseconds in (row.server_cpu, row.client_cpu)]
    return (row.name, *value, *(ratios or [""] * 6), *(cpu if ratios else ("", cpu[0])))


def _spread(spread: Spread, digits: int) -> tuple[str, str]:
    median, least, greatest = (f"{value:,.{digits}f}" for value in (spread.median, spread.min, spread.max))
    return median, f"[{least}..{greatest}]"


def _lines(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield "  ".join((f"  {name:<{widths[0]}}", *right)).rstrip()


def _fields(row: Figure) -> dict[str, object]:
    return {
        "measure": row.measure,
        "name": row.name,
        "unit": UNITS[row.measure],
        **asdict(row.value),
        "ratios": {mechanism: asdict(ratio) for mechanism, ratio in row.ratios.items()},
        "cpu_ratios": {mechanism: asdict(ratio) for mechanism, ratio in row.cpu_ratios.items()},
        "server_cpu_us": row.server_cpu,
        "client_cpu_us": row.client_cpu,
    }
