"""AuthenticatedStream, on anyio."""

from __future__ import annotations

import time

import anyio
from anyio.abc import SocketAttribute, TaskStatus

from asyncauth import AuthenticatedListener, AuthenticatedStream, ConnectionInfo, Target, connect, serve
from asyncauth.mechanisms import Negotiate

from ._common import HOST, MESSAGE, Ready, Tally, Transfer, check, confirmed

__all__ = ["AnyioLayer"]


class AnyioLayer:
    """``connect`` and ``serve``."""

    async def handshake(self, target: Target, mechanism: Negotiate) -> ConnectionInfo:
        async with await connect(target, mechanism) as stream:
            return stream.info

    async def transfer(self, target: Target, mechanism: Negotiate, seconds: float) -> Transfer:
        async with await connect(target, mechanism) as stream:
            check(stream.info)
            size, start = 0, time.perf_counter()
            while time.perf_counter() < start + seconds:
                await stream.send(MESSAGE)
                size += len(MESSAGE)
            await stream.send_eof()
            answer = b"".join([piece async for piece in stream])
            return confirmed(answer, size, start)

    async def serve(self, mechanism: Negotiate, tally: Tally, ready: Ready) -> None:
        async def handle(stream: AuthenticatedStream) -> None:
            tally.established(stream.info)
            await _take(stream)

        async def run(*, task_status: TaskStatus[AuthenticatedListener[anyio.abc.SocketStream]]) -> None:
            await serve(handle, HOST, 0, mechanism, on_refused=tally.refused, task_status=task_status)

        async with anyio.create_task_group() as group:
            listener = await group.start(run)
            ready(listener.extra(SocketAttribute.local_port))


async def _take(stream: AuthenticatedStream) -> None:
    async with stream:
        size = 0
        async for data in stream:
            size += len(data)
        if size:
            await stream.send(size.to_bytes(8, "big"))
