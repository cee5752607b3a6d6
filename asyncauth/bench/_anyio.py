"""anyio's byte streams at each end."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio import BrokenResourceError

from .._errors import AsyncAuthError
from ._common import ECHO, Counted, confirmed, is_last, last_of

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from ._common import Closing, Done, Ready
    from ._wires import Wire

__all__ = ["AnyioFamily"]


class AnyioFamily:
    """See :class:`Family`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def handshake(self) -> None:
        await anyio.aclose_forcefully(await self._open())

    async def visit(self) -> None:
        await (await self._open()).aclose()

    async def send(self, size: int, seconds: float) -> Done:
        async with await self._open() as stream:
            message, sent = bytes(size), Counted(size, seconds)
            while sent.going_on:
                await stream.send(message)
                sent.count += 1
            await stream.send(last_of(message))
            sent.count += 1
            answer = b""
            while not confirmed(answer, sent.bytes):
                answer += await stream.receive()
            return sent.done()

    async def send_and_receive(self, size: int, seconds: float) -> Done:
        async with await self._open() as stream:
            message, sent, received = bytes([ECHO]) * size, Counted(size, seconds), 0

            async def write() -> None:
                while sent.going_on:
                    await stream.send(message)
                    sent.count += 1

            async with anyio.create_task_group() as group:
                group.start_soon(write)
                while sent.going_on or received < sent.bytes:
                    received += len(await stream.receive())
            return sent.done()

    async def echo(self, size: int, seconds: float) -> Done:
        async with await self._open() as stream:
            message, sent = bytes([ECHO]) * size, Counted(size, seconds)
            while sent.going_on:
                await stream.send(message)
                received = 0
                while received < size:
                    received += len(await stream.receive())
                sent.count += 1
            return sent.done()

    async def hold(self) -> Closing:
        return await self._open()

    async def serve(self, ready: Ready, port: int) -> None:
        await self._wire.serve(self._handle, ready, port)

    async def _open(self) -> ByteStream:
        stream = await self._wire.connect()
        if self._wire.greets:
            await stream.receive(1)
        self._wire.verify(stream)
        return stream

    async def _handle(self, stream: ByteStream) -> None:
        async with stream:
            with suppress(BrokenResourceError, AsyncAuthError):  # a client that fails says so itself
                self._wire.verify(stream)
                if self._wire.greets:
                    await stream.send(b"\0")
                await _take(stream)
                if self._wire.tally.hangs_up:
                    await anyio.aclose_forcefully(stream)


async def _take(stream: ByteStream) -> None:
    size, echoes = 0, None
    async for data in stream:
        if echoes is None:
            echoes = data[0] == ECHO
        if echoes:
            await stream.send(data)
            continue
        size += len(data)
        if is_last(data):
            await stream.send(size.to_bytes(8, "big"))
