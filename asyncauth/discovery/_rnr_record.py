"""Winsock registrations as values, and to and from entries. No directory is asked here.

A ``serviceInstance`` entry holds addresses and ports, but no place for a host name, which Kerberos needs; reverse DNS
would leave the choice of that name to whoever controls the address's zone. So the host stands in the inherited
attribute ``keywords``, as ``host=<full DNS name>``; keywords of other kinds are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from .._errors import MalformedRecord
from ._dn import same_host
from ._entry import Entry, Values
from ._winsock_address import (
    WinsockAddress,
    WinsockVersion,
    pack_address,
    pack_version,
    unpack_address,
    unpack_version,
)  # fmt: skip

__all__ = ["INSTANCE", "READ", "Registration", "WinsockService", "registration", "tcp_class_id"]

INSTANCE = "serviceInstance"
READ = (
    "objectClass", "objectGUID", "displayName", "serviceClassID", "serviceInstanceVersion", "winsockAddresses",
    "keywords", "description",
)  # fmt: skip

_HOST = re.compile(r"host=(.*)", re.IGNORECASE | re.DOTALL)
_GUID_BYTES = 16
_TCP_CLASS = 0x0009_0000


def tcp_class_id(port: int) -> UUID:
    """The class that Winsock gives to any service on that TCP port (SVCID_TCP in svcguid.h)."""
    return UUID(fields=(_TCP_CLASS | port, 0, 0, 0xC0, 0, 0x46))


@dataclass(frozen=True)
class WinsockService:
    """What a service registers about itself.

    :param name: the instance's name, unique among all instances of the domain
    :param service_class: name of its class, and the first part of the SPN
    :param class_id: the class's GUID
    :param host: full DNS name of the service's host
    :param addresses: IP addresses and TCP ports at which it listens
    :param comment: for people
    :raises MalformedRecord: a value that no client could use
    """

    name: str
    service_class: str
    class_id: UUID
    host: str
    addresses: Sequence[WinsockAddress | tuple[str, int]]
    comment: str | None = None
    version: WinsockVersion | None = None
    places: tuple[WinsockAddress, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for what in ("name", "service_class", "host"):
            if not getattr(self, what).strip():
                raise MalformedRecord(f"the Winsock service {self.name!r} has no {what}", fix="give one")
        places = tuple(at if isinstance(at, WinsockAddress) else WinsockAddress(*at) for at in self.addresses)
        object.__setattr__(self, "addresses", places)
        object.__setattr__(self, "places", places)

    def attributes(self, present: Registration | None, *, add: bool) -> dict[str, Values]:
        """The values to publish.

        :param present: what is registered already; foreign keywords and addresses of it are kept
        :param add: keep its addresses too (SERVICE_MULTIPLE)
        """
        kept = present.kept_addresses(() if add else present.packed) if present else ()
        known = present.addresses if present and add else ()
        fresh = (pack_address(place) for place in self.places if place not in known)
        keywords = present.other_keywords if present else ()
        return {
            "displayName": (self.name,),
            "serviceClassID": (self.class_id.bytes_le,),
            "winsockAddresses": tuple(dict.fromkeys((*kept, *fresh))),
            "keywords": (*keywords, f"host={self.host}"),
            "description": () if self.comment is None else (self.comment,),
            "serviceInstanceVersion": () if self.version is None else (pack_version(self.version),),
        }


@dataclass(frozen=True, slots=True)
class Registration:
    """What an entry says.

    :param class_id: None if it has none that is a GUID
    :param host: None if none is named
    :param opaque: addresses that are not in our layout, as they are
    :param packed: all values of addresses in our layout, as they are
    """

    class_id: UUID | None
    host: str | None
    addresses: tuple[WinsockAddress, ...]
    opaque: tuple[bytes, ...]
    packed: tuple[bytes, ...]
    other_keywords: tuple[str, ...]
    version: WinsockVersion | None
    comment: str | None

    def kept_addresses(self, removed: Sequence[bytes]) -> tuple[bytes, ...]:
        """The values that remain, the opaque ones always."""
        return (*self.opaque, *(value for value in self.packed if value not in removed))

    def matching(self, places: Sequence[WinsockAddress]) -> tuple[bytes, ...]:
        """The values that stand for these addresses."""
        return tuple(value for value in self.packed if unpack_address(value) in places)


def registration(entry: Entry) -> Registration:
    """Read an entry; MalformedRecord, naming entry and attribute, if it contradicts itself."""
    parsed = {value: unpack_address(value) for value in entry.values("winsockAddresses")}
    class_id = b"".join(entry.values("serviceClassID"))
    return Registration(
        class_id=UUID(bytes_le=class_id) if len(class_id) == _GUID_BYTES else None,
        host=_host(entry),
        addresses=tuple(sorted({place for place in parsed.values() if place is not None}, key=_by_family)),
        opaque=tuple(value for value, place in parsed.items() if place is None),
        packed=tuple(value for value, place in parsed.items() if place is not None),
        other_keywords=tuple(word for word in entry.texts("keywords") if not _HOST.fullmatch(word)),
        version=unpack_version(b"".join(entry.values("serviceInstanceVersion"))),
        comment=entry.text("description"),
    )


def _host(entry: Entry) -> str | None:
    """The host that the keywords name, None if they name none."""
    found = [_HOST.fullmatch(word) for word in entry.texts("keywords")]
    hosts = [match[1].strip().rstrip(".") for match in found if match and match[1].strip(" .")]
    if any(not same_host(host, hosts[0]) for host in hosts):
        raise _unusable(entry, f"keywords names several hosts, {hosts}")
    if hosts and (not hosts[0].isprintable() or " " in hosts[0]):
        raise _unusable(entry, f"keywords names no host but {hosts[0]!r:.80}")
    return hosts[0] if hosts else None


def _unusable(entry: Entry, what: str) -> MalformedRecord:
    return MalformedRecord(
        f"the Winsock service {entry.dn} cannot be used: {what}",
        fix="register each host anew, under an instance name of its own",
    )


def _by_family(place: WinsockAddress) -> tuple[bool, WinsockAddress]:
    return ":" in place.address, place
