"""Services that register the way Winsock's RnR does: locate, register, deregister, delete.

All of a domain's registrations stand in one container, ``CN=WinsockServices,CN=System``, one ``serviceInstance`` for
each service and one ``serviceClass`` for each kind. On Windows WSASetService writes them; there is no such call
elsewhere, so they are written over LDAP. What its operations become::

    WSAInstallServiceClass             install_class, or publish, which does it where needed
    RNRSERVICE_REGISTER                publish(record)
    ... with SERVICE_MULTIPLE          publish(record, multiple=True)      adds addresses
    RNRSERVICE_DEREGISTER              deregister(record)                  removes addresses, keeps the entry
    ... with SERVICE_MULTIPLE          deregister(record, multiple=True)   the record's addresses only
    RNRSERVICE_DELETE                  withdraw(record)
    ... with SERVICE_MULTIPLE          withdraw(record, multiple=True)     and the entry when no address remains
    WSALookupService...                resolve(query)

Only administrators may write in that container, so an entry can be believed; the service still has to prove the name
class/host/DN made from it. Everything is read from a controller of the domain itself: the container is in one domain,
and there it is never behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from .._errors import DirectoryError, DiscoveryError, MalformedRecord, MechanismError, ServiceNotFound
from .._types import Target
from ._candidates import Accept, Candidates
from ._dn import domain_dn, escape_filter, escape_rdn, same_host, well_known_base
from ._entry import Change, DirectoryProtocol, Entry, Scope
from ._published import Published, entry_spn, update
from ._rnr_class import ServiceClasses
from ._rnr_record import INSTANCE, READ, Registration, WinsockService, registration
from ._winsock_address import ClassParameter, WinsockAddress, WinsockVersion

if TYPE_CHECKING:
    from ..abc import ServiceQuery

__all__ = ["PublishedWinsockService", "WinsockServices"]

_SYSTEM = "ab1d30f3768811d1aded00c04fd8d5cd"
"""GUID_SYSTEMS_CONTAINER_W (MS-ADTS 6.1.1.4)."""


@dataclass(frozen=True, slots=True)
class PublishedWinsockService(Published):
    """A registration as it stands.

    :param opaque: addresses in a layout that is not ours, for instance written by Windows; they are kept
    """

    addresses: tuple[WinsockAddress, ...]
    opaque: tuple[bytes, ...]
    version: WinsockVersion | None
    comment: str | None


class WinsockServices:
    """Locates services by their Winsock registration, and registers them.

    :param directory: of the domain whose registrations these are
    :param service_class: only services of this class; None believes the class entry that the service names
    :param accept: called with each target; only what it returns True for is used
    :param random: for the order of equal entries; None for a good one
    """

    def __init__(
        self,
        directory: DirectoryProtocol,
        *,
        service_class: str | None = None,
        accept: Accept | None = None,
        random: Random | None = None,
    ) -> None:
        self._directory = directory
        self._service_class = service_class
        self._accept = accept
        self._random = random
        self._classes: ServiceClasses | None = None

    async def resolve(self, query: ServiceQuery, /) -> list[Target]:
        """The service of that name, or all of the class with that GUID; on ``query.host`` if one is given.

        Each target's SPN is class/host/DN of the entry, its ``address`` the registered one. The host is the
        entry's own, or ``query.host`` where the entry names none; reverse DNS is never asked.

        :raises ServiceNotFound: there is none, or it is registered without addresses at present
        :raises MalformedRecord: there are only entries that cannot be used
        :raises DirectoryError: the directory could not be asked
        """
        classes = await self._container()
        candidates = Candidates(f"the Winsock service {query} in {self._directory.domain}")
        for entry in await self._find(classes.container, query.service):
            try:
                await self._consider(entry, query, classes, candidates)
            except (DiscoveryError, MechanismError) as error:
                candidates.fault(error)
        return candidates.result(self._random)

    async def _find(self, container: str, service: str) -> list[Entry]:
        try:
            term = f"(serviceClassID={escape_filter(UUID(service).bytes_le)})"
        except ValueError:
            term = f"(cn={escape_filter(service)})"
        condition = f"(&(objectClass={INSTANCE}){term})"
        return await self._directory.search(container, condition, READ, scope=Scope.ONE)

    async def _consider(
        self, entry: Entry, query: ServiceQuery, classes: ServiceClasses, candidates: Candidates
    ) -> None:
        said = registration(entry)
        host = said.host or query.host
        if host is None:
            raise _unusable(entry, "keywords names no host (host=...)", "pass the host with the query")
        if query.host is not None and not same_host(host, query.host):
            return candidates.refuse(entry.dn, f"is on {host}")
        if not said.addresses:
            if said.opaque:
                raise _unusable(
                    entry, "winsockAddresses is in a format that is not ours", "have it publish anew"
                )
            return candidates.refuse(entry.dn, "is registered, but without an address")
        service_class = await classes.name_of(said.class_id, entry.dn)
        if self._service_class is not None and service_class.casefold() != self._service_class.casefold():
            return candidates.refuse(
                entry.dn, f"is of the class {service_class!r:.60}, not {self._service_class}"
            )
        candidates.use(self._targets(entry, said, service_class, host, candidates))
        return None

    def _targets(
        self, entry: Entry, said: Registration, service_class: str, host: str, candidates: Candidates
    ) -> list[Target]:
        spn = entry_spn(self._service_class or service_class, host, entry)
        targets = [Target(host, at.port, spn, source=entry.dn, address=at.address) for at in said.addresses]
        accepted = [target for target in targets if self._accept is None or self._accept(target)]
        if len(accepted) < len(targets):
            candidates.refuse(entry.dn, f"leads to {host}, which is not accepted")
        return accepted

    async def publish(self, record: WinsockService, /, *, multiple: bool = False) -> bool:
        """Register: create the entry, or change what differs; the class's entry too, if it is missing.

        Addresses in a layout that is not ours, and keywords of others, stay. A cancelled call may or may not have
        been carried out; calling again is safe.

        :param multiple: add the record's addresses to those that are there; otherwise they take their place
        :returns: True if anything was written
        :raises DirectoryError: the name belongs to a service of another class or, with ``multiple``, on another
            host; not allowed; the directory could not be asked
        """
        classes = await self._container()
        installed = await classes.install(record.service_class, record.class_id)
        found = await self._existing(record, classes)
        if found is None:
            values = {name: values for name, values in record.attributes(None, add=False).items() if values}
            if await self._directory.add(_dn(record, classes), {"objectClass": (INSTANCE,), **values}):
                return True
            found = await self._existing(record, classes)
        if found is None:
            raise DirectoryError(
                f"{_dn(record, classes)} exists but cannot be read",
                fix="ask an administrator for the right to read it",
            )
        entry, said = found
        if multiple and said.host is not None and not same_host(said.host, record.host):
            raise DirectoryError(
                f"{entry.dn} is registered on {said.host}, so {record.host} cannot add addresses to it",
                fix="register each host under an instance name of its own",
            )
        return await update(self._directory, entry, record.attributes(said, add=multiple)) or installed

    async def deregister(self, record: WinsockService, /, *, multiple: bool = False) -> bool:
        """Remove the addresses and keep the entry, as a service does when it stops.

        :param multiple: only those of the record, not all
        :returns: False if there were none of them
        :raises ServiceNotFound: the service is not registered
        :raises DirectoryError: as for :meth:`publish`
        """
        found = await self._existing(record, await self._container())
        if found is None:
            raise ServiceNotFound(f"the Winsock service {record.name!r} is not registered", fix="publish it")
        entry, said = found
        removed = said.matching(record.places) if multiple else said.packed
        if removed:
            await self._directory.modify(entry.dn, [Change("delete", "winsockAddresses", removed)])
        return bool(removed)

    async def withdraw(self, record: WinsockService, /, *, multiple: bool = False) -> bool:
        """Remove the entry; its class stays.

        :param multiple: remove the record's addresses, and the entry only when no address remains
        :returns: False if nothing was there to be removed
        :raises DirectoryError: as for :meth:`publish`
        """
        found = await self._existing(record, await self._container())
        if found is None:
            return False
        entry, said = found
        if multiple and said.kept_addresses(said.matching(record.places)):
            return await self.deregister(record, multiple=True)
        return await self._directory.delete(entry.dn)

    async def published(self, record: WinsockService) -> PublishedWinsockService | None:
        """The registration as it stands, with its objectGUID and the SPN to register; None if it is not there."""
        found = await self._existing(record, await self._container())
        if found is None:
            return None
        entry, said = found
        spn = entry_spn(record.service_class, record.host, entry)
        return PublishedWinsockService(
            entry.dn, entry.guid, spn, said.addresses, said.opaque, said.version, said.comment
        )

    async def install_class(
        self, name: str, class_id: UUID, parameters: Sequence[ClassParameter] = ()
    ) -> bool:
        """Define a class. False if it is there already, with these parameters. Errors as for :meth:`publish`."""
        return await (await self._container()).install(name, class_id, parameters)

    async def remove_class(self, class_id: UUID) -> bool:
        """Remove a class. False if there is none; DirectoryError if services of it are registered."""
        return await (await self._container()).remove(class_id)

    async def _container(self) -> ServiceClasses:
        if self._classes is None:
            base = well_known_base(_SYSTEM, domain_dn(self._directory.domain))
            system = await self._directory.read(base, ())
            if system is None:
                raise DirectoryError(
                    f"the domain {self._directory.domain} has no System container that we can see",
                    fix="check the domain's name, and the right to read",
                )
            self._classes = ServiceClasses(self._directory, f"CN=WinsockServices,{system.dn}")
        return self._classes

    async def _existing(
        self, record: WinsockService, classes: ServiceClasses
    ) -> tuple[Entry, Registration] | None:
        entry = await self._directory.read(_dn(record, classes), READ)
        if entry is None:
            return None
        said = registration(entry)
        if not entry.is_a(INSTANCE) or said.class_id != record.class_id:
            raise DirectoryError(
                f"{entry.dn} exists and is no service of the class {record.class_id}",
                fix="choose another instance name; all services of a domain share one container",
            )
        return entry, said


def _dn(record: WinsockService, classes: ServiceClasses) -> str:
    return f"CN={escape_rdn(record.name)},{classes.container}"


def _unusable(entry: Entry, what: str, fix: str) -> MalformedRecord:
    return MalformedRecord(f"the Winsock service {entry.dn} cannot be used: {what}", fix=fix)
