"""anyio's TCP and ours, behind one face."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import anyio
from anyio.abc import ByteStream, Listener, SocketAttribute

from asyncauth._anyio._sockets import dial, listen

__all__ = ["CASES", "HOST", "KINDS", "Sockets", "pair"]

HOST = "127.0.0.1"


class Sockets(NamedTuple):
    dial: Callable[[str, int], Awaitable[ByteStream]]
    listen: Callable[[], Awaitable[Listener[Any]]]


KINDS = {
    "anyio": Sockets(anyio.connect_tcp, lambda: anyio.create_tcp_listener(local_host=HOST)),
    "ours": Sockets(dial, lambda: listen(HOST, 0)),
}


CASES = ["asyncio-anyio", "asyncio-ours", "uvloop-ours", "trio-anyio", "trio-ours"]
"""anyio's own on uvloop are left out: a receive that is cancelled at once makes the next one wait for ever there."""


@asynccontextmanager
async def pair(sockets: Sockets) -> AsyncIterator[tuple[ByteStream, ByteStream]]:
    """Both ends of a connection."""
    sender, receiver = anyio.create_memory_object_stream[ByteStream]()
    async with await sockets.listen() as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, sender.send)
        port = listener.extra(SocketAttribute.local_port)
        async with await sockets.dial(HOST, port) as here, await receiver.receive() as there:
            yield here, there
        group.cancel_scope.cancel()
    sender.close()
    receiver.close()
