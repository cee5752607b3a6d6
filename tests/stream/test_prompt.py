"""What the streams beneath can do without waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream

from asyncauth._anyio._sockets import PromptStream, address_of, prompt_of

from .sockets import KINDS, pair
from .test_sockets import MUCH, exactly

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def prompt_pair() -> AsyncIterator[tuple[PromptStream, PromptStream]]:
    async with pair(KINDS["ours"]) as ends:
        here, there = map(prompt_of, ends)
        assert here is not None
        assert there is not None
        yield here, there


async def test_only_our_own_are_prompt() -> None:
    async with pair(KINDS["anyio"]) as (here, there):
        assert prompt_of(here) is None
        assert address_of(there) is not None
    async with prompt_pair() as (here, there):
        assert address_of(here) == there.extra(anyio.abc.SocketAttribute.local_address)


async def test_nothing_is_there_until_it_has_come() -> None:
    async with prompt_pair() as (here, there):
        assert there.receive_at_once(10) is None
        here.send_at_once(b"hello")
        await there.readable()
        assert there.receive_at_once(2) == b"he"
        await there.readable()
        assert await there.receive(2) == b"ll"
        assert there.receive_at_once(10) == b"o"
        assert there.receive_at_once(10) is None


async def test_what_the_system_does_not_take_goes_out_in_order() -> None:
    async with prompt_pair() as (here, there):
        here.send_at_once(MUCH)
        stuck = here.full
        assert stuck
        here.send_at_once(b"and more")
        async with anyio.create_task_group() as group:
            group.start_soon(here.send, b"")
            assert await exactly(there, len(MUCH) + 8) == MUCH + b"and more"
        assert not here.full
        here.send_at_once(b"again")
        assert await there.receive() == b"again"


async def test_what_is_sent_while_another_send_waits_comes_after_it() -> None:
    """However much room the peer makes meanwhile."""
    async with prompt_pair() as (here, there):
        here.send_at_once(MUCH)
        marks, received = bytearray(), bytearray()
        async with anyio.create_task_group() as group:
            group.start_soon(here.send, b"")
            await anyio.sleep(0.01)
            with anyio.fail_after(10):
                while len(received) < len(MUCH) + len(marks):
                    received += await there.receive()
                    if len(received) < len(MUCH):
                        here.send_at_once(b"mark")
                        marks += b"mark"
        assert received == MUCH + marks


async def test_much_comes_piece_by_piece() -> None:
    async with prompt_pair() as (here, there):
        received = bytearray()
        async with anyio.create_task_group() as group:
            group.start_soon(here.send, MUCH)
            while len(received) < len(MUCH):
                if (data := there.receive_at_once(50_000)) is None:
                    await there.readable()
                else:
                    received += data
        assert received == MUCH


async def test_a_cancelled_wait_loses_nothing() -> None:
    async with prompt_pair() as (here, there):
        with anyio.move_on_after(0.01) as scope:
            await there.readable()
        assert scope.cancelled_caught
        await here.send(b"x")
        assert await there.receive() == b"x"


async def test_the_end_is_raised() -> None:
    async with prompt_pair() as (here, there):
        await here.send(b"x")
        await here.send_eof()
        await there.readable()
        assert there.receive_at_once(10) == b"x"
        for _ in range(2):
            with pytest.raises(EndOfStream):  # noqa: PT012 - the first call may wait for it
                while there.receive_at_once(10) is None:
                    await there.readable()


async def test_two_cannot_wait() -> None:
    async with prompt_pair() as (_, there), anyio.create_task_group() as group:

        async def wait() -> None:
            await there.readable()

        group.start_soon(wait)
        await anyio.sleep(0.01)
        with pytest.raises(BusyResourceError):
            await there.readable()
        group.cancel_scope.cancel()


async def test_closed_or_lost() -> None:
    async with prompt_pair() as (here, there):
        await here.aclose()
        with pytest.raises(ClosedResourceError):
            here.send_at_once(b"x")
        with anyio.fail_after(5), pytest.raises(BrokenResourceError):
            await _send_on(there)


async def _send_on(stream: PromptStream) -> None:
    while True:
        stream.send_at_once(b"x")
        await anyio.sleep(0.01)


async def test_soon_is_after_those_who_are_ready() -> None:
    async with prompt_pair() as (here, _):
        called: list[Any] = []
        here.soon(lambda: called.append(1))
        assert not called
        with anyio.fail_after(5):
            while not called:
                await anyio.lowlevel.checkpoint()
