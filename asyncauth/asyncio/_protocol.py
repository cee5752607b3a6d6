"""Below: what the raw transport talks to once the handshake is done.

It puts the connection together (see ``_session``) and decides how it ends. As with any transport of asyncio, the
application hears ``connection_lost`` once and nothing after it:

* with None after ``close()`` or ``abort()``, which includes the close that follows the peer's authenticated end
* with our error, if messages were altered or lost, or if the stream was cut; nothing more was delivered then
* with the application's own exception, if one of its callbacks raised; the loop's exception handler gets it too
* with the raw transport's error, for instance a reset connection.

``close()`` sends what was written and marks the end; ``abort()`` and every failure do not, so the peer learns that
what it has is not all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, cast

from ..engine import NEED_DATA, EndOfData
from ._inbound import Inbound
from ._outbound import Outbound
from ._session import Session
from ._transport import AuthenticatedTransport

if TYPE_CHECKING:
    from ..engine import Connection

__all__ = ["AuthProtocol"]

_LAST_WORDS_SECONDS = 1.0
_CROSSED = "APPLICATION_DATA_AFTER_CLOSE_NOTIFY"
"""What TLS makes of two ends that say at the same time that they are done."""


class Before(Protocol):
    """What has served the raw transport until the handshake was done."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def raw(self) -> asyncio.Transport: ...
    @property
    def engine(self) -> Connection: ...
    @property
    def reading_paused(self) -> bool: ...
    @property
    def writing_blocked(self) -> bool: ...
    @property
    def application_paused(self) -> bool: ...


class AuthProtocol(Session):
    """See the head of this file.

    :param before: with an engine that is established
    :param app: the application's protocol
    :param among: where this is kept for as long as the connection is open
    """

    __slots__ = (
        "_among",
        "_patience",
        "inbound",
        "outbound",
        "transport",
    )

    def __init__(
        self,
        before: Before,
        app: asyncio.BaseProtocol,
        among: set[AuthProtocol] | None = None,
    ) -> None:
        super().__init__(before.loop, before.raw, before.engine, app)
        self.outbound = Outbound(
            self, blocked=before.writing_blocked, application_paused=before.application_paused
        )
        self.inbound = Inbound(self, self.outbound, paused=before.reading_paused)
        self.transport = AuthenticatedTransport(
            self, self.inbound, self.outbound, before.engine.established()
        )
        self._patience: asyncio.TimerHandle | None = None
        self._among = among
        if among is not None:
            among.add(self)
        self.raw.set_protocol(self)

    def start(self, *, made: bool) -> None:
        """Let data flow, from the next turn of the loop on.

        :param made: tell the application's protocol that its connection is made; it has not heard of it yet
        """
        if made and self.app is not None:
            self.call("connection_made", self.app.connection_made, self.transport)
        self.outbound.start()
        self.inbound.start()

    # --- from the raw transport ----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._patience is None:
            self.inbound.feed(data)
        else:
            self.engine.receive_data(data)
            self._close_when_answered()

    def eof_received(self) -> bool:
        self.inbound.feed_eof()
        if self._patience is not None:
            self._close_when_answered()
        return not self.raw.get_extra_info("sslcontext")  # a TLS transport closes anyway, and warns of True

    def pause_writing(self) -> None:
        self.outbound.block()

    def resume_writing(self) -> None:
        self.outbound.unblock()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.engine.close()
        if self._patience is not None:
            self._patience.cancel()
        if exc is None and not self.closing:
            self.inbound.drain()
        if self.closing and getattr(exc, "reason", None) == _CROSSED:
            exc = None
        self.closing = True
        self.abort()
        if self._among is not None:
            self._among.discard(self)
        app, self.app = self.app, None
        try:
            if app is not None:
                app.connection_lost(self._error or exc)  # type: ignore[arg-type]
        finally:
            if self.inbound.scheduled or self.outbound.scheduled:
                self.loop.call_soon(self._let_go)
            else:
                self._let_go()

    def _let_go(self) -> None:
        """Part from what knows us, so that the connection's memory is free at once and not when there is time to look
        for cycles; when nothing that was scheduled is left."""
        self.inbound.let_go()
        self.outbound.let_go()
        self.transport = None  # type: ignore[assignment]

    # --- how it ends ---------------------------------------------------------------------------------------

    def end_of_data(self) -> None:
        """The peer has marked its end. Like a transport's end of file: the application says what follows."""
        if not self.call("eof_received", cast("asyncio.Protocol", self.app).eof_received):
            self.close()

    def unchoked(self) -> None:
        self.inbound.schedule()

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self.inbound.stop()
            self.outbound.close()
            if not self.raw.is_closing():
                self.inbound.drop_the_rest()

    def hang_up(self) -> None:
        """Close the raw transport; in a framing with answers (gss-sample), when the peer has given those that it
        owes, or has had a second for it. Closing on them would cut the peer off from what it has yet to read."""
        if self.engine.unanswered:
            self._patience = self.loop.call_later(_LAST_WORDS_SECONDS, self.raw.close)
            self._close_when_answered()
        else:
            self.raw.close()

    def _close_when_answered(self) -> None:
        while self.engine.unanswered:
            event = self.guard(self.engine.next_event)
            if event is NEED_DATA and self.engine.unanswered:
                return
            if event is None or isinstance(event, EndOfData):
                break
        self.raw.close()

    def abort(self) -> None:
        self.inbound.stop()
        self.outbound.discard()
        if not self.closed:
            self.closing = self.closed = True
            self.raw.abort()

    def _report(self, message: str, error: BaseException) -> None:
        self.loop.call_exception_handler(
            {"message": message, "exception": error, "transport": self.transport, "protocol": self.app}
        )
