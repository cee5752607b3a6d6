"""StreamReader and StreamWriter at each end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._errors import AsyncAuthError
from ._common import ECHO, LARGE, BenchmarkError, Counted, confirmed, is_last, last_of

if TYPE_CHECKING:
    from ._common import Closing, Done, Ready
    from ._wires import Wire

__all__ = ["StreamsFamily"]


class StreamsFamily:
    """See :class:`Family`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handshake(self) -> None:
        writer = (await self._open()).writer
        writer.transport.abort()
        await writer.wait_closed()

    async def visit(self) -> None:
        await (await self._open()).aclose()

    async def send(self, size: int, seconds: float) -> Done:
        end, message = await self._open(), bytes(size)
        sent = Counted(size, seconds)
        while sent.going_on:
            end.writer.write(message)
            sent.count += 1
            await end.writer.drain()
        end.writer.write(last_of(message))
        sent.count += 1
        answer = b""
        while not confirmed(answer, sent.bytes):
            answer += await end.read()
        done = sent.done()
        await end.aclose()
        return done

    async def send_and_receive(self, size: int, seconds: float) -> Done:
        end, message = await self._open(), bytes([ECHO]) * size
        sent, received = Counted(size, seconds), 0

        async def write() -> None:
            while sent.going_on:
                end.writer.write(message)
                sent.count += 1
                await end.writer.drain()

        writing = asyncio.create_task(write())
        while not writing.done() or received < sent.bytes:
            received += len(await end.read())
        await writing
        done = sent.done()
        await end.aclose()
        return done

    async def echo(self, size: int, seconds: float) -> Done:
        end, message = await self._open(), bytes([ECHO]) * size
        sent = Counted(size, seconds)
        while sent.going_on:
            end.writer.write(message)
            received = 0
            while received < size:
                received += len(await end.read())
            sent.count += 1
        done = sent.done()
        await end.aclose()
        return done

    async def hold(self) -> Closing:
        return await self._open()

    async def serve(self, ready: Ready, port: int) -> None:
        server = await self._wire.start_server(self._handle, port)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    async def _open(self) -> _End:
        end = _End(*await self._wire.open_connection())
        if self._wire.greets:
            await end.reader.readexactly(1)
        self._wire.verify(end.writer)
        return end

    async def _handle(self, reader: Any, writer: Any) -> None:
        with suppress(ConnectionError, AsyncAuthError):  # a client that fails says so itself
            self._wire.verify(writer)
            if self._wire.greets:
                writer.write(b"\0")
            await _take(reader, writer)
            if self._wire.tally.hangs_up:
                writer.transport.abort()
            writer.close()
            await writer.wait_closed()


class _End:
    """A client's."""

    def __init__(self, reader: Any, writer: Any) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> bytes:
        data: bytes = await self.reader.read(LARGE)
        if not data:
            raise BenchmarkError("the server has closed the connection")
        return data

    async def aclose(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def _take(reader: Any, writer: Any) -> None:
    data = await reader.read(LARGE)
    size, echoes = 0, data[:1] == bytes([ECHO])
    while data:
        if echoes:
            writer.write(data)
            await writer.drain()
        else:
            size += len(data)
            if is_last(data):
                writer.write(size.to_bytes(8, "big"))
        data = await reader.read(LARGE)
