"""The directory over LDAP, for async code: see :class:`Directory`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import anyio

from .._errors import DirectoryError
from .._offload import in_thread
from ._controllers import Controller, Controllers
from ._deadline import Deadline
from ._dn import domain_of
from ._dns import Dns
from ._entry import Change, Entry, Scope, Values
from ._pool import Key, SessionPool

if TYPE_CHECKING:
    from ..abc import Mechanism
    from ._session import Session

__all__ = ["Directory"]

T = TypeVar("T")

_ROOT = ("defaultNamingContext", "rootDomainNamingContext", "configurationNamingContext", "dnsHostName")


class Directory:
    """An Active Directory domain over LDAP, authenticated both ways and encrypted, on asyncio and Trio.

    Domain controllers are looked up in DNS, in this domain and in others of the forest as distinguished names
    lead there. Each must prove the name ``ldap/<host>/<domain>``, the global catalogue ``GC/<host>/<forest>``,
    which only controllers hold; then everything is sealed. No simple bind, no anonymous one, no TLS instead.

    Connections are made when needed and kept; the object may be used by many tasks, and by one event loop after
    another. Calls run in threads; nothing blocks the loop. Close it with :meth:`aclose`, or use it in an
    ``async with``.

    Every method raises :exc:`~asyncauth.DirectoryError` (unreachable, refused, no answer in time),
    :exc:`~asyncauth.MechanismError` (our credentials, the server's name or key),
    :exc:`~asyncauth.ProtectionError` (the server offers no encryption). A cancelled call returns at once; a read
    leaves nothing behind, a write may or may not have been carried out.

    :param domain: DNS name of the domain, ``example.test``
    :param mechanism: Kerberos, or Negotiate
    :param host: full DNS name of one controller, to use for this domain and the catalogue and ask DNS for none
    :param address: IP address to connect to in place of what ``host`` resolves to
    :param dns: the resolver; None for the system's
    :param forest: DNS name of the forest's root domain; None to ask a controller
    :param timeout: seconds for one call, looking up, connecting and authenticating included
    :param port: LDAP's, for ``host``
    :param catalogue_port: the global catalogue's, for ``host``
    """

    def __init__(
        self,
        domain: str,
        mechanism: Mechanism,
        *,
        host: str | None = None,
        address: str | None = None,
        dns: Dns | None = None,
        forest: str | None = None,
        timeout: float = 10.0,
        port: int = 389,
        catalogue_port: int = 3268,
    ) -> None:
        if address is not None and host is None:
            raise ValueError(
                "an address needs the host's name too: it goes into the name the server must prove"
            )
        self._domain = domain.strip(".").lower()
        self._timeout = timeout
        self._forest = forest.strip(".").lower() if forest else None
        self._fixed: dict[Key, Controller] = {}
        self._catalogue: Controller | None = None
        if host is not None:
            self._fixed[Key(self._domain, catalogue=False)] = Controller(host, port, address)
            self._catalogue = Controller(host, catalogue_port, address)
        self._pool = SessionPool(Controllers(mechanism, dns or Dns(timeout=timeout), self._fixed))

    @property
    def domain(self) -> str:
        """DNS name of the domain."""
        return self._domain

    async def root(self) -> Entry:
        """The controller's own entry, rootDSE: its naming contexts and its ``dnsHostName``."""
        return await self._call("reading the root entry", self._root)

    async def search(
        self,
        base: str,
        condition: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        catalogue: bool = False,
    ) -> list[Entry]:
        """Every entry under ``base`` that fits an RFC 4515 filter, in pages, however many there are.

        :param base: a DN, ``<GUID=...>`` or ``<WKGUID=...,DN>``; in the catalogue ``""`` is the whole forest.
            A base that does not exist has nothing under it
        :param attributes: the only ones to fetch; none for the DN alone
        :param catalogue: ask the global catalogue (MS-ADTS 3.1.1.1.8): all objects of the forest, some of their
            attributes, and what was written a moment ago perhaps not yet
        """

        def searched(deadline: Deadline) -> list[Entry]:
            key = self._key(base, deadline, catalogue=catalogue)
            return self._pool.run(
                key,
                deadline,
                lambda session: session.search(base, condition, attributes, scope, deadline),
                repeatable=True,
            )

        return await self._call(f"searching for {condition}", searched)

    async def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """One entry from a controller of its own domain, with those attributes; None if it does not exist."""
        found = await self.search(dn, "(objectClass=*)", attributes, scope=Scope.BASE)
        return found[0] if found else None

    async def add(self, dn: str, attributes: Mapping[str, Values]) -> bool:
        """Create an entry; ``attributes`` includes objectClass. False if there is one of that name."""
        return await self._write(
            dn, "adding", lambda session, deadline: session.add(dn, attributes, deadline)
        )

    async def modify(self, dn: str, changes: Sequence[Change]) -> None:
        """Change an entry. Adding a value that is there, or deleting one that is not, is no error.

        Of ``nTSecurityDescriptor`` only the DACL is read and written.
        """
        await self._write(dn, "changing", lambda session, deadline: session.modify(dn, changes, deadline))

    async def delete(self, dn: str) -> bool:
        """Remove an entry that has none under it. False if there was none of that name."""
        return await self._write(dn, "removing", lambda session, deadline: session.delete(dn, deadline))

    async def aclose(self) -> None:
        """Hang up. Calls under way end as usual; later ones are refused."""
        with anyio.CancelScope(shield=True):
            await in_thread(self._pool.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<Directory {self._domain}>"

    async def _write(self, dn: str, doing: str, request: Callable[[Session, Deadline], T]) -> T:
        def written(deadline: Deadline) -> T:
            key = self._key(dn, deadline, catalogue=False)
            return self._pool.run(key, deadline, lambda session: request(session, deadline), repeatable=False)

        return await self._call(f"{doing} {dn}", written)

    async def _call(self, doing: str, work: Callable[[Deadline], T]) -> T:
        """Run it in a thread, and give up on the thread when the time is over."""
        deadline = Deadline(self._timeout, doing)
        with anyio.move_on_after(self._timeout):
            return await in_thread(work, deadline)
        raise deadline.error()

    def _key(self, dn: str, deadline: Deadline, *, catalogue: bool) -> Key:
        if catalogue:
            return self._catalogue_key(deadline)
        return Key((domain_of(dn) or self._domain).lower(), catalogue=False)

    def _catalogue_key(self, deadline: Deadline) -> Key:
        if self._forest is None:
            root = self._root(deadline).text("rootDomainNamingContext")
            self._forest = (domain_of(root or "") or self._domain).lower()
        key = Key(self._forest, catalogue=True)
        if self._catalogue is not None:
            self._fixed[key] = self._catalogue
        return key

    def _root(self, deadline: Deadline) -> Entry:
        found = self._pool.run(
            Key(self._domain, catalogue=False),
            deadline,
            lambda session: session.search("", "(objectClass=*)", _ROOT, Scope.BASE, deadline),
            repeatable=True,
        )
        if not found:
            raise DirectoryError(
                f"the server of {self._domain} has no root entry", fix="check that it is a controller"
            )
        return found[0]
