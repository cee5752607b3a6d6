"""How writes become messages and system calls, and how a full transport stops the writer."""

from __future__ import annotations

import asyncio
import os
import tracemalloc

import pytest

from asyncauth import Protection
from asyncauth.asyncio import open_connection, start_server
from asyncauth.framings import NegotiateStream
from asyncauth.mechanisms import Negotiate

from ..services import House
from .tools import Echo, Recorder, piped, until

pytestmark = pytest.mark.anyio
FULL = NegotiateStream.max_plaintext


def messages(written: bytes) -> list[int]:
    """The sizes of the messages in what a raw transport was given."""
    sizes = []
    while written:
        size = int.from_bytes(written[:4], "little")
        sizes.append(size)
        written = written[4 + size :]
    return sizes


async def test_small_writes_of_one_turn_leave_together(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    before = len(here.writes)
    for number in range(1000):
        client.transport.write(b"%03d," % number)
    client.transport.write_eof()
    assert len(here.writes) == before
    await until(lambda: "eof" in server.calls)
    sent = here.writes[before:]
    assert len(sent) == 1
    assert [size > 100 for size in messages(sent[0])] == [True, False]  # the data, the end
    assert server.data == b"".join(b"%03d," % number for number in range(1000))


async def test_answers_of_one_delivery_leave_together_and_at_once(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    client, server = Recorder(), Echo()
    here, there = await piped(alice, sockauth, client, server)
    for number in range(50):
        client.transport.write(b"%03d," % number)
        client.transport._outbound.flush()
    received = b"".join(here.writes[-50:])
    here._inbox.clear()
    there._inbox.clear()
    before = len(there.writes)
    there.protocol.data_received(received)
    assert len(there.writes) == before + 1
    assert len(messages(there.writes[-1])) == 1
    await until(lambda: len(client.data) == 200)


async def test_large_data_makes_full_messages(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    before = len(here.writes)
    for size in (100, 3 * FULL, 1000, FULL):
        client.transport.write(b"x" * size)
    await until(lambda: len(server.data) == 4 * FULL + 1100)
    sizes = messages(b"".join(here.writes[before:]))
    assert len(sizes) == 5
    assert [size >= FULL for size in sizes] == [True] * 4 + [False]


async def test_without_protection_nothing_is_framed(alice: Negotiate, sockauth: Negotiate) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server, require=Protection.NONE)
    client.transport.write(b"in ")
    client.transport.write(b"clear")
    await until(lambda: server.data == b"in clear")
    assert here.writes[-1] == b"in clear"
    assert client.transport.can_write_eof()
    client.transport.close()
    await until(lambda: server.lost)
    assert server.calls == ["made", "data", "eof", "lost"]


async def test_a_huge_write_leaves_the_loop_responsive(alice: Negotiate, sockauth: Negotiate) -> None:
    """A slice is sealed per turn, and nothing ahead of a raw transport that is full."""
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    before = len(here.writes)
    size = 10_000_000
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counter = asyncio.create_task(count())
    data = os.urandom(size)
    tracemalloc.start()
    client.transport.write(data)
    assert client.calls[-1] == "pause"
    assert client.transport.get_write_buffer_size() == size
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_500_000  # slices on their way, and no second copy of the whole
    await until(lambda: len(server.data) == size)
    counter.cancel()
    sealed = [len(written) for written in here.writes[before:]]
    assert max(sealed) < 262_144 + 1000
    assert len(messages(b"".join(here.writes[before:]))) == size // FULL + 1
    assert turns >= size // 262_144
    assert server.data == data
    assert client.calls[-1] == "resume"
    assert client.transport.get_write_buffer_size() == 0


async def test_a_full_raw_transport_stops_sealing_and_the_application(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    client, server = Recorder(), Recorder()
    here, _ = await piped(alice, sockauth, client, server)
    here.stuck = True
    client.transport.write(b"x" * 2_000_000)
    await asyncio.sleep(0.01)
    sealed = here.get_write_buffer_size()
    assert 65_536 < sealed < 300_000
    assert client.calls == ["made", "pause"]
    assert client.transport.get_write_buffer_size() == pytest.approx(2_000_000, abs=2_000)
    client.transport.write(b"y")
    client.transport.close()
    await asyncio.sleep(0.01)
    assert here.get_write_buffer_size() == sealed
    while len(server.data) < 2_000_001:
        here.unstick()
        await asyncio.sleep(0)
    assert server.data[-2:] == b"xy"
    await until(lambda: client.lost and server.lost)
    assert client.calls == ["made", "pause", "resume", "lost"]


async def test_a_small_write_to_a_full_raw_transport_pauses_the_application(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    client = Recorder()
    here, _ = await piped(alice, sockauth, client, Recorder())
    here.stuck = True
    client.transport.set_write_buffer_limits(high=100)
    assert client.transport.get_write_buffer_limits() == (25, 100)
    client.transport.write(b"x" * 60)
    await asyncio.sleep(0.01)
    assert client.calls == ["made", "pause"]  # 60 bytes of plaintext are 124 sealed, and 100 are the limit
    here.unstick()
    assert client.calls == ["made", "pause", "resume"]


async def test_limits_are_checked_and_heeded(alice: Negotiate, sockauth: Negotiate) -> None:
    client = Recorder()
    await piped(alice, sockauth, client, Recorder())
    transport = client.transport
    assert transport.get_write_buffer_limits() == (16_384, 65_536)
    for wrong in ({"high": 1, "low": 2}, {"high": -1}):
        with pytest.raises(ValueError, match="high"):
            transport.set_write_buffer_limits(**wrong)
    transport.set_write_buffer_limits(low=500)
    assert transport.get_write_buffer_limits() == (500, 2000)
    transport.write(b"x" * 2000)
    assert client.calls == ["made"]
    transport.write(b"x")
    assert client.calls == ["made", "pause"]
    transport.set_write_buffer_limits(high=10_000, low=5_000)
    assert client.calls == ["made", "pause", "resume"]
    transport.set_write_buffer_limits(0)
    assert client.calls == ["made", "pause", "resume", "pause"]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert client.calls == ["made", "pause", "resume", "pause", "resume"]


async def test_a_slow_reader_bounds_what_the_writer_holds(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    """With drain(), as everybody does it; the reader does not read at all until the writer is stuck."""
    go_on = asyncio.Event()
    received = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await go_on.wait()
        while data := await reader.read(100_000):
            received += len(data)
        writer.close()

    async with await start_server(slow, "127.0.0.1", 0, sockauth) as server:
        target = house.target(server.sockets[0].getsockname()[1])
        reader, writer = await open_connection(target, alice)
        held = written = 0
        block = os.urandom(100_000)

        async def write() -> None:
            nonlocal held, written
            for _ in range(300):
                writer.write(block)
                written += len(block)
                held = max(held, writer.transport.get_write_buffer_size())
                await writer.drain()
            writer.write_eof()

        writing = asyncio.create_task(write())
        before = -1
        while written != before:  # until it moves no more
            before = written
            await asyncio.sleep(0.1)
        assert not writing.done()
        go_on.set()
        await writing
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert received == 30_000_000
    assert held < 600_000
