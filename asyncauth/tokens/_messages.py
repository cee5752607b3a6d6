"""The headers of protected messages and signatures (RFC 4121 4.2.6), and of their older kind (RFC 4757 7.2, 7.3).

What follows a header is secret: the ciphertext, or the plaintext itself where it is only signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._der import MalformedToken
from ._types import Mic, Wrap

if TYPE_CHECKING:
    from ._parts import Notes

__all__ = ["MIC", "WRAP", "old_message", "signature", "wrapped"]

WRAP, MIC = b"\x05\x04", b"\x04\x04"
_HEADER_BYTES = 16
_OLD_WRAP, _OLD_MIC = b"\x02\x01", b"\x01\x01"
_OLD_WRAP_BYTES, _OLD_MIC_BYTES = 8, 8
_NOT_SEALED = b"\xff\xff"
_FLAGS = "sent by acceptor", "sealed", "acceptor subkey"
_BY_ACCEPTOR, _SEALED, _SUBKEY = 1, 2, 4


def wrapped(notes: Notes, start: int, end: int) -> Wrap:
    """A Wrap token that goes up to ``end``."""
    flags = _begin(notes, start, end, "05 04, Wrap")
    data = notes.data
    extra, rotation, number = (
        int.from_bytes(data[start + first : start + last], "big") for first, last in ((4, 6), (6, 8), (8, 16))
    )
    notes.add(start + 3, start + 4, "filler")
    notes.add(start + 4, start + 6, f"EC {extra}")
    notes.add(start + 6, start + 8, f"RRC {rotation}")
    notes.add(start + 8, start + 16, f"sequence number {number}")
    sealed = bool(flags & _SEALED)
    notes.hide(start + 16, end, "encrypted data" if sealed else "plaintext and checksum")
    return Wrap(sealed, bool(flags & _BY_ACCEPTOR), bool(flags & _SUBKEY), extra, rotation, number)


def signature(notes: Notes, start: int, end: int) -> Mic:
    """A MIC token that goes up to ``end``."""
    flags = _begin(notes, start, end, "04 04, MIC")
    number = int.from_bytes(notes.data[start + 8 : start + 16], "big")
    notes.add(start + 3, start + 8, "filler")
    notes.add(start + 8, start + 16, f"sequence number {number}")
    notes.hide(start + 16, end, "checksum of the message's plaintext and these 16 bytes")
    return Mic(bool(flags & _BY_ACCEPTOR), bool(flags & _SUBKEY), number)


def old_message(notes: Notes, start: int, end: int) -> Wrap | Mic | None:
    """What RC4 has in RFC 2743's frame, without its sequence number, which is encrypted; None if it is neither."""
    kind = notes.data[start : start + 2]
    if kind == _OLD_MIC and end - start >= _OLD_MIC_BYTES:
        notes.add(start, start + _OLD_MIC_BYTES, "MIC of RFC 4757")
        notes.hide(start + _OLD_MIC_BYTES, end, "sequence number and checksum, encrypted")
        return Mic(by_acceptor=False, acceptor_subkey=False, number=None)
    if kind == _OLD_WRAP and end - start >= _OLD_WRAP_BYTES:
        sealed = notes.data[start + 4 : start + 6] != _NOT_SEALED
        notes.add(
            start, start + _OLD_WRAP_BYTES, f"Wrap of RFC 4757, {'sealed' if sealed else 'signed only'}"
        )
        notes.hide(start + _OLD_WRAP_BYTES, end, "sequence number, checksum and data")
        return Wrap(sealed, by_acceptor=False, acceptor_subkey=False, extra=0, rotation=0, number=None)
    return None


def _begin(notes: Notes, start: int, end: int, what: str) -> int:
    if end - start < _HEADER_BYTES:
        raise MalformedToken(f"the token ends at byte {end}, within a header of 16 bytes")
    flags = notes.data[start + 2]
    notes.add(start, start + 2, f"token type {what}")
    names = ", ".join(name for bit, name in enumerate(_FLAGS) if flags >> bit & 1)
    notes.add(start + 2, start + 3, f"flags 0x{flags:02x}: {names}")
    return flags
