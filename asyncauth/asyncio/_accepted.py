"""A handshake on the server's side, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from .._errors import AsyncAuthError, AuthenticationError
from .._setup import address_text
from ._gate import Gate, Place
from ._handshake import HandshakeProtocol
from ._protocol import AuthProtocol

if TYPE_CHECKING:
    from .._setup import Setup
    from ..engine import Connection

__all__ = ["Acceptor", "Refused"]

Refused = Callable[[AsyncAuthError, Any], None]

logger = logging.getLogger("asyncauth")


class Acceptor:
    """What the connections of one server have in common.

    :param factory: makes the application's protocol for each authenticated connection
    :param on_refused: called with the error and the peer's address for each that is not
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        setup: Setup,
        factory: Callable[[], asyncio.BaseProtocol],
        gate: Gate,
        on_refused: Refused | None,
    ) -> None:
        self.loop = loop
        self.setup = setup
        self.factory = factory
        self.gate = gate
        self.sessions: set[AuthProtocol] = set()
        """The authenticated connections that are open."""
        self._on_refused = on_refused
        self._flooded = False

    def accept(self) -> asyncio.Protocol:
        """The raw protocol of a new connection; raises nothing, because loops lose what is raised here."""
        try:
            return _AcceptedHandshake(self, self.setup.connection(None))
        except Exception as error:  # noqa: BLE001 - a fault of this server's, which no connection mends
            return _Unable(self, error)

    def place(self, handshake: _AcceptedHandshake) -> Place:
        """Where a new connection goes; of those turned away only the first is worth a line in the log."""
        place = self.gate.arrive(handshake)
        if place is not Place.TURNED_AWAY:
            self._flooded = False
        elif not self._flooded:
            self._flooded = True
            logger.warning(
                "%d handshakes are under way, many more wait: turning clients away", self.gate.limit
            )
        return place

    def refused(self, error: BaseException, peername: Any, *, log: bool = True) -> None:
        """Tell the log, in one line, and the application. Whatever it is, the server goes on."""
        if not isinstance(error, AsyncAuthError):
            self.report("a handshake failed unexpectedly", error)
            return
        if log:
            logger.warning("refused %s: %s", address_text(peername), " ".join(str(error).split()))
        if self._on_refused is not None:
            try:
                self._on_refused(error, peername)
            except Exception as own:  # noqa: BLE001 - the application's
                self.report("on_refused failed", own)

    def report(self, message: str, error: BaseException) -> None:
        self.loop.call_exception_handler({"message": f"asyncauth: {message}", "exception": error})


class _AcceptedHandshake(HandshakeProtocol):
    """A connection from its acceptance to its authentication."""

    __slots__ = ("__weakref__", "_acceptor", "_peername", "_place")

    def __init__(self, acceptor: Acceptor, engine: Connection) -> None:
        setup = acceptor.setup
        super().__init__(acceptor.loop, setup, engine, acceptor.loop.time() + setup.handshake_timeout)
        self._acceptor = acceptor
        self._peername: Any = None
        self._place = Place.WAITING

    @property
    def peer(self) -> str:
        return f"the client at {address_text(self._peername)}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peername = transport.get_extra_info("peername")
        self._place = self._acceptor.place(self)
        super().connection_made(transport)
        if self._place is Place.WAITING:
            self.pause_reading()
        elif self._place is Place.TURNED_AWAY:
            self.fail(
                AuthenticationError(
                    f"{self.peer} was turned away: {self._acceptor.gate.limit} handshakes are under way",
                    fix="raise max_pending, or find out who connects without authenticating",
                )
            )

    def admit(self) -> None:
        """Its turn has come."""
        self._place = Place.INSIDE
        self.begin()

    def begin(self) -> None:
        if self._place is Place.INSIDE:
            super().begin()

    @property
    def waiting_for(self) -> str:
        return "waiting for its turn" if self._place is Place.WAITING else super().waiting_for

    def established(self) -> None:
        self._acceptor.gate.leave(self)
        try:
            app = self._acceptor.factory()
        except Exception as error:  # noqa: BLE001 - the application's
            self._acceptor.report("the protocol factory failed", error)
            self.drop()
            return
        AuthProtocol(self, app, self._acceptor.sessions).start(made=True)

    def gone(self, error: BaseException | None) -> None:
        self._acceptor.gate.leave(self)
        if error is not None:
            self._acceptor.refused(error, self._peername, log=self._place is not Place.TURNED_AWAY)


class _Unable(asyncio.Protocol):
    """A connection for which no security context could be made."""

    def __init__(self, acceptor: Acceptor, error: Exception) -> None:
        self._acceptor = acceptor
        self._error = error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()
        self._acceptor.refused(self._error, transport.get_extra_info("peername"))
