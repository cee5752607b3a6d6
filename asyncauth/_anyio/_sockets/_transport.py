"""A byte stream on an asyncio transport.

The manners are those of anyio's SocketStream: every call is a checkpoint, a second task that has to wait to send or to
receive gets BusyResourceError, ``send`` returns when the system has taken all of the data, a cancelled ``receive``
loses nothing, ``aclose`` wakes whoever waits.

*Reading.* The transport reads ahead, up to a mark, so that a receive for which data lies ready makes no system call,
and one that waits makes just the read. Before it is first asked for something it reads once at most, since to tell a
transport beforehand not to read costs it more than to read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.abc import SocketAttribute
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled

from ._prompt import PromptStream

if TYPE_CHECKING:
    import socket

__all__ = ["TransportStream"]

_READ_AHEAD = 131_072
"""Bytes that may lie unread; what one more read brings comes on top."""


class TransportStream(asyncio.Protocol, PromptStream):
    """See the head of this file. A protocol whose transport is TCP; the stream is usable once it is connected.

    :param arrived: called when it is connected
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, arrived: Callable[[TransportStream], None] | None = None
    ) -> None:
        self._loop = loop
        self._arrived = arrived
        self._raw: asyncio.Transport
        self._chunks: deque[bytes] | None = None  # an empty one takes more than the rest of the stream
        self._ahead = 0
        self._mark = 0
        self._paused = False
        self._ended = self._lost = self._closed = self._full = False
        self._failure: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # --- from the transport --------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._raw = raw = cast("asyncio.Transport", transport)
        raw.set_write_buffer_limits(0)
        arrived, self._arrived = self._arrived, None
        if arrived is not None:
            arrived(self)

    def data_received(self, data: bytes) -> None:
        if self._chunks is None:
            self._chunks = deque()
        self._chunks.append(bytes(data))  # asyncio on Windows gives a bytearray
        self._ahead += len(data)
        if self._ahead > self._mark and not self._paused:
            self._paused = True
            self._raw.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self._ended = True
        _wake(self._reader)
        return True

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._failure = exc
        _wake(self._reader)
        _wake(self._writer)

    # --- from the application ------------------------------------------------------------------------------

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """At least one byte. Cancelled, it loses nothing.

        :raises EndOfStream: the peer has sent all
        :raises BrokenResourceError: the connection is lost
        :raises ClosedResourceError: this stream was closed
        """
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}, and at least one byte must be asked for")
        if self._chunks or self._ended or self._lost or self._closed:
            await checkpoint()
        while not self._chunks:
            await self.readable()
        return self._take(self._chunks, max_bytes)

    async def send(self, item: bytes | bytearray | memoryview) -> None:
        """Write all of it. Cancelled while it waits for the system to take the data, some of it may go out.

        :raises BrokenResourceError: the connection is lost
        :raises ClosedResourceError: this stream was closed
        """
        await checkpoint_if_cancelled()
        waits = self._full
        if waits:
            await self._room()
        self._write(item)
        if self._full:
            await self._room()
            self._check_open()
        elif not waits:
            await cancel_shielded_checkpoint()

    @property
    def full(self) -> bool:
        return self._full

    def send_at_once(self, data: bytes) -> None:
        self._write(data)

    def receive_at_once(self, max_bytes: int) -> bytes | None:
        return self._take(self._chunks, max_bytes) if self._chunks else None

    def readable(self) -> asyncio.Future[None]:
        if self._reader is not None and not self._reader.done():
            raise BusyResourceError("reading from")
        if not self._chunks:
            self._check_more()
            self._mark = _READ_AHEAD
            if self._paused:
                self._paused = False
                self._raw.resume_reading()
        self._reader = self._loop.create_future()
        if self._chunks:
            self._reader.set_result(None)
        return self._reader

    def close_at_once(self) -> bool:
        self.abort()
        return True

    def soon(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon(callback)

    @property
    def remote_address(self) -> object:
        return _place(self._raw.get_extra_info("peername"))

    async def send_eof(self) -> None:
        """Say that this side has sent all."""
        with suppress(OSError):
            self._raw.write_eof()

    async def aclose(self) -> None:
        """Close; what is not sent yet is lost."""
        self.abort()
        await checkpoint()

    def abort(self) -> None:
        """Close, not being in a task."""
        self._closed = True
        if self._full:
            self._raw.abort()
        else:
            self._raw.close()  # the same where nothing waits, and asyncio's transport leaves no cycle behind

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        attributes: dict[Any, Callable[[], Any]] = {
            SocketAttribute.family: lambda: self._socket.family,
            SocketAttribute.local_address: lambda: _place(self._socket.getsockname()),
            SocketAttribute.local_port: lambda: self._socket.getsockname()[1],
            SocketAttribute.raw_socket: lambda: self._socket,
        }
        if (peer := self._raw.get_extra_info("peername")) is not None:
            attributes[SocketAttribute.remote_address] = lambda: _place(peer)
            attributes[SocketAttribute.remote_port] = lambda: peer[1]
        return attributes

    # --- in between ----------------------------------------------------------------------------------------

    @property
    def _socket(self) -> socket.socket:
        plain: socket.socket = self._raw.get_extra_info("socket")
        return plain

    async def _room(self) -> None:
        """Wait until the system has taken all, or never will."""
        if self._writer is not None:
            raise BusyResourceError("writing to")
        if not self._lost:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        self._check_open()
        try:
            self._raw.write(data)
        except RuntimeError as error:
            if self._raw.is_closing():
                raise BrokenResourceError from error
            raise

    def _take(self, chunks: deque[bytes], max_bytes: int) -> bytes:
        chunk = chunks.popleft()
        if len(chunk) > max_bytes:
            chunks.appendleft(chunk[max_bytes:])
            chunk = chunk[:max_bytes]
        elif not chunks:
            self._chunks = None
        self._ahead -= len(chunk)
        return chunk

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedResourceError
        if self._lost:
            raise BrokenResourceError from self._failure

    def _check_more(self) -> None:
        if self._closed:
            raise ClosedResourceError
        if self._failure is not None:
            raise BrokenResourceError from self._failure
        if self._ended or self._lost:
            raise EndOfStream


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


def _place(address: Any) -> Any:
    """A socket's address as anyio has it: host and port, with an IPv6 address's scope in the host."""
    if not isinstance(address, tuple) or len(address) != 4:  # noqa: PLR2004
        return address
    host, port, _, scope = address
    return (f"{host.partition('%')[0]}%{scope}" if scope else host), port
