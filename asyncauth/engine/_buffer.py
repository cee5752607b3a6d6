"""Received bytes, cut into frames. The only place that holds bytes which nobody has looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .._errors import FrameTooLarge
from ..abc import Frame

if TYPE_CHECKING:
    from ..abc import Header

__all__ = ["ReceiveBuffer"]


class ReceiveBuffer:
    """Bytes in, frames out. A length beyond the limit is refused before its body is kept."""

    __slots__ = ("_bytes", "_kind", "_length")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._kind = 0
        self._length = -1

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def inside_frame(self) -> bool:
        """True if the bytes received end in the middle of a frame."""
        return self._length >= 0 or bool(self._bytes)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        self._bytes += data

    def take_all(self) -> bytes:
        data = bytes(self._bytes)
        self._bytes.clear()
        return data

    def peek(self, size: int) -> bytes | None:
        """The first ``size`` bytes, left where they are, or None until so many have come."""
        return bytes(self._bytes[:size]) if len(self._bytes) >= size else None

    def take_rest(self, limit: int, eof: bool) -> Frame | None:
        """All that comes until the end of the stream as one frame, or None until then, or if it is nothing.

        :raises FrameTooLarge: it is longer than ``limit`` bytes already
        """
        if len(self._bytes) > limit:
            self._too_large(f"the peer sent more than {limit} bytes where that is all that is allowed")
        return Frame(0, self.take_all()) if eof and self._bytes else None

    def take_frame(self, header: Header, limit: int) -> Frame | None:
        """The next whole frame, or None until more bytes have come.

        :raises FrameTooLarge: the header announces more than ``limit`` bytes
        :raises RemoteProtocolError: not a header of this framing
        """
        if self._length < 0 and not self._read_header(header, limit):
            return None
        if len(self._bytes) < self._length:
            return None
        frame = Frame(self._kind, self._cut(self._length))
        self._length = -1
        return frame

    def _read_header(self, header: Header, limit: int) -> bool:
        if len(self._bytes) < header.size:
            return False
        kind, length = header.parse(self._cut(header.size))
        if length > limit:
            self._too_large(f"the peer announced a frame of {length} bytes where at most {limit} are allowed")
        self._kind, self._length = kind, length
        return True

    def _too_large(self, message: str) -> NoReturn:
        self._bytes.clear()
        raise FrameTooLarge(
            message,
            fix="check that both ends speak the same framing; the port may belong to another protocol",
        )

    def _cut(self, size: int) -> bytes:
        with memoryview(self._bytes) as view:
            data = bytes(view[:size])
        del self._bytes[:size]
        return data
