"""One timer for all handshakes of a loop."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from asyncauth._deadlines import Deadlines

from .tools import until

pytestmark = pytest.mark.anyio


class Guest:
    """Stays for so many seconds."""

    def __init__(self, seconds: float, then: Callable[[], None] = lambda: None) -> None:
        self.loop = asyncio.get_running_loop()
        self.until = self.loop.time() + seconds
        self.then = then
        self.expired: list[float] = []

    def expire(self) -> None:
        self.expired.append(self.loop.time())
        self.then()


async def test_each_expires_at_its_own_time_whatever_the_order() -> None:
    deadlines = Deadlines.of(asyncio.get_running_loop())
    guests = [Guest(seconds) for seconds in (0.06, 0.02, 0.04)]
    for guest in guests:
        deadlines.watch(guest)
    await until(lambda: all(guest.expired for guest in guests))
    for guest in guests:
        assert len(guest.expired) == 1
        assert guest.expired[0] >= guest.until - 0.001
    moments = [guest.expired[0] for guest in guests]
    assert sorted(moments) == [moments[1], moments[2], moments[0]]


async def test_who_is_let_go_does_not_expire() -> None:
    deadlines = Deadlines.of(asyncio.get_running_loop())
    early, late = Guest(0.01), Guest(0.03)
    for guest in (early, late):
        deadlines.watch(guest)
    deadlines.let_go(early)
    deadlines.let_go(early)
    await until(lambda: late.expired)
    assert not early.expired


async def test_a_fault_of_one_does_not_keep_the_others() -> None:
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    def fault() -> None:
        raise LookupError("a guest's own")

    guests = [Guest(0.01, fault), Guest(0.01), Guest(0.01)]
    for guest in guests:
        Deadlines.of(loop).watch(guest)
    await until(lambda: all(guest.expired for guest in guests))
    assert [type(context["exception"]) for context in told] == [LookupError]


async def test_one_may_come_while_another_expires() -> None:
    deadlines = Deadlines.of(asyncio.get_running_loop())
    second = Guest(0.02)
    deadlines.watch(Guest(0.01, lambda: deadlines.watch(second)))
    await until(lambda: second.expired)


async def test_nobody_is_kept_for_having_been_watched() -> None:
    deadlines = Deadlines.of(asyncio.get_running_loop())
    guest = Guest(60)
    kept = weakref.ref(guest)
    deadlines.watch(guest)
    deadlines.let_go(guest)
    del guest
    gc.collect()
    assert kept() is None
