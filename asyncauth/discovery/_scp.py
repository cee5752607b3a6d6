"""Service connection points in the directory: locate, publish, update, withdraw.

Two steps, as the Active Directory documentation has it ("How Clients Find and Use a Service Connection Point"): the
global catalogue is searched for the keyword and gives names only, for half of the attributes are not in it; then each
entry is read from a controller of its own domain. If the catalogue knows none, the own domain is asked as well: what
was published a moment ago is there first.

What an attacker can do here. Any computer account may create entries under itself, with anybody's keywords; by
default any user may create computer accounts. So an entry is a claim, not a fact. It becomes one when its host proves
class/host/DN: such a three-part name a computer cannot register for itself, an administrator must. For the same reason
DNS may choose among the hosts of an SRV entry: each needs its own registered name. Whoever wants more certainty pins
the class, the part of the directory to search, or decides about each target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from .._errors import DirectoryError, DiscoveryError, MalformedRecord, MechanismError, ServiceNotFound
from .._types import Target
from ._accounts import find_account
from ._candidates import Accept, Candidates
from ._dn import domain_dn, domain_of, escape_filter, in_domain, same_host
from ._dns import Dns
from ._entry import Change, DirectoryProtocol, Entry
from ._published import Published, entry_spn, update, with_address
from ._scp_record import CLASS, READ, Location, ServiceConnectionPoint, location
from ._security_descriptor import allow_properties

if TYPE_CHECKING:
    from ..abc import ServiceQuery

__all__ = ["ServiceConnectionPoints"]

RUN_TIME = (UUID("28630eb8-41d5-11d1-a9c1-0000f80367c1"), UUID("b7b1311c-b82e-11d0-afee-0000f80367c1"))
"""schemaIDGUIDs of serviceDNSName and serviceBindingInformation: what a service updates when it starts."""


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry and what it says."""

    entry: Entry
    location: Location
    service_class: str


class ServiceConnectionPoints:
    """Locates services by their connection points, and publishes them.

    :param directory: where they are
    :param service_class: only entries of this class; the SPN has it in any case. None trusts each entry's own
    :param accept: called with each target; only what it returns True for is used. With it, SRV records may also
        lead to hosts outside the entry's domain
    :param search_base: DN under which to search; None for the whole forest
    :param dns: resolver for SRV entries, and for the addresses of hosts. None: the system's, and addresses are
        left to whoever connects
    :param random: for the order of equal entries; None for a good one
    """

    def __init__(
        self,
        directory: DirectoryProtocol,
        *,
        service_class: str | None = None,
        accept: Accept | None = None,
        search_base: str | None = None,
        dns: Dns | None = None,
        random: Random | None = None,
    ) -> None:
        self._directory = directory
        self._service_class = service_class
        self._accept = accept
        self._search_base = search_base
        self._dns = dns
        self._random = random

    async def resolve(self, query: ServiceQuery, /) -> list[Target]:
        """All services with that keyword (a GUID with or without braces), on ``query.host`` if one is given.

        Each target's SPN is class/host/DN of the entry, or class/host/objectGUID where the DN has a ``/``. Entries
        are shuffled; an SRV entry's hosts are in the order of RFC 2782.

        :raises ServiceNotFound: there is none
        :raises MalformedRecord: there are only entries that cannot be used
        :raises DirectoryError: the directory or the DNS could not be asked
        """
        candidates = Candidates(f"{query} in the forest of {self._directory.domain}")
        for dn in await self._search(query.service):
            try:
                found = await self._read(dn)
                if found is not None:
                    await self._consider(found, query, candidates)
            except (DiscoveryError, MechanismError) as error:
                candidates.fault(error)
        return candidates.result(self._random)

    async def _search(self, keyword: str) -> list[str]:
        word = keyword[1:-1] if keyword.startswith("{") and keyword.endswith("}") else keyword
        condition = f"(&(objectClass={CLASS})(keywords={escape_filter(word)}))"
        base = self._search_base
        found = await self._directory.search(base or "", condition, (), catalogue=True)
        if not found:
            own = base or domain_dn(self._directory.domain)
            found = await self._directory.search(own, condition, ())
        return [entry.dn for entry in found]

    async def _read(self, dn: str) -> _Found | None:
        entry = await self._directory.read(dn, READ)
        if entry is None:
            return None  # the catalogue still knows what its domain has removed
        where = location(entry)
        service_class = self._service_class or where.service_class
        if service_class is None:
            raise MalformedRecord(
                f"the service connection point {dn} cannot be used: serviceClassName is absent",
                fix="pass service_class=, or have the service publish itself anew",
            )
        return _Found(entry, where, service_class)

    async def _consider(self, found: _Found, query: ServiceQuery, candidates: Candidates) -> None:
        claimed, dn = found.location.service_class, found.entry.dn
        if claimed is not None and claimed.casefold() != found.service_class.casefold():
            candidates.refuse(dn, f"is of the class {claimed!r:.60}, not {found.service_class}")
            return
        targets = []
        for host, port in await self._places(found.location):
            if query.host is not None and not same_host(host, query.host):
                candidates.refuse(dn, f"is on {host}")
                continue
            spn = entry_spn(found.service_class, host, found.entry)
            target = Target(host, port, spn, source=dn)
            if self._trusted(target, found.location, dn):
                targets.append(await with_address(target, self._dns))
            else:
                candidates.refuse(dn, f"leads to {host}, which is not accepted")
        candidates.use(targets)

    async def _places(self, where: Location) -> list[tuple[str, int]]:
        if not where.srv:
            return [(where.host, port) for port in where.ports]
        return [(record.target, record.port) for record in await (self._dns or Dns()).srv(where.host)]

    def _trusted(self, target: Target, where: Location, dn: str) -> bool:
        if self._accept is not None:
            return self._accept(target)
        return not where.srv or in_domain(target.host, domain_of(dn) or self._directory.domain)

    async def publish(self, record: ServiceConnectionPoint, /) -> bool:
        """Create the entry, or change those attributes that differ. True if anything was written.

        A service that may write only some attributes (see :meth:`grant`) can publish a record in which only those
        differ. A cancelled call may or may not have been carried out; calling again is safe.

        :raises MalformedRecord: the existing entry is something else
        :raises DirectoryError: not allowed, the parent does not exist, or the directory could not be asked
        """
        entry = await self._existing(record)
        if entry is None:
            values = {name: values for name, values in record.attributes.items() if values}
            if await self._directory.add(record.dn, {"objectClass": (CLASS,), **values}):
                return True
            entry = await self._existing(
                replace(record, guid=None)
            )  # somebody was faster, or the GUID is outdated
        if entry is None:
            raise DirectoryError(
                f"{record.dn} exists but cannot be read",
                fix="ask a domain administrator for the right to read it",
            )
        return await update(self._directory, entry, record.attributes)

    async def withdraw(self, record: ServiceConnectionPoint, /) -> bool:
        """Remove the entry. False if it was not there. Errors as for :meth:`publish`."""
        entry = await self._existing(record)
        return entry is not None and await self._directory.delete(entry.dn)

    async def published(self, record: ServiceConnectionPoint) -> Published | None:
        """The entry as it stands, with its objectGUID and the SPN to register; None if it is not there."""
        entry = await self._existing(record)
        if entry is None:
            return None
        return Published(entry.dn, entry.guid, entry_spn(record.service_class, record.host, entry))

    async def grant(self, record: ServiceConnectionPoint, account: str) -> bool:
        """Let the service's account update host and port of its entry when it starts, and nothing else.

        Two object ACEs with read and write of ``serviceDNSName`` and ``serviceBindingInformation`` ("Enabling
        Service Account to Access SCP Properties" in the Active Directory documentation). What the entry's access
        control list has stays as it is.

        :param account: sAMAccountName, user principal name or DN
        :returns: False if the account has these rights already
        :raises ServiceNotFound: there is no such account, or the record is not published
        :raises DirectoryError: not allowed, or the directory could not be asked
        """
        sid = (await find_account(self._directory, account)).sid
        held = await self._directory.read(record.base, ("nTSecurityDescriptor",))
        if held is None:
            raise ServiceNotFound(f"{record.dn} does not exist", fix="publish the record first")
        before = b"".join(held.values("nTSecurityDescriptor"))
        after = allow_properties(before, sid, RUN_TIME)
        if after == before:
            return False
        await self._directory.modify(held.dn, [Change("replace", "nTSecurityDescriptor", (after,))])
        return True

    async def _existing(self, record: ServiceConnectionPoint) -> Entry | None:
        entry = await self._directory.read(record.base, (*READ, "keywords", *record.extra))
        if entry is not None and not entry.is_a(CLASS):
            raise MalformedRecord(f"{entry.dn} exists and is no {CLASS}", fix="choose another name")
        return entry
