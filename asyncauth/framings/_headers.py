"""The plainest headers: a length and nothing else."""

from __future__ import annotations

from typing import Literal

from ._foreign import foreign, not_spoken

__all__ = ["LengthHeader", "TokenHeader"]


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


class TokenHeader(LengthHeader):
    """The same before a handshake's token, where an impossible length may be the words of another protocol.

    :param framing: the framing's name, for the error
    """

    __slots__ = ("_framing",)

    def __init__(self, framing: str, order: Literal["little", "big"], limit: int) -> None:
        super().__init__(order, limit)
        self._framing = framing

    def parse(self, header: bytes, /) -> tuple[int, int]:
        kind, length = super().parse(header)
        if length > self.limit and foreign(header) is not None:
            raise not_spoken(self._framing, header, f"a length of {length} bytes")
        return kind, length
