"""A handshake that a coroutine awaits: a client's, or an upgrade's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._connected import create_connection
from .._deadlines import Within
from ._handshake import HandshakeProtocol
from ._protocol import AuthProtocol

if TYPE_CHECKING:
    from .._setup import Setup
    from ..engine import Connection
    from ._transport import AuthenticatedTransport

__all__ = ["AwaitedHandshake"]

P = TypeVar("P", bound=asyncio.BaseProtocol)


class AwaitedHandshake(HandshakeProtocol, Generic[P]):
    """Gives a future that is done when the connection is authenticated, or closed.

    :param peer: how to call the other side in an error, by its ``str``
    :param factory: makes the application's protocol, or names one that is there; called once established
    :param made: the protocol is new, and is told that its connection is made
    """

    __slots__ = ("_factory", "_made", "_peer", "result")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        setup: Setup,
        engine: Connection,
        *,
        peer: object,
        factory: Callable[[], P],
        made: bool = True,
        taken_over: bool = False,
    ) -> None:
        until = loop.time() + setup.handshake_timeout
        super().__init__(loop, setup, engine, until, taken_over=taken_over)
        self._peer = peer
        self._factory = factory
        self._made = made
        self.result: asyncio.Future[tuple[AuthenticatedTransport, P]] = loop.create_future()

    @property
    def peer(self) -> str:
        return str(self._peer)

    async def dial(self, host: str | None, port: int | None, **options: Any) -> None:
        """Connect with ``loop.create_connection``, under the handshake's deadline.

        :raises HandshakeTimeout: no connection until then
        """
        with Within(self.loop, self.until):
            if options or host is None or port is None:
                await self.loop.create_connection(lambda: self, host, port, **options)  # type: ignore[arg-type]
            else:
                await create_connection(self.loop, lambda: self, host, port)
            return
        raise self._setup.timed_out(f"{self.peer} (connecting)")

    def established(self) -> None:
        if self.result.done():  # cancelled a moment ago
            self.drop()
            return
        try:
            app = self._factory()
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            self._resolve(error)
            self.drop()
            return
        session = AuthProtocol(self, app)
        self.result.set_result((session.transport, app))
        session.start(made=self._made)

    def gone(self, error: BaseException | None) -> None:
        self._resolve(error or ConnectionAbortedError(f"the handshake with {self.peer} was dropped"))

    def abandon(self) -> None:
        """Nobody awaits the result any more: close whatever there is."""
        self._deadlines.let_go(self)
        if self.result.cancel() or self.result.cancelled():
            self.drop()
        elif self.result.exception() is None:  # cancelled in the very turn in which it was done
            self.result.result()[0].abort()

    def _resolve(self, error: BaseException) -> None:
        if not self.result.done():
            self.result.set_exception(error)
