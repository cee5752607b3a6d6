"""Service connection points as values, and to and from entries. No directory is asked here.

Attributes as in the Active Directory documentation, "Service Connection Point Properties": ``serviceClassName``,
``serviceDNSName`` (a host, or the owner name of SRV records), ``serviceDNSNameType`` (``A`` or ``SRV``),
``serviceBindingInformation`` (the port), ``keywords`` (what clients search for).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from .._errors import MalformedRecord
from ._dn import escape_rdn, guid_base
from ._entry import Entry, Values

__all__ = ["CLASS", "READ", "Location", "ServiceConnectionPoint", "location"]

CLASS = "serviceConnectionPoint"
READ = (
    "objectClass", "objectGUID", "serviceClassName", "serviceDNSName", "serviceDNSNameType",
    "serviceBindingInformation",
)  # fmt: skip
"""What a client needs of an entry."""

_OWN = frozenset(
    (
        "objectclass",
        "serviceclassname",
        "servicednsname",
        "servicednsnametype",
        "servicebindinginformation",
        "keywords",
    )
)
_LONGEST_KEYWORD = 256
_PORT = re.compile(r"[0-9]{1,5}")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class ServiceConnectionPoint:
    """What a service publishes about itself.

    :param name: the entry's name (``cn``)
    :param parent: DN of the object it stands under: the host's computer object, a container, an organizational unit
    :param service_class: the first part of the SPN
    :param host: full DNS name of the service's host; for ``SRV`` the owner name of the SRV records
    :param port: TCP port; for ``SRV`` it comes from the records and may be None
    :param keywords: what clients search for: the product's GUID without braces, names; 1 to 256 characters each
    :param dns_name_type: ``A`` or ``SRV``
    :param extra: other attributes to keep as given, such as ``versionNumber`` or ``managedBy``
    :param guid: objectGUID of the entry, if known: then it is found wherever in the domain it has been moved to
    :raises MalformedRecord: a value that no client could use
    """

    name: str
    parent: str
    service_class: str
    host: str
    port: int | None
    keywords: tuple[str, ...]
    dns_name_type: Literal["A", "SRV"] = "A"
    extra: Mapping[str, Values] = field(default_factory=dict, hash=False)
    guid: UUID | None = None

    def __post_init__(self) -> None:
        for what in ("name", "parent", "service_class", "host"):
            if not getattr(self, what).strip():
                raise self._malformed(f"has no {what}", "give one")
        if self.dns_name_type not in ("A", "SRV"):
            raise self._malformed(f"has the name type {self.dns_name_type!r}", "give A or SRV")
        if self.port is None and self.dns_name_type == "A":
            raise self._malformed("has no port", "give a port; only SRV records bring their own")
        if self.port is not None and not 1 <= self.port <= _HIGHEST_PORT:
            raise self._malformed(f"has the port {self.port}", "give one between 1 and 65535")
        if not self.keywords or not all(1 <= len(word) <= _LONGEST_KEYWORD for word in self.keywords):
            raise self._malformed("has no usable keywords", "give at least one, of 1 to 256 characters")
        if own := [name for name in self.extra if name.casefold() in _OWN]:
            raise self._malformed(f"has {own[0]} among its extra attributes", "use the field that is for it")

    @property
    def dn(self) -> str:
        """The distinguished name under which it is created."""
        return f"CN={escape_rdn(self.name)},{self.parent}"

    @property
    def base(self) -> str:
        """How to address the existing entry: by objectGUID if that is known."""
        return self.dn if self.guid is None else guid_base(self.guid)

    @property
    def attributes(self) -> dict[str, Values]:
        """The values to publish; a port that is None is left out."""
        return {
            "serviceClassName": (self.service_class,),
            "serviceDNSName": (self.host,),
            "serviceDNSNameType": (self.dns_name_type,),
            "serviceBindingInformation": () if self.port is None else (str(self.port),),
            "keywords": self.keywords,
            **self.extra,
        }

    def _malformed(self, what: str, fix: str) -> MalformedRecord:
        return MalformedRecord(f"the service connection point {self.name!r} {what}", fix=fix)


@dataclass(frozen=True, slots=True)
class Location:
    """What an entry says about where its service is.

    :param service_class: None if the entry names none
    :param ports: ascending; empty for SRV
    """

    service_class: str | None
    host: str
    ports: tuple[int, ...]
    srv: bool


def location(entry: Entry) -> Location:
    """Read an entry; MalformedRecord, naming entry and attribute, if no client could use it."""
    if not entry.is_a(CLASS):
        raise _unusable(entry, "objectClass", f"is no {CLASS}")
    host = (entry.text("serviceDNSName") or "").strip().rstrip(".")
    if not host:
        raise _unusable(entry, "serviceDNSName", "names no host")
    if not host.isprintable() or " " in host:
        raise _unusable(entry, "serviceDNSName", f"is no host name: {host!r:.80}")
    kind = (entry.text("serviceDNSNameType") or "A").strip().upper()
    if kind not in {"A", "SRV"}:
        raise _unusable(entry, "serviceDNSNameType", f"is {kind!r:.40}, neither A nor SRV")
    ports = () if kind == "SRV" else _ports(entry)
    return Location(entry.text("serviceClassName") or None, host, ports, kind == "SRV")


def _ports(entry: Entry) -> tuple[int, ...]:
    """The port; all of them where a service publishes several, whatever else it has written beside them."""
    values = [value.strip() for value in entry.texts("serviceBindingInformation")]
    ports = sorted({int(value) for value in values if _PORT.fullmatch(value)})
    usable = tuple(port for port in ports if 1 <= port <= _HIGHEST_PORT)
    if not usable:
        said = ", ".join(repr(f"{value:.40}") for value in values) or "absent"
        raise _unusable(entry, "serviceBindingInformation", f"has no port between 1 and 65535: it is {said}")
    return usable


def _unusable(entry: Entry, attribute: str, what: str) -> MalformedRecord:
    return MalformedRecord(
        f"the service connection point {entry.dn} cannot be used: {attribute} {what}",
        fix="have the service, or its installer, publish itself anew",
    )
