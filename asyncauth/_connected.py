"""A TCP socket that is connected to an address, by the shortest way.

``loop.create_connection`` resolves, asks for the family of what it has resolved, and waits; on asyncio's own loop that
is a quarter of what a connection costs a client. For an address, as discovery gives them, there is nothing to resolve,
and on one machine nothing to wait for. Other loops (uvloop, Windows' proactor) have shorter ways of their own.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import TypeVar

__all__ = ["connected_socket", "create_connection", "family_of"]

P = TypeVar("P", bound=asyncio.BaseProtocol)

_UNDER_WAY = {errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR}


async def create_connection(
    loop: asyncio.AbstractEventLoop, factory: Callable[[], P], host: str, port: int
) -> tuple[asyncio.Transport, P]:
    """``loop.create_connection``, for an address by the shortest way.

    :raises OSError: no connection
    """
    made = await connected_socket(loop, host, port)
    if made is None:
        return await loop.create_connection(factory, host, port)
    return await loop.create_connection(factory, sock=made)


async def connected_socket(
    loop: asyncio.AbstractEventLoop, address: str | None, port: int | None
) -> socket.socket | None:
    """A connected socket that does not block; None if the loop's way is the one to take: no address, or another loop.

    Cancelled, it leaves no socket behind.

    :param address: IPv4 or IPv6, without a zone
    :raises OSError: no connection
    """
    if address is None or port is None or not isinstance(loop, asyncio.SelectorEventLoop):
        return None
    if (family := family_of(address)) is None:
        return None
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        if (code := _connect(made, (address, port))) in _UNDER_WAY:
            await loop.sock_connect(made, (address, port))
        elif code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        made.close()
        raise
    return made


def _connect(made: socket.socket, place: tuple[str, int]) -> int:
    """Begin, and ask at once whether it is done: on one machine it is. The code of what became of it; 0 is done."""
    code = made.connect_ex(place)
    return made.connect_ex(place) if code in _UNDER_WAY else code


def family_of(address: str) -> socket.AddressFamily | None:
    """Of an IPv4 or IPv6 address without a zone; None for what is none, as a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
        except (OSError, ValueError):
            continue
        return family
    return None
