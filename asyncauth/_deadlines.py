"""The deadlines of handshakes, under one timer for each loop.

A scope of anyio's with a deadline, entered for each handshake and left a moment later, costs a tenth of it: a timer is
set and taken back, and a good deal of code that nothing else in a handshake runs has to come into the processor's
cache. On asyncio one timer does for all, set for the first deadline that was known when it was set. When it comes it
looks who has overstayed, and is set for the first of the others. What has been done in time is only taken off the list.

Who has overstayed is cancelled as ``asyncio.timeout`` does it: the task's cancellation is taken back where it leaves
the block, unless somebody else has cancelled it as well.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from math import inf
from types import TracebackType
from weakref import WeakKeyDictionary

import anyio

__all__ = ["within"]


def within(seconds: float) -> AbstractContextManager[object, bool]:
    """As ``anyio.move_on_after``: the block is cancelled after so many seconds, and what follows it runs."""
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        return anyio.move_on_after(seconds)
    return _Within(seconds)


class _Within:
    __slots__ = ("_before", "_deadlines", "_expired", "_task", "until")

    def __init__(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self.until = loop.time() + seconds
        self._deadlines = _Deadlines.of(loop)
        self._task = task
        self._before = task.cancelling()
        self._expired = False

    def __enter__(self) -> None:
        self._deadlines.watch(self)

    def expire(self) -> None:
        """The deadline has come. A task that somebody else has cancelled is on its way already."""
        if self._task.cancelling() <= self._before:
            self._expired = True
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        self._deadlines.let_go(self)
        alone = self._expired and self._task.uncancel() <= self._before
        return alone and kind is asyncio.CancelledError


class _Deadlines:
    """Those of a loop."""

    __slots__ = ("_guests", "_loop", "_next", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._guests: dict[_Within, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = inf

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> _Deadlines:
        found = _by_loop.get(loop)
        if found is None:
            found = _by_loop[loop] = cls(loop)
        return found

    def watch(self, guest: _Within) -> None:
        self._guests[guest] = None
        if guest.until < self._next:
            self._set(guest.until)

    def let_go(self, guest: _Within) -> None:
        self._guests.pop(guest, None)

    def _set(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = until
        self._timer = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer, self._next = None, inf
        now = self._loop.time()
        for guest in [guest for guest in self._guests if guest.until <= now]:
            self.let_go(guest)
            guest.expire()
        if (first := min((guest.until for guest in self._guests), default=inf)) < inf:
            self._set(first)


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Deadlines] = WeakKeyDictionary()
