"""The wrappers beneath authentication: they lose nothing, and a dump is complete whatever happens to a connection."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio import ClosedResourceError, EndOfStream
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from asyncauth.capture import Dump, Message, Redactor, head_text, messages
from asyncauth.cli import _dump
from asyncauth.cli._dump import DumpFile
from asyncauth.cli._tap import TappedListener, TappedStream, tapped

pytestmark = pytest.mark.anyio
DONE = bytes.fromhex("1401a10000")
WRAP = bytes.fromhex("3c000000050406ff000000000000000000000007") + bytes(44)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dump"


def opened(path: Path) -> DumpFile:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, head_text([("framing", "nns")]).encode())
    return DumpFile(descriptor, str(path), framing="nns", bare=False)


@asynccontextmanager
async def two_ends() -> AsyncIterator[tuple[SocketStream, SocketStream]]:
    """Two ends of a TCP connection."""
    accepted: list[SocketStream] = []
    there = anyio.Event()

    async def take(stream: SocketStream) -> None:
        accepted.append(stream)
        there.set()
        await anyio.sleep_forever()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, take)
            port = listener.extra(SocketAttribute.local_port)
            async with await anyio.connect_tcp("127.0.0.1", port) as ours:
                await there.wait()
                async with accepted[0]:
                    yield ours, accepted[0]
            group.cancel_scope.cancel()


def lines(path: Path) -> list[str]:
    """What a dump says of its connections, without the seconds."""
    body = path.read_text().partition("\n\n")[2].splitlines()
    return [" ".join(word for number, word in enumerate(line.split(" ")) if number != 1) for line in body]


async def test_what_passes_is_noted(path: Path) -> None:
    file = opened(path)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "192.0.2.1:1", "<")
        assert ours.extra(SocketAttribute.remote_port) == inner.extra(SocketAttribute.remote_port)
        await peer.send(DONE[:2])
        assert await ours.receive() == DONE[:2]
        await peer.send(DONE[2:])
        assert await ours.receive(2) == DONE[2:4]
        assert await ours.receive() == DONE[4:]
        await ours.send(DONE)
        await ours.send(WRAP)
        await peer.send_eof()
        for _ in range(2):
            with pytest.raises(EndOfStream):
                await ours.receive()
        await ours.send_eof()
        await ours.aclose()
        await ours.aclose()
    file.close()
    first, *rest = lines(path)
    assert first.startswith("+1 20")
    assert first.endswith(" 192.0.2.1:1")
    wrapped = f"<1 {WRAP[:20].hex()}[44]"
    assert rest == [">1 1401", ">1 a100", ">1 00", f"<1 {DONE.hex()}", wrapped, ">1", "<1", "-1"]


async def test_a_cancelled_receive_loses_nothing(path: Path) -> None:
    file = opened(path)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "", "<")
        with anyio.move_on_after(0.01) as scope:
            await ours.receive()
        assert scope.cancelled_caught
        await peer.send(DONE)
        assert await ours.receive() == DONE
        await anyio.aclose_forcefully(ours)
        with pytest.raises(ClosedResourceError):
            await ours.send(DONE)
    file.close()
    assert lines(path)[1:] == [f">1 {DONE.hex()}", "-1"]


async def test_a_connection_that_is_never_closed(path: Path) -> None:
    file = opened(path)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "", "<")
        await peer.send(DONE + WRAP[:30])
        assert await ours.receive() == DONE + WRAP[:30]
        file.close()
    assert lines(path)[1:] == [f">1 {DONE.hex()}[30]"]


async def test_a_slow_disk_does_not_block_the_loop(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections wait for it one by one, before they take anything, and can be cancelled there."""
    monkeypatch.setattr(_dump, "_BACKLOG_BYTES", 10)
    may_write, write = threading.Event(), os.write

    def slow(descriptor: int, data: bytes) -> int:
        assert may_write.wait(10)
        return write(descriptor, data)

    file = opened(path)
    monkeypatch.setattr(os, "write", slow)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "", "<")
        await ours.send(DONE)
        await ours.send(DONE + DONE)
        await peer.send(DONE)
        for call in (ours.receive, lambda: ours.send(DONE)):
            with anyio.move_on_after(0.05) as scope:
                await call()
            assert scope.cancelled_caught
        may_write.set()
        with anyio.fail_after(5):
            assert await ours.receive() == DONE
            await ours.aclose()
    file.close()
    assert [line[:2] for line in lines(path)] == ["+1", "<1", "<1", ">1", "-1"]


async def test_a_full_disk_ends_the_dump_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    file = DumpFile(os.open("/dev/full", os.O_WRONLY), "/dev/full", framing="nns", bare=False)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "", "<")
        for _ in range(3):
            await peer.send(DONE)
            assert await ours.receive() == DONE
            await ours.send(DONE)
    file.close()
    assert [record.getMessage() for record in caplog.records] == [
        "the dump /dev/full ends here: No space left on device"
    ]


async def test_a_mistake_in_reading_ends_the_dump_and_nothing_else(
    path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redactor, "passed", lambda *_: 1 / 0)
    file = opened(path)
    async with two_ends() as (inner, peer):
        ours = TappedStream(inner, file, "", "<")
        for _ in range(2):
            await peer.send(DONE)
            assert await ours.receive() == DONE
    file.close()
    assert len(caplog.records) == 1
    assert lines(path)[1:] == []


async def test_a_listener_numbers_its_connections(path: Path) -> None:
    file = opened(path)
    done = anyio.Event()
    served = 0

    async def serve(stream: ByteStream) -> None:
        nonlocal served
        async with stream:
            assert await stream.receive() == DONE
        served += 1
        if served == 3:
            done.set()

    inner = await anyio.create_tcp_listener(local_host="127.0.0.1")
    listener = tapped(inner, file)
    assert isinstance(listener, TappedListener)
    assert tapped(inner, None) is inner
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, serve)
        for _ in range(3):
            async with await anyio.connect_tcp(
                "127.0.0.1", listener.extra(SocketAttribute.local_port)
            ) as client:
                await client.send(DONE)
        await done.wait()
        group.cancel_scope.cancel()
    file.close()
    dump = Dump.parse(path.read_text())
    assert list(dump.opened) == ["1", "2", "3"]
    for connection in dump.opened:
        assert dump.opened[connection].address.startswith("127.0.0.1:")
        (said, *_) = messages(dump, connection)
        assert isinstance(said, Message)
        assert said.title == "HandshakeDone"


async def test_much_data_from_many_connections(path: Path) -> None:
    """Each has its own lines, and what is not understood costs one line a chunk."""
    file = opened(path)

    async def talk() -> None:
        async with two_ends() as (inner, peer):
            ours = TappedStream(inner, file, "", "<")
            for _ in range(20):
                await peer.send(bytes(50_000))
                size = 0
                while size < 50_000:
                    size += len(await ours.receive())
            await ours.aclose()

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(talk)
    file.close()
    dump = Dump.parse(path.read_text())
    assert path.stat().st_size < 100_000
    assert {
        n: sum(len(chunk.data) for chunk in chunks) for n, chunks in dump.chunks.items()
    } == dict.fromkeys("12345", 1_000_000)
