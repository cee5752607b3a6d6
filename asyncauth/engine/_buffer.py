"""Received bytes, cut into frames. The only place that holds bytes which nobody has looked at.

A piece that was received is kept as it came, and frames are cut out of it: small ones as bytes that nobody else has,
large ones as views, so that a large message is not copied before it is opened. Only a frame that lies across two pieces
is put together. The bytes of it that are there wait in a bytearray, which grows with what comes and never beyond the
frame; so a peer that trickles one byte at a time costs no more time and memory than one that sends it all at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .._errors import FrameTooLarge
from ..abc import Frame

if TYPE_CHECKING:
    from ..abc import Header

__all__ = ["ReceiveBuffer"]

_VIEW_BYTES = 2_048
"""From here on a view is cheaper than a copy."""


class ReceiveBuffer:
    """Bytes in, frames out. A length beyond the limit is refused before its body is kept."""

    __slots__ = ("_at", "_begun", "_kind", "_length", "piece")

    def __init__(self) -> None:
        self.piece = b""
        """What was received last; empty if all of it has been taken."""
        self._at = 0
        """Where in the piece the bytes begin that nobody has taken."""
        self._begun: bytes | bytearray = b""
        """Of the header or body that is to be taken next, the bytes that came before the piece; if any, a bytearray."""
        self._kind = 0
        self._length = -1

    def __len__(self) -> int:
        return len(self._begun) + len(self.piece) - self._at

    @property
    def inside_frame(self) -> bool:
        """True if the bytes received end in the middle of a frame."""
        return self._length >= 0 or bool(self._begun) or bool(self.piece)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        if not self.piece:
            self.piece = bytes(data)
        else:  # nobody has asked since the last one
            self.piece = b"".join((memoryview(self.piece)[self._at :], data))
        self._at = 0

    def take_all(self) -> bytes:
        data = (
            b"".join((self._begun, memoryview(self.piece)[self._at :]))
            if self._begun or self._at
            else self.piece
        )
        self._clear()
        return data

    def peek(self, size: int) -> bytes | None:
        """The first ``size`` bytes, left where they are, or None until so many have come. Before a frame only."""
        end = self._at + size
        return self.piece[self._at : end] if len(self.piece) >= end else None

    def take_rest(self, limit: int, eof: bool) -> Frame | None:
        """All that comes until the end of the stream as one frame, or None until then, or if it is nothing.

        :raises FrameTooLarge: it is longer than ``limit`` bytes already
        """
        if len(self) > limit:
            self._too_large(f"the peer sent more than {limit} bytes where that is all that is allowed")
        if eof:
            return Frame(0, self.take_all()) if len(self) else None
        self._keep(len(self.piece) - self._at)
        return None

    def take_frame(self, header: Header, limit: int) -> Frame | None:
        """The next whole frame, or None until more bytes have come.

        :raises FrameTooLarge: the header announces more than ``limit`` bytes
        :raises RemoteProtocolError: not a header of this framing
        """
        body = self.take_body(header, limit)
        return None if body is None else Frame(self._kind, bytes(body))

    def take_body(
        self, header: Header, limit: int, at_most: int | None = None
    ) -> bytes | bytearray | memoryview | None:
        """The body of the next frame, which may be a view of what was received; else as :meth:`take_frame`.

        :param at_most: leave it where it is if it is longer
        """
        if not self.piece:
            return None
        length = self._length
        if length < 0:
            if (head := self._take(header.size)) is None:
                return None
            self._kind, length = header.parse(bytes(head))
            if length > limit:
                self._too_large(
                    f"the peer announced a frame of {length} bytes where at most {limit} are allowed"
                )
            self._length = length
        if (at_most is not None and length > at_most) or (body := self._take(length)) is None:
            return None
        self._length = -1
        return body

    def _take(self, size: int) -> bytes | bytearray | memoryview | None:
        piece, at = self.piece, self._at
        end = at + size
        if self._begun or end > len(piece):
            return self._put_together(size)
        if end < len(piece):
            self._at = end
        else:
            self.piece, self._at = b"", 0
        if size < _VIEW_BYTES and size < len(piece):
            return piece[at:end]
        return memoryview(piece)[at:end]

    def _put_together(self, size: int) -> bytes | bytearray | None:
        self._keep(size - len(self._begun))
        if len(self._begun) < size:
            return None
        data, self._begun = self._begun, b""
        return data

    def _keep(self, count: int) -> None:
        """Move so many bytes of the piece, or all there are, to those that have begun a frame."""
        piece, at = self.piece, self._at
        begun = self._begun or bytearray()
        begun += memoryview(piece)[at : at + count]
        self._begun = begun
        if at + count < len(piece):
            self._at = at + count
        else:
            self.piece, self._at = b"", 0

    def _clear(self) -> None:
        self.piece, self._at, self._begun = b"", 0, b""

    def _too_large(self, message: str) -> NoReturn:
        self._clear()
        raise FrameTooLarge(
            message,
            fix="check that both ends speak the same framing; the port may belong to another protocol",
        )
