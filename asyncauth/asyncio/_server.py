"""A server whose protocols see authenticated connections only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .. import _defaults, _threads
from .._setup import Setup
from .._types import Limits, Policy, Protection
from ._accepted import Acceptor, Refused
from ._gate import Gate

if TYPE_CHECKING:
    from ..abc import Framing, Mechanism

__all__ = ["AuthenticatedServer", "create_server"]


class AuthenticatedServer(asyncio.AbstractServer):
    """asyncio's server, with the same methods on every Python and loop.

    ``close`` stops listening; connections go on, those in their handshake too.
    """

    def __init__(self, server: asyncio.Server, acceptor: Acceptor) -> None:
        """Not for applications."""
        self._server = server
        self._acceptor = acceptor

    def __repr__(self) -> str:
        return f"<{type(self).__name__} sockets={self.sockets!r}>"

    @property
    def sockets(self) -> Sequence[Any]:
        """The listening sockets; none after :meth:`close`."""
        return self._server.sockets

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._acceptor.loop

    def is_serving(self) -> bool:
        return self._server.is_serving()

    async def start_serving(self) -> None:
        await self._server.start_serving()

    async def serve_forever(self) -> None:
        await self._server.serve_forever()

    def close(self) -> None:
        self._server.close()

    async def wait_closed(self) -> None:
        await self._server.wait_closed()

    def close_clients(self) -> None:
        """Close all connections, flushing what was written and marking the end; drop those in their handshake."""
        self._drop_handshakes()
        for session in list(self._acceptor.sessions):
            session.close()

    def abort_clients(self) -> None:
        """Close all connections at once."""
        self._drop_handshakes()
        for session in list(self._acceptor.sessions):
            session.abort()

    def _drop_handshakes(self) -> None:
        for handshake in self._acceptor.gate.guests():
            handshake.drop()


async def create_server(
    protocol_factory: Callable[[], asyncio.BaseProtocol],
    host: str | Sequence[str] | None = None,
    port: int | None = None,
    mechanism: Mechanism | None = None,
    *,
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
    """Listen, and make a protocol for each client that has authenticated.

    ``loop.create_server`` with authentication. A client that fails, stalls or lies costs a bounded amount, is logged
    at WARNING by the logger ``asyncauth``, and never meets a protocol; the server goes on.

    :param protocol_factory: makes the application's protocol, any :class:`asyncio.Protocol` or BufferedProtocol
    :param mechanism: with the keytab; :class:`~asyncauth.mechanisms.Negotiate` with the default keytab if None
    :param framing: the wire format; MS-NNS if None
    :param require: the least protection a client must ask for, or a whole :class:`~asyncauth.Policy`
    :param mutual: refuse clients that do not ask this server to prove its identity
    :param handshake_timeout: seconds from a connection's acceptance until it is authenticated
    :param max_pending: handshakes at a time. Up to four times as many more connections wait unread for their turn;
        what comes beyond is closed at once
    :param limits: bytes and tokens that a client may send before it is authenticated
    :param allow_unmarked_end: take an end of stream that a client did not authenticate for a clean one
    :param on_refused: called on the loop with the error and the peer's address for each client refused
    :param loop_options: for ``loop.create_server``: ``sock``, ``backlog``, ``reuse_port``, ``start_serving``, ``ssl``
    :raises CredentialError: the keytab has no usable key; raised before anything listens
    :raises OSError: the address cannot be listened on
    """
    setup = Setup.of(mechanism, framing, require, mutual, handshake_timeout, limits, allow_unmarked_end)
    loop = asyncio.get_running_loop()
    acceptor = Acceptor(loop, setup, protocol_factory, Gate(loop, max_pending), on_refused)
    await asyncio.wrap_future(_threads.submit(setup.mechanism.prepare_server))
    server = await loop.create_server(acceptor.accept, host, port, **loop_options)
    return AuthenticatedServer(server, acceptor)
