"""``create_connection`` and ``create_server`` of asyncauth.asyncio: an asyncio.Protocol at each end."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from asyncauth import ConnectionInfo, Target
from asyncauth.asyncio import create_connection, create_server
from asyncauth.mechanisms import Negotiate

from ._common import HOST, MESSAGE, Ready, Tally, Transfer, check, confirmed

__all__ = ["ProtocolLayer"]


class ProtocolLayer:
    """Protocol to protocol."""

    async def handshake(self, target: Target, mechanism: Negotiate) -> ConnectionInfo:
        transport, client = await create_connection(_Client, target, mechanism)
        transport.close()
        await client.lost
        return transport.connection_info

    async def transfer(self, target: Target, mechanism: Negotiate, seconds: float) -> Transfer:
        transport, client = await create_connection(_Client, target, mechanism)
        check(transport.connection_info)
        size, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            transport.write(MESSAGE)
            size += len(MESSAGE)
            await client.writable.wait()
        transport.write_eof()
        await client.lost
        return confirmed(bytes(client.received), size, start)

    async def serve(self, mechanism: Negotiate, tally: Tally, ready: Ready) -> None:
        server = await create_server(
            lambda: _Server(tally), HOST, 0, mechanism=mechanism, on_refused=tally.refused
        )
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await server.serve_forever()


class _Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = bytearray()
        self.writable = asyncio.Event()
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self.received += data

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.writable.set()
        if exc is None:
            self.lost.set_result(None)
        else:
            self.lost.set_exception(exc)


class _Server(asyncio.Protocol):
    """Counts, and closes after the peer's end."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._tally.established(transport.get_extra_info("connection_info"))

    def data_received(self, data: bytes) -> None:
        self._size += len(data)

    def eof_received(self) -> None:
        if self._size:
            self._transport.write(self._size.to_bytes(8, "big"))
