"""How a client's first token begins. Its first bytes say how long it is, which is what tells framings apart."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["NTLM", "begins_token"]

NTLM = b"NTLMSSP\0"
"""A token of NTLM without SPNEGO ([MS-NLMP] 2.2.1)."""

_INITIAL = 0x60
"""[APPLICATION 0], the frame of a mechanism's first token (RFC 2743 3.1)."""


def begins_token(start: bytes, length: int, *others: bytes) -> bool | None:
    """Whether these are the first bytes of a GSSAPI token of just that length; None if they are too few to tell.

    :param others: what tokens without RFC 2743's frame may begin with
    """
    undecided = False
    for head in (*_frames(length), *(other for other in others if len(other) <= length)):
        if start.startswith(head):
            return True
        undecided = undecided or head.startswith(start)
    return None if undecided else False


def _frames(length: int) -> Iterator[bytes]:
    """The tag and the DER length (X.690 8.1.3, 10.1) of a token of ``length`` bytes; some lengths have none."""
    for octets in range(4):
        rest = length - 2 - octets
        if octets == 0 and 0 <= rest < 0x80:  # noqa: PLR2004 - the short form
            yield bytes((_INITIAL, rest))
        elif octets and max(0x80, 1 << 8 * (octets - 1)) <= rest < 1 << 8 * octets:
            yield bytes((_INITIAL, 0x80 + octets)) + rest.to_bytes(octets, "big")
