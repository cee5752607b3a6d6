"""What an authenticated stream knows of itself, as anyio's typed attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from anyio import TypedAttributeSet, typed_attribute

from .._spn import ServicePrincipalName
from .._types import ConnectionInfo, Peer, Protection, Role

__all__ = ["AuthAttribute", "attributes_of"]


class AuthAttribute(TypedAttributeSet):
    """Attributes of :class:`AuthenticatedStream`; ``stream.extra(AuthAttribute.peer_name)``."""

    info: ConnectionInfo = typed_attribute()
    """All of the below in one object."""
    mechanism: str = typed_attribute()
    """The mechanism really used, ``kerberos`` or ``ntlm``."""
    peer: Peer = typed_attribute()
    """Who is at the other end; missing if the mechanism gave no name."""
    peer_name: str = typed_attribute()
    """The peer's full name: a server sees ``alice@EXAMPLE.TEST``, a client the SPN it asked for."""
    target: ServicePrincipalName = typed_attribute()
    """Client: the SPN whose key the server holds. Server: the SPN that the client has proved to have asked for
    (target binding); missing if it has not."""
    target_proven: bool = typed_attribute()
    claimed_target: ServicePrincipalName = typed_attribute()
    """Server only: what the client's ticket says in clear, which proves nothing."""
    channel_bound: bool = typed_attribute()
    """Server only: the client has proved to be inside the same TLS connection."""
    protection: Protection = typed_attribute()
    encrypted: bool = typed_attribute()
    signed: bool = typed_attribute()
    mutual: bool = typed_attribute()
    """The server has proved who it is."""
    server_side: bool = typed_attribute()
    framing: str = typed_attribute()


def attributes_of(
    info: ConnectionInfo, inner: Mapping[Any, Callable[[], Any]]
) -> dict[Any, Callable[[], Any]]:
    """The attributes for ``info``, together with those of the stream beneath."""
    known: dict[Any, Any] = {
        AuthAttribute.info: info,
        AuthAttribute.mechanism: info.mechanism,
        AuthAttribute.peer: info.peer,
        AuthAttribute.peer_name: info.peer and info.peer.name,
        AuthAttribute.target: info.target,
        AuthAttribute.target_proven: info.target_proven,
        AuthAttribute.claimed_target: info.claimed_target,
        AuthAttribute.channel_bound: info.channel_bound,
        AuthAttribute.protection: info.protection,
        AuthAttribute.encrypted: info.encrypted,
        AuthAttribute.signed: info.signed,
        AuthAttribute.mutual: info.mutual,
        AuthAttribute.server_side: info.role is Role.SERVER,
        AuthAttribute.framing: info.framing,
    }
    own = {key: _always(value) for key, value in known.items() if value is not None}
    return {**inner, **own}


def _always(value: Any) -> Callable[[], Any]:
    return lambda: value
