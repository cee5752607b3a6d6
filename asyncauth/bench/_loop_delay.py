"""How long the event loop of a client stands still while handshakes wait for a KDC that does not answer.

A task sleeps for a millisecond, again and again, and notes how much later than that it was woken. Once before: that
is what this machine does by itself. Then during 32 handshakes, each with a mechanism that has kept nothing and a
cache with a ticket-granting ticket only, so that each has to ask the KDC, which is silent. Meanwhile a connection that
was established before sends messages there and back: it must not notice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio

from ._common import SMALL, BenchmarkError, Family, Tally
from ._families import family, wire

if TYPE_CHECKING:
    from ._settings import Settings

__all__ = ["loop_delay"]

_TICK = 0.001
_BEGIN = 0.1
"""Seconds until all of them have begun to wait."""


async def loop_delay(settings: Settings, established: Family, order: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds, worst, before (``quiet``) and during (``worst``), and round trips per second.

    :param established: whose connection works on meanwhile
    :param order: ``seconds``, ``connections``, and ``cache``, in which there is no ticket for the service
    :raises BenchmarkError: the handshakes did not wait
    """
    seconds, waiting = order["seconds"], _Waiting(settings.with_tickets(order["cache"]))
    quiet, before = await _watched(established, seconds)
    async with anyio.create_task_group() as group:
        for _ in range(order["connections"]):
            group.start_soon(waiting.handshake)
        await anyio.sleep(_BEGIN)
        worst, during = await _watched(established, seconds)
        if waiting.count != order["connections"]:
            raise BenchmarkError(f"{waiting.count} of {order['connections']} handshakes wait for the KDC")
        group.cancel_scope.cancel()
    return {"worst": worst, "quiet": quiet, "echo": during, "quiet_echo": before}


class _Waiting:
    """Handshakes that do not come to an end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.count = 0

    async def handshake(self) -> None:
        made = family(self._settings.family, wire(self._settings, Tally(), server=False))
        self.count += 1
        await made.handshake()
        self.count -= 1


async def _watched(established: Family, seconds: float) -> tuple[float, float]:
    """The worst delay in milliseconds, and round trips per second, over so many seconds."""
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
    return max(delays) * 1e3, done.count / done.seconds
