"""A byte stream on either of our layers, plain at first, that goes on under a finished SASL exchange."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from anyio import EndOfStream
from anyio.abc import ByteStream, SocketAttribute

from asyncauth import AuthenticatedStream
from asyncauth.asyncio import adopt_streams
from asyncauth.engine import Connection

from ...layers import AnyioStream, AsyncioStream, Stream

__all__ = ["Plain", "connect", "listening"]

Handler = Callable[["Plain"], Awaitable[None]]


class Plain(ABC):
    """Before the exchange is done."""

    @abstractmethod
    async def send(self, data: bytes) -> None: ...

    @abstractmethod
    async def receive(self) -> bytes:
        """Nothing at the end."""

    @abstractmethod
    async def adopt(self, connection: Connection, received: bytes) -> Stream:
        """The protected stream."""

    @abstractmethod
    async def abort(self) -> None: ...


class _Anyio(Plain):
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    async def send(self, data: bytes) -> None:
        await self._stream.send(data)

    async def receive(self) -> bytes:
        try:
            return await self._stream.receive()
        except EndOfStream:
            return b""

    async def adopt(self, connection: Connection, received: bytes) -> Stream:
        return AnyioStream(AuthenticatedStream.adopt(self._stream, connection, received=received))

    async def abort(self) -> None:
        await anyio.aclose_forcefully(self._stream)


class _Asyncio(Plain):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self) -> bytes:
        return await self._reader.read(65_536)

    async def adopt(self, connection: Connection, received: bytes) -> Stream:
        assert not received, "a client does not go on before it knows that it may"
        return AsyncioStream(*await adopt_streams(self._reader, self._writer, connection))

    async def abort(self) -> None:
        self._writer.transport.abort()


async def connect(layer: str, host: str, port: int) -> Plain:
    """
    :param layer: the name of one of ``LAYERS``
    """
    if layer.startswith("asyncio"):
        return _Asyncio(*await asyncio.open_connection(host, port))
    return _Anyio(await anyio.connect_tcp(host, port))


@asynccontextmanager
async def listening(layer: str, handler: Handler) -> AsyncIterator[int]:
    """Call the handler with each connection; the port."""
    serve = _asyncio_server if layer.startswith("asyncio") else _anyio_server
    async with serve(handler) as port:
        yield port


@asynccontextmanager
async def _anyio_server(handler: Handler) -> AsyncIterator[int]:
    async def handle(stream: ByteStream) -> None:
        await handler(_Anyio(stream))

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(partial[Any](listener.serve, handle))
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


@asynccontextmanager
async def _asyncio_server(handler: Handler) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await handler(_Asyncio(reader, writer))

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
