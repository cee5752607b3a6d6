"""A layer's client: a process that does what the lines on its stdin say, until it ends.

``python -m benchmarks._client LAYER PORT CACHE``. Orders and answers are lines of JSON. Each order has a loop of its
own; the mechanism, with what it keeps between connections, is the same for all.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import anyio

from asyncauth import Target
from asyncauth.mechanisms import CredentialCache, Negotiate

from ._common import HOST, SPN, check
from ._layers import LAYERS


class Client:
    """Does the orders.

    :param cache: the credential cache with the user's ticket, with its type
    """

    def __init__(self, layer: str, port: int, cache: str) -> None:
        self._layer = LAYERS[layer]
        self._calls = self._layer.calls()
        self._target = Target(HOST, port, SPN)
        self._mechanism = Negotiate(CredentialCache(cache))

    def obey(self, measure: str, seconds: float, connections: int) -> dict[str, float]:
        """What was done and how long it took: ``count`` (handshakes or bytes), ``seconds``, ``cpu`` seconds."""
        work = self._handshakes if measure == "handshake" else self._transfer
        cpu = time.process_time()
        count, elapsed = anyio.run(work, seconds, connections, **self._layer.runner)
        return {"count": count, "seconds": elapsed, "cpu": time.process_time() - cpu}

    async def _handshakes(self, seconds: float, connections: int) -> tuple[int, float]:
        start = time.perf_counter()
        counts = [0] * connections

        async def work(number: int) -> None:
            while time.perf_counter() < start + seconds:
                check(await self._calls.handshake(self._target, self._mechanism))
                counts[number] += 1

        async with anyio.create_task_group() as group:
            for number in range(connections):
                group.start_soon(work, number)
        return sum(counts), time.perf_counter() - start

    async def _transfer(self, seconds: float, _connections: int) -> tuple[int, float]:
        return await self._calls.transfer(self._target, self._mechanism, seconds)


def main(layer: str, port: str, cache: str) -> None:
    """Read orders and print answers."""
    client = Client(layer, int(port), cache)
    for line in sys.stdin:
        print(json.dumps(_answer(client, json.loads(line))), flush=True)


def _answer(client: Client, order: dict[str, Any]) -> dict[str, Any]:
    try:
        return client.obey(**order)
    except Exception as error:  # noqa: BLE001 - whoever ordered it says what became of it
        return {"error": _reason(error)}


def _reason(error: BaseException) -> str:
    """The text of the first error in a group of them."""
    if isinstance(error, BaseExceptionGroup):
        return _reason(error.exceptions[0])
    return f"{type(error).__name__}: {error}".removesuffix(": ")


if __name__ == "__main__":
    main(*sys.argv[1:])
