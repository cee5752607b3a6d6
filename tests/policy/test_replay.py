"""What was recorded on the wire is said again: to the same server, to another one with the same key, and in part."""

from __future__ import annotations

import pytest

from asyncauth import MechanismError, Protection
from asyncauth.abc import Framing, Mechanism
from asyncauth.framings import GssSample, NegotiateStream, Sasl, Winsock
from asyncauth.mechanisms import Kerberos

from ..layers import Layer, Server
from ..services import House
from .wire import refusals, say, watched

pytestmark = pytest.mark.anyio

REPEAT = "-1765328350"


@pytest.fixture(params=["nns", "winsock", "gss-sample", "sasl"])
def framing(request: pytest.FixtureRequest, kind: type[Mechanism]) -> Framing:
    made: dict[str, Framing] = {
        "nns": NegotiateStream(),
        "winsock": Winsock(),
        "gss-sample": GssSample(),
        "sasl": Sasl("GSSAPI" if kind is Kerberos else "GSS-SPNEGO"),
    }
    return made[request.param]


async def refused(server: Server) -> None:
    (error,) = await refusals(server)
    assert isinstance(error, MechanismError)
    assert error.code == REPEAT
    assert "a replay" in str(error)
    server.refused.clear()


async def test_a_recorded_conversation_is_refused(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism, framing: Framing
) -> None:
    """By the server that heard it, and by one that starts later: MIT's replay cache is a file of the host."""
    async with layer.serving(sockauth, framing=framing) as server:
        seen = await watched(layer, house, server, alice, admitted=True, framing=framing)
        assert server.refused == []
        answer = await say(server.port, seen.client)
        await refused(server)
        assert len(answer) < len(seen.server)
    async with layer.serving(sockauth, framing=framing) as another:
        await say(another.port, seen.client)
        await refused(another)


async def test_a_request_is_used_up_by_a_handshake_that_was_refused(
    layer: Layer, house: House, alice: Mechanism, sockauth: Mechanism
) -> None:
    """So a request that somebody took off the wire serves once at most, and without its key for nothing."""
    async with layer.serving(sockauth) as server:
        seen = await watched(layer, house, server, alice, require=Protection.SIGN)
        await refusals(server)
        server.refused.clear()
        await say(server.port, seen.client)
        await refused(server)
