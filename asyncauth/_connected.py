"""A TCP socket that is connected to an address, by the shortest way.

``loop.create_connection`` resolves, asks for the family of what it has resolved, and waits; on asyncio's own loop that
is a quarter of what a connection costs a client. For an address, as discovery gives them, there is nothing to resolve,
and on one machine nothing to wait for. Other loops (uvloop, Windows' proactor) have shorter ways of their own.
"""

from __future__ import annotations

import asyncio
import socket

__all__ = ["connected_socket"]


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
    if (family := _family(address)) is None:
        return None
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        try:
            made.connect((address, port))
        except (BlockingIOError, InterruptedError):
            await loop.sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made


def _family(address: str) -> socket.AddressFamily | None:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, address)
        except (OSError, ValueError):
            continue
        return family
    return None
