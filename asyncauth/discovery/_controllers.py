"""Finding a domain controller or global catalogue and opening a session with it. Blocking.

Servers come from DNS (MS-ADTS 6.3.6.1) in the order of RFC 2782, but the one that served last comes first: what
was just written is seen there at once, and on its siblings only after replication. Each server gets its share of
the time that is left, so that one which is silent does not use up the time of those which are not.

DNS is not signed and need not be: a server that cannot prove to hold ``ldap/<host>/<domain>`` is refused, and
the next one is asked.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._errors import (
    CredentialError,
    DirectoryError,
    DiscoveryError,
    MechanismError,
    ProtectionError,
    ServiceNotFound,
)
from .._spn import ServicePrincipalName
from ._dn import same_host

if TYPE_CHECKING:
    from ..abc import Mechanism
    from ._deadline import Deadline
    from ._dns import Dns
    from ._pool import Key
    from ._session import Session

__all__ = ["Controller", "Controllers"]

_log = logging.getLogger("asyncauth.discovery")

_MOST = 6
"""Servers tried for one session."""


@dataclass(frozen=True, slots=True)
class Controller:
    """A directory server that may serve us.

    :param host: its full DNS name, which goes into the name it must prove
    :param address: where to connect, in place of what the host resolves to
    """

    host: str
    port: int
    address: str | None = None


class Controllers:
    """Opens sessions, for :class:`~asyncauth.discovery._pool.SessionPool` to call.

    :param fixed: servers that are not to be looked up
    """

    def __init__(self, mechanism: Mechanism, dns: Dns, fixed: dict[Key, Controller]) -> None:
        self._mechanism = mechanism
        self._dns = dns
        self._fixed = fixed
        self._lock = threading.Lock()
        self._last: dict[Key, str] = {}

    def __call__(self, key: Key, deadline: Deadline) -> Session:
        """A session with the first server that is reached and proves who it is.

        :raises DirectoryError: none is found or reached; the last one's error
        :raises MechanismError: the last one's, or at once if it is about our own credentials
        """
        candidates = self._candidates(key, deadline)[:_MOST]
        for left in range(len(candidates), 0, -1):
            try:
                with deadline.at_most(deadline.left() / left):
                    session = self._open(key, candidates[-left], deadline)
            except CredentialError:
                raise
            except (DiscoveryError, MechanismError, ProtectionError) as error:
                if left == 1:
                    raise
                _log.warning("a directory server of %s failed, the next is tried: %s", key.domain, error)
            else:
                with self._lock:
                    self._last[key] = session.place.host
                return session
        raise _unknown(key, "DNS names none")

    def _candidates(self, key: Key, deadline: Deadline) -> list[Controller]:
        if key in self._fixed:
            return [self._fixed[key]]
        owner = f"_gc._tcp.{key.domain}" if key.catalogue else f"_ldap._tcp.dc._msdcs.{key.domain}"
        deadline.doing = f"asking DNS for {owner}"
        try:
            found = [Controller(row.target, row.port) for row in self._dns.srv_now(owner, deadline.left())]
        except ServiceNotFound as error:
            raise _unknown(key, error.message) from error
        with self._lock:
            last = self._last.get(key, "")
        return sorted(found, key=lambda controller: not same_host(controller.host, last))

    def _open(self, key: Key, controller: Controller, deadline: Deadline) -> Session:
        from ._session import Place, Session

        address = controller.address
        if address is None:
            deadline.doing = f"looking up the address of {controller.host}"
            address = self._dns.addresses_now(controller.host, deadline.left())[0]
        service_class = "GC" if key.catalogue else "ldap"
        spn = ServicePrincipalName(service_class, controller.host, service_name=key.domain)
        return Session(Place(controller.host, address, controller.port, spn), self._mechanism, deadline)


def _unknown(key: Key, why: str) -> DirectoryError:
    return DirectoryError(
        f"no directory server of {key.domain} can be found: {why}",
        fix="check the domain's name and which name server is asked, or pass host=",
    )
