"""A listener that recognises its clients' framing, on both layers, with real tokens."""

from __future__ import annotations

import ssl
from typing import Any

import anyio
import pytest

from asyncauth import (
    AsyncAuthError,
    MechanismError,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    TruncatedStream,
)
from asyncauth.abc import Framing
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate

from .. import layered
from ..layers import Layer, Server
from ..services import OTHERS, THREE_PARTS, TWO_PARTS, House
from .servers import until

pytestmark = pytest.mark.anyio
anyio_backend, layer = layered.anyio_backend, layered.layer

ANY = AnyOf(NegotiateStream(), GssSample(), GssSample(1), Winsock())
by_framing = pytest.mark.parametrize(
    "framing",
    [NegotiateStream(), GssSample(), GssSample(1), Winsock()],
    ids=lambda framing: str(framing.name),
)


@pytest.fixture(params=["anyio", "anyio_trio", "asyncio"])
def layer_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def refusal(server: Server) -> AsyncAuthError:
    """The error of the one client that was refused; the client may know of it before the server says so."""
    await until(lambda: server.refused)
    (error,) = server.refused
    return error


def serving(house: House, layer: Layer, **options: Any) -> Any:
    mechanism = Negotiate(Keytab(house.service.keytab))
    return layer.serving(mechanism, framing=ANY, allow_unmarked_end=True, **options)


async def exchange(house: House, layer: Layer, server: Server, framing: Framing, kind: Any, spn: str) -> None:
    """A client's words, and on framings that have them the server's."""
    mechanism = kind(CredentialCache(house.cache))
    target = house.target(server.port, spn)
    mine = await layer.connect(target, mechanism, framing=framing, allow_unmarked_end=True)
    theirs = await server.next()
    assert theirs.info.framing == mine.info.framing == framing.name
    await mine.send(b"hello")
    assert await theirs.receive() == b"hello"
    if framing.name != "gss-sample-v1":
        await theirs.send(b"and hello to you")
        assert await mine.receive() == b"and hello to you"
    async with anyio.create_task_group() as group:
        group.start_soon(mine.close)
        assert await theirs.receive() == b""
    await theirs.close()


@by_framing
@pytest.mark.parametrize("kind", [Negotiate, Kerberos])
async def test_each_framing_with_real_tokens(
    either_house: House, layer: Layer, framing: Framing, kind: Any
) -> None:
    async with serving(either_house, layer) as server:
        for spn in (TWO_PARTS, THREE_PARTS):
            await exchange(either_house, layer, server, framing, kind, spn)
        assert server.refused == []


async def test_one_port_for_all_and_for_those_who_are_wrong_here(house: House, layer: Layer) -> None:
    hello = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(*hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    strangers = [
        (hello[1].read(), "speaks TLS, not nns or gss-sample or gss-sample-v1 or winsock"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "speaks HTTP"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "speaks SSH"),
        (b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", "it begins with 30 0c 02 01"),
    ]
    async with serving(house, layer) as server:
        for words, _ in strangers:
            async with await anyio.connect_tcp("127.0.0.1", server.port) as stranger:
                await stranger.send(words)
                with pytest.raises(anyio.EndOfStream):
                    await stranger.receive()
        for framing in (NegotiateStream(), GssSample(), Winsock()):
            await exchange(house, layer, server, framing, Negotiate, TWO_PARTS)
        await until(lambda: len(server.refused) == len(strangers))
        for error, (_, says) in zip(server.refused, strangers, strict=True):
            assert isinstance(error, RemoteProtocolError)
            assert says in str(error)


async def test_silence_and_half_a_beginning_end_with_the_deadline(house: House, layer: Layer) -> None:
    async with serving(house, layer, handshake_timeout=0.3) as server:
        async with (
            await anyio.connect_tcp("127.0.0.1", server.port) as silent,
            await anyio.connect_tcp("127.0.0.1", server.port) as slow,
        ):
            await slow.send(b"\x16\x01\x00\x00\x60")
            for one in (silent, slow):
                with anyio.fail_after(5), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await one.receive()
        await until(lambda: len(server.refused) == 2)


async def test_a_beginning_that_is_cut_off(house: House, layer: Layer) -> None:
    async with serving(house, layer) as server:
        for start in (b"", b"\x16\x01\x00\x00\x60", b"\x11\0\0\0"):
            async with await anyio.connect_tcp("127.0.0.1", server.port) as short:
                if start:
                    await short.send(start)
                await short.send_eof()
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await short.receive()
        await until(lambda: len(server.refused) == 3)
        assert {type(error) for error in server.refused} == {TruncatedStream}


@by_framing
async def test_a_refused_ticket_is_refused_in_the_clients_framing(
    house: House, layer: Layer, framing: Framing
) -> None:
    async with serving(house, layer) as server:
        with pytest.raises(Exception, match=OTHERS):
            await layer.connect(
                house.target(server.port, OTHERS), Negotiate(CredentialCache(house.cache)), framing=framing
            )
        assert isinstance(await refusal(server), MechanismError)


@by_framing
@pytest.mark.parametrize("require", [Protection.SIGN, Protection.NONE])
async def test_less_than_required_is_refused_in_each(
    house: House, layer: Layer, framing: Framing, require: Protection
) -> None:
    mechanism = Negotiate(CredentialCache(house.cache))
    async with serving(house, layer) as server:
        with pytest.raises(AsyncAuthError):
            await layer.connect(house.target(server.port), mechanism, framing=framing, require=require)
        assert isinstance(await refusal(server), ProtectionError)
