"""Reading NDR, as far as a PAC needs it (C706 chapter 14, MS-RPCE 2.2.6).

A cursor that moves over a serialized type in one direction and refuses whatever does not lie in it entirely. It
allocates nothing that the bytes at hand do not pay for: each count is compared with what is left before anything is
read by it. Nothing here calls itself.
"""

from __future__ import annotations

import struct

from ..._sid import Sid

__all__ = ["Damaged", "Reader", "ndr_body"]

_COMMON = struct.Struct("<BBHI")
"""Common type header: version, byte order, its own length, filler."""
_PRIVATE = struct.Struct("<II")
"""Private header: length of the object, filler."""
_LITTLE_ENDIAN = 0x10
_U32 = struct.Struct("<I")
_STRING = struct.Struct("<III")
_SID_HEADER = struct.Struct("<IBB")
_MOST_SUBAUTHORITIES = 15


class Damaged(ValueError):
    """The bytes are not what they should be; the text says what is wrong, and nothing of what is in them."""


def ndr_body(data: bytes) -> bytes:
    """What follows the headers of type serialization version 1 (MS-RPCE 2.2.6.1 and 2.2.6.2)."""
    headers = _COMMON.size + _PRIVATE.size
    if len(data) < headers:
        raise Damaged("it ends in its header")
    version, order, size, _ = _COMMON.unpack_from(data)
    if (version, order, size) != (1, _LITTLE_ENDIAN, _COMMON.size):
        raise Damaged("it is not serialized in version 1, little-endian")
    length, _ = _PRIVATE.unpack_from(data, _COMMON.size)
    if length > len(data) - headers:
        raise Damaged("it is shorter than it says")
    return data[headers : headers + length]


class Reader:
    """A cursor over an NDR body. Every method raises :exc:`Damaged` when the bytes end too early."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        """The fields of a structure without pointees, aligned to 4 bytes."""
        return layout.unpack_from(self._data, self._take(layout.size))

    def string(self, length: int) -> str:
        """The pointee of an RPC_UNICODE_STRING of so many bytes: a conformant and varying array of UTF-16."""
        most, offset, actual = self.unpack(_STRING)
        if offset or actual > most or actual * 2 != length:
            raise Damaged("the lengths of a string contradict each other")
        at = self._take(length)
        try:
            return self._data[at : at + length].decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise Damaged("a string is not UTF-16") from error

    def pairs(self, count: int) -> list[tuple[int, int]]:
        """The pointee of a conformant array of so many pairs of numbers."""
        if self.unpack(_U32)[0] != count:
            raise Damaged("the counts of an array contradict each other")
        at = self._take(8 * count)
        return list(struct.iter_unpack("<II", self._data[at : at + 8 * count]))

    def sid(self) -> Sid:
        """The pointee of a pointer to RPC_SID (MS-DTYP 2.4.2.3)."""
        count, revision, same_count = self.unpack(_SID_HEADER)
        if revision != 1 or count != same_count or not 1 <= count <= _MOST_SUBAUTHORITIES:
            raise Damaged("a SID is none")
        size = 6 + 4 * count
        at = self._take(size, aligned=False)
        authority = int.from_bytes(self._data[at : at + 6], "big")
        return Sid(authority, struct.unpack_from(f"<{count}I", self._data, at + 6))

    def _take(self, size: int, *, aligned: bool = True) -> int:
        """Where the next so many bytes begin; the cursor is behind them then."""
        at = -(-self._at // 4) * 4 if aligned else self._at
        if at + size > len(self._data):
            raise Damaged("it ends early")
        self._at = at + size
        return at
