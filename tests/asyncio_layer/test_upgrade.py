"""Authentication in mid-connection, for protocols and for streams."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from asyncauth import (
    AsyncAuthError,
    HandshakeTimeout,
    LocalProtocolError,
    PeerRejected,
    RemoteProtocolError,
    Target,
    TargetError,
    TruncatedStream,
)
from asyncauth.abc import Mechanism
from asyncauth.asyncio import (
    AuthenticatedTransport,
    start_auth,
    upgrade_streams,
)
from asyncauth.framings import Winsock
from asyncauth.mechanisms import Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import OTHERS, TWO_PARTS, House
from .pipes import pipe
from .tools import Recorder, until

pytestmark = pytest.mark.anyio


class Upgrading(Recorder):
    """A server that talks in the clear until it reads AUTH, with whatever comes behind it."""

    def __init__(self, mechanism: Mechanism, **options: Any) -> None:
        super().__init__(keep_open=True)
        self.mechanism = mechanism
        self.options = options
        self.plain = b""
        self.behind = b""
        self.task: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        if self.task is not None:
            super().data_received(data)
            self.transport.write(data.upper())
            return
        self.plain += data
        if b"AUTH\n" in self.plain:
            self.plain, _, self.behind = self.plain.partition(b"AUTH\n")
            self.transport.pause_reading()
            self.transport.write(b"GO ON\n")
            self.task = asyncio.create_task(self.upgrade())

    async def upgrade(self) -> None:
        await asyncio.sleep(0.01)
        try:
            self.transport = await start_auth(
                self.transport, self, self.mechanism, server_side=True, received=self.behind, **self.options
            )
        except AsyncAuthError:
            return
        assert self.data == b""


@asynccontextmanager
async def plain_server(protocol: Upgrading) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(lambda: protocol, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_both_sides_upgrade(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    protocol, client = Upgrading(sockauth), Recorder()
    async with plain_server(protocol) as port:
        raw, _ = await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
        raw.write(b"hello\nAUTH\n")
        await until(lambda: client.data == b"GO ON\n")
        client.data.clear()
        transport = await start_auth(raw, client, alice, target=house.target(port))
        assert isinstance(transport, AuthenticatedTransport)
        transport.write(b"secret")
        await until(lambda: client.data == b"SECRET")
        assert protocol.plain == b"hello\n"
        assert protocol.transport.get_extra_info("peer_name") == "alice@EXAMPLE.TEST"
        transport.close()
        await until(lambda: "eof" in protocol.calls)
        protocol.transport.close()
        await until(lambda: client.lost and protocol.lost)
    assert client.calls == ["made", "data", "lost"]
    assert protocol.calls == ["made", "data", "eof", "lost"]
    assert client.lost == protocol.lost == [None]


async def test_a_client_that_does_not_wait_for_the_answer() -> None:
    """Its token is read together with the word before it; the answer in clear is then no token."""
    scripted = ScriptedMechanism()
    protocol, client = Upgrading(scripted), Recorder()
    async with plain_server(protocol) as port:
        raw, _ = await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
        raw.write(b"AUTH\n")
        with pytest.raises(RemoteProtocolError, match="MS-NNS") as caught:
            await start_auth(raw, client, scripted, target=TWO_PARTS)
        await until(lambda: protocol.lost)
    assert protocol.behind
    assert client.lost == [caught.value]


@pytest.mark.parametrize("split", [0, 1, 4, 300, None])
async def test_bytes_already_received_are_not_lost(
    alice: Negotiate, sockauth: Negotiate, split: int | None
) -> None:
    """Any part of the client's token may have been read by the server's protocol."""
    here, there = pipe()
    client, server = Recorder(), Recorder()
    here.protocol, there.protocol = client, server
    server.calls.append("made")
    authenticating = asyncio.create_task(start_auth(here, client, alice, target=TWO_PARTS))
    await until(lambda: server.data)
    token = bytes(server.data)
    server.data.clear()
    there.pause_reading()
    if split is not None:
        there._inbox.insert(0, token[split:])
        token = token[:split]
    server.transport = await start_auth(there, server, sockauth, server_side=True, received=token)
    client.transport = await authenticating
    client.transport.write(b"and data")
    await until(lambda: server.data == b"and data")


async def test_data_waits_until_the_new_transport_is_noted() -> None:
    """The peer's data may come together with its last token; nothing is delivered before start_auth has returned."""
    once = ScriptedMechanism(tokens=1)
    here, there = pipe()
    client, server = Recorder(), Recorder()
    server.calls.append("made")
    noted: list[int] = []

    async def serve() -> None:
        server.transport = await start_auth(there, server, once, server_side=True, framing=Winsock())
        noted.append(len(server.data))

    serving = asyncio.create_task(serve())
    await asyncio.sleep(0)
    here.stuck = True
    client.transport = await start_auth(here, client, once, target=TWO_PARTS, framing=Winsock())
    client.transport.write(b"at once")
    client.transport.close()
    here.unstick()
    await serving
    await until(lambda: server.lost)
    assert noted == [0]
    assert server.data == b"at once"
    assert server.lost == [None]


async def test_the_arguments_of_both_roles_are_checked(alice: Negotiate) -> None:
    raw, _ = pipe()
    with pytest.raises(ValueError, match="target="):
        await start_auth(raw, Recorder(), alice)
    with pytest.raises(ValueError, match="leave target"):
        await start_auth(raw, Recorder(), alice, target=TWO_PARTS, server_side=True)
    assert raw.protocol is None


async def test_a_closing_transport_cannot_be_upgraded(alice: Negotiate) -> None:
    here, there = pipe()
    here.protocol, there.protocol = Recorder(), Recorder()
    here.close()
    with pytest.raises(LocalProtocolError, match="is closing"):
        await start_auth(here, here.protocol, alice, target=TWO_PARTS)


async def test_a_failed_upgrade_ends_the_connection(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    here, there = pipe()
    client, server = Recorder(), Recorder()
    results = await asyncio.gather(
        start_auth(here, client, alice, target=OTHERS),
        start_auth(there, server, sockauth, server_side=True),
        return_exceptions=True,
    )
    assert isinstance(results[0], PeerRejected)
    assert isinstance(results[1], TargetError)
    assert client.calls == server.calls == ["lost"]
    assert (client.lost[0], server.lost[0]) == (results[0], results[1])
    assert here.is_closing()
    assert there.is_closing()


async def test_a_cancelled_upgrade_ends_the_connection(alice: Negotiate) -> None:
    here, there = pipe()
    client = Recorder()
    there.protocol = Recorder(keep_open=True)
    there.protocol.calls.append("made")
    upgrading = asyncio.create_task(start_auth(here, client, alice, target=TWO_PARTS))
    await until(lambda: there.protocol.data)
    upgrading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upgrading
    assert client.lost == [None]
    assert here.is_closing()
    await until(lambda: "eof" in there.protocol.calls)


async def test_a_silent_peer_ends_the_upgrade(alice: Negotiate) -> None:
    here, there = pipe()
    there.protocol = Recorder()
    there.protocol.calls.append("made")
    with pytest.raises(HandshakeTimeout, match=TWO_PARTS):
        await start_auth(here, client := Recorder(), alice, target=TWO_PARTS, handshake_timeout=0.05)
    assert isinstance(client.lost[0], HandshakeTimeout)


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_streams_are_upgraded(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    """Both ends, with the client's token already in the server's reader, and both old pairs forgotten."""
    closed = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readline() == b"AUTH\n"
        await asyncio.sleep(0.02)
        old = writer
        reader, writer = await upgrade_streams(reader, writer, sockauth, server_side=True, framing=Winsock())
        async for line in reader:
            writer.write(line.upper())
        writer.close()
        await writer.wait_closed()
        await old.wait_closed()
        closed.append(writer.get_extra_info("peer_name"))

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"AUTH\n")
        reader, writer = await upgrade_streams(
            reader, writer, alice, target=Target("localhost", port, TWO_PARTS), framing=Winsock()
        )
        gc.collect()
        assert writer.get_extra_info("encrypted")
        writer.write(b"some line\n")
        writer.write(b"x" * 50_000 + b"\n")
        assert await reader.readline() == b"SOME LINE\n"
        writer.write_eof()
        assert await reader.read() == b"X" * 50_000 + b"\n"
        writer.close()
        await writer.wait_closed()
        await until(lambda: closed)
    assert closed == ["alice@EXAMPLE.TEST"]


async def test_a_failed_upgrade_of_streams_is_raised_everywhere(house: House, alice: Negotiate) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        with pytest.raises(TruncatedStream):
            await upgrade_streams(reader, writer, alice, target=TWO_PARTS)
        with pytest.raises(TruncatedStream):
            await writer.wait_closed()
