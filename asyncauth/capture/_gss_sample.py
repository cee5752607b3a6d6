"""MIT's gss-sample framing, both versions (docs/framing-gss-sample.md)."""

from __future__ import annotations

from ..tokens import Mic, Part, Token, Wrap
from ._reading import Cut, body, unreadable

__all__ = ["GssSampleWire"]

_FLAGS = {
    0x01: "NOOP", 0x02: "CONTEXT", 0x04: "DATA", 0x08: "MIC",
    0x10: "CONTEXT_NEXT", 0x20: "WRAPPED", 0x40: "ENCRYPTED", 0x80: "SEND_MIC",
}  # fmt: skip
_CONTEXT, _DATA, _MIC, _WRAPPED = 0x02, 0x04, 0x08, 0x20
_LIMIT = 1 << 24
"""Longer frames exist in principle and are not worth the memory."""


class GssSampleWire:
    """One connection.

    :param version: 2 with flags, 1 without
    """

    def __init__(self, version: int) -> None:
        self._flagged = version != 1
        self._head = 5 if self._flagged else 4

    def cut(self, _sender: str, data: bytes, _ended: bool, /) -> Cut | None:
        if self._flagged and not data[0]:
            return unreadable(len(data))
        if len(data) < self._head:
            return None
        length = int.from_bytes(data[self._head - 4 : self._head], "big")
        if length > _LIMIT:
            return unreadable(len(data))
        if len(data) < self._head + length:
            return None
        return self._frame(data, self._head + length)

    def _frame(self, data: bytes, size: int) -> Cut:
        head = self._head
        length = Part(head - 4, 4, f"length {size - head}, most significant byte first")
        if not self._flagged:
            token, parts = _any_body(data, head, size)
            return Cut(size, _title(token), (length, *parts), token)
        names = ", ".join(name for bit, name in _FLAGS.items() if data[0] & bit)
        token, parts = _flagged_body(data, head, size)
        flags = Part(0, 1, f"flags 0x{data[0]:02x}: {names}")
        return Cut(size, names, (flags, length, *parts), token, framing={"flags": data[0]})


def _any_body(data: bytes, head: int, size: int) -> tuple[Token | None, tuple[Part, ...]]:
    """Version 1 does not say what a frame is for; its body does."""
    token, parts = body(data, head, size)
    return token, _plain(head, size) if token is None else parts


def _title(token: Token | None) -> str:
    if token is None or isinstance(token, Wrap):
        return "message"
    return "signature" if isinstance(token, Mic) else "token"


def _flagged_body(data: bytes, head: int, size: int) -> tuple[Token | None, tuple[Part, ...]]:
    flags = data[0]
    if head == size:
        return None, ()
    if flags == _CONTEXT:
        return body(data, head, size)
    if flags & _DATA and flags & _WRAPPED:
        return body(data, head, size, Wrap)
    if flags == _MIC:
        return body(data, head, size, Mic)
    return None, _plain(head, size)


def _plain(start: int, end: int) -> tuple[Part, ...]:
    return (Part(start, end - start, "data as it is", secret=True),) if end > start else ()
