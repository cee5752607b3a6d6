"""The SSPI sockets sample's framing, ours of many messages and the sample's own (docs/framing-winsock.md).

Nothing in it marks the end of the handshake but what comes next: tokens and protected messages have the same header.
Where there may be data without protection, only what is a handshake token as a whole is taken for one.
"""

from __future__ import annotations

from ..tokens import Mic, Part, Wrap
from ._protected import protected, unprotected
from ._reading import Cut, body, unreadable

__all__ = ["WinsockWire"]

_LENGTH_BYTES = 4
_LIMIT, _ONE_SHOT_LIMIT = 65_536, 2_048
_WRAP = b"\x05\x04"
_NTLM_SIGNATURE = b"\x01\x00\x00\x00"
_TOKENS = b"\x60\xa0\xa1\x6e\x6f\x7eN"
"""First bytes of handshake tokens."""


class WinsockWire:
    """One connection.

    :param bare: whether data has no framing and no protection
    :param one_shot: the sample's own form of message
    """

    def __init__(self, *, bare: bool, one_shot: bool = False) -> None:
        self._bare = bare
        self._one_shot = one_shot
        self._over = {">": False, "<": False}

    def cut(self, sender: str, data: bytes, ended: bool, /) -> Cut | None:
        start = data[_LENGTH_BYTES : _LENGTH_BYTES + 1]
        if not self._over[sender] and not start and not ended:
            return None
        if self._over[sender] or start not in _TOKENS or not start:
            return self._data(sender, data, ended)
        length = int.from_bytes(data[:_LENGTH_BYTES], "little")
        size = _LENGTH_BYTES + length
        if length > _LIMIT:
            return unreadable(len(data))
        return self._token(sender, data, size) if len(data) >= size else None

    def _token(self, sender: str, data: bytes, size: int) -> Cut:
        token, parts = body(data, _LENGTH_BYTES, size)
        if token is None or isinstance(token, Wrap | Mic):
            self._over[sender] = True
            return protected(data, bare=self._bare) or unreadable(len(data))
        head = Part(0, _LENGTH_BYTES, f"length {size - _LENGTH_BYTES}, least significant byte first")
        return Cut(size, "token", (head, *parts), token)

    def _data(self, sender: str, data: bytes, ended: bool) -> Cut | None:
        self._over[sender] = True
        if self._bare:
            return unprotected(data)
        return _one_message(data, ended) if self._one_shot else protected(data, bare=False)


def _one_message(data: bytes, ended: bool) -> Cut | None:
    """It ends where the stream ends."""
    if len(data) > _ONE_SHOT_LIMIT:
        return unreadable(len(data))
    if not ended:
        return None
    trailer = int.from_bytes(data[:_LENGTH_BYTES], "little")
    end = _LENGTH_BYTES + trailer
    if end > len(data) or not data.startswith((_WRAP, _NTLM_SIGNATURE), _LENGTH_BYTES):
        return unreadable(len(data))
    token, parts = body(data, _LENGTH_BYTES, len(data), Wrap)
    head = (
        Part(0, _LENGTH_BYTES, f"length of the trailer {trailer}, least significant byte first"),
        Part(_LENGTH_BYTES, trailer, "trailer:"),
        Part(end, len(data) - end, "ciphertext of the data", secret=True),
    )
    return Cut(len(data), "one message", (*head, *parts), token, framing={"trailer": trailer})
