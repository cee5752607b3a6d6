"""The demo's two acts with a directory: a service connection point, and a Winsock registration."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from .._errors import ServiceNotFound
from .._spn import ServicePrincipalName
from .._types import Target
from ..abc import ServiceQuery
from ..discovery import (
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
    WinsockService,
    WinsockServices,
)
from ..framings import NegotiateStream, Winsock
from ..mechanisms import CredentialCache, Kerberos, Password
from ._demo_acts import CLASS, Act, Facts

if TYPE_CHECKING:
    from ..abc import Resolver
    from ..discovery import Published
    from ..testing import SambaRealm

__all__ = ["RnrAct", "ScpAct"]

PRODUCT = UUID("26f9b1c4-5e0a-4d0b-9d4f-0c6a3c1e7b52")
WINSOCK_CLASS = UUID("a9033bc1-eca4-11cf-a054-00aa006c33ed")
"""Of the sample in the Active Directory documentation."""
SCP_ATTRIBUTES = (
    "objectClass",
    "serviceClassName",
    "serviceDNSName",
    "serviceDNSNameType",
    "serviceBindingInformation",
    "keywords",
)


class _DirectoryAct(Act):
    """What SCP and RnR have in common."""

    realm: SambaRealm

    def __init__(self, realm: SambaRealm) -> None:
        super().__init__(realm)
        dns = Dns(realm.nameserver)
        boss = realm.users["administrator"]
        self.admin = Directory(realm.domain, Kerberos(Password(boss.principal, boss.password)), dns=dns)
        self.asking = Directory(realm.domain, Kerberos(CredentialCache(realm.env["KRB5CCNAME"])), dns=dns)
        self.dns = dns
        self.published: Published | None = None

    @property
    @abstractmethod
    def resolver(self) -> Resolver: ...

    @abstractmethod
    async def remove(self) -> None: ...

    def prepare(self) -> Facts:
        service = self.realm.add_service(self.account)
        self.realm.add_host(self.host, self.realm.address)
        return {"account": service.dn, "host": f"{self.host}, in the realm's DNS: {self.realm.address}"}

    async def register(self) -> tuple[ServicePrincipalName, str, Facts]:
        assert self.published is not None
        registry, spn = SpnRegistry(self.admin), self.published.spn
        before = await registry.find(spn)
        await registry.register(spn, self.account)
        facts: Facts = {
            "SPN": str(spn),
            "holders before": before or "none in the forest: no duplicate",
            "holders now": await registry.find(spn),
        }
        return spn, "An administrator registers the SPN on the service's account", facts

    async def locate(self) -> list[Target]:
        return list(await self.resolver.resolve(ServiceQuery(self.wanted)))

    async def withdraw(self) -> tuple[str, Facts]:
        assert self.published is not None
        registry, spn = SpnRegistry(self.admin), self.published.spn
        await registry.unregister(spn, self.account)
        await self.remove()
        return "An administrator withdraws it", {
            "SPN held by": await registry.find(spn) or "nobody",
            "alice finds": await self._found(),
        }

    async def _found(self) -> object:
        try:
            return [str(target) for target in await self.locate()]
        except ServiceNotFound as error:
            return error.message

    async def aclose(self) -> None:
        await self.admin.aclose()
        await self.asking.aclose()

    async def entry(self, texts: Sequence[str], raw: Sequence[str] = ()) -> Facts:
        """The entry as the directory has it now.

        :param texts: attributes whose values are text
        :param raw: attributes whose values are bytes
        """
        assert self.published is not None
        entry = await self.admin.read(self.published.dn, (*texts, *raw))
        assert entry is not None
        return {
            "dn": entry.dn,
            "objectGUID": str(self.published.guid),
            **{name: list(entry.texts(name)) for name in texts},
            **{name: [value.hex() for value in entry.values(name)] for name in raw},
        }


class ScpAct(_DirectoryAct):
    """A service connection point under the host's computer account."""

    name = "scp"
    title = "A service connection point, found by its keyword; framing MS-NNS"
    wanted = str(PRODUCT)
    framing = NegotiateStream()
    account = "sockauth"

    def __init__(self, realm: SambaRealm) -> None:
        super().__init__(realm)
        self.host = f"app1.{realm.domain}"
        self._points = ServiceConnectionPoints(self.admin)

    @property
    def resolver(self) -> Resolver:
        return ServiceConnectionPoints(self.asking, service_class=CLASS, dns=self.dns)

    def prepare(self) -> Facts:
        self._computer = self.realm.add_computer("APP1", host=self.host)
        return {**super().prepare(), "computer": self._computer.dn}

    async def publish(self, port: int) -> tuple[str, Facts]:
        self._record = ServiceConnectionPoint(
            "SockAuthAD", str(self._computer.dn), CLASS, self.host, port, (str(PRODUCT), "sockauth demo")
        )
        await self._points.publish(self._record)
        await self._points.grant(self._record, self.account)
        self.published = await self._points.published(self._record)
        facts = await self.entry(SCP_ATTRIBUTES)
        return "An administrator publishes it: a serviceConnectionPoint, over sealed LDAP", {
            **facts,
            "access": f"{self.account} may update serviceDNSName and serviceBindingInformation",
        }

    async def remove(self) -> None:
        await self._points.withdraw(self._record)


class RnrAct(_DirectoryAct):
    """A Winsock registration, in the domain's one container for them."""

    name = "rnr"
    title = "A Winsock registration (RnR), found by its name; framing of the SSPI sockets sample"
    wanted = "WinSockRnRSampleService"
    framing = Winsock()
    account = "rnrsample"

    def __init__(self, realm: SambaRealm) -> None:
        super().__init__(realm)
        self.host = f"app2.{realm.domain}"
        self._services = WinsockServices(self.admin)

    @property
    def resolver(self) -> Resolver:
        return WinsockServices(self.asking, service_class=CLASS)

    async def publish(self, port: int) -> tuple[str, Facts]:
        self._record = WinsockService(
            self.wanted, CLASS, WINSOCK_CLASS, self.host, [(self.realm.address, port)]
        )
        await self._services.publish(self._record)
        self.published = await self._services.published(self._record)
        facts = await self.entry(
            ("objectClass", "displayName", "keywords"), ("serviceClassID", "winsockAddresses")
        )
        return "An administrator registers it: a serviceClass and a serviceInstance, over sealed LDAP", facts

    async def remove(self) -> None:
        await self._services.withdraw(self._record)
        await self._services.remove_class(WINSOCK_CLASS)
