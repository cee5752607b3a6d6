"""As much of DER (X.690) as security tokens need: elements of one-byte tags and definite lengths.

Everything works on offsets into the whole token and makes plain tuples, because a server reads a client's first token
while the client waits. Lengths in more octets than they need are taken, as Kerberos libraries take them; indefinite
ones are not, which nobody sends. An element never reaches beyond what it is in.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._errors import RemoteProtocolError

__all__ = ["MalformedToken", "children", "descend", "element", "enter", "field", "unsigned"]

INTEGER, BIT_STRING, OCTET_STRING, OID, ENUMERATED = 0x02, 0x03, 0x04, 0x06, 0x0A
TEXT, TIME, SEQUENCE = 0x1B, 0x18, 0x30
"""TEXT is GeneralString, which holds UTF-8 in Kerberos as it is spoken."""

_LONG_TAG = 0x1F
_CONTEXT = 0x80
"""Tags from here on number the fields of a sequence."""
_LONG_LENGTH = 0x80
_TWO_OCTETS = 0x82
_MOST_OCTETS = 4


class MalformedToken(RemoteProtocolError):
    """Bytes that are no security token, or one that is cut short or damaged."""


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the element that begins at ``at``.

    :param end: where the element it is in ends
    :raises MalformedToken: no such element, or it reaches beyond ``end``
    """
    start = at + 2
    if start > end:
        raise MalformedToken(f"the token ends at byte {end}, within an element")
    tag = data[at]
    length = data[at + 1]
    if length >= _LONG_LENGTH:
        start, length = _long(data, start, end, length & 0x7F)
    stop = start + length
    if stop > end or tag & _LONG_TAG == _LONG_TAG:
        raise MalformedToken(f"the element 0x{tag:02x} at byte {at} of the token is cut short or unknown")
    return tag, start, stop


def _long(data: bytes, start: int, end: int, octets: int) -> tuple[int, int]:
    if not 0 < octets <= _MOST_OCTETS or start + octets > end:
        raise MalformedToken(f"the length at byte {start - 1} of the token cannot be")
    return start + octets, int.from_bytes(data[start : start + octets], "big")


def enter(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Start and end of the content of the element at ``at``, which must have that tag."""
    found, start, stop = element(data, at, end)
    if found != tag:
        raise MalformedToken(f"0x{found:02x} at byte {at} of the token in place of 0x{tag:02x}")
    return start, stop


def field(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """The same of the first element from ``at`` on that has the tag; those before it are passed over."""
    while True:
        found, start, stop = element(data, at, end)
        if found == tag:
            return start, stop
        at = stop


def descend(data: bytes, at: int, end: int, path: bytes) -> tuple[int, int]:
    """Start and end of the content at the end of a path of tags, from the element at ``at`` inwards.

    As :func:`field` for a tag that numbers a field, and as :func:`enter` for any other, in a third of the time.
    """
    for wanted in path:
        while True:
            if at + 2 > end:
                raise MalformedToken(f"the token ends at byte {end}, within an element")
            tag, length = data[at], data[at + 1]
            at += 2
            if length == _TWO_OCTETS and at + 2 <= end:
                length = data[at] << 8 | data[at + 1]
                at += 2
            elif length >= _LONG_LENGTH:
                at, length = _long(data, at, end, length & 0x7F)
            stop = at + length
            if stop > end or tag & _LONG_TAG == _LONG_TAG or (tag != wanted and wanted < _CONTEXT):
                raise MalformedToken(f"0x{tag:02x} in the token in place of 0x{wanted:02x}, or cut short")
            if tag == wanted:
                break
            at = stop
        end = stop
    return at, end


def children(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each element up to ``end``."""
    while at < end:
        yield (found := element(data, at, end))
        at = found[2]


def unsigned(data: bytes, start: int, end: int) -> int:
    """A number of at most eight bytes, read without its sign: flags and counters of Kerberos are such."""
    if not 0 < end - start <= 9:  # noqa: PLR2004 - with the leading zero of a number of eight bytes
        raise MalformedToken(f"the number at byte {start} of the token has {end - start} bytes")
    return int.from_bytes(data[start:end], "big")
