"""NTLM's three messages ([MS-NLMP] 2.2.1): their kind, flags and names. Everything else is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._der import MalformedToken
from ._parts import readable
from ._types import NtlmMessage

if TYPE_CHECKING:
    from ._parts import Notes

__all__ = ["SIGNATURE", "ntlm"]

SIGNATURE = b"NTLMSSP\0"
_KINDS = {1: "NEGOTIATE", 2: "CHALLENGE", 3: "AUTHENTICATE"}
_FLAGS_AT = {1: 12, 2: 20, 3: 60}
_NAMES_AT = {
    1: {"domain": 16, "workstation": 24},
    2: {"target": 12},
    3: {"domain": 28, "user": 36, "workstation": 44},
}
_FIXED_BYTES = 12
_UNICODE = 1
_OF_CLIENT = 1
_FLAGS = (
    (0x1, "unicode"), (0x2, "OEM"), (0x4, "request target"), (0x10, "sign"), (0x20, "seal"), (0x80, "LM key"),
    (0x200, "NTLM"), (0x800, "anonymous"), (0x8000, "always sign"), (0x1_0000, "target is a domain"),
    (0x2_0000, "target is a server"), (0x8_0000, "extended session security"), (0x80_0000, "target info"),
    (0x200_0000, "version"), (0x2000_0000, "128 bits"), (0x4000_0000, "key exchange"), (0x8000_0000, "56 bits"),
)  # fmt: skip


def ntlm(notes: Notes, start: int, end: int, *, alone: bool) -> NtlmMessage:
    """A message that goes up to ``end``.

    :param alone: it is not in SPNEGO
    """
    data = notes.data
    number = int.from_bytes(data[start + 8 : start + _FIXED_BYTES], "little")
    if number not in _KINDS or end - start < _FIXED_BYTES:
        raise MalformedToken(f"byte {start} of the token begins no message of NTLM")
    notes.add(start, end, f"NTLM message {number}{', without SPNEGO' if alone else ''}: {_KINDS[number]}")
    flags, public = _flags(notes, start, end, number), [(start, start + _FIXED_BYTES)]
    if flags is not None:
        at = start + _FLAGS_AT[number]
        public.append((at, at + 4))
    names = {}
    for what, at in _NAMES_AT[number].items():
        place = _place(data, start, end, at)
        if place is not None:
            # What a client says before anything is negotiated is in its own code page.
            unicode = bool(flags is None or flags & _UNICODE) and number != _OF_CLIENT
            names[what] = str(data[place[0] : place[1]], "utf-16-le" if unicode else "latin-1", "replace")
            notes.add(*place, f"{what} {readable(names[what])}")
            public += [(start + at, start + at + 8), place]
    _hide_others(notes, start, end, public)
    return NtlmMessage(number, flags, names)


def _flags(notes: Notes, start: int, end: int, number: int) -> int | None:
    at = start + _FLAGS_AT[number]
    if at + 4 > end:
        return None
    flags = int.from_bytes(notes.data[at : at + 4], "little")
    notes.add(at, at + 4, f"flags 0x{flags:08x}: {', '.join(name for bit, name in _FLAGS if flags & bit)}")
    return flags


def _place(data: bytes, start: int, end: int, at: int) -> tuple[int, int] | None:
    """Where the text is of which length and offset stand at ``at``; None if there is none."""
    fields = data[start + at : min(start + at + 8, end)]
    size, offset = int.from_bytes(fields[:2], "little"), int.from_bytes(fields[4:8], "little")
    if len(fields) < 8 or not size or offset < _FIXED_BYTES:  # noqa: PLR2004 - length, room, offset
        return None
    if start + offset + size > end:
        raise MalformedToken(f"a name at byte {start + offset} of the token is cut short")
    return start + offset, start + offset + size


def _hide_others(notes: Notes, start: int, end: int, public: list[tuple[int, int]]) -> None:
    """Note all that is not public."""
    for first, last in sorted(public):
        if first > start:
            notes.hide(start, first, "challenge, response or unknown")
        start = max(start, last)
    if start < end:
        notes.hide(start, end, "challenge, response or unknown")
