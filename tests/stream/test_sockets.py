"""The streams beneath the authenticated ones: ours behave as anyio's own, which run the same tests."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream, SocketAttribute
from anyio.lowlevel import checkpoint

from asyncauth._anyio._sockets import TransportStream

from ..conftest import BACKENDS
from .sockets import CASES, KINDS, Sockets, pair

pytestmark = pytest.mark.anyio
MUCH = bytes(range(256)) * 160_000
"""More than the system takes for a connection whose other end does not read."""


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> list[str]:
    return str(request.param).split("-")


@pytest.fixture
def anyio_backend(case: list[str]) -> Any:
    return BACKENDS[case[0]]


@pytest.fixture
def sockets(case: list[str]) -> Sockets:
    return KINDS[case[1]]


async def exactly(stream: ByteStream, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        data += await stream.receive()
    return bytes(data)


async def ran(call: Callable[[], Awaitable[object]]) -> bool:
    """True if another task had its turn during the call."""
    turns = []

    async def other() -> None:
        turns.append(1)

    async with anyio.create_task_group() as group:
        group.start_soon(other)
        await call()
        before = len(turns)
    return before > 0


async def test_there_and_back(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        for one, other in ((here, there), (there, here)):
            await one.send(b"hello")
            assert await other.receive() == b"hello"


async def test_at_most_so_many_bytes(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await here.send(b"hello")
        assert [await there.receive(2) for _ in range(3)] == [b"he", b"ll", b"o"]
        with pytest.raises(ValueError, match="max_bytes"):
            await there.receive(0)


async def test_much_data_needs_a_reader(sockets: Sockets) -> None:
    """``send`` waits for a peer that does not read, and all arrives in order.

    What anyio has accepted on asyncio it reads without a limit until the first ``receive``; ours does not.
    """
    async with pair(sockets) as (here, there):
        if not isinstance(there, TransportStream):
            await here.send(b"x")
            await there.receive()
        sent = anyio.Event()

        async def send() -> None:
            await here.send(MUCH)
            sent.set()

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            await anyio.sleep(0.05)
            assert not sent.is_set()
            assert await exactly(there, len(MUCH)) == MUCH
        assert sent.is_set()


async def test_nothing_is_read_that_nobody_wants(sockets: Sockets) -> None:
    """A peer that writes and writes is stopped, also when some of it has been received."""
    async with pair(sockets) as (here, there):
        sent = 0

        async def send() -> None:
            nonlocal sent
            while True:
                await here.send(bytes(65_536))
                sent += 65_536

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            await there.receive()
            await anyio.sleep(0.1)
            before = sent
            await anyio.sleep(0.05)
            assert sent == before
            group.cancel_scope.cancel()


async def test_a_cancelled_receive_loses_nothing(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        received = bytearray()

        async def send() -> None:
            for start in range(0, 20_000, 100):
                await here.send(MUCH[start : start + 100])
                await anyio.sleep(0.0005)

        async with anyio.create_task_group() as group:
            group.start_soon(send)
            while len(received) < 20_000:
                with anyio.move_on_after(0.0007):
                    received += await there.receive()
        assert received == MUCH[:20_000]


async def test_a_call_that_is_cancelled_before_has_no_effect(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await there.send(b"waiting")
        await anyio.sleep(0.02)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await here.send(b"never")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await here.receive()
        assert await here.receive() == b"waiting"
        await here.send(b"this")
        assert await there.receive() == b"this"


async def test_a_send_that_is_cancelled_after_it_wrote_returns(sockets: Sockets) -> None:
    """Nobody may be told that what went out was cancelled."""
    went = False
    async with pair(sockets) as (here, there):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(_cancel, scope)
                await here.send(b"out")
                went = True
                await checkpoint()
        assert scope.cancelled_caught
        assert went
        assert await there.receive() == b"out"


async def _cancel(scope: anyio.CancelScope) -> None:
    scope.cancel()


@pytest.mark.parametrize("case", [one.split("-") for one in CASES if not one.startswith("trio")], ids=str)
async def test_every_call_lets_others_run(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        assert await ran(lambda: here.send(b"x"))
        await anyio.sleep(0.02)
        assert await ran(there.receive)
        await here.send(b"yz")
        assert await there.receive(1) == b"y"
        assert await ran(there.receive)  # data lies ready
        assert await ran(there.aclose)


async def test_two_at_a_time(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        async with anyio.create_task_group() as group:
            group.start_soon(here.receive)
            group.start_soon(here.send, MUCH)
            await anyio.sleep(0.02)
            with pytest.raises(BusyResourceError):
                await here.receive()
            with pytest.raises(BusyResourceError):
                await here.send(b"x")
            group.cancel_scope.cancel()
        assert there.extra(SocketAttribute.family) is socket.AF_INET


async def test_half_closed(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await here.send(b"all")
        await here.send_eof()
        assert await there.receive() == b"all"
        for _ in range(2):
            with pytest.raises(EndOfStream):
                await there.receive()
        await there.send(b"answer")
        assert await here.receive() == b"answer"


async def test_closed(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await here.aclose()
        with pytest.raises(ClosedResourceError):
            await here.receive()
        with pytest.raises(ClosedResourceError):
            await here.send(b"x")
        with pytest.raises(EndOfStream):
            await there.receive()
        await here.aclose()


@pytest.mark.parametrize("waiting", ["receive", "send"])
async def test_closing_wakes_who_waits(sockets: Sockets, waiting: str) -> None:
    async with pair(sockets) as (here, _):

        async def wait() -> None:
            with pytest.raises(ClosedResourceError):
                await (here.receive() if waiting == "receive" else here.send(MUCH))

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            await anyio.sleep(0.02)
            await anyio.aclose_forcefully(here)


async def test_the_peer_has_reset_it(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await here.send(b"unread")  # to close on it resets the connection
        await anyio.sleep(0.02)
        await there.aclose()

        async def send_on() -> None:
            while True:
                await here.send(b"x")
                await anyio.sleep(0.01)

        with pytest.raises(BrokenResourceError):
            await send_on()


async def test_iterating(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        await here.send(b"one")
        await here.send_eof()
        assert b"".join([data async for data in there]) == b"one"


async def test_addresses(sockets: Sockets) -> None:
    async with pair(sockets) as (here, there):
        assert here.extra(SocketAttribute.remote_address) == there.extra(SocketAttribute.local_address)
        assert here.extra(SocketAttribute.local_port) == there.extra(SocketAttribute.remote_port)
        assert here.extra(SocketAttribute.remote_port) == there.extra(SocketAttribute.local_port)
        assert here.extra(SocketAttribute.raw_socket).fileno() > 0


async def test_ours_is_really_used(case: list[str], sockets: Sockets) -> None:
    expected = case[1] == "ours" and case[0] != "trio"
    async with pair(sockets) as ends:
        assert [isinstance(end, TransportStream) for end in ends] == [expected, expected]
