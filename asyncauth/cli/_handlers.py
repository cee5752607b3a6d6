"""What a server does with an authenticated connection.

Both say the end of data under protection exactly when there was one: a client whose stream breaks off, or whose
backend does, sees its own stream break off too, and never a clean end of half the data.
"""

from __future__ import annotations

import logging
import socket
import struct
from contextlib import suppress

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from .._anyio._stream import AuthenticatedStream
from ._loop import only

__all__ = ["echo", "forward"]

_log = logging.getLogger("asyncauth.cli")

_CONNECT_SECONDS = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def echo(stream: AuthenticatedStream) -> None:
    """Send back what comes, until the client's end."""
    async for data in stream:
        await stream.send(data)
    await stream.send_eof()


async def forward(stream: AuthenticatedStream, *, host: str, port: int) -> None:
    """Pass bytes both ways between the client and a plain TCP service, each end of data included.

    If the service cannot be reached the client's connection is closed without an end of data.
    """
    backend = await _reach(stream, host, port)
    if backend is None:
        await anyio.aclose_forcefully(stream)
        return
    async with backend:
        try:
            await _both_ways(stream, backend)
        except BaseException:
            _reset(backend)
            raise


async def _reach(stream: AuthenticatedStream, host: str, port: int) -> SocketStream | None:
    try:
        with anyio.fail_after(_CONNECT_SECONDS):
            return await anyio.connect_tcp(host, port)
    except OSError as error:  # a TimeoutError is one
        reason = error.__cause__ or str(error) or "no answer"
        _log.warning(
            "closed the connection of %s: %s:%d cannot be reached: %s", stream.info.peer, host, port, reason
        )
        return None


async def _both_ways(stream: AuthenticatedStream, backend: SocketStream) -> None:
    failure: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_copy, stream, backend)
            await _copy(backend, stream)
    except BaseExceptionGroup as errors:
        failure = only(errors)
    if failure is not None:
        raise failure


async def _copy(source: ByteStream, sink: ByteStream) -> None:
    async for data in source:
        await sink.send(data)
    await sink.send_eof()


def _reset(backend: SocketStream) -> None:
    """Let the close be a reset, which the service cannot take for the end of data."""
    with suppress(OSError):  # it was the backend that broke, and the socket is closed already
        backend.extra(SocketAttribute.raw_socket).setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
        )
