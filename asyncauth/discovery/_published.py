"""What both kinds of record have in common: the name a service gets from its entry, and bringing entries up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from .._errors import InvalidName, MalformedRecord, ServiceNotFound
from .._spn import ServicePrincipalName
from .._types import Target
from ._entry import Change, DirectoryProtocol, Entry, Values, encoded

if TYPE_CHECKING:
    from ._dns import Dns

__all__ = ["Published", "changes", "entry_spn", "update", "with_address"]


@dataclass(frozen=True, slots=True)
class Published:
    """A record as it stands in the directory.

    :param dn: as the directory writes it
    :param guid: objectGUID; it survives renaming and moving, so keep it if the entry may be moved
    :param spn: the name to register on the service's account, the same that clients will ask for
    """

    dn: str
    guid: UUID
    spn: ServicePrincipalName


def entry_spn(service_class: str, host: str, entry: Entry) -> ServicePrincipalName:
    """class/host/DN, the DN exactly as the directory writes it; the objectGUID in place of a DN that has a ``/``.

    Nothing in an SPN can express that a ``/`` belongs to the DN. Publishing and locating both come here, so they
    arrive at the same name. MalformedRecord if class or host cannot be part of an SPN.
    """
    service_name = str(entry.guid) if "/" in entry.dn else entry.dn
    try:
        return ServicePrincipalName(service_class, host, service_name=service_name)
    except InvalidName as error:
        raise MalformedRecord(f"{entry.dn} makes no SPN: {error.message}", fix=error.fix) from error


def changes(entry: Entry, wanted: Mapping[str, Values]) -> list[Change]:
    """The least that must be written for the entry to have these values; the order of values does not matter."""
    return [
        Change("replace", name, encoded(values))
        for name, values in wanted.items()
        if set(encoded(values)) != set(entry.values(name))
    ]


async def update(directory: DirectoryProtocol, entry: Entry, wanted: Mapping[str, Values]) -> bool:
    """Write what differs; True if anything did."""
    needed = changes(entry, wanted)
    if needed:
        await directory.modify(entry.dn, needed)
    return bool(needed)


async def with_address(target: Target, dns: Dns | None) -> Target:
    """The target with the address that this resolver knows for its host, or as it is if it knows none."""
    if dns is None or target.address is not None:
        return target
    try:
        found = await dns.addresses(target.host)
    except ServiceNotFound:
        return target
    return replace(target, address=found[0])
