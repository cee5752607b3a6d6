"""A contestant's client: a process that does what the lines on its stdin say, until it ends.

``python -m asyncauth.bench._client``. The first line is its settings. Orders and answers are lines of JSON; each order
has a loop of its own, and the mechanism, with what it keeps between connections, is the same for all.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.to_thread

from ._common import LARGE, SMALL, Done, Tally
from ._families import family, wire
from ._loop_delay import loop_delay
from ._settings import Settings


class Client:
    """Does the orders."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._family = family(settings.family, wire(settings, Tally(), server=False))
        self._work: dict[str, Callable[[dict[str, Any]], Awaitable[Done]]] = {
            "handshake": self._handshakes,
            "visit": self._handshakes,
            "throughput": self._transfer,
            "echo": lambda order: self._family.echo(SMALL, order["seconds"]),
            "stream": lambda order: self._family.send(SMALL, order["seconds"]),
            "idle": self._hold,
        }

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """What was done and how long it took: ``count``, ``seconds``, ``cpu`` seconds; for ``loop`` see there."""
        cpu = time.process_time()
        runner = self._settings.runner
        if order["measure"] == "loop":
            return loop_delay(self._settings, self._family, order)
        done = anyio.run(self._work[order["measure"]], order, **runner)
        return {"count": done.count, "seconds": done.seconds, "cpu": time.process_time() - cpu}

    async def _handshakes(self, order: dict[str, Any]) -> Done:
        start = time.perf_counter()
        until = start + order["seconds"]
        counts = [0] * order["connections"]
        polite = order["measure"] == "visit" or order.get("returned")  # as with a service that is not ours
        once = self._family.visit if polite else self._family.handshake

        async def work(number: int) -> None:
            while not counts[number] or time.perf_counter() < until:
                await once()
                counts[number] += 1

        async with anyio.create_task_group() as group:
            for number in range(order["connections"]):
                group.start_soon(work, number)
        return Done(sum(counts), time.perf_counter() - start)

    async def _transfer(self, order: dict[str, Any]) -> Done:
        """One way; there and back with a service that is not ours."""
        if order.get("returned"):
            return await self._family.send_and_receive(LARGE, order["seconds"])
        return await self._family.send(LARGE, order["seconds"])

    async def _hold(self, order: dict[str, Any]) -> Done:
        """Open connections, say so, and close them when told to."""
        start, held = time.perf_counter(), []
        limit = anyio.CapacityLimiter(32)

        async def connect() -> None:
            async with limit:
                held.append(await self._family.hold())

        async with anyio.create_task_group() as group:
            for _ in range(order["connections"]):
                group.start_soon(connect)
        done = Done(len(held), time.perf_counter() - start)
        _say({"held": len(held)})
        await anyio.to_thread.run_sync(sys.stdin.readline)
        for connection in held:
            await connection.aclose()
        return done


def main() -> None:
    """Read orders and print answers."""
    settings = Settings.parse(sys.stdin.readline())
    settings.settle()
    client = Client(settings)
    while line := sys.stdin.readline():
        try:
            answer = client.obey(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whoever ordered it says what became of it
            answer = {"error": _reason(error), "fix": getattr(error, "fix", None)}
        _say(answer)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - that is how it answers


def _reason(error: BaseException) -> str:
    """The text of the first error in a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    return f"{type(error).__name__}: {error}".removesuffix(": ")


if __name__ == "__main__":
    main()
