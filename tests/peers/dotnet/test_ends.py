"""How connections end, and what a cancelled call leaves behind.

Between our own ends the end of data is marked with an empty sealed message. .NET knows no mark, gets none, and cannot
tell our end from a cut; an empty message of its own means nothing.
"""

from __future__ import annotations

import itertools

import anyio
import pytest

from asyncauth import ProtocolError, TruncatedStream

from ...layers import Stream
from .meeting import Meeting, Outcome, outcome, pattern
from .program import DotNetError
from .reading import Tap

pytestmark = pytest.mark.anyio

WHOLE = 4 + 60 + 1000
"""Bytes of a sealed message of a thousand."""


@pytest.fixture(params=["sync", "async"])
def how(request: pytest.FixtureRequest) -> dict[str, int]:
    """Which Read of .NET's."""
    return {"sync": int(request.param == "sync")}


@pytest.mark.parametrize("data_first", [False, True], ids=["alone", "after data"])
async def test_our_end_is_their_end(
    meeting: Meeting, direction: str, how: dict[str, int], data_first: bool
) -> None:
    """N11, N67: and half-closed, we go on reading."""
    size = 500 if data_first else 0
    async with meeting.conversation(direction) as (mine, theirs):
        if size:
            await mine.send(pattern(1, size))
        async with anyio.create_task_group() as group:

            async def they_read() -> None:
                with anyio.fail_after(0.4):
                    answer = await theirs.read(10_000, seed=1, **how)
                assert answer == {"count": size, "same": True, "ended": True}

            group.start_soon(they_read)
            await anyio.sleep(0.02)  # so that the read is there before the end is
            await mine.send_eof()
        await theirs.write(1000, seed=2)
        assert await mine.receive_exactly(1000) == pattern(2, 1000)


async def test_their_end_is_an_error_unless_allowed(meeting: Meeting, direction: str) -> None:
    for allowed in (False, True):
        async with meeting.conversation(direction, allow_unmarked_end=allowed) as (mine, theirs):
            await theirs.write(1000, seed=1)
            assert await mine.receive_exactly(1000) == pattern(1, 1000)
            await theirs.ask("shutdown")
            if allowed:
                assert await mine.receive() == b""
                assert await mine.receive() == b""
                await mine.send(pattern(2, 500))
                assert (await theirs.read(500, seed=2))["same"]
            else:
                for _ in range(2):
                    with pytest.raises(TruncatedStream, match="without saying that this was the end"):
                        await mine.receive()


async def go_on_writing(mine: Stream) -> None:
    while True:
        await mine.send(bytes(1000))
        await anyio.sleep(0.001)


async def test_they_close(meeting: Meeting, direction: str) -> None:
    """N70, N71: what we write into a closed connection is an error before long."""
    async with meeting.conversation(direction, allow_unmarked_end=True) as (mine, theirs):
        await theirs.write(1000, seed=1)
        await theirs.ask("shutdown")
        await theirs.close()
        assert await mine.receive_exactly(1001) == pattern(1, 1000)
        for _ in range(2):
            with anyio.fail_after(5), pytest.raises((OSError, ProtocolError)):
                await go_on_writing(mine)


async def test_they_reset(meeting: Meeting, direction: str) -> None:
    async with meeting.conversation(direction, allow_unmarked_end=True) as (mine, theirs):
        await theirs.close(reset=1)
        with pytest.raises(ConnectionResetError):
            await mine.receive()


async def test_our_abort_looks_like_an_end_to_them(meeting: Meeting, direction: str) -> None:
    """They cannot tell: nothing in MS-NNS says it."""
    async with meeting.conversation(direction) as (mine, theirs):
        await mine.send(pattern(1, 500))
        assert (await theirs.read(500, seed=1))["same"]
        await mine.abort()
        assert await theirs.read(1000) == {"count": 0, "same": True, "ended": True}


# --- cut in the middle ---------------------------------------------------------------------------------------


async def test_we_are_cut_off_in_the_middle_of_a_message(meeting: Meeting, tap: Tap, direction: str) -> None:
    """N12: never stale or zero bytes, and the error stays; an unmarked end being allowed does not cover it."""
    talk = meeting.conversation(direction, tap.through, allow_unmarked_end=True)
    async with talk as (mine, theirs):
        tap.relay.hold(tap.from_them(direction), WHOLE + 500)
        await theirs.write(1000, seed=1)
        await theirs.write(1000, seed=2)
        assert await mine.receive_exactly(1000) == pattern(1, 1000)
        await tap.held()
        tap.relay.cut()
        for _ in range(3):
            with pytest.raises(TruncatedStream, match="in the middle of a message"):
                await mine.receive()


async def test_they_are_cut_off_in_the_middle_of_a_message(
    meeting: Meeting, tap: Tap, direction: str
) -> None:
    """N12: .NET 8 gives zeros to whoever reads on after the error (dotnet/runtime 128067)."""
    async with meeting.conversation(direction, tap.through) as (mine, theirs):
        await mine.send(pattern(1, 1000))
        assert (await theirs.read(1000, seed=1))["same"]
        tap.relay.hold(tap.from_us(direction), 500)
        await mine.send(pattern(2, 1000))
        await tap.held()
        tap.relay.cut()
        with pytest.raises(DotNetError) as caught:
            await theirs.read(1000, seed=2)
        assert caught.value.error == "IOException"
        assert await theirs.read(1000, seed=2) == {"count": 1000, "same": False, "ended": False}


# --- cancelled -----------------------------------------------------------------------------------------------


async def test_our_cancelled_receive_loses_nothing(meeting: Meeting, tap: Tap, direction: str) -> None:
    """N82: cancelled with half a message there."""
    async with meeting.conversation(direction, tap.through) as (mine, theirs):
        tap.relay.hold(tap.from_them(direction), 500)
        await theirs.write(1000, seed=1)
        await tap.held()
        for _ in range(3):
            with anyio.move_on_after(0.01) as scope:
                await mine.receive()
            assert scope.cancelled_caught
        tap.relay.release()
        assert await mine.receive_exactly(1000) == pattern(1, 1000)
        await theirs.write(1000, seed=2)
        assert await mine.receive_exactly(1000) == pattern(2, 1000)


async def test_our_receive_cancelled_again_and_again(meeting: Meeting, direction: str) -> None:
    """N10, N82."""
    size = 300_000
    async with meeting.conversation(direction) as (mine, theirs):
        received, seconds = bytearray(), itertools.cycle((0, 0.0002, 0.002))
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: theirs.write(size, seed=3, piece=997))
            while len(received) < size:
                with anyio.move_on_after(next(seconds)):
                    received += await mine.receive(700)
        assert received == pattern(3, size)


async def test_their_cancelled_read(meeting: Meeting, tap: Tap, direction: str) -> None:
    """N82 of theirs, for comparison: 3.1 does not heed it and reads on unasked; 8.0 is out of step after it."""
    async with meeting.conversation(direction, tap.through) as (mine, theirs):
        tap.relay.hold(tap.from_us(direction), 500)
        await mine.send(pattern(1, 1000))
        await tap.held()
        if meeting.net31:
            assert await theirs.ask("cancel", milliseconds=20) == {"heeded": False}
            with pytest.raises(DotNetError, match="another read operation is pending"):
                await theirs.read(1000)
            tap.relay.release()
            await anyio.sleep(0.05)
            await mine.send(pattern(2, 1000))
            assert (await theirs.read(1000, seed=2))["same"]  # the first thousand are gone
        else:
            with pytest.raises(DotNetError, match="OperationCanceledException"):
                await theirs.ask("cancel", milliseconds=20)
            tap.relay.release()
            assert not (await theirs.read(1000, seed=1))["same"]


async def test_a_handshake_of_ours_that_is_cancelled(meeting: Meeting) -> None:
    """.NET's server comes late; whatever it makes of that, the next one is served."""
    listener = await meeting.dotnet.ask("listen")
    with anyio.move_on_after(0.05) as scope:
        await meeting.our_client(listener["port"])
    assert scope.cancelled_caught
    await outcome(Outcome(), lambda: meeting.their_server(listener))
    async with meeting.conversation("our_client") as (mine, theirs):
        await mine.send(pattern(1, 10))
        assert (await theirs.read(10, seed=1))["same"]


# --- empty messages ------------------------------------------------------------------------------------------


async def test_their_empty_write_is_no_end(meeting: Meeting, direction: str) -> None:
    """N75."""
    async with meeting.conversation(direction) as (mine, theirs):
        await theirs.write(0)
        await theirs.write(10, seed=1)
        assert await mine.receive() == pattern(1, 10)


async def test_our_empty_send_is_nothing(meeting: Meeting, tap: Tap, direction: str) -> None:
    """N75."""
    async with meeting.conversation(direction, tap.through) as (mine, theirs):
        await mine.send(b"")
        await mine.send(pattern(1, 1000))
        assert (await theirs.read(1000, seed=1))["same"]
        assert [len(m.data) for m in tap.messages()[1]] == [WHOLE]
