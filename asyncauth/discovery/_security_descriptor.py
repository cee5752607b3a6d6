"""A small edit of a binary security descriptor (MS-DTYP 2.4.6): rights on single attributes.

The new entries are object ACEs (MS-DTYP 2.4.4.3) that allow an account to read and write one attribute each. They go
behind the entry's own ACEs and before the first inherited one, where Windows' canonical order has them; all others
stay byte for byte. Only the DACL comes out: written with the SD flags control, nothing else is looked at, and writing
owner or SACL would need rights that few have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from uuid import UUID

from .._errors import MalformedRecord

__all__ = ["allow_properties"]

_HEADER = struct.Struct("<BBHIIII")
"""Revision, padding, control, offsets of owner, group, SACL, DACL."""
_ACL = struct.Struct("<BBHHH")
"""Revision, padding, size, number of ACEs, padding."""
_ACE = struct.Struct("<BBH")
"""Type, flags, size."""
_OBJECT_ACE = struct.Struct("<II16s")
"""Mask, flags, the attribute's schemaIDGUID."""

_DACL_PRESENT, _SELF_RELATIVE = 0x0004, 0x8000
_DACL_BITS = 0x0004 | 0x0008 | 0x0100 | 0x0400 | 0x1000 | 0x8000
"""Present, defaulted, auto-inherit request, auto-inherited, protected; self-relative."""
_ACL_REVISION_DS = 4
_ALLOWED_OBJECT = 5
_INHERITED = 0x10
_TYPE_PRESENT = 1
_READ_AND_WRITE = 0x10 | 0x20
_LARGEST = 0xFFFF


def allow_properties(descriptor: bytes, sid: bytes, attributes: Iterable[UUID]) -> bytes:
    """The descriptor with read and write of these attributes allowed to ``sid``; the same bytes if they are already.

    :param attributes: their schemaIDGUIDs
    :raises MalformedRecord: this is no self-relative descriptor with a DACL, or it has no room
    """
    control, aces = _parse(descriptor)
    wanted = [_ace(sid, attribute) for attribute in attributes]
    missing = [ace for ace in wanted if ace not in aces]
    if not missing:
        return descriptor
    own = next((at for at, ace in enumerate(aces) if ace[1] & _INHERITED), len(aces))
    return _build(control, [*aces[:own], *missing, *aces[own:]])


def _ace(sid: bytes, attribute: UUID) -> bytes:
    body = _OBJECT_ACE.pack(_READ_AND_WRITE, _TYPE_PRESENT, attribute.bytes_le) + sid
    return _ACE.pack(_ALLOWED_OBJECT, 0, _ACE.size + len(body)) + body


def _parse(descriptor: bytes) -> tuple[int, list[bytes]]:
    try:
        revision, _, control, *_, dacl = _HEADER.unpack_from(descriptor)
        if revision != 1 or not control & _SELF_RELATIVE or not control & _DACL_PRESENT or not dacl:
            raise _damaged("it has no discretionary access control list")
        _, _, size, count, _ = _ACL.unpack_from(descriptor, dacl)
        acl = descriptor[dacl : dacl + size]
        return control, list(_aces(acl, count))
    except struct.error as error:
        raise _damaged("it ends early") from error


def _aces(acl: bytes, count: int) -> Iterator[bytes]:
    at = _ACL.size
    for _ in range(count):
        _, _, size = _ACE.unpack_from(acl, at)
        if size < _ACE.size or at + size > len(acl):
            raise _damaged("an access control entry is longer than the list")
        yield acl[at : at + size]
        at += size


def _build(control: int, aces: list[bytes]) -> bytes:
    body = b"".join(aces)
    size = _ACL.size + len(body)
    if size > _LARGEST:
        raise _damaged("it has no room for another entry")
    header = _HEADER.pack(1, 0, control & _DACL_BITS | _SELF_RELATIVE, 0, 0, 0, _HEADER.size)
    return header + _ACL.pack(_ACL_REVISION_DS, 0, size, len(aces), 0) + body


def _damaged(why: str) -> MalformedRecord:
    return MalformedRecord(
        f"the security descriptor cannot be changed: {why}", fix="look at the entry's permissions by hand"
    )
