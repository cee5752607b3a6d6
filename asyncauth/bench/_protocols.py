"""An asyncio.Protocol at each end, with nothing in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from ._common import ECHO, BenchmarkError, Counted, confirmed, is_last, last_of

if TYPE_CHECKING:
    from ._common import Closing, Done, Ready
    from ._wires import Wire

__all__ = ["ProtocolFamily"]

C = TypeVar("C", bound="_Client")


class ProtocolFamily:
    """See :class:`Family`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handshake(self) -> None:
        client = await self._open(_Client)
        client.transport.abort()
        await client.lost

    async def visit(self) -> None:
        await (await self._open(_Client)).aclose()

    async def send(self, size: int, seconds: float) -> Done:
        client, message = await self._open(_Collector), bytes(size)
        sent = Counted(size, seconds)
        await client.pour(message, sent)
        client.transport.write(last_of(message))
        sent.count += 1
        await client.until(lambda: confirmed(bytes(client.received), sent.bytes))
        return await client.ended(sent)

    async def send_and_receive(self, size: int, seconds: float) -> Done:
        client = await self._open(_Client)
        sent = Counted(size, seconds)
        await client.pour(bytes([ECHO]) * size, sent)
        await client.until(lambda: client.size >= sent.bytes)
        return await client.ended(sent)

    async def echo(self, size: int, seconds: float) -> Done:
        client = await self._open(_Echo)
        sent = Counted(size, seconds)
        client.begin(bytes([ECHO]) * size, sent)
        await client.until(lambda: client.over)
        return await client.ended(sent)

    async def hold(self) -> Closing:
        return await self._open(_Client)

    async def serve(self, ready: Ready, port: int) -> None:
        server = await self._wire.create_server(lambda: _Server(self._wire), port)
        async with server:
            ready(server.sockets[0].getsockname()[1])
            await server.serve_forever()

    async def _open(self, made: Callable[[], C]) -> C:
        transport, client = await self._wire.create_connection(made)
        if self._wire.greets:
            await client.greeted()
        self._wire.verify(transport)
        return client


class _Client(asyncio.Protocol):
    """Counts the bytes that come."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.size = 0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def greeted(self) -> None:
        """The greeting has come, and does not count."""
        await self.until(lambda: self.size)
        self.size = 0

    async def pour(self, message: bytes, sent: Counted) -> None:
        """Write it again and again."""
        while sent.going_on:
            self.transport.write(message)
            sent.count += 1
            if not self._writable.is_set():
                await self._writable.wait()

    async def until(self, reached: Callable[[], object]) -> None:
        """Wait until something that comes has made it true."""
        while not reached():
            if self.lost.done():
                raise BenchmarkError("the server has closed the connection") from self.lost.exception()
            self._changed.clear()
            await self._changed.wait()

    async def ended(self, sent: Counted) -> Done:
        done = sent.done()
        await self.aclose()
        return done

    async def aclose(self) -> None:
        self.transport.close()
        await self.lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        self._changed.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._writable.set()
        self._changed.set()
        if exc is None:
            self.lost.set_result(None)
        else:
            self.lost.set_exception(exc)


class _Collector(_Client):
    """Keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()

    async def greeted(self) -> None:
        await super().greeted()
        self.received.clear()

    def data_received(self, data: bytes) -> None:
        self.received += data
        super().data_received(data)


class _Echo(_Client):
    """Writes the next message when the last one has come back, without waking any task."""

    _sent: Counted | None = None
    over = False

    def begin(self, message: bytes, sent: Counted) -> None:
        self._message = message
        self._sent = sent
        self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        if self._sent is None:
            super().data_received(data)
            return
        self.size += len(data)
        if self.size < len(self._message):
            return
        self.size = 0
        self._sent.count += 1
        if self._sent.going_on:
            self.transport.write(self._message)
        else:
            self.over = True
            self._changed.set()


class _Server(asyncio.Protocol):
    """Sends back or counts; closes after the peer's end."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._size = 0
        self._echoes: bool | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wire.verify(transport)
        if self._wire.greets:
            self._transport.write(b"\0")

    def data_received(self, data: bytes) -> None:
        if self._echoes is None:
            self._echoes = data[0] == ECHO
        if self._echoes:
            self._transport.write(data)
            return
        self._size += len(data)
        if is_last(data):
            self._transport.write(self._size.to_bytes(8, "big"))

    def eof_received(self) -> None:
        if self._wire.tally.hangs_up:
            self._transport.abort()
