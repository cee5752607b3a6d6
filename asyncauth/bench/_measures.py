"""What can be measured."""

from __future__ import annotations

from dataclasses import dataclass

from ._common import LARGE

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True)
class Measure:
    """One of them.

    :param scale: from what is counted per second to the unit
    :param better: whether ``more`` or ``less`` is
    :param digits: after the point
    """

    name: str
    unit: str
    title: str
    scale: float = 1.0
    better: str = "more"
    digits: int = 0

    def __str__(self) -> str:
        return self.name


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "handshake",
            "handshakes/s",
            "Handshakes: connect, authenticate both ways, close; {connections} at a time; CPU a handshake",
        ),
        Measure(
            "throughput", "MB/s", "Sealed data: messages of 64 KiB on one connection; CPU a message",
            LARGE / 1e6, digits=1,
        ),
        Measure("echo", "round trips/s", "Messages of 256 B there and back, one at a time; CPU a round trip"),
        Measure("stream", "writes/s", "Writes of 256 B one after another, without waiting; CPU a write"),
        Measure(
            "idle", "KiB", "Memory of the server for each of {idle} idle connections", better="less", digits=1
        ),
        Measure(
            "loop", "ms", "Worst delay of a client's loop while {connections} handshakes wait for a silent KDC",
            better="less", digits=2,
        ),
        Measure(
            "phases", "us", "Where the time of one handshake goes: microseconds, as asyncauth.instrument sees it",
            better="less",
        ),
        Measure("discovery", "services/s", "Locating a service in the directory; CPU of this process"),
    )
}  # fmt: skip
