"""A framing that answers by itself (gss-sample), on anyio: when answers are written, and what a cancelled call does."""

from __future__ import annotations

import anyio
import pytest
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream

from asyncauth import AuthenticatedStream, ProtocolError
from asyncauth.framings import GssSample
from asyncauth.testing import ScriptedMechanism

from .servers import until

pytestmark = pytest.mark.anyio


class End(ByteStream):
    """One end of a byte stream in memory, that can be made not to take anything, or to be broken."""

    def __init__(self) -> None:
        self.other: End
        self.sender, self.receiver = anyio.create_memory_object_stream[bytes](1000)
        self.writes: list[bytes] = []
        self.stuck: anyio.Event | None = None
        self.broken = False
        self.writing = False

    async def send(self, item: bytes) -> None:
        assert not self.writing, "two writers at a time"
        if self.broken:
            raise BrokenResourceError
        self.writing = True
        try:
            await anyio.lowlevel.checkpoint()
            if self.stuck is not None:
                await self.stuck.wait()
            self.writes.append(bytes(item))
            await self.other.sender.send(bytes(item))
        finally:
            self.writing = False

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return await self.receiver.receive()

    async def send_eof(self) -> None:
        self.other.sender.close()

    async def aclose(self) -> None:
        self.other.sender.close()
        self.receiver.close()
        self.sender.close()


async def talking() -> tuple[AuthenticatedStream, AuthenticatedStream, End, End]:
    here, there = End(), End()
    here.other, there.other = there, here
    ends: dict[str, AuthenticatedStream] = {}

    async def wrap(name: str, end: End, target: str | None) -> None:
        ends[name] = await AuthenticatedStream.wrap(
            end, ScriptedMechanism(), target=target, framing=GssSample(), allow_unmarked_end=True
        )

    async with anyio.create_task_group() as group:
        group.start_soon(wrap, "client", here, "sample/localhost")
        group.start_soon(wrap, "server", there, None)
    there.writes.clear()
    return ends["client"], ends["server"], here, there


async def close(*streams: AuthenticatedStream) -> None:
    for stream in streams:
        await anyio.aclose_forcefully(stream)


async def test_an_answer_leaves_when_the_server_comes_back_for_more() -> None:
    client, server, _, there = await talking()
    await client.send(b"hello")
    assert await server.receive() == b"hello"
    assert there.writes == []
    with anyio.move_on_after(0.02):
        await server.receive()
    assert len(there.writes) == 1
    await close(client, server)


async def test_or_with_what_it_sends() -> None:
    client, server, _, there = await talking()
    await client.send(b"hello")
    await server.receive()
    await server.send(b"and hello to you")
    assert len(there.writes) == 1
    assert await client.receive() == b"and hello to you"
    assert client._connection.unanswered == 0
    await close(client, server)


async def test_or_when_it_closes() -> None:
    client, server, _, there = await talking()
    await client.send(b"hello")
    await server.receive()
    await server.aclose()
    assert len(there.writes) == 1
    with pytest.raises(EndOfStream):
        await client.receive()
    await close(client)


async def test_a_send_waits_for_an_answer_under_way() -> None:
    client, server, _, there = await talking()
    await client.send(b"hello")
    await server.receive()
    there.stuck = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(server.receive)
        await until(lambda: there.writing)
        group.start_soon(server.send, b"data")
        await anyio.sleep(0.01)
        there.stuck.set()
        assert await client.receive() == b"data"
        group.cancel_scope.cancel()
    assert client._connection.unanswered == 0
    await close(client, server)


async def test_a_send_under_way_takes_answers_along() -> None:
    client, server, _, there = await talking()
    there.stuck = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(server.send, b"data")
        await until(lambda: there.writing)
        await client.send(b"hello")
        assert await server.receive() == b"hello"
        group.start_soon(server.receive)
        await anyio.sleep(0.01)
        assert there.writes == []
        there.stuck.set()
        assert await client.receive() == b"data"
        await until(lambda: len(there.writes) == 2)
        group.cancel_scope.cancel()
    with anyio.move_on_after(0.02):
        await client.receive()
    assert client._connection.unanswered == 0
    await close(client, server)


async def test_a_receive_cancelled_while_it_answers_ends_sending_and_loses_nothing() -> None:
    client, server, _, there = await talking()
    await client.send(b"one")
    await server.receive()
    there.stuck = anyio.Event()
    with anyio.move_on_after(0.02) as scope:
        await server.receive()
    assert scope.cancelled_caught
    await client.send(b"two")
    assert await server.receive() == b"two"
    with pytest.raises(BrokenResourceError) as caught:
        await server.send(b"data")
    assert isinstance(caught.value.__cause__, ProtocolError)
    await close(client, server)


async def test_a_peer_that_takes_no_answers_can_be_heard_to_its_end() -> None:
    client, server, _, there = await talking()
    await client.send(b"one")
    await server.receive()
    there.broken = True
    async with anyio.create_task_group() as group:
        group.start_soon(client.send, b"two")
        assert await server.receive() == b"two"
    await client.send_eof()
    with pytest.raises(EndOfStream):
        await server.receive()
    await close(client, server)


async def test_closing_waits_for_answers_and_not_for_ever() -> None:
    client, server, *_ = await talking()
    await client.send(b"hello")
    async with anyio.create_task_group() as group:
        group.start_soon(client.aclose)
        await anyio.sleep(0.02)
        assert client._connection.unanswered == 1
        assert await server.receive() == b"hello"
        with anyio.fail_after(0.5), pytest.raises(EndOfStream):
            await server.receive()
    await close(server)
    client, server, *_ = await talking()
    await client.send(b"hello")
    started = anyio.current_time()
    await client.aclose()
    assert 0.9 < anyio.current_time() - started < 2
    with pytest.raises(ClosedResourceError):
        await client.send(b"more")
    await close(server)


async def test_closing_while_another_task_receives_does_not_wait_for_it() -> None:
    client, server, *_ = await talking()
    await client.send(b"hello")
    async with anyio.create_task_group() as group:
        group.start_soon(_receive_until_closed, client)
        await anyio.sleep(0.01)
        with anyio.fail_after(1.5):
            await client.aclose()
    await close(server)


async def _receive_until_closed(stream: AuthenticatedStream) -> None:
    with pytest.raises((ClosedResourceError, BrokenResourceError, EndOfStream)):
        await stream.receive()
