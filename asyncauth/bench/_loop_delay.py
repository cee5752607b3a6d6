"""How long the event loop of a client stands still while handshakes wait for a KDC, silent or slow.

A task sleeps for a millisecond, again and again, and notes how much later than that it was woken. Once before: that
is what this machine does by itself. Then during handshakes, 32 at a time, each with a mechanism that has kept nothing
and a cache with a ticket-granting ticket only, so that each has to ask the KDC. Meanwhile a connection that was
established before sends messages there and back: it must not notice.

What was there before is exempt from garbage collection, as a server that cares for its loop does after it has started
(``gc.freeze``): otherwise Python looks through all that was imported now and then, which takes 15 ms.

With a KDC that never answers all of them wait all the time. With one that answers after two seconds the time is long
enough for the answers to come, all at once, and for new handshakes to begin to wait.
"""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import anyio

from ._common import SMALL, BenchmarkError, Family, Tally
from ._families import family, wire
from ._measures import MEASURES
from ._start import pair

if TYPE_CHECKING:
    from ._entrants import Entrant
    from ._measures import Measure
    from ._pair import Measured
    from ._place import Place
    from ._settings import Settings
    from ._slow_kdc import SlowKdc

__all__ = ["KDCS", "LoopDelay", "loop_delay"]

KDCS: dict[str, float | None] = {"a silent KDC": None, "a KDC that takes 2 s": 2.0}
"""Seconds until it answers; None for never."""
_TICK = 0.001
_BEGIN = 0.1
"""Seconds until all of them have begun to wait, and of an echo that is thrown away."""
_AFTER = 0.5
"""Seconds, at least, that a slow KDC's answers have to arrive."""


class LoopDelay:
    """A pair of processes that know no other KDC than such a one; see :class:`Contestant`. They are started for each
    measurement, because threads that were left waiting for a silent KDC go on waiting, and new ones have to wait for
    them.

    :param delay: one of :data:`KDCS`
    """

    def __init__(self, entrant: Entrant, kdc: SlowKdc, place: Place, delay: float | None) -> None:
        self._entrant = entrant
        self._kdc = kdc
        self._place = place
        self._delay = delay

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:  # noqa: ARG002 - it is one
        """Worst delay in milliseconds; see :class:`Contestant`."""
        cache = self._place.realm.ticket("alice")
        with pair(self._entrant, self._place, self._kdc.environment) as started:
            started.measure(MEASURES["echo"], _BEGIN, 1)  # has the established connection's ticket before
            before = self._kdc.asked
            with self._kdc.answering(self._delay):
                measured = started.loop(seconds, connections, cache, self._delay)
                asked = self._kdc.asked - before
        if asked < connections:
            raise BenchmarkError(f"{connections} handshakes were to ask the KDC, and {asked} have")
        return measured

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is held between measurements."""


class Watched(NamedTuple):
    """What was seen of the loop."""

    worst: float
    """Milliseconds."""
    echo: float
    """Round trips per second of the established connection."""


def loop_delay(settings: Settings, established: Family, order: dict[str, Any]) -> dict[str, Any]:
    """In the client: ``worst`` delay and ``echo``, and both before, with the number of handshakes ``given_up``.

    :param established: whose connection works on meanwhile
    :param order: ``seconds``, ``connections``, ``delay`` of the KDC, and ``cache`` without a ticket for the service
    :raises BenchmarkError: the handshakes did not wait, or were not answered
    """
    with tempfile.TemporaryDirectory(prefix="asyncauth-bench-") as folder:
        waiting = _Waiting(_handshakes(settings, order, Path(folder)))
        return anyio.run(_loop_delay, waiting, established, order, **settings.runner)


async def _loop_delay(waiting: _Waiting, established: Family, order: dict[str, Any]) -> dict[str, Any]:
    delay, connections = order["delay"], order["connections"]
    gc.collect()
    gc.freeze()
    before = await _watched(established, order["seconds"])
    async with anyio.create_task_group() as group:
        for _ in range(connections):
            group.start_soon(waiting.work)
        await anyio.sleep(_BEGIN)
        during = await _watched(established, _seconds(order))
        waiting.check(connections, delay)
        group.cancel_scope.cancel()
    return {
        "worst": during.worst,
        "quiet": before.worst,
        "echo": during.echo,
        "quiet_echo": before.echo,
        "kept": during.echo / before.echo,
        "given_up": waiting.count,
    }


class _Waiting:
    """Handshakes that wait for the KDC."""

    def __init__(self, handshakes: Iterator[Family]) -> None:
        self._handshakes = handshakes
        self.count = 0
        """Of those that wait."""
        self.done = 0

    async def work(self) -> None:
        """One handshake after the other, until there are no more."""
        for fresh in self._handshakes:
            self.count += 1
            await fresh.handshake()
            self.count -= 1
            self.done += 1

    def check(self, connections: int, delay: float | None) -> None:
        """Whether it was as it was to be.

        :raises BenchmarkError: not so many waited, or were done
        """
        if delay is None and self.count != connections:
            raise BenchmarkError(f"{self.count} of {connections} handshakes wait for the KDC")
        if delay is not None and self.done < connections:
            raise BenchmarkError(f"{self.done} handshakes were done, and {connections} were begun in time")


def _seconds(order: dict[str, Any]) -> float:
    """Of the measurement, with the handshakes."""
    seconds: float = order["seconds"]
    return seconds if order["delay"] is None else order["delay"] + max(seconds, _AFTER)


def _handshakes(settings: Settings, order: dict[str, Any], folder: Path) -> Iterator[Family]:
    """As many as can begin, each with a mechanism and a copy of the cache that nothing has used."""
    delay = order["delay"]
    times = 1 if delay is None else ceil((_BEGIN + _seconds(order)) / delay) + 1
    original = Path(order["cache"].removeprefix("FILE:"))
    paths = [folder / f"{number}.ccache" for number in range(times * order["connections"])]
    for path in paths:
        shutil.copyfile(original, path)
    each = [settings.with_tickets(f"FILE:{path}") for path in paths]
    return iter([family(one.family, wire(one, Tally(), server=False)) for one in each])


async def _watched(established: Family, seconds: float) -> Watched:
    delays = [0.0]

    async def tick() -> None:
        while True:
            due = time.perf_counter() + _TICK
            await anyio.sleep(_TICK)
            delays.append(time.perf_counter() - due)

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        done = await established.echo(SMALL, seconds)
        group.cancel_scope.cancel()
    return Watched(max(delays) * 1e3, done.count / done.seconds)
