"""To a TCP address, with the stream that fits the event loop."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING

import anyio

from ..._connected import create_connection, family_of
from ._polled import PolledStream
from ._transport import TransportStream

if TYPE_CHECKING:
    from anyio.abc import ByteStream

__all__ = ["dial", "on_asyncio"]


def on_asyncio() -> bool:
    """True if what runs is asyncio, or uvloop in its place; False on Trio."""
    return anyio.get_cancelled_exc_class() is asyncio.CancelledError


async def dial(host: str, port: int) -> ByteStream:
    """Connect. Of a name with several addresses the first that answers is taken (RFC 6555), as anyio does it.

    Cancelled, it leaves no socket behind.

    :param host: name or address
    :raises OSError: no connection
    """
    if not on_asyncio():
        return PolledStream(await anyio.connect_tcp(host, port))
    address = await _only_address(host, port) if family_of(host) is None else host
    if address is None:
        return await anyio.connect_tcp(host, port)
    loop = asyncio.get_running_loop()
    _, stream = await create_connection(loop, partial(TransportStream, loop), address, port)
    return stream


async def _only_address(name: str, port: int) -> str | None:
    """The name's address, if it has just one."""
    found = {place[0] for *_, place in await anyio.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    return str(found.pop()) if len(found) == 1 else None
