"""The small values that every layer shares. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum

from ._spn import ServicePrincipalName

__all__ = ["ConnectionInfo", "Limits", "Peer", "Policy", "Protection", "Role", "Target"]


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


@dataclass(frozen=True, slots=True)
class Policy:
    """What the handshake must have reached before the first application byte may pass.

    :param protection: the least protection; a client also asks for exactly this much
    :param mutual: the server has proved who it is, with a mechanism that can (Kerberos)
    """

    protection: Protection = Protection.SEAL
    mutual: bool = True


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

    :param name: the full principal name, ``alice@EXAMPLE.TEST`` or ``http/app1@EXAMPLE.TEST``
    """

    name: str

    @property
    def principal(self) -> str:
        """The name without its realm."""
        return self.name.rpartition("@")[0] or self.name

    @property
    def realm(self) -> str:
        """The realm, or the empty text for a name that has none."""
        principal, _, realm = self.name.rpartition("@")
        return realm if principal else ""

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
    """Client: the SPN whose key the server has proved to hold. Server: None."""
    lifetime: float | None
    """Seconds the security context was good for when it was made; None if it does not end."""

    @property
    def encrypted(self) -> bool:
        return self.protection is Protection.SEAL

    @property
    def signed(self) -> bool:
        return self.protection >= Protection.SIGN
