"""Received bytes, cut into frames. The only place that holds bytes which nobody has looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
            self._bytes.clear()
            raise FrameTooLarge(
                f"the peer announced a frame of {length} bytes where at most {limit} are allowed",
                fix="check that both ends speak the same framing; the port may belong to another protocol",
            )
        self._kind, self._length = kind, length
        return True

    def _cut(self, size: int) -> bytes:
        with memoryview(self._bytes) as view:
            data = bytes(view[:size])
        del self._bytes[:size]
        return data
