"""Byte streams and listeners that note what passes, beneath authentication: what is noted is what is on the wire.

Without ``--dump`` there are none of these, so that nothing of it costs anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio
from anyio import EndOfStream
from anyio.abc import ByteStream, Listener, SocketAttribute, TaskGroup

from .._anyio._connect import _dial as dial
from .._anyio._stream import AuthenticatedStream
from .._errors import ConnectError
from .._setup import Setup, address_text
from .._types import Target
from ..capture import CLIENT, SERVER
from ._dump import DumpFile, Passed

__all__ = ["TappedListener", "TappedStream", "connect_tapped", "tapped"]


class _Tap:
    """Notes what passes on one connection."""

    def __init__(self, file: DumpFile, address: str, ours: str) -> None:
        self._file = file
        self._number = file.connection(address)
        self._ours, self._theirs = ours, SERVER if ours == CLIENT else CLIENT
        self._began = time.monotonic()
        self._ended: set[str] = set()
        self.room = file.room

    def sent(self, data: bytes) -> None:
        """Take note of our bytes, none for our end."""
        self._note(self._ours, data)

    def received(self, data: bytes) -> None:
        """Take note of the peer's."""
        self._note(self._theirs, data)

    def closed(self) -> None:
        self._note("", None)

    def _note(self, sender: str, data: bytes | None) -> None:
        if not data:
            if sender in self._ended:
                return
            self._ended.add(sender)
        self._file.note(Passed(self._number, time.monotonic() - self._began, sender, data))


class TappedStream(ByteStream):
    """A byte stream whose bytes are noted.

    What is sent is noted when it is handed on: a ``send`` that is cancelled may have put less of it on the wire.

    :param address: the other end's
    :param ours: the sign of what we send
    """

    def __init__(self, inner: ByteStream, file: DumpFile, address: str, ours: str) -> None:
        self._inner = inner
        self._tap = _Tap(file, address, ours)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        await self._tap.room()
        try:
            data = await self._inner.receive(max_bytes)
        except EndOfStream:
            self._tap.received(b"")
            raise
        self._tap.received(data)
        return data

    async def send(self, item: bytes) -> None:
        await self._tap.room()
        if item:
            self._tap.sent(bytes(item))
        await self._inner.send(item)

    async def send_eof(self) -> None:
        self._tap.sent(b"")
        await self._inner.send_eof()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._tap.closed()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes


class TappedListener(Listener[ByteStream]):
    """A listener whose connections are noted."""

    def __init__(self, inner: Listener[ByteStream], file: DumpFile) -> None:
        self._inner = inner
        self._file = file

    async def serve(self, handler: Callable[[ByteStream], Any], task_group: TaskGroup | None = None) -> None:
        async def tapped(stream: ByteStream) -> None:
            address = stream.extra(SocketAttribute.remote_address, None)
            await handler(TappedStream(stream, self._file, address_text(address), SERVER))

        await self._inner.serve(tapped, task_group)

    async def aclose(self) -> None:
        await self._inner.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._inner.extra_attributes


def tapped(listener: Listener[ByteStream], file: DumpFile | None) -> Listener[ByteStream]:
    """The listener, noting where there is a dump."""
    return listener if file is None else TappedListener(listener, file)


async def connect_tapped(targets: Sequence[Target], setup: Setup, file: DumpFile) -> AuthenticatedStream:
    """What :func:`asyncauth.connect_service` does with what a resolver gave, and :func:`asyncauth.connect`.

    :raises ConnectError: none of the targets could be reached
    :raises AuthenticationError: and its kinds
    """
    unreachable: list[ConnectError] = []
    for target in targets:
        try:
            return await _connect(target, setup, file)
        except ConnectError as error:
            unreachable.append(error)
    if len(unreachable) == 1:
        raise unreachable[0]
    raise ConnectError(
        f"none of {len(unreachable)} places can be reached: {'; '.join(error.message for error in unreachable)}",
        fix="see whether the service runs, and whether what it published is still true",
    )


async def _connect(target: Target, setup: Setup, file: DumpFile) -> AuthenticatedStream:
    host, port = target.dial
    with anyio.move_on_after(setup.handshake_timeout):
        stream = TappedStream(await dial(target), file, address_text((host, port)), CLIENT)
        return await AuthenticatedStream.handshake(stream, setup, target.spn)
    raise setup.timed_out(f"{target}")
