"""Data between .NET and us, whoever has called whom."""

from __future__ import annotations

import threading

import anyio
import pytest

from asyncauth import Peer, Protection, Role

from ...layers import Stream
from ...services import TWO_PARTS
from .meeting import LEVELS, Meeting, Theirs, pattern
from .reading import Tap

pytestmark = pytest.mark.anyio

KIB = 1024
FULL = 63 * KIB
"""What .NET puts into one message at most."""


async def test_each_end_knows_the_other(meeting: Meeting, direction: str) -> None:
    async with meeting.conversation(direction) as (mine, theirs):
        we_serve = direction == "our_server"
        assert mine.info.role is (Role.SERVER if we_serve else Role.CLIENT)
        assert mine.info.mechanism == "kerberos"
        assert mine.info.protection is Protection.SEAL
        assert mine.info.mutual
        assert mine.info.peer == Peer("alice@EXAMPLE.TEST" if we_serve else TWO_PARTS)
        found = {name: value for name, value in theirs.properties.items() if name != "stream"}
        assert found == {
            "authenticated": True,
            "encrypted": True,
            "signed": True,
            "mutual": True,
            "server": not we_serve,
            "impersonation": "Identification" if we_serve else "Impersonation",
            "remote": TWO_PARTS if we_serve else "alice@EXAMPLE.TEST",
            "mechanism": "Kerberos",
        }


@pytest.mark.parametrize(("sender", "after"), [(">", 3), (">", 700), ("<", 3), ("<", 100)])
async def test_a_slow_handshake(meeting: Meeting, tap: Tap, direction: str, sender: str, after: int) -> None:
    """N01: a token that comes in two parts, within the header or after it."""

    def through(port: int) -> int:
        dialled = tap.through(port)
        tap.relay.hold(sender, after)
        threading.Timer(0.03, tap.relay.release).start()
        return dialled

    async with meeting.conversation(direction, through) as (mine, theirs):
        await mine.send(pattern(1, 10))
        assert (await theirs.read(10, seed=1))["same"]


@pytest.mark.parametrize("size", [1, 5, FULL - 1, FULL, FULL + 1, 64 * KIB, 64 * KIB + 1, 1_000_003])
async def test_any_size(meeting: Meeting, direction: str, size: int) -> None:
    async with meeting.conversation(direction) as (mine, theirs):
        await mine.send(pattern(1, size))
        assert (await theirs.read(size, seed=1))["same"]
        await theirs.write(size, seed=2)
        assert await mine.receive_exactly(size) == pattern(2, size)


@pytest.mark.parametrize("require", [Protection.SIGN, Protection.SEAL])
async def test_ten_mebibytes_each_way_at_once(meeting: Meeting, require: Protection) -> None:
    async with meeting.conversation("our_client", level=LEVELS[require], require=require) as (mine, theirs):
        assert mine.info.protection is require
        await exchange(mine, theirs, 10 * KIB * KIB, piece=64 * KIB)


async def test_small_pieces_each_way_at_once(meeting: Meeting, direction: str) -> None:
    async with meeting.conversation(direction) as (mine, theirs):
        await exchange(mine, theirs, 200_000, piece=997)


async def exchange(mine: Stream, theirs: Theirs, size: int, piece: int) -> None:
    """Each side writes ``size`` bytes, ``piece`` at a time, and reads what the other writes."""
    data = pattern(3, size)

    async def send() -> None:
        for start in range(0, size, piece):
            await mine.send(data[start : start + piece])

    async def receive() -> None:
        assert await mine.receive_exactly(size) == pattern(4, size)

    async def they_read() -> None:
        assert (await theirs.read(size, seed=3))["same"]

    async with anyio.create_task_group() as group:
        for part in (send, receive, they_read):
            group.start_soon(part)
        await theirs.write(size, seed=4, piece=piece)


async def test_many_small_writes(meeting: Meeting, direction: str) -> None:
    """N06: two thousand of them, read five bytes at a time, which is never a whole message."""
    data = pattern(5, 22_000)
    async with meeting.conversation(direction) as (mine, theirs):
        async with anyio.create_task_group() as group:

            async def they_read() -> None:
                assert (await theirs.read(len(data), seed=5, piece=5))["same"]

            group.start_soon(they_read)
            for start in range(0, len(data), 11):
                await mine.send(data[start : start + 11])
        await theirs.write(len(data), seed=5, piece=11)
        received = bytearray()
        while len(received) < len(data):
            received += await mine.receive(5)
        assert received == data


async def test_what_is_echoed_comes_back(meeting: Meeting, direction: str) -> None:
    """N78: .NET copies until the end in buffers of its own size."""
    data = pattern(6, 1_000_000)
    async with meeting.conversation(direction) as (mine, theirs), anyio.create_task_group() as group:

        async def receive() -> None:
            assert await mine.receive_exactly(len(data)) == data
            group.cancel_scope.cancel()

        group.start_soon(theirs.ask, "echo")
        group.start_soon(receive)
        for start in range(0, len(data), 4095):
            await mine.send(data[start : start + 4095])


async def test_twenty_connections_to_our_server(meeting: Meeting) -> None:
    """N79."""
    async with meeting.layer.serving(meeting.sockauth, allow_unmarked_end=True) as server:

        async def one(number: int) -> None:
            theirs = await meeting.their_client(server.port)
            await theirs.write(1 + number * 5000, seed=number)
            assert (await theirs.read(1 + number * 5000, seed=number))["same"]
            await theirs.close()

        async def serve_one() -> None:
            mine = await server.next()
            while data := await mine.receive():
                await mine.send(data)
            await mine.close()

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(serve_one)
                group.start_soon(one, number)


async def test_twenty_connections_to_their_server(meeting: Meeting) -> None:
    """N79."""
    listener = await meeting.dotnet.ask("listen")

    async def they_serve() -> None:
        theirs = await meeting.their_server(listener)
        await theirs.ask("echo")
        await theirs.close()

    async def one(number: int) -> None:
        data = pattern(number, 1 + number * 5000)
        mine = await meeting.our_client(listener["port"])
        await mine.send(data)
        assert await mine.receive_exactly(len(data)) == data
        await mine.abort()

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(they_serve)
            group.start_soon(one, number)
