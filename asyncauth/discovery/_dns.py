"""Names to places: SRV and address records. The only file that imports dnspython.

A DNS answer is not signed, so it says where to knock and never whom to trust: whoever uses these records checks
the name that the host must prove, see ``_controllers.py``, ``_scp.py`` and ``_srv.py``.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import ip_address
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple

from .._errors import DirectoryError, MechanismUnavailable, ServiceNotFound
from .._offload import in_thread

if TYPE_CHECKING:
    import dns.resolver

__all__ = ["Dns", "SrvRecord", "in_order"]

_PORT = 53


class SrvRecord(NamedTuple):
    """One SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str
    """Host name without its last dot."""


def in_order(records: Iterable[SrvRecord], random: Random | None = None) -> list[SrvRecord]:
    """The records in the order to try them: by priority, and by weighted chance within one (RFC 2782)."""
    chance = random or SystemRandom()
    left = sorted(records)  # within a priority those of weight 0 come first, as the RFC wants it
    ordered: list[SrvRecord] = []
    while left:
        same = [record for record in left if record.priority == left[0].priority]
        point = chance.randint(0, sum(record.weight for record in same))
        for record in same:
            point -= record.weight
            if point <= 0:
                break
        left.remove(record)
        ordered.append(record)
    return ordered


class Dns:
    """A resolver.

    :param nameserver: ``address`` or ``address:port`` (``[address]:port`` for IPv6) of the server to ask, and no
        other; None for what the system is configured to use
    :param timeout: seconds for one question
    """

    def __init__(self, nameserver: str | None = None, *, timeout: float = 5.0) -> None:
        self.nameserver = nameserver
        self.timeout = timeout
        self._server = None if nameserver is None else _endpoint(nameserver)

    async def srv(self, name: str) -> list[SrvRecord]:
        """The SRV records of that name, in the order to try them.

        Cancellation leaves nothing behind but a thread that ends by itself.

        :raises ServiceNotFound: there are none, or one says that the service is not offered here
        :raises DirectoryError: no server answered, or it failed
        :raises MechanismUnavailable: dnspython is missing
        """
        return await in_thread(self.srv_now, name, self.timeout)

    async def addresses(self, host: str) -> list[str]:
        """The IP addresses of a host, at least one; an address is its own.

        With no ``nameserver`` the system is asked, hosts file included, and dnspython is not needed. Errors and
        cancellation as for :meth:`srv`.
        """
        return await in_thread(self.addresses_now, host, self.timeout)

    def srv_now(self, name: str, seconds: float) -> list[SrvRecord]:
        """As :meth:`srv`, but blocking."""
        answer = self._ask(name, "SRV", seconds)
        records = [
            SrvRecord(row.priority, row.weight, row.port, row.target.to_text(omit_final_dot=True))
            for row in answer
        ]
        offered = [record for record in records if record.target not in {"", "."} and record.port]
        if not offered:
            raise ServiceNotFound(
                f"DNS has no SRV record {name}" if not records else f"DNS says that {name} is not offered",
                fix="check the name, and that this name server knows the domain",
            )
        return in_order(offered)

    def addresses_now(self, host: str, seconds: float) -> list[str]:
        """As :meth:`addresses`, but blocking."""
        if _is_address(host):
            return [host]
        found = self._of_system(host) if self._server is None else self._of_server(host, seconds)
        if not found:
            raise ServiceNotFound(f"DNS has no address of {host}", fix="check the name and the name server")
        return found

    def _of_server(self, host: str, seconds: float) -> list[str]:
        rows = [*self._ask(host, "A", seconds), *self._ask(host, "AAAA", seconds)]
        return [row.to_text() for row in rows]

    @staticmethod
    def _of_system(host: str) -> list[str]:
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise ServiceNotFound(
                f"{host} has no address: {error}", fix="check the name and the DNS"
            ) from error
        return list(dict.fromkeys(str(row[4][0]) for row in rows))

    def _ask(self, name: str, kind: str, seconds: float) -> list[Any]:
        """The records, none if the name or the kind does not exist."""
        resolver = self._resolver()
        import dns.exception
        import dns.resolver

        try:
            return list(resolver.resolve(name, kind, lifetime=seconds, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise DirectoryError(
                f"{self} cannot tell the {kind} records of {name}: {error}",
                fix="check that the name server runs and is reachable",
                code=type(error).__name__,
            ) from error

    def _resolver(self) -> dns.resolver.Resolver:
        try:
            import dns.resolver
        except ImportError as error:
            raise MechanismUnavailable(
                "DNS lookups need the package dnspython", fix="pip install asyncauth[dns]"
            ) from error
        try:
            resolver = dns.resolver.Resolver(configure=self._server is None)
        except dns.resolver.NoResolverConfiguration as error:
            raise DirectoryError("this system has no name server", fix="pass nameserver=") from error
        if self._server is not None:
            resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        return resolver

    def __str__(self) -> str:
        return f"the name server {self.nameserver}" if self.nameserver else "the system's name server"

    def __repr__(self) -> str:
        return f"Dns({self.nameserver!r})"


def _endpoint(text: str) -> tuple[str, int]:
    if _is_address(text):
        return text, _PORT
    address, _, port = text.rpartition(":")
    address = address.removeprefix("[").removesuffix("]")
    if not _is_address(address) or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:  # noqa: PLR2004
        raise ValueError(f"a name server is an IP address, or address:port, not {text!r}")
    return address, int(port)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
