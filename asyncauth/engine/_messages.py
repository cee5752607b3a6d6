"""What follows the handshake: protected messages, or bare bytes where no protection was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._errors import AsyncAuthError, IntegrityError, RemoteProtocolError, TruncatedStream
from .._types import Protection
from ._events import NEED_DATA, DataReceived, EndOfData

if TYPE_CHECKING:
    from ..abc import Framing, SecurityContext
    from ._buffer import ReceiveBuffer
    from ._events import Event

__all__ = ["Messages", "not_sealed"]

_SMALL_BYTES = 4_096


class Messages:
    """Both directions of an open connection. It holds no bytes, only where each direction stands."""

    __slots__ = (
        "_allow_unmarked_end",
        "_bare",
        "_context",
        "_end",
        "_framing",
        "_late",
        "_marks_end",
        "_seal",
        "end_sent",
        "silent",
    )

    together = 16
    """So many small messages that have come together are opened in one go, and given out as one."""

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
        self._late: AsyncAuthError | None = None
        """What is wrong with a message behind those that were given out."""
        self.end_sent = False
        self.silent = False
        """Nothing may be sent any more, answers included."""

    @property
    def unanswered(self) -> int:
        """Messages that the peer has yet to answer; most framings know no answers."""
        return 0

    @property
    def decided(self) -> bool:
        """How it goes on is known without another byte: by an end, or an error."""
        return self._end is not None or self._late is not None

    def protect(self, data: bytes | memoryview) -> Sequence[bytes]:
        """The bytes to write for ``data``, in pieces: large ones are put together once, when they go out."""
        if not data:
            return ()
        if self._bare:
            return (bytes(data),)
        size = self._framing.max_plaintext
        if len(data) <= size:
            token = self._context.wrap(data, self._seal)
            return self._framing.message.build(0, len(token)), token
        view, out = memoryview(data), list[bytes]()
        for start in range(0, len(data), size):
            token = self._context.wrap(view[start : start + size], self._seal)
            out += (self._framing.message.build(0, len(token)), token)
        return out

    def protect_end(self) -> bytes:
        """The bytes that say that no more data will come; none where there is no protection, or where the
        peer does not know our mark."""
        self.end_sent = True
        if not self._marks_end:
            return b""
        token = self._context.wrap(b"", self._seal)
        return self._framing.message.build(0, len(token)) + token

    def open_whole(self, data: bytes) -> bytes | None:
        """The plaintext of a piece that is one whole small message; it may be empty, and may have marked the end. None
        if it is anything else, and then nothing has happened."""
        header = self._framing.message
        start = header.size
        if not start < len(data) <= _SMALL_BYTES or self._bare or self.decided:
            return None
        if header.parse(data[:start])[1] != len(data) - start:
            return None
        plain = self._open(data[start:])
        if not plain and self._marks_end:
            self._end = EndOfData(marked=True)
        return plain

    def next_event(self, received: ReceiveBuffer, eof: bool) -> Event:
        """Open the next message, and small ones that have come right behind it."""
        if self._late is not None:
            raise self._late
        if self._end is not None:
            return self._at_end(received)
        if self._bare:
            if len(received):
                return DataReceived(received.take_all())
            return self._unmarked_end(received) if eof else NEED_DATA
        header = self._framing.message
        while (token := received.take_body(header, header.limit)) is not None:
            if data := self._open(token):
                if received.piece and len(token) < _SMALL_BYTES:
                    data = self._with_followers(data, received)
                return DataReceived(data)
            if self._marks_end:
                self._end = EndOfData(marked=True)
                return self._end
        return self._unmarked_end(received) if eof else NEED_DATA

    def _open(self, token: bytes | bytearray | memoryview) -> bytes:
        """What it holds. Nothing marks the end, or where the peer means nothing by it, nothing."""
        data, sealed = self._context.unwrap(token)
        if self._seal and not sealed:
            raise not_sealed()
        return data

    def _with_followers(self, data: bytes, received: ReceiveBuffer) -> bytes:
        """The data of the small messages that come next, too; up to the first that is wrong, which is said later."""
        pieces, header = [data], self._framing.message
        try:
            while len(pieces) < self.together:
                if (token := received.take_body(header, header.limit, _SMALL_BYTES)) is None:
                    break
                pieces.append(self._open(token))
                if not pieces[-1] and self._marks_end:
                    self._end = EndOfData(marked=True)
                    break
        except AsyncAuthError as error:
            self._late = error
        return b"".join(pieces)

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
