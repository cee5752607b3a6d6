"""What lies beneath a family of calls: how one connects, and what is checked before a connection counts.

A wire offers what the families use: asyncio's streams, asyncio's transports, anyio's streams. A peer's wire need not
have all of them. Nothing counts but what :meth:`Wire.verify` lets pass, at both ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import anyio
from anyio.abc import ByteStream, SocketAttribute

from .. import asyncio as native
from .._anyio._connect import connect, serve
from ._common import HOST, BenchmarkError, Ready, Tally

if TYPE_CHECKING:
    from .._types import ConnectionInfo
    from ._settings import Settings

__all__ = ["AsyncAuthWire", "Plain", "Streams", "TcpWire", "Wire"]

P = TypeVar("P", bound=asyncio.Protocol)
Streams: TypeAlias = tuple[Any, Any]
"""A reader and a writer, asyncio's or such as have their methods."""
OnStreams = Callable[[Any, Any], Awaitable[None]]
OnStream = Callable[[ByteStream], Awaitable[None]]
GREETING = b"\0"
"""What a server says first where the handshake is not a round trip that ends at the client."""


class Wire(Protocol):
    """See the head of this file. ``port`` 0 is any; another may be shared."""

    greets: bool
    """The server sends :data:`GREETING` first."""
    tally: Tally

    def verify(self, connection: Any) -> None:
        """Check and count what a family has got: a StreamWriter, a transport or anyio's stream.

        :raises BenchmarkError: it is less than it should be
        """
        ...

    async def open_connection(self) -> Streams: ...

    async def start_server(self, handle: OnStreams, port: int) -> Any: ...

    async def create_connection(self, factory: Callable[[], P]) -> tuple[Any, P]: ...

    async def create_server(self, factory: Callable[[], asyncio.Protocol], port: int) -> Any: ...

    async def connect(self) -> ByteStream: ...

    async def serve(self, handle: OnStream, ready: Ready, port: int) -> None: ...


class AsyncAuthWire:
    """asyncauth itself."""

    greets = False

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._settings = settings
        self.tally = tally
        self.mechanism = settings.made_mechanism()
        self._framing = settings.made_framing()

    def verify(self, connection: Any) -> None:
        if isinstance(connection, ByteStream):
            info: ConnectionInfo = connection.info  # type: ignore[attr-defined]
        else:
            info = connection.get_extra_info("connection_info")
        self.tally.handshakes += 1
        if not (info.mutual and info.encrypted and info.mechanism == "kerberos"):
            raise BenchmarkError(f"a handshake reached less than it should: {info}")

    async def open_connection(self) -> Streams:
        return await native.open_connection(self._settings.target, self.mechanism, framing=self._framing)

    async def start_server(self, handle: OnStreams, port: int) -> Any:
        return await native.start_server(handle, HOST, port, self.mechanism, **self._server_options)

    async def create_connection(self, factory: Callable[[], P]) -> tuple[Any, P]:
        return await native.create_connection(
            factory, self._settings.target, self.mechanism, framing=self._framing
        )

    async def create_server(self, factory: Callable[[], asyncio.Protocol], port: int) -> Any:
        return await native.create_server(factory, HOST, port, self.mechanism, **self._server_options)

    async def connect(self) -> ByteStream:
        return await connect(self._settings.target, self.mechanism, framing=self._framing)

    async def serve(self, handle: OnStream, ready: Ready, port: int) -> None:
        async with anyio.create_task_group() as group:

            async def run(*, task_status: anyio.abc.TaskStatus[Any]) -> None:
                await serve(
                    handle, HOST, port, self.mechanism, task_status=task_status, **self._server_options
                )

            listener = await group.start(run)
            ready(listener.extra(SocketAttribute.local_port))

    @property
    def _server_options(self) -> dict[str, Any]:
        return {
            "framing": self._framing,
            "on_refused": self.tally.refused,
            "reuse_port": True,
            "allow_unmarked_end": True,  # whoever hangs up without a word is no error here
        }


class Plain:
    """asyncio by itself, with or without TLS."""

    greets = True
    tls: dict[str, Any] = {}  # noqa: RUF012 - replaced, never changed

    def __init__(self, settings: Settings, tally: Tally) -> None:
        self._place = (settings.host, settings.port)
        self.tally = tally

    def verify(self, connection: Any) -> None:  # noqa: ARG002 - there is nothing to look at
        self.tally.handshakes += 1

    async def open_connection(self) -> Streams:
        return await asyncio.open_connection(*self._place, **self.tls)

    async def start_server(self, handle: OnStreams, port: int) -> Any:
        return await asyncio.start_server(handle, HOST, port, reuse_port=True, **self.tls)

    async def create_connection(self, factory: Callable[[], P]) -> tuple[Any, P]:
        loop = asyncio.get_running_loop()
        return await loop.create_connection(factory, *self._place, **self.tls)

    async def create_server(self, factory: Callable[[], asyncio.Protocol], port: int) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.create_server(factory, HOST, port, reuse_port=True, **self.tls)


class TcpWire(Plain):
    """TCP without any protection: the floor."""

    async def connect(self) -> ByteStream:
        return await anyio.connect_tcp(*self._place)

    async def serve(self, handle: OnStream, ready: Ready, port: int) -> None:
        listener = await anyio.create_tcp_listener(local_host=HOST, local_port=port, reuse_port=True)
        async with listener:
            ready(listener.extra(SocketAttribute.local_port))
            await listener.serve(handle)
