"""How connections end, and what each side's protocol hears of it: once, and the truth."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from typing import Any

import pytest

from asyncauth import IntegrityError, Protection, RemoteProtocolError, TruncatedStream
from asyncauth.asyncio import create_connection
from asyncauth.mechanisms import Negotiate

from ..services import House
from .tools import Recorder, piped, serving, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("first", ["client", "server"])
async def test_half_close_in_both_orders(
    house: House, alice: Negotiate, sockauth: Negotiate, first: str
) -> None:
    async with serving(lambda: Recorder(keep_open=True), sockauth) as run:
        _, client = await create_connection(lambda: Recorder(keep_open=True), house.target(run.port), alice)
        server = await run.first()
        early, late = (client, server) if first == "client" else (server, client)
        early.transport.write(b"all I have")
        early.transport.write_eof()
        early.transport.write_eof()
        with pytest.raises(RuntimeError, match="after write_eof"):
            early.transport.write(b"more")
        await until(lambda: "eof" in late.calls)
        assert late.data == b"all I have"
        late.transport.write(b"and I")
        await until(lambda: early.data == b"and I")
        assert not early.transport.is_closing()
        late.transport.close()
        await until(lambda: "eof" in early.calls)
        assert not early.lost
        early.transport.close()
        await until(lambda: early.lost and late.lost)
    assert early.lost == late.lost == [None]
    assert early.calls == ["made", "data", "eof", "lost"]
    assert late.calls == ["made", "data", "eof", "lost"]


async def test_false_from_eof_received_closes_after_what_was_written(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    answer = os.urandom(3_000_000)

    class Answering(Recorder):
        def eof_received(self) -> bool:
            self.transport.write(answer)
            return super().eof_received()

    async with serving(Answering, sockauth) as run:
        transport, client = await create_connection(
            lambda: Recorder(keep_open=True), house.target(run.port), alice
        )
        transport.write_eof()
        await until(lambda: "eof" in client.calls)
        assert client.data == answer
        transport.close()
        await until(lambda: run.protocols[0].lost)
    assert run.protocols[0].lost == [None]


async def test_reading_can_be_paused_after_the_end(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder(keep_open=True)
    await piped(alice, sockauth, client, server)
    client.transport.write_eof()
    await until(lambda: "eof" in server.calls)
    await asyncio.sleep(0.001)
    server.transport.pause_reading()
    server.transport.resume_reading()
    await asyncio.sleep(0.001)
    server.transport.close()
    await until(lambda: client.lost and server.lost)
    assert server.calls == ["made", "eof", "lost"]


async def test_close_sends_everything_first(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    said = os.urandom(8_000_000)
    async with serving(Recorder, sockauth) as run:
        transport, client = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(said)
        transport.close()
        transport.close()
        assert transport.is_closing()
        assert not transport.is_reading()
        await until(lambda: client.lost and run.protocols and run.protocols[0].lost)
    assert run.protocols[0].data == said
    assert run.protocols[0].calls == ["made", "data", "eof", "lost"]
    assert client.lost == [None]


async def test_a_peer_that_writes_cannot_hold_up_a_close(alice: Negotiate, sockauth: Negotiate) -> None:
    """What still comes in after close() is thrown away, so that the other side gets to reading ours."""
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    client.transport.pause_reading()
    here.stuck = True
    client.transport.write(b"x" * 200_000)
    client.transport.close()
    await asyncio.sleep(0)
    assert not client.lost
    server.transport.write(b"never read")
    await asyncio.sleep(0.01)
    assert here.reading
    assert not client.data
    assert len(client.transport._session.engine._received) == 0
    while not client.lost:
        here.unstick()
        await asyncio.sleep(0)
    await until(lambda: server.lost)
    assert len(server.data) == 200_000
    assert server.lost == client.lost == [None]


async def test_abort_is_a_truncated_stream_for_the_peer(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    async with serving(Recorder, sockauth) as run:
        transport, client = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(b"begun")
        server = await run.first()
        await until(lambda: server.data)
        transport.write(b"not sent any more")
        transport.abort()
        assert transport.is_closing()
        assert transport.get_write_buffer_size() == 0
        assert not transport._outbound._backlog
        await until(lambda: server.lost and client.lost)
    assert client.calls == ["made", "lost"]
    assert client.lost == [None]
    assert server.calls == ["made", "data", "lost"]
    assert server.data == b"begun"
    assert isinstance(server.lost[0], TruncatedStream)
    assert "alice" not in str(server.lost[0]) or "closed the connection" in str(server.lost[0])


@pytest.mark.parametrize("options", [{"allow_unmarked_end": True}, {"require": Protection.NONE}])
async def test_an_unmarked_end_can_be_allowed(
    alice: Negotiate, sockauth: Negotiate, options: dict[str, Any]
) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server, **options)
    client.transport.write(b"all")
    await until(lambda: server.data)
    here.abort()
    await until(lambda: server.lost)
    assert server.calls == ["made", "data", "eof", "lost"]
    assert server.lost == [None]


async def test_a_reset_connection_is_what_it_is(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    async with serving(Recorder, sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        server = await run.first()
        plain = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await until(lambda: server.lost)
    assert len(server.lost) == 1
    assert isinstance(server.lost[0], ConnectionResetError)


async def test_altered_bytes_end_the_connection(alice: Negotiate, sockauth: Negotiate) -> None:
    """Any single byte of a message: its length, the token's header, the data, the checksum."""
    here, _ = await piped(alice, sockauth, client := Recorder(), Recorder())
    here.stuck = True
    client.transport.write(b"confidential")
    await asyncio.sleep(0)
    length = len(here.writes[-1])
    client.transport.abort()
    for position in range(length):
        client, server = Recorder(), Recorder()
        here, there = await piped(alice, sockauth, client, server)
        client.transport.write(b"first")
        await until(lambda: server.data)  # noqa: B023
        here.stuck = True
        client.transport.write(b"confidential")
        await asyncio.sleep(0)
        here._unsent[position] ^= 0x10
        here.unstick()
        client.transport.close()
        await until(lambda: server.lost)  # noqa: B023
        assert isinstance(server.lost[0], IntegrityError | RemoteProtocolError), position
        assert server.calls == ["made", "data", "lost"]
        assert server.data == b"first"
        assert there.is_closing()


async def test_a_repeated_message_ends_the_connection(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    here, there = await piped(alice, sockauth, client, server)
    client.transport.write(b"pay 10")
    await until(lambda: server.data)
    there.protocol.data_received(here.writes[-1])
    await until(lambda: server.lost)
    assert server.data == b"pay 10"
    assert isinstance(server.lost[0], IntegrityError)


async def test_data_after_the_end_is_an_error(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder(keep_open=True)
    _, there = await piped(alice, sockauth, client, server)
    client.transport.write_eof()
    await until(lambda: "eof" in server.calls)
    there.protocol.data_received(b"\x10")
    await until(lambda: server.lost)
    assert isinstance(server.lost[0], RemoteProtocolError)
    assert "after it had marked the end" in str(server.lost[0])


async def test_nothing_is_heard_after_close_or_abort_in_a_callback(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    for ending in ("close", "abort"):

        class Leaving(Recorder):
            def data_received(self, data: bytes) -> None:
                super().data_received(data)
                getattr(self.transport, ending)()  # noqa: B023

        async with serving(Leaving, sockauth) as run:
            transport, client = await create_connection(Recorder, house.target(run.port), alice)
            transport.write(b"a" * 64_488 + b"b")
            transport.write_eof()
            await until(lambda: run.protocols and run.protocols[0].lost)
            await until(lambda: client.lost)  # noqa: B023
        server = run.protocols[0]
        assert server.calls == ["made", "data", "lost"]
        assert server.data == b"a" * 64_488
        assert server.lost == [None]


async def test_a_closed_transport_takes_calls_as_asyncio_s_do(
    house: House, alice: Negotiate, sockauth: Negotiate, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Recorder, sockauth) as run:
        transport, client = await create_connection(Recorder, house.target(run.port), alice)
        transport.close()
        await until(lambda: client.lost)
        with caplog.at_level(logging.WARNING, "asyncauth"):
            for _ in range(20):
                transport.write(b"too late")
        transport.write_eof()
        transport.pause_reading()
        transport.resume_reading()
        transport.set_write_buffer_limits(10)
        transport.close()
        transport.abort()
        assert transport.is_closing()
        assert not transport.is_reading()
        assert transport.get_write_buffer_size() == 0
        assert "closing" in repr(transport)
        await asyncio.sleep(0.01)
    assert len(caplog.records) == 1
    assert "goes on writing" in caplog.text
    assert client.calls == ["made", "lost"]


async def test_a_raw_transport_closed_by_somebody_else_is_a_local_end(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    here.close()
    await until(lambda: client.lost and server.lost)
    assert client.lost == [None]
    assert isinstance(server.lost[0], TruncatedStream)
