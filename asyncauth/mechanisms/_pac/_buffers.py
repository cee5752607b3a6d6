"""What a PAC (MS-PAC 2.3) says of the account: two of its buffers.

The first is KERB_VALIDATION_INFO (2.5), the structure that a domain controller gives to whoever lets a user log on.
UPN_DNS_INFO (2.10) adds the user principal name and, from newer controllers, name and SID once more, which must be the
same then (CVE-2020-25721). PAC_CLIENT_INFO is not read: the library that checked the ticket has compared it with the
ticket, and it has nothing else to say.

Only groups that are enabled and not for denying only are taken. The flags that announce extra SIDs and resource
groups are believed: what was not announced is read, because what follows has to be found, and dropped.

The bytes were signed by a KDC, and are read as if an enemy had made them all the same: whoever has the service's key
can sign as well.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..._claims import Claims
from ..._sid import Sid
from ._ndr import Damaged, Reader, ndr_body

__all__ = ["parse_claims", "parse_pac"]

_PACTYPE = struct.Struct("<II")
"""How many buffers, and the version."""
_BUFFER = struct.Struct("<IIQ")
"""Kind, size and where it is, of each."""
_IS_LOGON_INFO, _IS_UPN_DNS_INFO = 1, 12

_LOGON_INFO = struct.Struct("<I48x" + "HHI" * 6 + "4xIIIII16x" + "HHI" * 2 + "I8xI28xIIIII")
"""The pointer to it, and KERB_VALIDATION_INFO itself without what its pointers point to."""
_UPN_DNS = struct.Struct("<HHHHI")
_SAM_SID = struct.Struct("<HHHH")

_ENABLED, _DENY_ONLY = 0x04, 0x10
_EXTRA_SIDS, _RESOURCE_GROUPS = 0x20, 0x200
_HAS_SAM_SID = 0x02


class _Fixed(NamedTuple):
    """The fields of KERB_VALIDATION_INFO that are read."""

    strings: tuple[tuple[int, int], ...]
    """Length in bytes and pointer, six of them: the account's name is the first."""
    rid: int
    primary: int
    group_count: int
    groups: int
    flags: int
    server: tuple[int, int]
    domain: tuple[int, int]
    domain_sid: int
    control: int
    extra_count: int
    extra: int
    resource_domain: int
    resource_count: int
    resources: int


class _Extended(NamedTuple):
    """UPN_DNS_INFO."""

    principal_name: str | None
    dns_domain: str | None
    account: str | None
    sid: Sid | None


def parse_pac(pac: bytes) -> Claims | None:
    """The account that a whole PAC describes; None if it describes none.

    :raises Damaged: as for :func:`parse_claims`, or the PAC itself is not what it should be
    """
    found = _buffers(pac)
    logon_info = found.get(_IS_LOGON_INFO)
    return None if logon_info is None else parse_claims(logon_info, found.get(_IS_UPN_DNS_INFO))


def parse_claims(logon_info: bytes, upn_dns_info: bytes | None = None) -> Claims:
    """The account that the buffers describe.

    :raises Damaged: they are not what they should be, or describe two different accounts
    """
    claims = _logon_info(Reader(ndr_body(logon_info)))
    if upn_dns_info is None:
        return claims
    more = _upn_dns_info(upn_dns_info)
    if more.sid not in (None, claims.sid):
        raise Damaged("its buffers describe two different accounts")
    return Claims(
        claims.account, claims.domain, claims.sid, claims.primary_group, claims.groups, claims.logon_server,
        claims.account_control, more.principal_name, more.dns_domain,
    )  # fmt: skip


def _buffers(pac: bytes) -> dict[int, bytes]:
    """The two that are read, by their kinds."""
    count, version = _unpacked(_PACTYPE, pac, 0)
    if version or count > (len(pac) - _PACTYPE.size) // _BUFFER.size:
        raise Damaged("it is of another version, or ends in its list of buffers")
    found: dict[int, bytes] = {}
    for number in range(count):
        kind, size, at = _unpacked(_BUFFER, pac, _PACTYPE.size + number * _BUFFER.size)
        if kind in found:
            raise Damaged("a buffer is there twice")
        if kind in (_IS_LOGON_INFO, _IS_UPN_DNS_INFO):
            found[kind] = _slice(pac, at, size)
    return found


def _logon_info(reader: Reader) -> Claims:
    fixed = _fixed(reader)
    account, *_ = [_string(reader, each) for each in fixed.strings]
    groups = _pairs(reader, fixed.groups, fixed.group_count)
    server, domain = _string(reader, fixed.server), _string(reader, fixed.domain)
    if not fixed.domain_sid:
        raise Damaged("it names no domain")
    issuer = reader.sid()
    extra = list(_extra(reader, fixed))
    resource_domain = reader.sid() if fixed.resource_domain else issuer
    resources = _pairs(reader, fixed.resources, fixed.resource_count)
    sid, others = _account(issuer, fixed, extra)
    return Claims(
        account, domain, sid, _member(issuer, fixed.primary),
        frozenset((
            *_members(issuer, groups),
            *(others if fixed.flags & _EXTRA_SIDS else ()),
            *(_members(resource_domain, resources) if fixed.flags & _RESOURCE_GROUPS else ()),
        )),
        server, fixed.control,
    )  # fmt: skip


def _fixed(reader: Reader) -> _Fixed:
    pointer, *rest = reader.unpack(_LOGON_INFO)
    if not pointer:
        raise Damaged("it is empty")
    strings = tuple((rest[at], rest[at + 2]) for at in range(0, 18, 3))
    rid, primary, count, groups, flags, server, _, server_at, domain, _, domain_at, *last = rest[18:]
    return _Fixed(
        strings, rid, primary, count, groups, flags, (server, server_at), (domain, domain_at), *last
    )


def _string(reader: Reader, described: tuple[int, int]) -> str:
    length, pointer = described
    if pointer:
        return reader.string(length)
    if length:
        raise Damaged("a string is missing")
    return ""


def _pairs(reader: Reader, pointer: int, count: int) -> list[tuple[int, int]]:
    if pointer:
        return reader.pairs(count)
    if count:
        raise Damaged("an array is missing")
    return []


def _extra(reader: Reader, fixed: _Fixed) -> Iterator[tuple[Sid, int]]:
    """The extra SIDs: first an array of pointers and attributes, then what they point to."""
    for pointer, attributes in _pairs(reader, fixed.extra, fixed.extra_count):
        if not pointer:
            raise Damaged("a SID is missing")
        yield reader.sid(), attributes


def _account(issuer: Sid, fixed: _Fixed, extra: list[tuple[Sid, int]]) -> tuple[Sid, list[Sid]]:
    """The account's SID, and the other extra SIDs: without a relative identifier, the first of them is its own."""
    if fixed.rid:
        return _member(issuer, fixed.rid), [sid for sid, attributes in extra if _counts(attributes)]
    if not extra or not fixed.flags & _EXTRA_SIDS:
        raise Damaged("the account has no SID")
    return extra[0][0], [sid for sid, attributes in extra[1:] if _counts(attributes)]


def _members(domain: Sid, groups: Iterable[tuple[int, int]]) -> Iterator[Sid]:
    return (_member(domain, rid) for rid, attributes in groups if _counts(attributes))


def _member(domain: Sid, rid: int) -> Sid:
    try:
        return domain.with_rid(rid)
    except ValueError as error:
        raise Damaged("a SID has no room for a relative identifier") from error


def _counts(attributes: int) -> bool:
    return bool(attributes & _ENABLED) and not attributes & _DENY_ONLY


def _upn_dns_info(data: bytes) -> _Extended:
    name_length, name_at, domain_length, domain_at, flags = _unpacked(_UPN_DNS, data, 0)
    name, domain = _slice(data, name_at, name_length), _slice(data, domain_at, domain_length)
    if not flags & _HAS_SAM_SID:
        return _Extended(_text(name), _text(domain), None, None)
    account_length, account_at, sid_length, sid_at = _unpacked(_SAM_SID, data, _UPN_DNS.size)
    account, sid = _slice(data, account_at, account_length), _slice(data, sid_at, sid_length)
    try:
        return _Extended(_text(name), _text(domain), _text(account), Sid.from_bytes(sid))
    except ValueError as error:
        raise Damaged("a SID is none") from error


def _unpacked(layout: struct.Struct, data: bytes, at: int) -> tuple[int, ...]:
    if at + layout.size > len(data):
        raise Damaged("it ends in its header")
    return layout.unpack_from(data, at)


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise Damaged("it ends early")
    return data[at : at + length]


def _text(data: bytes) -> str | None:
    try:
        return data.decode("utf-16-le") or None
    except UnicodeDecodeError as error:
        raise Damaged("a string is not UTF-16") from error
