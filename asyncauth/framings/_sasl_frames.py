"""The messages of SASL's negotiation as Apache Thrift's TSaslTransport puts them on a byte stream."""

from __future__ import annotations

from ._foreign import not_spoken

__all__ = ["BAD", "COMPLETE", "ERROR", "HEADER", "LIMIT", "NAMES", "OK", "START"]

START, OK, BAD, ERROR, COMPLETE = range(1, 6)

NAMES = {START: "START", OK: "OK", BAD: "BAD", ERROR: "ERROR", COMPLETE: "COMPLETE"}

LIMIT = 65_536
"""Bytes of a message."""


class _KindHeader:
    __slots__ = ()
    size = 5
    limit = LIMIT

    def parse(self, header: bytes, /) -> tuple[int, int]:
        kind = header[0]
        if kind not in NAMES or header[1]:
            raise not_spoken("SASL", header, f"it begins with {header[:4].hex(' ')}")
        return kind, int.from_bytes(header[1:])

    def build(self, kind: int, length: int, /) -> bytes:
        return bytes((kind,)) + length.to_bytes(4)


HEADER = _KindHeader()
"""A byte for the kind and four of length, most significant first."""
