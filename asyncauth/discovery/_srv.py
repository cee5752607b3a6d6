"""Services by DNS SRV records alone, without a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import InvalidName, MalformedRecord
from .._spn import ServicePrincipalName
from .._types import Target
from ._candidates import Accept, Candidates
from ._dn import in_domain, same_host
from ._dns import Dns
from ._published import with_address

if TYPE_CHECKING:
    from ..abc import ServiceQuery

__all__ = ["DnsSrv"]


class DnsSrv:
    """Locates services by ``_service._tcp.domain`` (RFC 2782); the SPN is class/host of each record's target.

    An unsigned DNS answer never chooses whom to trust: the host must lie in ``domain``, unless ``accept`` says of
    the target that it may be used. Within the domain it does choose, and there any computer account may have
    registered class/own host for itself. So where members of the domain are not all trusted with the service, list
    its hosts in ``accept``, or use :class:`ServiceConnectionPoints`, whose names only an administrator registers.

    :param domain: DNS domain to ask about, and that hosts must lie in
    :param service_class: first part of the SPN; None for the service's name
    :param dns: resolver for records and addresses; None for the system's
    :param accept: called with each target; replaces the rule about the domain
    """

    def __init__(
        self,
        domain: str,
        *,
        service_class: str | None = None,
        dns: Dns | None = None,
        accept: Accept | None = None,
    ) -> None:
        self._domain = domain.strip(".")
        self._service_class = service_class
        self._dns = dns
        self._accept = accept

    async def resolve(self, query: ServiceQuery, /) -> list[Target]:
        """The targets in the order to try them; ``query.service`` with or without its underscore.

        :raises ServiceNotFound: there are no records, or none that may be used
        :raises MalformedRecord: the names make no SPN
        :raises DirectoryError: DNS could not be asked
        """
        service = query.service.removeprefix("_")
        owner = f"_{service}._tcp.{self._domain}"
        candidates = Candidates(f"{query} in DNS ({owner})")
        targets = []
        for record in await (self._dns or Dns()).srv(owner):
            target = self._target(record.target, record.port, service, owner)
            if query.host is not None and not same_host(record.target, query.host):
                candidates.refuse(owner, f"leads to {record.target}")
            elif not self._trusted(target):
                candidates.refuse(owner, f"leads to {record.target}, which is not accepted")
            else:
                targets.append(await with_address(target, self._dns))
        candidates.use(targets)
        return candidates.result(None)

    def _trusted(self, target: Target) -> bool:
        return self._accept(target) if self._accept else in_domain(target.host, self._domain)

    def _target(self, host: str, port: int, service: str, owner: str) -> Target:
        try:
            spn = ServicePrincipalName(self._service_class or service, host)
        except InvalidName as error:
            raise MalformedRecord(f"{owner} makes no SPN: {error.message}", fix=error.fix) from error
        return Target(host, port, spn, source=owner)
