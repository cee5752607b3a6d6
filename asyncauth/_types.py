"""The small values that every layer shares. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Protocol

from ._claims import Claims
from ._sid import Sid
from ._spn import ServicePrincipalName

__all__ = [
    "Binding",
    "ConnectionInfo",
    "DelegatedCredential",
    "Delegation",
    "Limits",
    "Peer",
    "Policy",
    "Protection",
    "Role",
    "Target",
]

_PRINCIPAL = re.compile(r"((?:\\.|[^\\])+)@((?:\\.|[^\\@])*)", re.DOTALL)
"""A full principal name as MIT Kerberos writes it; a backslash takes from the sign behind it what it stands for."""


class Role(Enum):
    """Which side of the connection we are; inside mechanisms these are initiator and acceptor."""

    CLIENT = "client"
    SERVER = "server"


class Protection(IntEnum):
    """What is done to each message after the handshake; comparable, more is better."""

    NONE = 0
    SIGN = 1
    """Integrity: altered, lost or repeated messages are detected, but anybody can read them."""
    SEAL = 2
    """Integrity and encryption."""

    @classmethod
    def named(cls, name: str) -> Protection:
        """The level of that name in any case; ValueError if there is none."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise ValueError(f"protection is seal, sign or none, not {name!r}") from None


class Binding(Enum):
    """How much is made of tying the authentication to something else: to TLS below, or to the SPN."""

    OFF = "off"
    OFFERED = "offered"
    """Sent, and compared with what the peer sends; a peer that sends none is accepted."""
    REQUIRED = "required"
    """A peer that sends none is refused."""


class Delegation(Enum):
    """Whether a client hands the server a ticket with which it can act as the client elsewhere."""

    NONE = "none"
    TRUSTED = "trusted"
    """To servers that the KDC marks as trusted for it (OK-AS-DELEGATE). On a server: the ticket is taken."""
    ANY = "any"
    """To whatever server the client authenticates. On a server: the ticket is taken."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the handshake must have reached before the first application byte may pass.

    Checked once at each end, after the last token; what is not fulfilled refuses the connection.

    :param protection: the least protection; a client also asks for exactly this much
    :param mutual: the server has proved who it is, with a mechanism that can (Kerberos)
    :param mechanisms: mechanisms allowed, ``kerberos`` and ``ntlm``; None for those that the mechanism object is
        made for
    :param channel_binding: to the server's TLS certificate where the connection runs inside TLS
        (tls-server-end-point, RFC 5929). REQUIRED refuses a connection that does not
    :param target_binding: of the SPN to the authentication, so that a server knows what the client asked for
        (``docs/target-binding.md``)
    :param targets: server: the SPNs that a client may have asked for; text is parsed. Empty: any whose key
        is in the keytab. Without target binding this is what the client's ticket says in clear, which proves nothing
    :param authorize: server: called with the :class:`ConnectionInfo` of an authenticated client before the last
        token is sent; what is false refuses it, and so does an exception. May take as long as the handshake's
        deadline allows, and is cancelled then
    :param delegation: client: whether to hand over a ticket; server: whether to take one
    """

    protection: Protection = Protection.SEAL
    mutual: bool = True
    mechanisms: frozenset[str] | None = None
    channel_binding: Binding = Binding.OFFERED
    target_binding: Binding = Binding.OFFERED
    targets: tuple[ServicePrincipalName, ...] = ()
    authorize: Callable[[ConnectionInfo], Awaitable[object]] | None = None
    delegation: Delegation = Delegation.NONE

    def __post_init__(self) -> None:
        given: tuple[ServicePrincipalName | str, ...] = self.targets
        named = tuple(ServicePrincipalName.parse(spn) if isinstance(spn, str) else spn for spn in given)
        object.__setattr__(self, "targets", named)
        if self.mechanisms is not None:
            object.__setattr__(self, "mechanisms", frozenset(self.mechanisms))


class DelegatedCredential(Protocol):
    """A client's own credential in a server's hands; a credential source for a mechanism. Ends with its connection."""

    def close(self) -> None:
        """Destroy the tickets. Connections that were made with it stay. A second call does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer that has proved nothing may cost.

    :param token: bytes of one handshake token
    :param handshake: bytes of all handshake frames received together
    :param legs: handshake tokens received
    """

    token: int = 65_536
    handshake: int = 262_144
    legs: int = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service is and who it must prove to be.

    :param host: host name or address, for people and, without ``address``, for dialling
    :param port: TCP port, 1 to 65535
    :param spn: the exact service principal name; text is parsed
    :param source: where this came from, for people: an entry's DN, a file, a DNS name
    :param address: IP address to dial in place of ``host``, when discovery knows it
    """

    host: str
    port: int
    spn: ServicePrincipalName = field()
    source: str | None = None
    address: str | None = None

    def __init__(
        self,
        host: str,
        port: int,
        spn: ServicePrincipalName | str,
        source: str | None = None,
        address: str | None = None,
    ) -> None:
        if not host:
            raise ValueError("a target needs a host")
        if not 1 <= port <= 65_535:  # noqa: PLR2004
            raise ValueError(f"port {port} of {host} is not between 1 and 65535")
        parsed = ServicePrincipalName.parse(spn) if isinstance(spn, str) else spn
        for name, value in (
            ("host", host), ("port", port), ("spn", parsed), ("source", source), ("address", address),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

    @property
    def dial(self) -> tuple[str, int]:
        """Address and port to connect to."""
        return self.address or self.host, self.port

    def __str__(self) -> str:
        return f"{self.host}:{self.port} as {self.spn}"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the mechanism authenticated it.

    Two are equal if their names are. What the ticket says of the account beside its name is read when it is first
    asked for; without a PAC (MIT realms, NTLM, a client's view of its server) there is nothing: ``sid`` and
    ``account`` are None, and ``groups`` is empty.

    ``claims`` and all that comes from it raise :exc:`~asyncauth.MechanismError` if the PAC cannot be read, which
    takes somebody who has the service's key.

    :param name: the full principal name, ``alice@EXAMPLE.TEST`` or ``http/app1@EXAMPLE.TEST``
    :param claims_from: tells the claims, or None if there are none
    """

    name: str
    claims_from: Callable[[], Claims | None] | None = field(default=None, repr=False, compare=False)

    @property
    def principal(self) -> str:
        """The name without its realm."""
        return self._parts()[0]

    @property
    def realm(self) -> str:
        """The realm, or the empty text for a name that has none."""
        return self._parts()[1]

    @property
    def claims(self) -> Claims | None:
        """All that the account's domain said of it in the ticket's PAC, whose signature the library has verified."""
        return self.claims_from() if self.claims_from is not None else None

    @property
    def account(self) -> str | None:
        """sAMAccountName, from the PAC."""
        claims = self.claims
        return claims.account if claims is not None else None

    @property
    def sid(self) -> Sid | None:
        """The account's SID, from the PAC."""
        claims = self.claims
        return claims.sid if claims is not None else None

    @property
    def groups(self) -> frozenset[Sid]:
        """SIDs of all its groups, nested ones and the primary one included, from the PAC."""
        claims = self.claims
        return claims.groups if claims is not None else frozenset()

    def _parts(self) -> tuple[str, str]:
        """Principal and realm: the last ``@`` without a backslash before it stands between them."""
        found = _PRINCIPAL.fullmatch(self.name)
        return (found[1], found[2]) if found else (self.name, "")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """Everything known about an authenticated connection; made once, when the handshake is done."""

    role: Role
    mechanism: str
    """The mechanism really used, ``kerberos`` or ``ntlm``, not the negotiation that chose it."""
    protection: Protection
    mutual: bool
    framing: str
    peer: Peer | None
    target: ServicePrincipalName | None
    """Client: the SPN whose key the server has proved to hold. Server: the SPN that the client has proved to have
    asked for (target binding); None if it has not."""
    lifetime: float | None
    """Seconds the security context was good for when it was made; None if it does not end."""
    claimed_target: ServicePrincipalName | None = None
    """Server: the SPN in the clear part of the client's ticket, which anybody on the way can have altered."""
    channel_bound: bool = False
    """Server: the client has proved to be inside the same TLS connection. Client: always false; it cannot know."""
    address: str | None = None
    """Where the peer is: ``192.0.2.7:50123``, ``[2001:db8::7]:50123``; None where the stream beneath does not say."""
    delegation: bool = False
    """The client has handed over its credential: to a server that may or may not take it."""
    delegated: DelegatedCredential | None = field(default=None, compare=False)
    """Server: for acting as the client towards others, if the client handed it over and the policy takes it."""
    authzid: str = ""
    """As whom the client acts, if that is somebody else than ``peer`` and was allowed (SASL); else empty."""

    @property
    def target_proven(self) -> bool:
        """What :attr:`target` says was proven; False where there is none."""
        return self.target is not None

    @property
    def encrypted(self) -> bool:
        return self.protection is Protection.SEAL

    @property
    def signed(self) -> bool:
        return self.protection >= Protection.SIGN
