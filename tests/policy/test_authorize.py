"""The application's decision, in both layers: it may wait, and the client waits with it."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from asyncauth import AuthorizationError, ConnectionInfo, HandshakeTimeout, PeerRejected, Policy
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

from ..layers import Layer, Stream
from ..services import House

pytestmark = pytest.mark.anyio


@pytest.fixture
def alice(house: House) -> Negotiate:
    return Negotiate(CredentialCache(house.cache))


@pytest.fixture
def sockauth(house: House) -> Negotiate:
    return Negotiate(Keytab(house.service.keytab))


async def until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await anyio.sleep(0.01)


async def test_one_that_waits(house: House, layer: Layer, alice: Negotiate, sockauth: Negotiate) -> None:
    asked: list[ConnectionInfo] = []
    go_on = anyio.Event()

    async def decide(info: ConnectionInfo) -> bool:
        asked.append(info)
        await go_on.wait()
        return True

    connected: list[Stream] = []

    async with layer.serving(sockauth, require=Policy(authorize=decide)) as server:
        async with anyio.create_task_group() as group:

            async def connect() -> None:
                connected.append(await layer.connect(house.target(server.port), alice))

            group.start_soon(connect)
            await until(lambda: asked)
            await anyio.sleep(0.1)
            assert not connected
            go_on.set()
        accepted = await server.next()
        assert accepted.info == asked[0]
        await connected[0].send(b"in")
        assert await accepted.receive() == b"in"
        await connected[0].close()


async def test_a_no(house: House, layer: Layer, alice: Negotiate, sockauth: Negotiate) -> None:
    async def decide(info: ConnectionInfo) -> bool:
        await anyio.lowlevel.checkpoint()
        return str(info.peer) != "alice@EXAMPLE.TEST"

    async with layer.serving(sockauth, require=Policy(authorize=decide)) as server:
        with pytest.raises(PeerRejected):
            await layer.connect(house.target(server.port), alice)
        await until(lambda: server.refused)
        assert isinstance(server.refused[0], AuthorizationError)
        assert "alice@EXAMPLE.TEST is authenticated and was not let in" in str(server.refused[0])


async def test_one_that_takes_too_long_is_cancelled(
    house: House, layer: Layer, alice: Negotiate, sockauth: Negotiate
) -> None:
    cancelled = anyio.Event()

    async def decide(_: ConnectionInfo) -> bool:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.set()
        return True

    async with layer.serving(sockauth, require=Policy(authorize=decide), handshake_timeout=0.5) as server:
        with pytest.raises(Exception, match=r"closed|lost"):
            await layer.connect(house.target(server.port), alice)
        with anyio.fail_after(5):
            await cancelled.wait()
        await until(lambda: server.refused)
        assert isinstance(server.refused[0], HandshakeTimeout)


async def test_the_others_go_on_meanwhile(
    house: House, layer: Layer, alice: Negotiate, sockauth: Negotiate
) -> None:
    first = True
    go_on = anyio.Event()

    async def decide(_: ConnectionInfo) -> bool:
        nonlocal first
        waits, first = first, False
        if waits:
            await go_on.wait()
        return True

    async with layer.serving(sockauth, require=Policy(authorize=decide)) as server:
        async with anyio.create_task_group() as group:

            async def slow() -> None:
                stream = await layer.connect(house.target(server.port), alice)
                await stream.close()

            group.start_soon(slow)
            await until(lambda: not first)
            with anyio.fail_after(5):
                stream = await layer.connect(house.target(server.port), alice)
            go_on.set()
        await stream.close()
