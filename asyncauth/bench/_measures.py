"""What can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ._common import LARGE

__all__ = ["COLUMNS", "MEASURES", "Column", "Measure"]


@dataclass(frozen=True)
class Measure:
    """One of them.

    :param scale: from what is counted per second to the unit
    :param better: whether ``more`` or ``less`` is
    :param digits: after the point
    :param warms_up: by doing it for a while before it counts
    """

    name: str
    unit: str
    title: str
    scale: float = 1.0
    better: str = "more"
    digits: int = 0
    warms_up: bool = True

    def __str__(self) -> str:
        return self.name


class Column(NamedTuple):
    """How something else that was seen is shown."""

    title: str
    digits: int = 0
    """After the point."""


COLUMNS = {
    "quiet": Column("ms before", 2),
    "echo": Column("echoes/s"),
    "quiet_echo": Column("before"),
    "kept": Column("x before", 2),
    "x model": Column("x model", 2),
    "x model (by CPU)": Column("by CPU", 2),
}
"""By the name that JSON has for it; the others by that name, without digits after the point."""

MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "handshake",
            "handshakes/s",
            "Handshakes: connect, authenticate both ways, hang up; {connections} at a time",
        ),
        Measure(
            "visit",
            "visits/s",
            "Visits: a handshake, and each end marks under protection that it is done; {connections} at a time",
        ),
        Measure(
            "throughput", "MB/s", "Sealed data: messages of 64 KiB on one connection, one way",
            LARGE / 1e6, digits=1,
        ),
        Measure("echo", "round trips/s", "Messages of 256 B there and back, one at a time"),
        Measure("stream", "writes/s", "Writes of 256 B one after another, without waiting"),
        Measure(
            "idle", "KiB", "Memory of the server for each of {idle} idle connections", better="less", digits=1,
            warms_up=False,
        ),
        Measure(
            "loop", "ms", "Worst delay of a client's loop while {connections} handshakes wait for the KDC",
            better="less", digits=2, warms_up=False,
        ),
        Measure(
            "phases", "us", "Where the time of one handshake goes, as asyncauth.instrument sees it",
            better="less",
        ),
        Measure("discovery", "services/s", "Locating a service in the directory, one after another"),
    )
}  # fmt: skip
