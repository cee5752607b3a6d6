"""A byte stream on a socket of Trio's, which anyio has made.

Sending that has to wait is left to anyio's own stream; what need not wait goes to the socket itself. Reading waits for
the socket, and not in a call that reads: an idle connection keeps each coroutine that lies between.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import anyio.abc
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream, wait_readable
from anyio.abc import Listener, SocketAttribute, TaskGroup
from anyio.lowlevel import checkpoint, current_token

from ._prompt import PromptStream

__all__ = ["PolledListener", "PolledStream"]

_READ_BYTES = 131_072


class PolledStream(PromptStream):
    """See the head of this file.

    :param plain: belongs to this stream from now on
    """

    def __init__(self, plain: anyio.abc.SocketStream) -> None:
        self._plain = plain
        attributes: Mapping[Any, Callable[[], Any]] = plain.extra_attributes
        self._socket: socket.socket = attributes[SocketAttribute.raw_socket]()
        address = attributes.get(SocketAttribute.remote_address)
        self._address = address and address()
        self._unsent = self._ready = b""
        self._sending = False  # bytes before those unsent are under way
        self._ended = self._closed = False

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}, and at least one byte must be asked for")
        await checkpoint()
        while (data := self.receive_at_once(max_bytes)) is None:
            await self.readable()
        return data

    async def send(self, item: bytes | bytearray | memoryview) -> None:
        self._unsent += item
        self._sending = True
        try:
            while True:
                unsent, self._unsent = self._unsent, b""
                await self._plain.send(unsent)
                if not self._unsent:
                    return
        finally:
            self._sending = False

    async def send_eof(self) -> None:
        with suppress(OSError):
            await self._plain.send_eof()

    async def aclose(self) -> None:
        self._closed = True
        await self._plain.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._plain.extra_attributes

    @property
    def full(self) -> bool:
        return self._sending or bool(self._unsent)

    def send_at_once(self, data: bytes) -> None:
        if self._closed:
            raise ClosedResourceError
        try:
            sent = 0 if self.full else self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise BrokenResourceError from error
        if sent < len(data):
            self._unsent += data[sent:]

    def receive_at_once(self, max_bytes: int) -> bytes | None:
        if not (self._ready or self._ended or self._closed):
            self._read()
        data, self._ready = self._ready[:max_bytes], self._ready[max_bytes:]
        return data or None

    def readable(self) -> Awaitable[None]:
        if self._closed:
            raise ClosedResourceError
        if self._ended:
            raise EndOfStream
        return checkpoint() if self._ready else wait_readable(self._socket)

    def soon(self, callback: Callable[[], None]) -> None:
        token: Any = current_token().native_token
        token.run_sync_soon(callback)

    def _read(self) -> None:
        try:
            self._ready = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise BrokenResourceError from error
        self._ended = not self._ready

    @property
    def remote_address(self) -> object:
        return self._address


class PolledListener(Listener[PolledStream]):
    """Makes them of another listener's streams."""

    def __init__(self, plain: Listener[anyio.abc.SocketStream]) -> None:
        self._plain = plain

    async def serve(
        self, handler: Callable[[PolledStream], Any], task_group: TaskGroup | None = None
    ) -> None:
        await self._plain.serve(lambda plain: handler(PolledStream(plain)), task_group)

    async def aclose(self) -> None:
        await self._plain.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._plain.extra_attributes
