"""The plainest header: a length and nothing else."""

from __future__ import annotations

from typing import Literal

__all__ = ["LengthHeader"]


class LengthHeader:
    """Four bytes of length, in the given byte order."""

    __slots__ = ("_order", "limit", "size")

    def __init__(self, order: Literal["little", "big"], limit: int) -> None:
        self._order = order
        self.limit = limit
        self.size = 4

    def parse(self, header: bytes, /) -> tuple[int, int]:
        return 0, int.from_bytes(header, self._order)

    def build(self, kind: int, length: int, /) -> bytes:  # noqa: ARG002 - there is only one kind
        return length.to_bytes(4, self._order)
