"""A byte stream on a socket of Trio's, which anyio has made.

It waits as anyio's own does; what need not wait goes to the socket itself.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import anyio.abc
from anyio import BrokenResourceError, ClosedResourceError
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
        self._more = False  # the last read has brought as much as it could
        self._closed = False

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if not self._ready:
            return await self._plain.receive(max_bytes)
        await checkpoint()
        return self._take(max_bytes)

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
        if not self._ready and self._more:
            self._more = False
            with suppress(OSError):  # waiting for more will tell
                self._ready = self._socket.recv(_READ_BYTES)
        return self._take(max_bytes) if self._ready else None

    async def readable(self) -> None:
        if not self._ready:
            self._ready = await self._plain.receive(_READ_BYTES)

    def soon(self, callback: Callable[[], None]) -> None:
        token: Any = current_token().native_token
        token.run_sync_soon(callback)

    def _take(self, max_bytes: int) -> bytes:
        data, self._ready = self._ready[:max_bytes], self._ready[max_bytes:]
        self._more = len(data) == _READ_BYTES
        return data

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
