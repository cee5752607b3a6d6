"""Both ends of a handshake in one thread, and shortcuts for who and what."""

from __future__ import annotations

from asyncauth import Policy, ServicePrincipalName
from asyncauth.abc import Mechanism, SecurityContext

from ..services import TWO_PARTS

__all__ = ["SEAL", "name_of", "pair", "who"]

SEAL = Policy()


def pair(
    client: Mechanism, server: Mechanism, spn: str = TWO_PARTS
) -> tuple[SecurityContext, SecurityContext]:
    """Both contexts, complete."""
    initiator = client.initiate(ServicePrincipalName.parse(spn), SEAL)
    acceptor = server.accept(SEAL)
    token, done = initiator.step(None)
    while token is not None:
        answer, accepted = acceptor.step(token)
        if answer is None:
            break
        token, done = initiator.step(answer)
    assert done
    assert accepted
    return initiator, acceptor


def who(client: Mechanism, server: Mechanism, spn: str = TWO_PARTS) -> str:
    """Whom the server takes the client for, after a complete handshake."""
    _, acceptor = pair(client, server, spn)
    return str(acceptor.info().peer)


def name_of(spn: str) -> ServicePrincipalName:
    """The text as a name."""
    return ServicePrincipalName.parse(spn)
