"""Writing the buffers of a PAC, for tests of what reads them; and real ones that were captured."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asyncauth._sid import Sid

VECTORS = Path(__file__).parent.parent / "vectors" / "pac"
ISSUER = Sid.parse("S-1-5-21-1-2-3")
MEMBER = 7
"""Mandatory, enabled by default, enabled."""
Entries = tuple[tuple[int, int], ...]


def captured(name: str) -> dict[str, str]:
    """A captured PAC: buffers in hexadecimal, and what is known of its account."""
    lines = (VECTORS / f"{name}.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


@dataclass
class LogonInfo:
    """KERB_VALIDATION_INFO. None stands for a null pointer."""

    account: str | None = "alice"
    others: tuple[str | None, ...] = ("Alice", "", "", None, None)
    rid: int = 1103
    primary: int = 513
    groups: Entries | None = ((513, MEMBER),)
    flags: int = 0x220
    server: str | None = "DC1"
    domain: str | None = "EXAMPLE"
    issuer: Sid | None = ISSUER
    control: int = 0x10
    extra: tuple[tuple[Sid | None, int], ...] | None = ()
    resource_domain: Sid | None = None
    resources: Entries | None = None
    counts: dict[str, int] = field(default_factory=dict)
    """Counts that lie, by the name of what they count."""

    def __bytes__(self) -> bytes:
        body = _Writer(self)
        return struct.pack("<BBHIII", 1, 0x10, 8, 0xCCCCCCCC, len(body.data), 0) + bytes(body.data)


class _Writer:
    def __init__(self, info: LogonInfo) -> None:
        self.data = bytearray()
        self._referent = 0x20000
        self._deferred: list[bytes] = []
        self._write(info)
        for each in self._deferred:
            self.data += bytes(-len(self.data) % 4) + each

    def _write(self, info: LogonInfo) -> None:
        self._pointer(True)
        self.data += bytes(48)
        for text in (info.account, *info.others):
            self._text(text)
        self.data += struct.pack("<HHII", 1, 0, info.rid, info.primary)
        self._entries(info.groups, info.counts.get("groups"))
        self.data += struct.pack("<I16x", info.flags)
        self._text(info.server)
        self._text(info.domain)
        self._sid(info.issuer)
        self.data += struct.pack("<8xI28x", info.control)
        self._extra(info)
        self._sid(info.resource_domain)
        self._entries(info.resources, info.counts.get("resources"))

    def _pointer(self, present: bool) -> None:
        self._referent += 4
        self.data += struct.pack("<I", self._referent if present else 0)

    def _text(self, text: str | None) -> None:
        data = (text or "").encode("utf-16-le", "surrogatepass")
        self.data += struct.pack("<HH", len(data), len(data))
        self._pointer(text is not None)
        if text is not None:
            self._deferred.append(struct.pack("<III", len(data) // 2, 0, len(data) // 2) + data)

    def _entries(self, entries: Entries | None, count: int | None) -> None:
        self.data += struct.pack("<I", len(entries or ()) if count is None else count)
        self._pointer(entries is not None)
        if entries is not None:
            self._deferred.append(
                struct.pack("<I", len(entries)) + b"".join(struct.pack("<II", *each) for each in entries)
            )

    def _sid(self, sid: Sid | None) -> None:
        self._pointer(sid is not None)
        if sid is not None:
            self._deferred.append(_sid_body(sid))

    def _extra(self, info: LogonInfo) -> None:
        extra = info.extra
        self.data += struct.pack("<I", info.counts.get("extra", len(extra or ())))
        self._pointer(extra is not None)
        if extra is not None:
            entries = [struct.pack("<II", 0 if sid is None else 0x30000, how) for sid, how in extra]
            self._deferred.append(struct.pack("<I", len(extra)) + b"".join(entries))
            self._deferred += [_sid_body(sid) for sid, _ in extra if sid is not None]


def _sid_body(sid: Sid) -> bytes:
    return struct.pack("<I", len(sid.subauthorities)) + bytes(sid)


def upn_dns_info(name: str, domain: str, account: str | None = None, sid: bytes = b"") -> bytes:
    """UPN_DNS_INFO, with account and SID if there is an account."""
    parts = [text.encode("utf-16-le") for text in (name, domain)]
    if account is not None:
        parts += [account.encode("utf-16-le"), sid]
    header = 12 if account is None else 20
    places, at = [], header
    for part in parts:
        places.append((len(part), at))
        at += len(part)
    flags = struct.pack("<I", 0 if account is None else 2)
    fixed = b"".join(struct.pack("<HH", *place) for place in places)
    return fixed[:8] + flags + fixed[8:] + b"".join(parts)


def pactype(buffers: Sequence[tuple[int, bytes]], *, version: int = 0, count: int | None = None) -> bytes:
    """PACTYPE: its list of buffers by kind, and then the buffers, each where eight divides its place."""
    header = struct.pack("<II", len(buffers) if count is None else count, version)
    at, listed, body = len(header) + 16 * len(buffers), b"", b""
    for kind, data in buffers:
        listed += struct.pack("<IIQ", kind, len(data), at + len(body))
        body += data + bytes(-len(data) % 8)
    return header + listed + body
