"""Our two layers behind one face, so that a test is written once."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, cast

import anyio
from anyio import BrokenResourceError, EndOfStream
from anyio.abc import SocketAttribute, UNIXSocketStream

from asyncauth import AsyncAuthError, AuthenticatedStream, ConnectionInfo, Target, connect, serve
from asyncauth.abc import Mechanism
from asyncauth.asyncio import AuthenticatedTransport, open_connection, start_server, upgrade_streams

__all__ = [
    "LAYERS",
    "AnyioLayer",
    "AnyioStream",
    "AsyncioLayer",
    "AsyncioStream",
    "Layer",
    "Server",
    "Stream",
]


class Stream(ABC):
    """Our end of a connection. What breaks it is raised as asyncauth's own error."""

    info: ConnectionInfo

    @abstractmethod
    async def send(self, data: bytes) -> None: ...

    @abstractmethod
    async def receive(self, count: int = 65_536) -> bytes:
        """At most ``count`` bytes; none at the end."""

    @abstractmethod
    async def send_eof(self) -> None: ...

    @abstractmethod
    async def close(self) -> None:
        """Say that this was the end, and close."""

    @abstractmethod
    async def abort(self) -> None:
        """Close without a word."""

    async def receive_exactly(self, count: int) -> bytes:
        """That many bytes, or fewer and the end."""
        received = bytearray()
        while len(received) < count and (data := await self.receive(count - len(received))):
            received += data
        return bytes(received)


class Server:
    """Our listening end.

    :param port: where
    :param refused: the errors of the clients that were refused
    """

    def __init__(self, port: int, refused: list[AsyncAuthError]) -> None:
        self.port = port
        self.refused = refused
        self._sender, self._receiver = anyio.create_memory_object_stream[Stream](100)

    def arrived(self, stream: Stream) -> None:
        self._sender.send_nowait(stream)

    async def next(self) -> Stream:
        """The next client's stream."""
        with anyio.fail_after(10):
            return await self._receiver.receive()

    def close(self) -> None:
        self._sender.close()
        self._receiver.close()


class Layer(ABC):
    """One of our two layers."""

    @abstractmethod
    async def connect(self, target: Target, mechanism: Mechanism, **options: Any) -> Stream: ...

    @abstractmethod
    def serving(self, mechanism: Mechanism, **options: Any) -> AbstractAsyncContextManager[Server]: ...

    @abstractmethod
    async def plain(self, end: socket.socket) -> Any:
        """The layer's own stream on a connected socket."""

    @abstractmethod
    async def upgrade(
        self, beneath: Any, mechanism: Mechanism, target: str | None = None, **options: Any
    ) -> Stream:
        """Authenticate on a plain stream, or on one of ours; as the server without a target."""


class AnyioStream(Stream):
    """On an AuthenticatedStream."""

    def __init__(self, stream: AuthenticatedStream) -> None:
        self.stream = stream
        self.info = stream.info

    async def send(self, data: bytes) -> None:
        try:
            await self.stream.send(data)
        except BrokenResourceError as error:
            raise _cause(error) from error

    async def receive(self, count: int = 65_536) -> bytes:
        try:
            return await self.stream.receive(count)
        except EndOfStream:
            return b""
        except BrokenResourceError as error:
            raise _cause(error) from error

    async def send_eof(self) -> None:
        await self.stream.send_eof()

    async def close(self) -> None:
        await self.stream.aclose()

    async def abort(self) -> None:
        with suppress(ZeroDivisionError):
            async with self.stream:
                raise ZeroDivisionError


class AnyioLayer(Layer):
    """AuthenticatedStream and its listener."""

    async def connect(self, target: Target, mechanism: Mechanism, **options: Any) -> Stream:
        return AnyioStream(await connect(target, mechanism, **options))

    @asynccontextmanager
    async def serving(self, mechanism: Mechanism, **options: Any) -> AsyncIterator[Server]:
        refused: list[AsyncAuthError] = []
        server: Server

        async def handle(stream: AuthenticatedStream) -> None:
            async with stream:
                server.arrived(AnyioStream(stream))
                await anyio.sleep_forever()

        async def run(*, task_status: Any) -> None:
            await serve(
                handle,
                "127.0.0.1",
                0,
                mechanism,
                on_refused=lambda error, _: refused.append(error),
                task_status=task_status,
                **options,
            )

        async with anyio.create_task_group() as group:
            listener = await group.start(run)
            server = Server(listener.extra(SocketAttribute.local_port), refused)
            try:
                yield server
            finally:
                group.cancel_scope.cancel()
                server.close()

    async def plain(self, end: socket.socket) -> Any:
        return await UNIXSocketStream.from_socket(end)

    async def upgrade(
        self, beneath: Any, mechanism: Mechanism, target: str | None = None, **options: Any
    ) -> Stream:
        inner = beneath.stream if isinstance(beneath, AnyioStream) else beneath
        return AnyioStream(await AuthenticatedStream.wrap(inner, mechanism, target=target, **options))


class AsyncioStream(Stream):
    """On a StreamReader and a StreamWriter."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.info = cast("AuthenticatedTransport", writer.transport).connection_info

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self, count: int = 65_536) -> bytes:
        return await self.reader.read(count)

    async def send_eof(self) -> None:
        self.writer.write_eof()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def abort(self) -> None:
        self.writer.transport.abort()
        with suppress(AsyncAuthError, OSError):
            await self.writer.wait_closed()


class AsyncioLayer(Layer):
    """asyncio's own streams on our transport."""

    async def connect(self, target: Target, mechanism: Mechanism, **options: Any) -> Stream:
        return AsyncioStream(*await open_connection(target, mechanism, **options))

    @asynccontextmanager
    async def serving(self, mechanism: Mechanism, **options: Any) -> AsyncIterator[Server]:
        refused: list[AsyncAuthError] = []
        streams: list[AsyncioStream] = []
        server: Server

        def arrived(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            streams.append(AsyncioStream(reader, writer))
            server.arrived(streams[-1])

        async with await start_server(
            arrived, "127.0.0.1", 0, mechanism, on_refused=lambda error, _: refused.append(error), **options
        ) as listening:
            server = Server(listening.sockets[0].getsockname()[1], refused)
            try:
                yield server
            finally:
                server.close()
                for stream in streams:
                    await stream.abort()

    async def plain(self, end: socket.socket) -> Any:
        return await asyncio.open_connection(sock=end)

    async def upgrade(
        self, beneath: Any, mechanism: Mechanism, target: str | None = None, **options: Any
    ) -> Stream:
        pair = (beneath.reader, beneath.writer) if isinstance(beneath, AsyncioStream) else beneath
        reader, writer = pair
        upgraded = await upgrade_streams(
            reader, writer, mechanism, target=target, server_side=target is None, **options
        )
        return AsyncioStream(*upgraded)


LAYERS: dict[str, tuple[Layer, str]] = {
    "anyio": (AnyioLayer(), "asyncio"),
    "anyio_uvloop": (AnyioLayer(), "uvloop"),
    "anyio_trio": (AnyioLayer(), "trio"),
    "asyncio": (AsyncioLayer(), "asyncio"),
    "asyncio_uvloop": (AsyncioLayer(), "uvloop"),
}
"""By name, with the event loop below."""


def _cause(error: BrokenResourceError) -> BaseException:
    assert error.__cause__ is not None
    return error.__cause__
