"""[MS-NNS] as it is read (docs/framing-nns.md).

A direction's handshake is over with the server's HandshakeDone or anybody's HandshakeError; only then may data come.
"""

from __future__ import annotations

from ..tokens import Part, code_text
from ._protected import protected
from ._reading import Cut, body, unreadable

__all__ = ["NegotiateStreamWire"]

_DONE, _ERROR = 0x14, 0x15
_KINDS = {_DONE: "HandshakeDone", _ERROR: "HandshakeError", 0x16: "HandshakeInProgress"}
_HEAD_BYTES, _CODE_BYTES = 5, 8
_MARKING = 0xA1
_SIGNS = 0, 0xFFFF_FFFF
_HERE = {
    1790: "less was negotiated than its sender requires: protection, identity or service name",
    0x8009030C: "its sender refused a token",
    0x80004005: "E_FAIL, its sender failed and says no more",
    0x80090304: "SEC_E_INTERNAL_ERROR, its sender's mechanism failed, as without a key for the ticket",
}
"""What the numbers mean in this protocol, whose senders have few."""


class NegotiateStreamWire:
    """One connection.

    :param bare: whether data has no framing and no protection
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._over = False

    def cut(self, sender: str, data: bytes, _: bool, /) -> Cut | None:
        if self._over:
            return protected(data, bare=self._bare)
        if data[0] not in _KINDS:
            return unreadable(len(data))
        size = _HEAD_BYTES + int.from_bytes(data[3:_HEAD_BYTES], "big")
        if len(data) < max(_HEAD_BYTES, size):
            return None
        self._over = data[0] == _ERROR or (sender, data[0]) == ("<", _DONE)
        head = {"type": data[0], "version": f"{data[1]}.{data[2]}", "marks_end": data[2] == _MARKING}
        if data[0] == _ERROR:
            code, parts = _error(data, size)
            error = {} if code is None else {"code": code, "error": _text(code)}
            return Cut(size, _KINDS[_ERROR], (*_head(data, size), *parts), framing=head | error)
        token, parts = body(data, _HEAD_BYTES, size)
        return Cut(size, _KINDS[data[0]], (*_head(data, size), *parts), token, framing=head)


def _head(data: bytes, size: int) -> tuple[Part, ...]:
    version = f"version {data[1]}.{data[2]}"
    return (
        Part(0, 1, f"type 0x{data[0]:02x} {_KINDS[data[0]]}"),
        Part(1, 2, f"{version}, which marks the end of data" if data[2] == _MARKING else version),
        Part(3, 2, f"length {size - _HEAD_BYTES}, most significant byte first"),
    )


def _error(data: bytes, size: int) -> tuple[int | None, tuple[Part, ...]]:
    end = _HEAD_BYTES + _CODE_BYTES
    if size < end:
        return None, (Part(_HEAD_BYTES, size - _HEAD_BYTES, "error without a number", secret=True),)
    first, last = int.from_bytes(data[5:9], "little"), int.from_bytes(data[9:end], "big")
    code = first if last in _SIGNS and first not in _SIGNS else last
    text = f"error: 0x{last:08x} read from the end, 0x{first:08x} read from the beginning: {_text(code)}"
    more = (Part(end, size - end, "more after the number", secret=True),) if size > end else ()
    return code, (Part(_HEAD_BYTES, _CODE_BYTES, text), *more)


def _text(code: int) -> str:
    return f"{code_text(code)}; {_HERE[code]}" if code in _HERE else code_text(code)
