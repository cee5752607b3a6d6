"""asyncio's own StreamReader and StreamWriter, on authenticated connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import _defaults
from .._types import Limits, Policy, Protection, Target
from ._accepted import Refused
from ._open import create_connection
from ._server import AuthenticatedServer, create_server

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism

__all__ = ["open_connection", "start_server"]

_LIMIT = 2**16
"""Bytes; asyncio's default. The reader pauses at twice as many."""

ClientConnected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]


async def open_connection(
    target: Target,
    mechanism: Mechanism | None = None,
    *,
    limit: int = _LIMIT,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
    **loop_options: Any,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a service and authenticate both ways: ``asyncio.open_connection`` with a target.

    The reader's end of file is the peer's authenticated end; what else ends the connection is raised by the reader
    and by ``drain``: :class:`~asyncauth.TruncatedStream`, :class:`~asyncauth.IntegrityError`.

    :param limit: bytes; the longest line that ``readuntil`` finds, and half of what the reader buffers

    The other options and errors are those of :func:`create_connection`.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    transport, protocol = await create_connection(
        lambda: asyncio.StreamReaderProtocol(reader, loop=loop),
        target,
        mechanism,
        framing=framing,
        require=require,
        mutual=mutual,
        handshake_timeout=handshake_timeout,
        limits=limits,
        allow_unmarked_end=allow_unmarked_end,
        **loop_options,
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def start_server(
    client_connected_cb: ClientConnected,
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    mechanism: Mechanism | None = None,
    *,
    limit: int = _LIMIT,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    max_pending: int = _defaults.PENDING_HANDSHAKES,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
    on_refused: Refused | None = None,
    **loop_options: Any,
) -> AuthenticatedServer:
    """Listen, and call ``client_connected_cb`` with reader and writer for each client that has authenticated.

    ``asyncio.start_server`` with authentication. ``writer.get_extra_info("peer_name")`` says who it is.

    :param client_connected_cb: a function or coroutine function; a coroutine runs as a task of its own
    :param limit: bytes; the longest line that ``readuntil`` finds, and half of what the reader buffers

    The other options and errors are those of :func:`create_server`.
    """
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(limit=limit, loop=loop)
        return asyncio.StreamReaderProtocol(reader, client_connected_cb, loop=loop)

    return await create_server(
        protocol,
        host,
        port,
        mechanism,
        framing=framing,
        require=require,
        mutual=mutual,
        handshake_timeout=handshake_timeout,
        max_pending=max_pending,
        limits=limits,
        allow_unmarked_end=allow_unmarked_end,
        on_refused=on_refused,
        **loop_options,
    )
