"""From the application's write to the raw transport's.

What is written waits here as plaintext, in one list, and is sealed when it can go out: a message that has been
sealed must be sent, in order and whole, so sealing and handing over are one step that nothing can interrupt, and
nothing is sealed ahead of a raw transport that is full.

*Coalescing.* The first write of a loop turn schedules a flush at its end; what is written until then joins it, in
as few messages as hold it and in one raw write. While data is being delivered the flush comes right after the
delivery instead, so that an answer written in ``data_received`` does not wait for another turn.

*Large data.* A turn seals one slice, and the next turn the next one, so that the loop is served in between. Of
``write(data)`` nothing is copied if ``data`` is of type bytes; whatever can be changed is copied at once, because
the caller may do so as soon as ``write`` has returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ._flow import HIGH_WATER, WriteFlow, watermarks

if TYPE_CHECKING:
    from ._session import Session

__all__ = ["Outbound"]

_SLICE_BYTES = 262_144
"""Plaintext sealed in one turn of the loop at most; half a millisecond, or two without OpenSSL."""
_SMALL_SLICE_BYTES = 65_536
"""On asyncio's own loop, whose transports (until Python 3.12) copy what the system does not take at once, and move the
rest with each part of it that goes out: so no more is given to them than is mostly taken at once."""


class Outbound:
    """See the head of this file."""

    __slots__ = (
        "_backlog",
        "_flow",
        "_gone",
        "_last",
        "_session",
        "_slice",
        "_waiting",
        "blocked",
        "corked",
        "ended",
        "scheduled",
    )

    def __init__(self, session: Session, *, blocked: bool, application_paused: bool) -> None:
        self._session = session
        self._flow = WriteFlow(session.notify, paused=application_paused)
        self._backlog: list[bytes | memoryview] = []
        self._waiting = 0
        size = _SMALL_SLICE_BYTES if isinstance(session.loop, asyncio.SelectorEventLoop) else _SLICE_BYTES
        self._slice = size - size % session.engine.max_plaintext or size
        self.blocked = blocked
        """The raw transport is full."""
        self.corked = False
        """Everything is held back until :meth:`uncork`."""
        self.scheduled = self._gone = False
        self._last: Callable[[], None] | None = None
        self.ended = False
        """The application has said that it will write no more."""

    def start(self) -> None:
        """Send what there is, and tell the application to go on if somebody had stopped it, or to stop."""
        if self.blocked or self._flow.paused or self._backlog or self._session.engine.has_data_to_send:
            self.flush()

    # --- from the application ------------------------------------------------------------------------------

    def write(self, data: bytes | memoryview) -> None:
        self._backlog.append(data)
        self._waiting += len(data)
        if self.blocked or self._waiting > self._flow.high:
            self._flow.update(self._waiting, self.blocked)
        if not (self.scheduled or self.corked):
            self._schedule()

    def write_eof(self) -> None:
        """Mark the end after everything written so far, and shut the raw transport's writing side down."""
        if not self.ended:
            self.ended = True
            self._last = self._half_close
            self._schedule()

    def close(self) -> None:
        """Flush, mark the end, and hang up."""
        self.ended = True
        self._last = self._session.hang_up
        if not self.corked:
            self.flush()

    def discard(self) -> None:
        """Forget what is not sent yet, and take no more."""
        self.ended = True
        self._last = None
        self._backlog.clear()
        self._waiting = 0

    def let_go(self) -> None:
        """Nothing goes out any more: part from the session."""
        self._flow.let_go()
        self._gone = True
        self._session = None  # type: ignore[assignment]

    def set_limits(self, high: int | None, low: int | None) -> None:
        flow = self._flow
        flow.high, flow.low = watermarks(high, low)
        if not (self._gone or (raw := self._session.raw).is_closing()):
            raw.set_write_buffer_limits(min(flow.high, HIGH_WATER), min(flow.low, HIGH_WATER // 4))
            flow.update(self._waiting, self.blocked)

    def limits(self) -> tuple[int, int]:
        return self._flow.low, self._flow.high

    @property
    def waiting(self) -> int:
        """Bytes of plaintext that are not sealed yet."""
        return self._waiting

    # --- from the raw transport ----------------------------------------------------------------------------

    def block(self) -> None:
        """The raw transport is full."""
        self.blocked = True
        self._flow.update(self._waiting, blocked=True)

    def unblock(self) -> None:
        """The raw transport takes data again."""
        if not self.blocked:  # then it had asked the application, before this connection was taken over
            self._flow.paused = True
        choked = self.choked
        self.blocked = False
        self.flush()
        if choked:
            self._session.unchoked()

    @property
    def choked(self) -> bool:
        """Answers that the framing gives by itself (gss-sample does) lie here, and cannot go out."""
        return self.blocked and self._session.engine.has_data_to_send

    # --- sealing -------------------------------------------------------------------------------------------

    def uncork(self) -> None:
        self.corked = False
        if self._backlog or self._last or self._session.engine.has_data_to_send:
            self.flush()

    def flush(self) -> None:
        """Seal and hand over one slice; the rest in the next turns."""
        self.scheduled = False
        if not (self.blocked or self._session.closed):
            self._session.guard(self._seal)
        if not self._session.closed:
            self._go_on()

    def _seal(self) -> None:
        engine = self._session.engine
        if self._backlog:
            engine.send_data(self._take())
        if self.ended and not self._backlog:
            engine.send_eof()
        if data := engine.data_to_send():
            self._session.raw.write(data)

    def _go_on(self) -> None:
        if self._backlog:
            self._schedule()
        elif self._last is not None and not self.blocked:
            last, self._last = self._last, None
            last()
        if self.blocked or self._flow.paused:
            self._flow.update(self._waiting, self.blocked)

    def _schedule(self) -> None:
        if not (self.scheduled or self.corked or self.blocked):
            self.scheduled = True
            self._session.loop.call_soon(self.flush)

    def _take(self) -> bytes | memoryview:
        pieces = self._backlog
        if self._waiting <= self._slice:
            self._backlog = []
            self._waiting = 0
        else:
            pieces = self._cut_slice(pieces)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _cut_slice(self, backlog: list[bytes | memoryview]) -> list[bytes | memoryview]:
        room, count = self._slice, 0
        while len(backlog[count]) <= room:
            room -= len(backlog[count])
            count += 1
        view = memoryview(backlog[count])
        pieces = [*backlog[:count], view[:room]]
        backlog[: count + 1] = [view[room:]]
        self._waiting -= self._slice
        return pieces

    def _half_close(self) -> None:
        raw = self._session.raw
        if raw.can_write_eof():
            with suppress(OSError):  # the peer has reset the connection, which reading will tell
                raw.write_eof()
