"""What follows a handshake in MS-NNS, in our Winsock framing and in SASL: a length and a protected message; or
bare data, of which nothing is to be told but how much it is."""

from __future__ import annotations

from typing import Literal

from ..tokens import Mic, Part, Wrap
from ._reading import Cut, body, unreadable

__all__ = ["protected", "unprotected"]

_LENGTH_BYTES = 4
_LIMIT = 65_536
_ORDERS = {"little": "least", "big": "most"}
_NTLM_SIGNATURE = b"\x01\x00\x00\x00"
_NTLM_SIGNATURE_BYTES = 16


def unprotected(data: bytes) -> Cut:
    """Application data without protection."""
    return Cut(len(data), "data", (Part(0, len(data), "data as it is", secret=True),))


def protected(
    data: bytes, *, bare: bool, order: Literal["little", "big"] = "little", limit: int = _LIMIT
) -> Cut | None:
    """The message that the data begins with.

    :param bare: there are no messages
    :param order: of the length's bytes
    :param limit: the longest message, in bytes
    """
    if bare:
        return unprotected(data)
    if len(data) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(data[:_LENGTH_BYTES], order)
    size = _LENGTH_BYTES + length
    if length > limit:
        return unreadable(len(data))
    if len(data) < size:
        return None
    head = Part(0, _LENGTH_BYTES, f"length {length}, {_ORDERS[order]} significant byte first")
    if data[4:size].startswith(_NTLM_SIGNATURE) and length >= _NTLM_SIGNATURE_BYTES:
        return Cut(size, "message", (head, Part(4, length, "NTLM's signature, and data", secret=True)))
    token, parts = body(data, _LENGTH_BYTES, size, Wrap, Mic)
    return Cut(size, "message", (head, *parts), token)
