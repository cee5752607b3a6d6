"""Authentication in the middle of a connection's life.

Where two programs have agreed in the clear that they go on authenticated, as with STARTTLS, the bytes on the wire
change their meaning at one point, and each side must find it. On the side that is told to upgrade, the peer's first
token may arrive together with the telling; whoever has read it must hand it on (``received``), and must not read
more before the upgrade has taken the transport over. In a protocol that means::

    def data_received(self, data):
        line, _, rest = data.partition(b"\\n")
        if line == b"AUTH":
            self.transport.pause_reading()
            self.task = asyncio.create_task(self.upgrade(rest))

    async def upgrade(self, rest):
        self.transport = await start_auth(self.transport, self, server_side=True, received=rest)

Between ``start_auth``'s return and the next turn of the loop nothing is delivered, so the protocol can take note of
the new transport first.

A StreamReader cannot be moved to another transport by any public means, and a StreamWriter closes its transport when
it is collected. So :func:`upgrade_streams` gives a new pair, and keeps the old one alive for as long as the
connection lives.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from .. import _defaults
from .._errors import AsyncAuthError, LocalProtocolError
from .._setup import Setup, address_text, spn_of
from .._types import Limits, Policy, Protection, Target
from ._awaited import AwaitedHandshake, P

if TYPE_CHECKING:
    from .._spn import ServicePrincipalName
    from ..abc import Framing, Mechanism
    from ._transport import AuthenticatedTransport

__all__ = ["UpgradedStreams", "start_auth", "upgrade_streams"]


async def start_auth(
    transport: asyncio.Transport,
    protocol: asyncio.BaseProtocol,
    mechanism: Mechanism | None = None,
    *,
    target: Target | ServicePrincipalName | str | None = None,
    server_side: bool = False,
    received: bytes = b"",
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
) -> AuthenticatedTransport:
    """Authenticate a connection that is already in use, as ``loop.start_tls`` encrypts one.

    The protocol goes on with the transport returned; its ``connection_made`` is not called again. What it wrote
    before goes out before the first token. If this raises or is cancelled, the transport is closed, and the
    protocol's ``connection_lost`` has been called.

    :param transport: any transport with flow control: TCP, Unix socket, TLS; also one that is paused
    :param protocol: usually the one that the transport has been serving
    :param target: client: the SPN the other end must prove to be; text is parsed
    :param server_side: this is the server; ``target`` is left out then
    :param received: bytes of the peer beyond the upgrade point which the protocol has already read
    :param handshake_timeout: seconds for credentials and handshake together
    :raises ValueError: ``target`` and ``server_side`` do not fit each other
    :raises LocalProtocolError: the transport is closing

    The other options and errors are those of :func:`create_connection`.
    """
    setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
    handshake = _take_over(transport, protocol, setup, _expected(target, server_side), made=False)
    return await _finished(handshake, transport, protocol, received)


async def upgrade_streams(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    mechanism: Mechanism | None = None,
    *,
    target: Target | ServicePrincipalName | str | None = None,
    server_side: bool = False,
    limit: int = 2**16,
    framing: Framing | None = None,
    require: Protection | Policy = Protection.SEAL,
    mutual: bool = True,
    handshake_timeout: float = _defaults.HANDSHAKE_SECONDS,
    limits: Limits | None = None,
    allow_unmarked_end: bool = False,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """:func:`start_auth` for a pair of streams; use the pair returned, and no longer the old one.

    What the peer sent beyond the upgrade point may lie in ``reader``; it is taken from there. The old writer's
    ``wait_closed`` returns when the connection ends.

    :param limit: bytes that the new reader buffers, as for :func:`open_connection`

    The other options and errors are those of :func:`start_auth`.
    """
    setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
    loop = asyncio.get_running_loop()
    raw = cast("asyncio.Transport", writer.transport)
    fresh = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = UpgradedStreams(fresh, writer, loop)
    handshake = _take_over(raw, protocol, setup, _expected(target, server_side), made=True)
    received = await rest_of(reader)
    transport = await _finished(handshake, raw, protocol, received)
    return fresh, asyncio.StreamWriter(transport, protocol, fresh, loop)


class UpgradedStreams(asyncio.StreamReaderProtocol):
    """The new pair's protocol; keeps the old pair's alive, and tells it of the end."""

    def __init__(
        self, reader: asyncio.StreamReader, before: asyncio.StreamWriter, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(reader, loop=loop)
        self._upgraded: tuple[asyncio.StreamWriter, asyncio.BaseProtocol] | None
        self._upgraded = before, before.transport.get_protocol()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._upgraded is not None:
            self._upgraded[1].connection_lost(exc)
            self._upgraded = None


def is_full(raw: asyncio.Transport) -> bool:
    """Whether a transport that is taken over has asked its protocol to stop writing."""
    return raw.get_write_buffer_size() > raw.get_write_buffer_limits()[1]


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """What has been received and not read; nothing more comes to this reader, so it does not wait."""
    reader.feed_eof()
    return await reader.read()


def _expected(
    target: Target | ServicePrincipalName | str | None, server_side: bool
) -> ServicePrincipalName | None:
    spn = spn_of(target)
    if server_side and spn is not None:
        raise ValueError(f"a server does not choose the SPN; leave target={spn} out")
    if not server_side and spn is None:
        raise ValueError("a client must say who the server has to be: target=, or server_side=True")
    return spn


def _take_over(
    raw: asyncio.Transport,
    protocol: P,
    setup: Setup,
    spn: ServicePrincipalName | None,
    *,
    made: bool,
) -> AwaitedHandshake[P]:
    """From here on the raw transport talks to the handshake, which waits for its start."""
    peer = f"the server {spn}" if spn else f"the client at {address_text(raw.get_extra_info('peername'))}"
    if raw.is_closing():
        raise LocalProtocolError(f"the connection with {peer} is closing and cannot be upgraded")
    loop = asyncio.get_running_loop()
    handshake = AwaitedHandshake(
        loop, setup, setup.connection(spn), peer=peer, factory=lambda: protocol, made=made, taken_over=True
    )
    handshake.writing_blocked = handshake.application_paused = is_full(raw)
    raw.set_protocol(handshake)
    return handshake


async def _finished(
    handshake: AwaitedHandshake[P], raw: asyncio.Transport, protocol: P, received: bytes
) -> AuthenticatedTransport:
    handshake.engine.receive_data(received)
    handshake.connection_made(raw)
    try:
        transport, _ = await handshake.result
    except BaseException as error:
        handshake.abandon()
        protocol.connection_lost(error if isinstance(error, AsyncAuthError) else None)
        raise
    return transport
