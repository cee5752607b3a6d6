"""``open_connection`` and ``start_server`` of asyncauth.asyncio: StreamReader and StreamWriter at each end."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from asyncauth import AsyncAuthError, ConnectionInfo, Target
from asyncauth.asyncio import open_connection, start_server
from asyncauth.mechanisms import Negotiate

from ._common import HOST, MESSAGE, Ready, Tally, Transfer, check, confirmed

__all__ = ["StreamsLayer"]


class StreamsLayer:
    """Streams to streams."""

    async def handshake(self, target: Target, mechanism: Negotiate) -> ConnectionInfo:
        _, writer = await open_connection(target, mechanism)
        await _close(writer)
        return _info(writer)

    async def transfer(self, target: Target, mechanism: Negotiate, seconds: float) -> Transfer:
        reader, writer = await open_connection(target, mechanism)
        check(_info(writer))
        size, start = 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            writer.write(MESSAGE)
            size += len(MESSAGE)
            await writer.drain()
        writer.write_eof()
        done = confirmed(await reader.read(), size, start)
        await _close(writer)
        return done

    async def serve(self, mechanism: Negotiate, tally: Tally, ready: Ready) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tally.established(_info(writer))
            with suppress(ConnectionError, AsyncAuthError):  # a client that fails says so itself
                await _take(reader, writer)

        server = await start_server(handle, HOST, 0, mechanism=mechanism, on_refused=tally.refused)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await server.serve_forever()


async def _take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    size = 0
    while data := await reader.read(len(MESSAGE)):
        size += len(data)
    if size:
        writer.write(size.to_bytes(8, "big"))
    await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


def _info(writer: asyncio.StreamWriter) -> ConnectionInfo:
    info: ConnectionInfo = writer.get_extra_info("connection_info")
    return info
