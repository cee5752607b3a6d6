"""Tickets end, and connections do not: the ticket's end is told, and what to make of it is the application's."""

from __future__ import annotations

import anyio
import pytest

from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate
from asyncauth.testing import Realm

from ..layers import Layer
from ..services import TWO_PARTS, house_of

pytestmark = pytest.mark.anyio

SECONDS = 2.0
SKEW = 300.0
"""What MIT's server allows the clocks to differ by, and adds."""


async def test_a_connection_outlives_its_ticket_and_both_ends_know_its_end(
    layer: Layer, mit_realm: Realm
) -> None:
    """RFC 4121 says nothing of the end of a context, and MIT's GSSAPI goes on."""
    house = house_of(mit_realm)
    short = Negotiate(CredentialCache(mit_realm.ticket("alice", lifetime=SECONDS)))
    async with layer.serving(Negotiate(Keytab(house.service.keytab))) as server:
        client = await layer.connect(house.target(server.port, TWO_PARTS), short)
        there = await server.next()
        assert client.info.lifetime is not None
        assert 0 < client.info.lifetime <= SECONDS + 1
        assert there.info.lifetime is not None
        assert SKEW < there.info.lifetime <= SKEW + SECONDS + 1
        await anyio.sleep(SECONDS + 1.1)
        await client.send(b"after the end")
        assert await there.receive_exactly(13) == b"after the end"
        await client.abort()
