"""Clients, as a server sees them after a handshake."""

from __future__ import annotations

from collections.abc import Iterable

from asyncauth import ConnectionInfo, Peer, Protection, Role
from asyncauth._claims import Claims, LazyClaims
from asyncauth._errors import MechanismError
from asyncauth._sid import Sid

DOMAIN = Sid.parse("S-1-5-21-1-2-3")


def claims(rid: int = 1103, groups: Iterable[int | Sid] = (513,)) -> Claims:
    held = frozenset(each if isinstance(each, Sid) else DOMAIN.with_rid(each) for each in groups)
    return Claims("alice", "EXAMPLE", DOMAIN.with_rid(rid), DOMAIN.with_rid(513), held)


def client(
    name: str | None = "alice@EXAMPLE.TEST", told: Claims | None = None, mechanism: str = "kerberos"
) -> ConnectionInfo:
    """An authenticated connection; without ``told`` the ticket has no PAC."""
    peer = None if name is None else Peer(name, LazyClaims(lambda: told))
    return info(peer, mechanism)


def info(peer: Peer | None, mechanism: str = "kerberos") -> ConnectionInfo:
    return ConnectionInfo(
        role=Role.SERVER,
        mechanism=mechanism,
        protection=Protection.SEAL,
        mutual=True,
        framing="nns",
        peer=peer,
        target=None,
        lifetime=None,
    )


def unreadable(name: str = "alice@EXAMPLE.TEST") -> ConnectionInfo:
    """Whose PAC raises an error."""

    def find() -> Claims | None:
        raise MechanismError(f"the PAC in the ticket of {name} cannot be read: it ends early")

    return info(Peer(name, LazyClaims(find)))
