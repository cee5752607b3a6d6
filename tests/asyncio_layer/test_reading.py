"""What a slow application leaves unread, and unopened."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asyncauth.asyncio import create_connection
from asyncauth.mechanisms import Negotiate

from ..services import House
from .tools import Recorder, Watched, piped, serving, until

pytestmark = pytest.mark.anyio


async def test_a_paused_application_stops_opening_and_reading(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    watched = Watched(sockauth)
    _, there = await piped(alice, watched, client, server)
    server.transport.pause_reading()
    server.transport.pause_reading()
    assert not server.transport.is_reading()
    assert not there.reading
    for _ in range(20):
        client.transport.write(b"x" * 1000)
        await asyncio.sleep(0.001)
    assert watched.calls == ["step"]
    assert not server.data
    server.transport.resume_reading()
    server.transport.resume_reading()
    assert server.transport.is_reading()
    await until(lambda: len(server.data) == 20_000)
    assert "unwrap" in watched.calls
    assert there.reading


async def test_pausing_within_a_delivery_keeps_the_next_message_sealed(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    class OneByOne(Recorder):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self.transport.pause_reading()

    client, server = Recorder(), OneByOne()
    watched = Watched(sockauth)
    here, there = await piped(alice, watched, client, server)
    here.stuck = True
    for number in range(5):
        client.transport.write(bytes([number]) * 5_000)
        client.transport._outbound.flush()
    client.transport.write_eof()
    await asyncio.sleep(0)
    here.unstick()
    for number in range(5):
        await until(lambda: len(server.data) == 5_000 * number + 5_000)  # noqa: B023
        await asyncio.sleep(0.002)
        assert watched.calls.count("unwrap") == number + 1
        assert not there.reading
        server.transport.resume_reading()
        assert watched.calls.count("unwrap") == number + 1  # not from within the call
    await until(lambda: "eof" in server.calls)


async def test_a_paused_application_hears_the_end_when_it_goes_on(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    class Pausing(Recorder):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            transport.pause_reading()

    async with serving(Pausing, sockauth) as run:
        transport, client = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(b"the last")
        transport.close()
        await until(lambda: client.lost)
        server = await run.first()
        await asyncio.sleep(0.02)
        assert server.calls == ["made"]
        server.transport.resume_reading()
        await until(lambda: server.lost)
    assert server.calls == ["made", "data", "eof", "lost"]
    assert server.lost == [None]


async def test_many_small_messages_leave_the_loop_responsive(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    here, there = await piped(alice, sockauth, client, server)
    here.stuck = True
    for _ in range(1000):
        client.transport.write(b"x")
        client.transport._outbound.flush()
    received = bytes(here._unsent)
    there.protocol.data_received(received)
    first = len(server.data)
    assert 0 < first < 500
    assert not there.reading
    turns = 0
    while len(server.data) < 1000:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 2
    await until(lambda: there.reading)


async def test_a_slow_application_bounds_what_its_side_holds(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    class Pausing(Recorder):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            transport.pause_reading()

    async with serving(Pausing, sockauth) as run:
        transport, _ = await create_connection(Recorder, house.target(run.port), alice)
        transport.write(bytes(20_000_000))
        server = await run.first()
        await asyncio.sleep(0.1)
        engine = server.transport._session.engine
        assert len(engine._received) <= 262_144
        assert not server.data
        server.transport.resume_reading()
        await until(lambda: len(server.data) == 20_000_000)
