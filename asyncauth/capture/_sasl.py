"""SASL alone, its negotiation framed as in Apache Thrift (docs/framing-sasl.md)."""

from __future__ import annotations

from ..tokens import Part, Token
from ._protected import protected
from ._reading import Cut, body, unreadable

__all__ = ["SaslWire"]

_START, _OK, _BAD, _ERROR, _COMPLETE = range(1, 6)
_KINDS = {_START: "START", _OK: "OK", _BAD: "BAD", _ERROR: "ERROR", _COMPLETE: "COMPLETE"}
_MECHANISMS = b"GSSAPI", b"GSS-SPNEGO"
_HEAD_BYTES = 5
_LIMIT, _MESSAGE_LIMIT = 65_536, 16_777_215
_MOST_CHARACTERS = 200


class SaslWire:
    """One connection.

    :param bare: whether there may be no layer, and so no framing
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._over = False

    def cut(self, sender: str, data: bytes, _ended: bool, /) -> Cut | None:
        if self._over:
            return protected(data, bare=self._bare, order="big", limit=_MESSAGE_LIMIT)
        if data[0] not in _KINDS:
            return unreadable(len(data))
        if len(data) < _HEAD_BYTES:
            return None
        length = int.from_bytes(data[1:_HEAD_BYTES], "big")
        if length > _LIMIT:
            return unreadable(len(data))
        if len(data) < _HEAD_BYTES + length:
            return None
        return self._frame(sender, data[: _HEAD_BYTES + length])

    def _frame(self, sender: str, data: bytes) -> Cut:
        kind = data[0]
        self._over = kind in (_BAD, _ERROR) or (sender, kind) == ("<", _COMPLETE)
        head = (
            Part(0, 1, f"kind {kind}, {_KINDS[kind]}"),
            Part(1, 4, f"length {len(data) - _HEAD_BYTES}, most significant byte first"),
        )
        token, parts, text = _body(kind, data)
        said = {} if text is None else {"mechanism" if kind == _START else "error": text}
        return Cut(len(data), _KINDS[kind], (*head, *parts), token, framing={"kind": kind, **said})


def _body(kind: int, data: bytes) -> tuple[Token | None, tuple[Part, ...], str | None]:
    """The token in a frame, or the text."""
    content = data[_HEAD_BYTES:]
    if kind in (_OK, _COMPLETE):
        return *body(data, _HEAD_BYTES, len(data)), None
    told = (
        content in _MECHANISMS if kind == _START else len(content) <= _MOST_CHARACTERS and content.isascii()
    )
    if not told:
        return None, (Part(_HEAD_BYTES, len(content), "text that is not told", secret=True),), None
    text = content.decode("ascii")
    return None, (Part(_HEAD_BYTES, len(content), repr(text)),), text
