"""The demo's acts: how the service is published and found. This is what they have in common, and the plainest one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from .._offload import in_thread
from .._spn import ServicePrincipalName
from .._types import Target
from ..abc import ServiceQuery
from ..discovery import Static
from ..framings import NegotiateStream

if TYPE_CHECKING:
    from pathlib import Path

    from ..abc import Framing
    from ..testing import Realm

__all__ = ["CLASS", "Act", "Facts", "StaticAct"]

Facts = dict[str, object]
"""What a step has to show: names and values."""

CLASS = "ADSockAuth"
"""Service class of the samples in the Active Directory documentation."""


class Act(ABC):
    """One way to publish a service and to find it again.

    :ivar host: the service's host name
    :ivar account: the account that runs it
    """

    name: ClassVar[str]
    title: ClassVar[str]
    wanted: ClassVar[str]
    """What the client knows."""
    framing: ClassVar[Framing]
    host: str
    account: str

    def __init__(self, realm: Realm) -> None:
        self.realm = realm

    @abstractmethod
    def prepare(self) -> Facts:
        """Make what an administrator has made before: accounts, a host name. Blocks."""

    @abstractmethod
    async def publish(self, port: int) -> tuple[str, Facts]:
        """Write the record; a title and what is in the directory now."""

    @abstractmethod
    async def register(self) -> tuple[ServicePrincipalName, str, Facts]:
        """Give the service's account its name, if nobody has it; the name comes first."""

    @abstractmethod
    async def locate(self) -> list[Target]:
        """What the client finds."""

    @abstractmethod
    async def withdraw(self) -> tuple[str, Facts]:
        """Undo both."""

    async def keytab(self, spn: ServicePrincipalName) -> Path:
        """The service's key, exported for exactly that name."""
        return await in_thread(self.realm.keytab, self.account, None, str(spn))

    @abstractmethod
    async def aclose(self) -> None:
        """Hang up."""


class StaticAct(Act):
    """Where there is no directory: a table in place of a record."""

    name = "static"
    title = "No Active Directory here, so no SCP and no RnR: found in a table; framing MS-NNS"
    wanted = "sockauth"
    framing = NegotiateStream()
    account = "sockauth"
    host = "localhost"

    def prepare(self) -> Facts:
        service = self.realm.add_service(self.account)
        return {"account": service.principal, "host": self.host}

    async def publish(self, port: int) -> tuple[str, Facts]:
        self._row = {
            "host": self.host,
            "port": port,
            "spn": f"{CLASS}/{self.host}",
            "address": self.realm.address,
        }
        return "Somebody writes it down in a table", dict(self._row)

    async def register(self) -> tuple[ServicePrincipalName, str, Facts]:
        spn = ServicePrincipalName.parse(str(self._row["spn"]))
        await in_thread(self.realm.add_spn, self.account, str(spn))
        return (
            spn,
            "An administrator makes a principal for it, with the key of the service's account",
            {"SPN": str(spn)},
        )

    async def locate(self) -> list[Target]:
        return await Static({self.wanted: self._row}).resolve(ServiceQuery(self.wanted))

    async def withdraw(self) -> tuple[str, Facts]:
        spn = str(self._row["spn"])
        await in_thread(self.realm.remove_spn, self.account, spn)
        return "The principal is removed", {"SPN": f"{spn} is nobody's"}

    async def aclose(self) -> None:
        """There is nobody to hang up on."""
