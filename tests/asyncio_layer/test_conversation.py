"""Data in both directions, on real sockets, with real Kerberos, under unchanged protocols and streams."""

from __future__ import annotations

import asyncio
import itertools
import os
from typing import Any

import pytest

from asyncauth import ConnectionInfo, Peer, Protection, Role, ServicePrincipalName, TruncatedStream
from asyncauth.abc import Framing
from asyncauth.asyncio import create_connection, open_connection, start_server
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import Negotiate

from ..services import THREE_PARTS, TWO_PARTS, House
from .tools import Echo, Recorder, serving, until

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])


@framings
@pytest.mark.parametrize("protection", Protection)
async def test_an_unchanged_protocol_talks(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing, protection: Protection
) -> None:
    async with serving(Echo, sockauth, framing=framing, require=protection) as run:
        transport, client = await create_connection(
            Recorder, house.target(run.port), alice, framing=framing, require=protection
        )
        transport.write(b"hello")
        await until(lambda: client.data == b"hello")
        transport.write_eof()
        await until(lambda: client.lost)
    assert client.calls == ["made", "data", "eof", "lost"]
    assert client.lost == [None]
    assert run.protocols[0].calls == ["made", "eof", "lost"]
    assert run.protocols[0].lost == [None]


async def test_both_ends_know_each_other(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    async with serving(Recorder, sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        server = (await run.first()).transport
        expected: dict[str, tuple[Any, Any]] = {
            "mechanism": ("kerberos", "kerberos"),
            "peer_name": (THREE_PARTS, "alice@EXAMPLE.TEST"),
            "peer": (Peer(THREE_PARTS), Peer("alice@EXAMPLE.TEST")),
            "target": (ServicePrincipalName.parse(THREE_PARTS),) * 2,
            "target_proven": (True, True),
            "claimed_target": ("none", ServicePrincipalName.parse(THREE_PARTS)),
            "channel_bound": (False, False),
            "protection": (Protection.SEAL, Protection.SEAL),
            "encrypted": (True, True),
            "signed": (True, True),
            "mutual": (True, True),
            "server_side": (False, True),
            "framing": ("nns", "nns"),
            "unheard of": ("none", "none"),
        }
        found = {
            name: tuple(t.get_extra_info(name, "none") for t in (transport, server)) for name in expected
        }
        assert found == expected
        assert transport.get_extra_info("peername") == server.get_extra_info("sockname")
        assert transport.get_extra_info("socket").fileno() > 0
        info = server.get_extra_info("connection_info")
        assert isinstance(info, ConnectionInfo)
        assert info is server.connection_info
        assert info.role is Role.SERVER
        assert "alice@EXAMPLE.TEST" in repr(server)
        transport.close()
        await until(lambda: run.protocols[0].lost)
        assert transport.get_extra_info("peer_name") == THREE_PARTS


@pytest.mark.parametrize("size", [0, 1, 2, 256, 63 * 1024 + 1, 64_488, 64_489, 1_000_003, 10 * 2**20])
async def test_any_size_both_ways_at_once(
    house: House, alice: Negotiate, sockauth: Negotiate, size: int
) -> None:
    """Each side writes all of it at once, and reads what the other writes."""
    there, back = os.urandom(size), os.urandom(size)

    class Speaker(Recorder):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            transport.write(back)
            transport.write_eof()

    async with serving(lambda: Speaker(keep_open=True), sockauth) as run:
        transport, client = await create_connection(
            lambda: Recorder(keep_open=True), house.target(run.port, TWO_PARTS), alice
        )
        transport.write(there)
        transport.write_eof()
        await until(lambda: "eof" in client.calls and "eof" in run.protocols[0].calls)
        assert client.data == back
        assert run.protocols[0].data == there
        transport.close()
        run.protocols[0].transport.close()
        await until(lambda: client.lost and run.protocols[0].lost)
        assert client.lost == run.protocols[0].lost == [None]


async def test_the_caller_may_reuse_its_buffer(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    async with serving(Recorder, sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        buffer = bytearray(b"first")
        transport.write(buffer)
        buffer[:] = b"again"
        view = memoryview(buffer)[1:3]
        transport.writelines([view, memoryview(b"abcdef")[::2], b""])
        view.release()
        buffer.clear()
        server = await run.first()
        await until(lambda: len(server.data) == 10)
        assert server.data == b"firstgaace"
        with pytest.raises(TypeError, match="bytes-like"):
            transport.write("text")  # type: ignore[arg-type]


async def test_twenty_at_once(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    async def talk(port: int, number: int) -> None:
        transport, client = await create_connection(Recorder, house.target(port, TWO_PARTS), alice)
        said = bytes([number]) * (number * 1000)
        for start in range(0, len(said), 997):
            transport.write(said[start : start + 997])
            await asyncio.sleep(0)
        await until(lambda: len(client.data) == len(said))
        assert client.data == said
        transport.close()

    async with serving(Echo, sockauth) as run:
        await asyncio.gather(*(talk(run.port, number) for number in range(20)))
        await until(lambda: all(protocol.lost for protocol in run.protocols))
        assert {protocol.lost[0] for protocol in run.protocols} == {None}


class Filling(Recorder, asyncio.BufferedProtocol):
    """Takes data in a buffer of its own, of changing size."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.sizes = itertools.cycle(sizes)
        self.hints: list[int] = []
        self.buffer = bytearray()

    def get_buffer(self, sizehint: int) -> bytearray:
        self.hints.append(sizehint)
        self.buffer = bytearray(next(self.sizes))
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        assert nbytes > 0
        self.data += self.buffer[:nbytes]

    def data_received(self, data: bytes) -> None:
        raise AssertionError("a BufferedProtocol is not called this way")


async def test_a_buffered_protocol_is_filled(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    said = os.urandom(200_000)
    async with serving(lambda: Filling([1, 1000, 100_000]), sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(said)
        transport.close()
        server = await run.first()
        await until(lambda: server.lost)
    assert server.data == said
    assert min(server.hints) > 0
    assert server.calls == ["made", "eof", "lost"]


async def test_protocols_can_be_changed_between_and_within_messages(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    second = Recorder()

    class Giving(Filling):
        def buffer_updated(self, nbytes: int) -> None:
            super().buffer_updated(nbytes)
            self.transport.set_protocol(second)
            second.connection_made(self.transport)

    async with serving(lambda: Giving([5]), sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(b"firstsecond")
        await until(lambda: second.data == b"second")
        first = await run.first()
        assert first.data == b"first"
        assert first.transport.get_protocol() is second
        transport.write(b" and more")
        transport.close()
        await until(lambda: second.lost)
        first.lost = second.lost
    assert second.data == b"second and more"
    assert second.calls[-2:] == ["eof", "lost"]


async def test_streams(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    seen = []

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peer_name"))
        async for line in reader:
            writer.write(line.upper())
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await start_server(shout, "127.0.0.1", 0, sockauth) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await open_connection(house.target(port), alice)
        writer.write(b"one\ntwo\n")
        assert await reader.readline() == b"ONE\n"
        assert await reader.readexactly(4) == b"TWO\n"
        assert writer.can_write_eof()
        writer.write(b"x" * 50_000 + b"\n")
        writer.write_eof()
        assert await reader.read() == b"X" * 50_000 + b"\n"
        writer.close()
        await writer.wait_closed()
    assert seen == ["alice@EXAMPLE.TEST"]


async def test_a_stream_that_was_cut_raises(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    async def fail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(3))
        await writer.drain()
        await asyncio.sleep(0)
        writer.transport.abort()

    async with await start_server(fail, "127.0.0.1", 0, sockauth) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await open_connection(house.target(port), alice)
        writer.write(b"abc")
        with pytest.raises(TruncatedStream, match="without saying that this was the end"):
            await reader.readexactly(4)
        with pytest.raises(TruncatedStream):
            await writer.drain()
        with pytest.raises(TruncatedStream):
            await writer.wait_closed()
