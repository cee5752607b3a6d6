"""Flags and header of gss-sample's frames (MIT krb5, src/appl/gss-sample/gss-misc.h)."""

from __future__ import annotations

from .._errors import RemoteProtocolError
from .._types import Protection
from ._foreign import not_spoken

__all__ = [
    "CONTEXT", "CONTEXT_NEXT", "MIC", "NAMES", "NOOP", "PROTECTED", "SEND_MIC", "FlagsHeader",
    "is_data", "protection_of", "unexpected",
]  # fmt: skip

NOOP, CONTEXT, DATA, MIC = 0x01, 0x02, 0x04, 0x08
CONTEXT_NEXT, WRAPPED, ENCRYPTED, SEND_MIC = 0x10, 0x20, 0x40, 0x80

NAMES = {1: "gss-sample version 1", 2: "gss-sample version 2"}

PROTECTED = {
    Protection.NONE: DATA,
    Protection.SIGN: DATA | WRAPPED,
    Protection.SEAL: DATA | WRAPPED | ENCRYPTED,
}
"""The flags of a message by its protection."""


def is_data(flags: int) -> bool:
    """Whether these are the flags of a message."""
    return bool(flags & DATA) and not flags & ~(DATA | WRAPPED | ENCRYPTED | SEND_MIC)


def protection_of(flags: int) -> Protection:
    """What a message says was done to it. gss-client -nw leaves ENCRYPTED standing where nothing is wrapped."""
    if not flags & WRAPPED:
        return Protection.NONE
    return Protection.SEAL if flags & ENCRYPTED else Protection.SIGN


def unexpected(flags: int) -> RemoteProtocolError:
    """The error for a frame that may not come now."""
    return RemoteProtocolError(
        f"the peer sent a frame with flags 0x{flags:02x}, which {NAMES[2]} does not have at this point"
    )


class FlagsHeader:
    """Version 2: a byte of flags, which is the kind of frame, and four bytes of length.

    :param limit: the longest body, in bytes
    :param handshake: frames of the handshake, which know fewer kinds
    """

    __slots__ = ("_handshake", "limit", "size")

    def __init__(self, limit: int, *, handshake: bool = False) -> None:
        self._handshake = handshake
        self.limit = limit
        self.size = 5

    def parse(self, header: bytes, /) -> tuple[int, int]:
        flags = header[0]
        if flags == 0:
            raise RemoteProtocolError(
                f"the peer speaks {NAMES[1]}, not {NAMES[2]}",
                fix="use version 2 there (no -v1), or GssSample(version=1) here",
            )
        if self._handshake and flags not in (CONTEXT, NOOP, NOOP | CONTEXT_NEXT):
            raise not_spoken(NAMES[2], header, f"its first byte is 0x{flags:02x}, not 0x01, 0x02 or 0x11")
        return flags, int.from_bytes(header[1:])

    def build(self, kind: int, length: int, /) -> bytes:
        return bytes((kind,)) + length.to_bytes(4)
