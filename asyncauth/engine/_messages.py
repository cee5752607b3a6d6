"""What follows the handshake: protected messages, or bare bytes where no protection was agreed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._errors import IntegrityError, RemoteProtocolError, TruncatedStream
from .._types import Protection
from ._events import NEED_DATA, DataReceived, EndOfData

if TYPE_CHECKING:
    from ..abc import Framing, SecurityContext
    from ._buffer import ReceiveBuffer
    from ._events import Event

__all__ = ["Messages", "not_sealed"]


class Messages:
    """Both directions of an open connection. It holds no bytes, only where each direction stands."""

    __slots__ = (
        "_allow_unmarked_end",
        "_bare",
        "_context",
        "_end",
        "_framing",
        "_marks_end",
        "_seal",
        "end_sent",
        "silent",
    )

    def __init__(
        self, context: SecurityContext, framing: Framing, protection: Protection, allow_unmarked_end: bool
    ) -> None:
        self._context = context
        self._framing = framing
        self._bare = protection is Protection.NONE
        self._seal = protection is Protection.SEAL
        self._allow_unmarked_end = allow_unmarked_end or self._bare
        self._marks_end = framing.marks_end and not self._bare
        self._end: EndOfData | None = None
        self.end_sent = False
        self.silent = False
        """Nothing may be sent any more, answers included."""

    @property
    def unanswered(self) -> int:
        """Messages that the peer has yet to answer; most framings know no answers."""
        return 0

    def protect(self, data: memoryview) -> Iterable[bytes]:
        """The bytes to write for ``data``, message by message."""
        if self._bare:
            yield bytes(data)
            return
        size = self._framing.max_plaintext
        for start in range(0, len(data), size):
            yield self._message(bytes(data[start : start + size]))

    def protect_end(self) -> bytes:
        """The bytes that say that no more data will come; none where there is no protection, or where the
        peer does not know our mark."""
        self.end_sent = True
        return self._message(b"") if self._marks_end else b""

    def next_event(self, received: ReceiveBuffer, eof: bool) -> Event:
        """Open the next message."""
        if self._end is not None:
            return self._at_end(received)
        if self._bare:
            if len(received):
                return DataReceived(received.take_all())
            return self._unmarked_end(received) if eof else NEED_DATA
        while frame := received.take_frame(self._framing.message, self._framing.message.limit):
            if (event := self._open(frame.body)) is not None:
                return event
        return self._unmarked_end(received) if eof else NEED_DATA

    def _message(self, data: bytes) -> bytes:
        token = self._context.wrap(data, self._seal)
        return self._framing.message.build(0, len(token)) + token

    def _open(self, token: bytes) -> Event | None:
        """The event, or None for an empty message of a peer that means nothing by it."""
        data, sealed = self._context.unwrap(token)
        if self._seal and not sealed:
            raise not_sealed()
        if data:
            return DataReceived(data)
        if self._marks_end:
            self._end = EndOfData(marked=True)
        return self._end

    def _at_end(self, received: ReceiveBuffer) -> EndOfData:
        if received.inside_frame or self._end is None:
            raise RemoteProtocolError("the peer sent data after it had marked the end")
        return self._end

    def _unmarked_end(self, received: ReceiveBuffer) -> EndOfData:
        if received.inside_frame:
            raise TruncatedStream("the peer closed the connection in the middle of a message")
        if not self._allow_unmarked_end:
            raise TruncatedStream(
                "the peer closed the connection without saying that this was the end of its data",
                fix="treat what was received as incomplete; for a peer that cannot mark the end, as .NET,"
                " set allow_unmarked_end",
            )
        self._end = EndOfData(marked=False)
        return self._end


def not_sealed() -> IntegrityError:
    """The error for a message that anybody could read."""
    return IntegrityError(
        "the peer sent a message that is signed but not sealed, and sealing was agreed",
        fix="drop this peer; somebody may be reading along",
    )
