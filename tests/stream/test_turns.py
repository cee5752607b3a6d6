"""Small sends become few messages, and calls that need not wait let other tasks run all the same; over TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError
from anyio.abc import SocketAttribute

from asyncauth import AuthenticatedStream, Target, connect, serve
from asyncauth.testing import ScriptedMechanism

pytestmark = pytest.mark.anyio
MANY = [bytes([number % 251]) * 256 for number in range(3_000)]


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[AuthenticatedStream, AuthenticatedStream]]:
    """Both ends of a connection; the first has written already, so that what it sends is no question."""
    sender, receiver = anyio.create_memory_object_stream[AuthenticatedStream](1)

    async def hold(stream: AuthenticatedStream) -> None:
        await sender.send(stream)
        await anyio.sleep_forever()

    async def run(*, task_status: Any) -> None:
        await serve(hold, "127.0.0.1", 0, ScriptedMechanism(), task_status=task_status)

    async with anyio.create_task_group() as group:
        listener = await group.start(run)
        port = listener.extra(SocketAttribute.local_port)
        here = await connect(Target("127.0.0.1", port, "turns/localhost"), ScriptedMechanism())
        there = await receiver.receive()
        await here.send(b"!")
        assert await there.receive() == b"!"
        yield here, there
        for end in (here, there):
            await anyio.aclose_forcefully(end)
        group.cancel_scope.cancel()
    sender.close()
    receiver.close()


def writes_of(stream: AuthenticatedStream, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what it writes from now on."""
    inner: Any = stream._inner
    sizes: list[int] = []
    write: Callable[[bytes], None] = inner.send_at_once

    def note(data: bytes) -> None:
        sizes.append(len(data))
        write(data)

    monkeypatch.setattr(inner, "send_at_once", note)
    return sizes


def numbered(size: int) -> bytes:
    """No part of it is like another."""
    return b"".join(number.to_bytes(4, "big") for number in range(size // 4 + 1))[:size]


async def all_of(stream: AuthenticatedStream, count: int) -> bytes:
    data = bytearray()
    with anyio.fail_after(5):
        while len(data) < count:
            data += await stream.receive()
    return bytes(data)


async def ended(stream: AuthenticatedStream) -> bytes:
    with anyio.fail_after(5):
        return b"".join([data async for data in stream])


async def test_many_small_sends_are_few_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with talking() as (here, there):
        writes = writes_of(here, monkeypatch)

        async def send() -> None:
            for message in MANY:
                await here.send(message)

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            assert await all_of(there, len(MANY) * 256) == b"".join(MANY)
        assert len(writes) < len(MANY) / 20


@pytest.mark.parametrize(
    "sizes", [(1, 64_487, 2), (70_000, 70_000, 70_000), (5, 300_000, 5), (64_488, 1, 64_488)]
)
async def test_any_sizes_arrive_in_order(sizes: tuple[int, ...]) -> None:
    data = [bytes([number]) * size for number, size in enumerate(sizes * 4)]
    async with talking() as (here, there):

        async def send() -> None:
            for item in data:
                await here.send(memoryview(item))

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            assert await all_of(there, sum(map(len, data))) == b"".join(data)


async def test_the_first_goes_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with talking() as (here, there):
        writes = writes_of(here, monkeypatch)
        await here.send(b"first")
        assert len(writes) == 1
        await here.send(b"second")
        await here.send(b"third")
        assert len(writes) == 1
        assert await all_of(there, 16) == b"firstsecondthird"
        assert len(writes) == 2


async def test_what_was_kept_goes_out_before_one_waits_for_the_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with talking() as (here, there):
        await here.send(b"a")
        await here.send(b"b")
        writes = writes_of(here, monkeypatch)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await here.receive()
        assert len(writes) == 1
        await here.send(b"c")
        assert len(writes) <= 2
        assert await all_of(there, 3) == b"abc"


async def test_a_buffer_may_be_used_again_after_sending() -> None:
    async with talking() as (here, there):
        await here.send(b"-")
        buffer = bytearray(b"good")
        await here.send(buffer)
        buffer[:] = b"evil"
        assert await all_of(there, 5) == b"-good"


async def test_the_end_comes_after_what_was_kept() -> None:
    async with talking() as (here, there):
        for byte in (b"a", b"b", b"c"):
            await here.send(byte)
        await here.send_eof()
        with pytest.raises(ClosedResourceError):
            await here.send(b"d")
        assert await ended(there) == b"abc"


async def test_closing_sends_what_was_kept() -> None:
    async with talking() as (here, there):
        for byte in (b"a", b"b", b"c"):
            await here.send(byte)
        await here.aclose()
        assert await ended(there) == b"abc"


@pytest.mark.parametrize("way", ["exception", "force"])
async def test_cut_off_all_that_was_sent_arrives_and_no_end(way: str) -> None:
    async with talking() as (here, there):
        for byte in (b"a", b"b", b"c"):
            await here.send(byte)
        if way == "force":
            await anyio.aclose_forcefully(here)
        else:
            with pytest.raises(ZeroDivisionError):
                async with here:
                    raise ZeroDivisionError
        assert await all_of(there, 3) == b"abc"
        with (
            anyio.fail_after(5),
            pytest.raises(BrokenResourceError, match="without saying that this was the end"),
        ):
            await there.receive()


async def test_a_lost_peer_is_noticed_by_who_only_sends() -> None:
    async with talking() as (here, there):
        await anyio.aclose_forcefully(there)

        async def send_on() -> None:
            while True:
                await here.send(b"x" * 100)

        with anyio.fail_after(5), pytest.raises(BrokenResourceError):
            await send_on()


@pytest.mark.parametrize("size", [1, 20_000])
async def test_a_busy_sender_lets_others_run(size: int) -> None:
    """No later than after 256 KiB or 256 calls; and so does a receiver for whom all has come already."""
    async with talking() as (here, there):
        turns, over = 0, False

        async def other() -> None:
            nonlocal turns
            while not over:
                turns += 1
                await anyio.lowlevel.checkpoint()

        async with anyio.create_task_group() as group:
            group.start_soon(other)
            await anyio.lowlevel.checkpoint()
            before = turns
            for _ in range(2_000 if size == 1 else 60):
                await here.send(bytes(size))
            sent = turns - before
            await all_of(there, 1)
            await here.send(bytes(2_000))
            await anyio.sleep(0.05)
            before = turns
            for _ in range(2_000):
                await there.receive(1)
            received = turns - before
            over = True
        assert sent >= 2
        assert received >= 2


async def test_reads_that_complete_no_message_let_others_run() -> None:
    """A message that comes in a thousand pieces, each of which has come already when it is asked for."""
    async with talking() as (here, there):
        turns, reads, during = 0, 0, 0

        def trickle(max_bytes: int) -> bytes | None:
            nonlocal reads, during
            reads += 1
            if reads == 1_000:
                during = turns
                scope.cancel()
            return b"\xff\xff" if reads == 1 else b"\0" if reads < 1_000 else None

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        there._inner.receive_at_once = trickle  # type: ignore[attr-defined]
        async with anyio.create_task_group() as group:
            group.start_soon(other)
            with anyio.CancelScope() as scope:
                await there.receive()
            group.cancel_scope.cancel()
        assert during >= 100
        await here.aclose()


async def test_a_cancelled_call_does_nothing() -> None:
    """Also one that would not have waited."""
    async with talking() as (here, there):
        await here.send(b"a")
        await here.send(b"b")
        await anyio.sleep(0.05)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await here.send(b"never")
        assert scope.cancelled_caught
        with anyio.CancelScope() as scope:
            scope.cancel()
            await there.receive()
        assert scope.cancelled_caught
        await here.send(b"c")
        assert await all_of(there, 3) == b"abc"


@pytest.mark.parametrize(
    "sizes", [(100, 1_000_000), (100, 700_000, 100, 2_000_000), (64_000, 64_000, 600_000)]
)
async def test_nothing_overtakes_a_long_send(sizes: tuple[int, ...]) -> None:
    """What was kept of its end waits for the rest: though the turn ends, and though somebody waits for the peer."""
    async with talking() as (here, there):
        data = numbered(sum(sizes))

        async def send() -> None:
            await here.send(b"")  # the turn begins
            at = 0
            for size in sizes:
                await here.send(data[at : at + size])
                at += size

        async def listen() -> None:
            while True:
                await here.receive()

        async def disturb() -> None:
            while True:
                await there.send(b"?")
                await anyio.sleep(0.001)

        async with anyio.create_task_group() as group:
            for each in (listen, disturb, send):
                group.start_soon(each)
            assert await all_of(there, len(data)) == data
            group.cancel_scope.cancel()


async def test_nothing_overtakes_a_send_that_waits_for_the_peer() -> None:
    """More than the sockets hold: what was kept must not slip into the room that the peer makes by reading."""
    async with talking() as (here, there):
        data, size = numbered(12_000_000), 65_536
        received = bytearray()

        async def send() -> None:
            for at in range(0, len(data), size):
                await here.send(data[at : at + size])

        async def listen() -> None:
            while True:
                await here.receive()

        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            group.start_soon(send)
            await anyio.sleep(0.05)  # until it waits
            with anyio.fail_after(10):
                while len(received) < len(data):
                    received += await there.receive()
                    await there.send(b"?")
            group.cancel_scope.cancel()
        assert bytes(received) == data
