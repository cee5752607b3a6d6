"""From the application's ``send`` to the stream beneath.

A protected message has a number, and the peer refuses a gap. So once a message is sealed it has to go out: a ``send``
that is cancelled before has had no effect, one that is cancelled while the stream beneath is writing ends sending for
good, and says so; what the peer has sent can still be received. Long data is sealed a slice at a time, with the
writing between the slices, which bounds both the memory it takes and the time for which the loop is not served.

*Small data.* A message of a few bytes costs as much as one of a few thousand. Over TCP, where nobody need wait for the
system to take it, the first data of a turn of the loop goes out at once; what is sent later in the turn is kept, until
it fills a message, or the turn ends, or the application waits for the peer. So a question goes out when it is asked,
and a thousand small sends in a row go out as a few messages. Of long data that begins in such a turn the end is kept;
it goes out after the rest, whatever ends or waits in between.

*Answers.* A framing may answer what it receives (gss-sample does). A ``receive`` that has to wait for the peer writes
the answers first, so one that is cancelled while the stream beneath is writing ends sending as a ``send`` would; a
``send`` that comes meanwhile waits for its turn, and one under way takes the answers along.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import anyio
from anyio import BrokenResourceError, ClosedResourceError, ResourceGuard
from anyio.lowlevel import cancel_shielded_checkpoint

from .._errors import AsyncAuthError, ProtocolError
from ._sockets import prompt_of
from ._turns import turn_over

if TYPE_CHECKING:
    from anyio.abc import ByteStream

    from ..engine import Connection

__all__ = ["Outgoing"]

_SLICE_BYTES = 262_144
_KEPT_BYTES = 65_536


class Outgoing:
    """See the head of this file. It raises the engine's errors and those of the stream beneath."""

    __slots__ = (
        "_answering",
        "_connection",
        "_fresh",
        "_inner",
        "_keeps",
        "_kept",
        "_message",
        "_midway",
        "_prompt",
        "_scheduled",
        "_slice",
        "_waiting",
        "_writing",
        "guard",
    )

    def __init__(self, inner: ByteStream, connection: Connection) -> None:
        self._inner = inner
        self._prompt = prompt_of(inner)
        self._connection = connection
        self._message = min(connection.max_plaintext, _KEPT_BYTES)
        self._slice = _SLICE_BYTES - _SLICE_BYTES % self._message
        self._keeps = connection.together > 1  # else each send is a message that may be answered
        self._kept: list[bytes | memoryview] = []
        self._waiting = 0
        self._scheduled = self._writing = False
        self._midway = False  # long data is not wholly sealed yet, and what was kept is its end
        self._answering: anyio.Event | None = None
        self._fresh = True  # nothing was sent since the application waited for the peer
        self.guard = ResourceGuard("sending to")

    async def ready(self) -> None:
        """Before anything is sealed: wait for answers that are being written."""
        while self._answering is not None:
            await self._answering.wait()

    async def send(self, item: bytes | bytearray | memoryview) -> None:
        """Protect and write all of it, or keep it for the end of the turn."""
        data = item if type(item) is bytes else memoryview(item).cast("B")
        if self._prompt is None:
            await self._send_slices(data)
            return
        if not self._scheduled or self._prompt.full:
            self._begin_turn()
            self.seal_kept()
        elif self._waiting + len(data) < self._message:
            self._connection.send_data(b"")  # says whether anything may be sent
            self._kept.append(bytes(data))
            self._waiting += len(data)
            data = b""
        else:
            data = self._all_but_rest(data)
        await self._send_slices(data)
        if turn_over(len(item)):
            await cancel_shielded_checkpoint()

    async def flush(self) -> None:
        """Write what is sealed. Cancelled, it ends sending."""
        self._writing = True
        try:
            self._flush_at_once()
            while data := self._connection.data_to_send():
                await self._inner.send(data)
            if self._prompt is not None and self._prompt.full:
                await self._inner.send(b"")
        except BaseException as error:
            self._broken(error)
            raise
        finally:
            self._writing = False

    async def answer(self) -> None:
        """Write answers. A peer that does not take them any more may still have sent something."""
        if self._writing:
            return
        self._answering = anyio.Event()
        try:
            with suppress(BrokenResourceError, ClosedResourceError):
                await self.flush()
        finally:
            self._answering.set()
            self._answering = None

    def seal_kept(self) -> None:
        """Nothing is to be kept any longer."""
        if self._kept:
            data = b"".join(self._kept)
            self._kept.clear()
            self._waiting = 0
            self._connection.send_data(data)

    def write_kept(self) -> None:
        """Send what was kept. It raises nothing; what is wrong the next call says."""
        if self._kept and self._prompt is not None and not self._midway:
            with suppress(AsyncAuthError, BrokenResourceError, ClosedResourceError):
                self.seal_kept()
                self._flush_at_once()

    def before_waiting(self) -> None:
        """The application waits for the peer, which may be waiting for what was kept."""
        self.write_kept()
        self._fresh = True

    def last(self) -> bytes:
        """What is to be written at the end: all that is left, and the mark. Nothing if sending is broken, or a
        ``send`` is under way."""
        try:
            with self.guard:
                self._connection.send_eof()
                return b"" if self._writing else self._connection.data_to_send()
        except (AsyncAuthError, anyio.BusyResourceError):
            return b""

    # --- in between ----------------------------------------------------------------------------------------

    def _begin_turn(self) -> None:
        if self._fresh:
            self._fresh = False
        elif self._keeps and not self._scheduled and self._prompt is not None:
            self._scheduled = True
            self._prompt.soon(self._end_turn)

    def _end_turn(self) -> None:
        self._scheduled = False
        try:
            self.write_kept()
        except Exception as error:  # noqa: BLE001 - a plug-in's own fault, which no loop wants
            self._broken(error)

    def _all_but_rest(self, data: bytes | memoryview) -> memoryview:
        """Seal a message of what was kept and the beginning of ``data``; keep what fills none. The messages between."""
        view, room = memoryview(data), self._message - self._waiting
        self._kept.append(view[:room])
        self.seal_kept()
        end = len(view) - (len(view) - room) % self._message
        if end < len(view):
            self._kept.append(bytes(view[end:]))
            self._waiting = len(view) - end
        return view[room:end]

    async def _send_slices(self, data: bytes | memoryview) -> None:
        if len(data) <= self._slice:
            if data:
                self._connection.send_data(data)
            if not self._flush_at_once():
                await self.flush()
            return
        self._midway = True
        try:
            view = memoryview(data)
            for start in range(0, len(view), self._slice):
                self._connection.send_data(view[start : start + self._slice])
                if self._flush_at_once():
                    await cancel_shielded_checkpoint()
                else:
                    await self.flush()
        finally:
            self._midway = False
        if self._kept and not self._scheduled:  # the turn in which it was kept has ended
            self.seal_kept()
            if not self._flush_at_once():
                await self.flush()

    def _flush_at_once(self) -> bool:
        """Hand over what is sealed. False if one has to wait for the stream beneath."""
        if self._prompt is None:
            return False
        try:
            if data := self._connection.data_to_send():
                self._prompt.send_at_once(data)
        except BaseException as error:
            self._broken(error)
            raise
        return not self._prompt.full

    def _broken(self, error: BaseException) -> None:
        broken = ProtocolError(f"a message was sealed and not wholly sent ({type(error).__name__})")
        self._connection.break_sending(broken)
