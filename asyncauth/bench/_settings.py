"""Who is measured, and with what: the first line that each of its processes is given."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from .._types import Target
from ._common import HOST, SPN

if TYPE_CHECKING:
    from ..abc import Framing
    from ..mechanisms import Credential, Kerberos, Negotiate
    from ._entrants import Entrant

__all__ = ["LOOPS", "Settings"]

LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@dataclass(frozen=True)
class Settings:
    """Everything that a process of ours has to know. There is no secret in it, only where such are.

    :param subject: ``asyncauth``, ``tcp``, ``mtls`` or ``pyspnego``
    :param family: ``anyio``, ``protocol`` or ``streams``
    :param loop: ``asyncio``, ``uvloop`` or ``trio``
    :param bulk: the bulk path of message protection may be used
    :param cache: the client's credential cache with its type; None for the default one, or for ``keytab``
    :param keytab: the server's keys, or with ``principal`` a client's
    :param folder: where certificates are
    """

    subject: str = "asyncauth"
    family: str = "anyio"
    loop: str = "asyncio"
    bulk: bool = True
    host: str = HOST
    port: int = 0
    address: str | None = None
    spn: str = SPN
    cache: str | None = None
    keytab: str | None = None
    principal: str | None = None
    mechanism: str = "negotiate"
    framing: str = "nns"
    one_core: bool = False
    folder: str = ""

    @classmethod
    def parse(cls, line: str) -> Self:
        """What :attr:`line` gave."""
        return cls(**json.loads(line))

    @property
    def line(self) -> str:
        """As text without a line break."""
        return json.dumps(asdict(self))

    def at(self, port: int) -> Settings:
        """The same with that port."""
        return replace(self, port=port)

    def of(self, entrant: Entrant) -> Settings:
        """The same in an entrant's form."""
        return replace(
            self,
            subject=entrant.subject,
            family=entrant.family,
            loop=entrant.loop,
            bulk=entrant.bulk,
            one_core=entrant.one_core,
            framing=entrant.framing,
            mechanism=entrant.mechanism,
        )

    def with_keys(self, keytab: str) -> Settings:
        """The same for a server with these keys."""
        return replace(self, keytab=keytab)

    def with_tickets(self, cache: str) -> Settings:
        """The same for a client with this cache."""
        return replace(self, cache=cache)

    @property
    def runner(self) -> dict[str, Any]:
        """The options of ``anyio.run``; what runs is a plain asyncio or uvloop loop, or Trio."""
        backend, options = LOOPS[self.loop]
        return {"backend": backend, "backend_options": options}

    def settle(self) -> None:
        """Keep this process to one core, the same for all, where that is wanted; Linux only."""
        if self.one_core:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    @cached_property
    def target(self) -> Target:
        """Where the client connects."""
        return Target(self.host, self.port, self.spn, address=self.address)

    def made_framing(self) -> Framing:
        """The wire format of that name."""
        from ..framings import GssSample, NegotiateStream, Sasl, Winsock

        if self.framing == "sasl":
            return Sasl("GSSAPI" if self.mechanism == "kerberos" else "GSS-SPNEGO")
        framings: dict[str, type[Framing]] = {
            "nns": NegotiateStream,
            "winsock": Winsock,
            "gss-sample": GssSample,
        }
        return framings[self.framing]()

    def made_mechanism(self) -> Negotiate | Kerberos:
        """The mechanism with its credential; a fresh one each time, which has kept nothing."""
        from ..mechanisms import Kerberos, Negotiate

        made = Kerberos if self.mechanism == "kerberos" else Negotiate
        return made(self._credential(), bulk=self.bulk)

    def _credential(self) -> Credential | None:
        from ..mechanisms import CredentialCache, Keytab

        if self.cache is not None:
            return CredentialCache(self.cache)
        if self.keytab is not None:
            return Keytab(self.keytab, principal=self.principal)
        return None
