"""From a handshake that another protocol has carried to an authenticated transport.

Where tokens travel inside LDAP or IMAP, :mod:`asyncauth.sasl` has a finished connection in the end, and what follows
on the byte stream is protected. The point is the same as in an upgrade (see ``_upgrade``), and so is the care that it
takes: what has been read beyond it is handed on, and nothing more is read by anybody else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from .._errors import LocalProtocolError
from ._protocol import AuthProtocol
from ._upgrade import UpgradedStreams, is_full, rest_of

if TYPE_CHECKING:
    from ..engine import Connection
    from ._transport import AuthenticatedTransport

__all__ = ["Adopted", "adopt", "adopt_streams"]


class Adopted(NamedTuple):
    """What an AuthProtocol has to know of what was before it."""

    loop: asyncio.AbstractEventLoop
    raw: asyncio.Transport
    engine: Connection
    writing_blocked: bool
    application_paused: bool
    reading_paused: bool = True
    """Or not; nobody can tell, and to resume what is not paused does no harm."""


def adopt(
    transport: asyncio.Transport,
    protocol: asyncio.BaseProtocol,
    connection: Connection,
    *,
    received: bytes = b"",
) -> AuthenticatedTransport:
    """Put a connection whose handshake is done between a transport and its protocol.

    The protocol goes on with the transport returned; its ``connection_made`` is not called again. Nothing is
    delivered before the next turn of the loop.

    :param transport: any transport with flow control; also one that is paused
    :param protocol: usually the one that the transport has been serving
    :param connection: an engine that is established, and that nobody else uses from now on
    :param received: bytes of the peer beyond the handshake which the protocol has already read
    :raises LocalProtocolError: the handshake is not done, or the transport is closing; it is left alone
    """
    return _session(transport, protocol, connection, received).transport


async def adopt_streams(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    connection: Connection,
    *,
    limit: int = 2**16,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """:func:`adopt` for a pair of streams; use the pair returned, and no longer the old one.

    What the peer sent beyond the handshake may lie in ``reader``; it is taken from there. The old writer's
    ``wait_closed`` returns when the connection ends.

    :param limit: bytes that the new reader buffers, as for :func:`open_connection`

    The errors are those of :func:`adopt`.
    """
    raw = cast("asyncio.Transport", writer.transport)
    _check(raw, connection)
    loop = asyncio.get_running_loop()
    received = await rest_of(reader)
    fresh = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = UpgradedStreams(fresh, writer, loop)
    session = _session(raw, protocol, connection, received, made=True)
    return fresh, asyncio.StreamWriter(session.transport, protocol, fresh, loop)


def _check(raw: asyncio.Transport, connection: Connection) -> None:
    peer = connection.established().peer
    if raw.is_closing():
        raise LocalProtocolError(f"the transport to {peer or 'the peer'} is closing")


def _session(
    raw: asyncio.Transport,
    protocol: asyncio.BaseProtocol,
    connection: Connection,
    received: bytes,
    *,
    made: bool = False,
) -> AuthProtocol:
    _check(raw, connection)
    full = is_full(raw)
    connection.receive_data(received)
    session = AuthProtocol(Adopted(asyncio.get_running_loop(), raw, connection, full, full), protocol)
    session.start(made=made)
    return session
