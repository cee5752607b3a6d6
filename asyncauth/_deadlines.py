"""The deadlines of all handshakes on a loop, under one timer.

A timer that is set for each and taken back a moment later would cost a handshake as much as the check of its policy.
So there is one, set for the first deadline that was known when it was set. When it comes it looks who has overstayed,
and is set for the first of the others. What has been done in time is only taken off the list.
"""

from __future__ import annotations

import asyncio
from math import inf
from types import TracebackType
from typing import Protocol
from weakref import WeakKeyDictionary

__all__ = ["Deadlines", "Within"]


class _Guest(Protocol):
    until: float
    """Its deadline, by the loop's clock."""

    def expire(self) -> None:
        """The deadline has come."""


class Deadlines:
    """See the head of this file."""

    __slots__ = ("_guests", "_loop", "_next", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._guests: dict[_Guest, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = inf

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Deadlines:
        """Those of a loop."""
        found = _by_loop.get(loop)
        if found is None:
            found = _by_loop[loop] = cls(loop)
        return found

    def watch(self, guest: _Guest) -> None:
        """Call its ``expire`` at its ``until``, unless it is let go before."""
        self._guests[guest] = None
        if guest.until < self._next:
            self._set(guest.until)

    def let_go(self, guest: _Guest) -> None:
        """It was in time, or is over; calling this twice, or for a stranger, is harmless."""
        self._guests.pop(guest, None)

    def _set(self, until: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = until
        self._timer = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        self._timer, self._next = None, inf
        now = self._loop.time()
        try:
            for guest in [guest for guest in self._guests if guest.until <= now]:
                self.let_go(guest)
                guest.expire()
        finally:
            if self._guests:
                self._set(min(guest.until for guest in self._guests))


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Deadlines] = WeakKeyDictionary()


class Within:
    """A block of the current task that is cancelled at a moment of the loop's clock; what follows it runs.

    As ``asyncio.timeout`` does it: the task's cancellation is taken back where it leaves the block, unless somebody
    else has cancelled it as well.
    """

    __slots__ = ("_before", "_deadlines", "_expired", "_task", "until")

    def __init__(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.until = until
        self._deadlines = Deadlines.of(loop)
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
