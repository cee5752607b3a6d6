"""``within`` is ``anyio.move_on_after``, whatever the loop."""

from __future__ import annotations

import asyncio
import time
from math import inf

import anyio
import pytest

from asyncauth._anyio._within import within

pytestmark = pytest.mark.anyio


async def test_what_takes_too_long_is_cancelled() -> None:
    start = time.monotonic()
    after = False
    with within(0.05):
        await anyio.sleep(10)
        after = True
    assert not after
    assert 0.04 < time.monotonic() - start < 5
    await anyio.sleep(0.01)  # and nothing else is


@pytest.mark.parametrize("seconds", [0.05, inf])
async def test_what_is_done_in_time_is_left_alone(seconds: float) -> None:
    with within(seconds):
        await anyio.sleep(0.001)
    await anyio.sleep(0.1)


async def test_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), within(1):
        raise ZeroDivisionError


async def test_each_has_its_own_deadline() -> None:
    """A later one that is due first moves the timer, and the timer finds those that are left."""
    order: list[float] = []

    async def overstay(seconds: float) -> None:
        with within(seconds):
            await anyio.sleep(10)
        order.append(seconds)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for seconds in (0.15, 0.05, 0.1):
                group.start_soon(overstay, seconds)
    assert order == [0.05, 0.1, 0.15]


async def test_a_scope_around_it_that_is_cancelled_is_the_one_that_ends() -> None:
    after = False
    with anyio.move_on_after(0.05) as scope:
        with within(10):
            await anyio.sleep(10)
        after = True
    assert scope.cancelled_caught
    assert not after


@pytest.mark.parametrize("seconds", [0.0499, 0.05, 0.0501])
async def test_both_at_the_same_time(seconds: float) -> None:
    with anyio.fail_after(5), anyio.move_on_after(0.05):
        with within(seconds):
            await anyio.sleep(10)
        await anyio.sleep(10)
    await anyio.sleep(0.01)


async def test_inside_one_another() -> None:
    reached: list[str] = []
    with within(10):
        with within(0.02):
            await anyio.sleep(10)
        reached.append("inner")
        with within(10):
            await anyio.sleep(0.001)
        reached.append("second")
    assert reached == ["inner", "second"]


async def test_the_outer_one_first() -> None:
    reached = False
    with within(0.02):
        with within(10):
            await anyio.sleep(10)
        reached = True
    assert not reached


async def test_a_shielded_cleanup_is_finished() -> None:
    cleaned = False
    with within(0.02):
        try:
            await anyio.sleep(10)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.02)
                cleaned = True
    assert cleaned


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_task_that_is_cancelled_natively_is_cancelled() -> None:
    async def wait() -> None:
        with within(0.2):
            await asyncio.sleep(10)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
