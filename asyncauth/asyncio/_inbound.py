"""From the raw transport to the application's protocol.

Messages are opened when the application can take the next: what it does not want yet stays sealed. Small ones that
came together are opened and delivered together. While the application has paused, or while a turn's worth has been
delivered and more is there, the raw transport is paused as well, so that no more lies here than it had read already.

The end of data is not the end of the byte stream. The application hears ``eof_received`` when the peer has marked
its end; the raw transport's end of file is only looked at for what it cuts off. It always keeps the raw transport
open, because whether to close is what the application's ``eof_received`` answers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..engine import DataReceived, EndOfData

if TYPE_CHECKING:
    from ._outbound import Outbound
    from ._session import Session

__all__ = ["Inbound"]

_NOTHING = memoryview(b"")

_MESSAGES_A_TURN = 256
"""So many small ones take about as long as a slice of large ones."""


class Inbound:
    """See the head of this file.

    :param outbound: what is written while data is delivered goes out when that is done
    :param paused: the raw transport's reading is paused already
    """

    __slots__ = (
        "_app_paused",
        "_deliveries",
        "_ended",
        "_eof",
        "_outbound",
        "_raw_paused",
        "_rest",
        "_session",
        "_stopped",
        "scheduled",
    )

    def __init__(self, session: Session, outbound: Outbound, *, paused: bool) -> None:
        self._session = session
        self._outbound = outbound
        self._deliveries = _MESSAGES_A_TURN // session.engine.together
        """In a turn, each of so many messages if they are small."""
        self._raw_paused = paused
        self._app_paused = self._eof = self._stopped = self._ended = False
        self.scheduled = False
        self._rest = _NOTHING

    # --- from the raw transport ----------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        if self._stopped or self._delivered(data):
            return
        if not self._stopped:  # by a message that was wrong
            self._session.engine.receive_data(data)
            if not (self._app_paused or self.scheduled):
                self._pump()

    def feed_eof(self) -> None:
        self._eof = True
        self._session.engine.receive_eof()
        if not (self._app_paused or self.scheduled or self._stopped):
            self._pump()

    # --- from the application ------------------------------------------------------------------------------

    def pause(self) -> None:
        self._app_paused = True
        self._pause_raw()

    def resume(self) -> None:
        if self._app_paused:
            self._app_paused = False
            self.schedule()

    @property
    def reading(self) -> bool:
        return not (self._app_paused or self._stopped)

    # --- in between ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Look for what came together with the handshake's end in the next turn, if there is anything, and go on
        reading."""
        if self._raw_paused or not self._session.engine.drained:
            self.schedule()

    def schedule(self) -> None:
        """Look for messages in the next turn."""
        if not (self.scheduled or self._stopped):
            self.scheduled = True
            self._session.loop.call_soon(self._pump)

    def stop(self) -> None:
        """Deliver nothing any more."""
        self._stopped = True
        self._rest = _NOTHING

    def let_go(self) -> None:
        """Stopped for good: part from the others."""
        self._session = self._outbound = None  # type: ignore[assignment]

    def drop_the_rest(self) -> None:
        """Stopped, read on from the raw transport and throw it away: a peer that cannot get rid of its data might
        not come to reading ours, and an unread byte makes closing reset the connection."""
        self._resume_raw()

    def drain(self) -> None:
        """The raw transport has closed after its end of file: deliver what is left, wanted or not."""
        self._app_paused = False
        while not (self._stopped or self._ended) and self._session.guard(self._next):
            pass

    def _delivered(self, data: bytes) -> bool:
        """The short way, for one small message while nothing else lies here; False if it is not the way for this."""
        if self._app_paused or self.scheduled or self._raw_paused or self._rest:
            return False
        session = self._session
        plain = session.guard(session.engine.receive_message, data)
        if plain is None:
            return False
        outbound = self._outbound
        outbound.corked = True
        try:
            if plain:
                self._receive(plain)
        finally:
            outbound.uncork()
        if self._rest or not plain:
            self._pump()
        return True

    def _pump(self) -> None:
        self.scheduled = False
        outbound = self._outbound
        outbound.corked = True
        try:
            self._session.guard(self._deliver)
        finally:
            outbound.uncork()

    def _deliver(self) -> None:
        outbound, more = self._outbound, True
        for _ in range(self._deliveries):
            if self._app_paused or self._stopped:
                return
            if outbound.blocked and outbound.choked:
                self._pause_raw()
                return
            if not more:
                self._resume_raw()
                return
            more = self._next()
        self._pause_raw()
        self.schedule()

    def _next(self) -> bool:
        """Deliver one message, or one buffer of it; False if there is nothing more before more comes."""
        if self._rest:
            self._fill()
            return True
        event = self._session.engine.next_event()
        if isinstance(event, DataReceived):
            self._receive(event.data)
            return bool(self._rest) or not self._session.engine.drained
        if isinstance(event, EndOfData) and not self._ended:
            self._ended = True
            self._session.end_of_data()
        return False

    def _receive(self, data: bytes) -> None:
        app = self._session.app
        if isinstance(app, asyncio.BufferedProtocol):
            self._rest = memoryview(data)
            self._fill()
        else:
            self._session.deliver(data)

    def _fill(self) -> None:
        app, rest = self._session.app, self._rest
        if not isinstance(app, asyncio.BufferedProtocol):  # changed with set_protocol in mid-message
            self._rest = _NOTHING
            self._receive(bytes(rest))
        elif buffer := self._session.call("get_buffer", _buffer_of, app, len(rest)):
            count = min(len(buffer), len(rest))
            buffer[:count] = rest[:count]
            self._rest = rest[count:]
            self._session.call("buffer_updated", app.buffer_updated, count)

    def _pause_raw(self) -> None:
        if not (self._raw_paused or self._eof or self._stopped):
            self._raw_paused = True
            self._session.raw.pause_reading()

    def _resume_raw(self) -> None:
        if self._raw_paused:
            self._raw_paused = False
            self._session.raw.resume_reading()


def _buffer_of(app: asyncio.BufferedProtocol, sizehint: int) -> memoryview:
    buffer = memoryview(app.get_buffer(sizehint)).cast("B")
    if not buffer:
        raise RuntimeError("get_buffer() returned an empty buffer")
    if buffer.readonly:
        raise TypeError("get_buffer() returned a read-only buffer")
    return buffer
