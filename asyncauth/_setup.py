"""From a caller's options to an engine: what the anyio and the asyncio side would otherwise both write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import _defaults
from ._errors import HandshakeTimeout
from ._spn import ServicePrincipalName
from ._types import Limits, Policy, Protection, Role, Target
from .engine import Connection

if TYPE_CHECKING:
    from .abc import Framing, Mechanism

__all__ = ["Setup", "address_text", "spn_of"]


@dataclass(frozen=True, slots=True)
class Setup:
    """One side's options, with the defaults filled in."""

    mechanism: Mechanism
    framing: Framing
    policy: Policy
    limits: Limits
    handshake_timeout: float
    allow_unmarked_end: bool

    @classmethod
    def of(
        cls,
        mechanism: Mechanism | None,
        framing: Framing | None,
        require: Protection,
        mutual: bool,
        handshake_timeout: float,
        limits: Limits | None,
        allow_unmarked_end: bool,
    ) -> Setup:
        return cls(
            mechanism=_defaults.mechanism_or_default(mechanism),
            framing=_defaults.framing_or_default(framing),
            policy=Policy(protection=require, mutual=mutual),
            limits=limits or Limits(),
            handshake_timeout=handshake_timeout,
            allow_unmarked_end=allow_unmarked_end,
        )

    def connection(self, target: ServicePrincipalName | None) -> Connection:
        """A client's engine for ``target``, or a server's for None. Does not wait."""
        if target is None:
            role, context = Role.SERVER, self.mechanism.accept(self.policy)
        else:
            role, context = Role.CLIENT, self.mechanism.initiate(target, self.policy)
        return Connection(
            role,
            context,
            self.framing,
            policy=self.policy,
            limits=self.limits,
            target=target,
            allow_unmarked_end=self.allow_unmarked_end,
        )

    def timed_out(self, peer: str) -> HandshakeTimeout:
        """The error for a handshake that outlived its deadline."""
        return HandshakeTimeout(
            f"the handshake with {peer} was not done after {self.handshake_timeout:g} s",
            fix="see whether the other end and the KDC answer; raise handshake_timeout if they are just slow",
        )


def spn_of(target: Target | ServicePrincipalName | str | None) -> ServicePrincipalName | None:
    """The SPN in whatever a caller may give for one."""
    if isinstance(target, Target):
        return target.spn
    return ServicePrincipalName.parse(target) if isinstance(target, str) else target


def address_text(address: object) -> str:
    """A socket's address, for people."""
    match address:
        case (str(host), int(port), *_):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case _:
            return str(address or "an unnamed address")
