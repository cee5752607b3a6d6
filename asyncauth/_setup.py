"""From a caller's options to an engine: what the anyio and the asyncio side would otherwise both write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from . import _defaults
from ._channel import channel_name
from ._errors import HandshakeTimeout
from ._spn import ServicePrincipalName
from ._types import Binding, Limits, Policy, Protection, Role, Target
from .authorization import Decision, audit, audited
from .engine import Connection

if TYPE_CHECKING:
    from ssl import SSLObject

    from ._types import ConnectionInfo
    from .abc import Framing, Mechanism

__all__ = ["Setup", "address_text", "spn_of"]

_OPEN = Decision(True, "whoever authenticates may come in")
_LIMITS = Limits()


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
        require: Protection | Policy,
        mutual: bool,
        handshake_timeout: float,
        limits: Limits | None,
        allow_unmarked_end: bool,
    ) -> Setup:
        return cls(
            mechanism=_defaults.mechanism_or_default(mechanism),
            framing=_defaults.framing_or_default(framing),
            policy=_policy(require, mutual),
            limits=limits or _LIMITS,
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

    def bind(self, connection: Connection, tls: SSLObject | None, address: object) -> None:
        """Tell a fresh connection what it runs on: a TLS session, or none, and the peer's socket address.

        :raises ProtectionError: a required channel binding cannot be made of the server's certificate
        """
        channel = None
        if tls is not None and self.policy.channel_binding is not Binding.OFF:
            channel = channel_name(tls, required=self.policy.channel_binding is Binding.REQUIRED)
        connection.bind(channel, address_text(address) if address else None)

    def admitted(self, info: ConnectionInfo) -> None:
        """Log that a client is in, where nobody was asked and so nobody has logged it."""
        if self.policy.authorize is None and info.role is Role.SERVER:
            audit(info, _OPEN)

    def timed_out(self, peer: str) -> HandshakeTimeout:
        """The error for a handshake that outlived its deadline."""
        return HandshakeTimeout(
            f"the handshake with {peer} was not done after {self.handshake_timeout:g} s",
            fix="see whether the other end and the KDC answer; raise handshake_timeout if they are just slow",
        )


def _policy(require: Protection | Policy, mutual: bool) -> Policy:
    if not isinstance(require, Policy):
        return _plain_policy(require, mutual)
    if not mutual:
        raise ValueError("say mutual=False in the policy that is given as require")
    if require.authorize is None:
        return require
    return replace(require, authorize=audited(require.authorize))


@lru_cache(maxsize=8)
def _plain_policy(protection: Protection, mutual: bool) -> Policy:
    return Policy(protection=protection, mutual=mutual)


def spn_of(target: Target | ServicePrincipalName | str | None) -> ServicePrincipalName | None:
    """The SPN in whatever a caller may give for one."""
    if isinstance(target, Target):
        return target.spn
    return ServicePrincipalName.parse(target) if isinstance(target, str) else target


def address_text(address: object) -> str:
    """A socket's address, for people."""
    if isinstance(address, tuple) and len(address) > 1:
        host, port = address[:2]
        if isinstance(host, str) and isinstance(port, int):
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(address or "an unnamed address")
