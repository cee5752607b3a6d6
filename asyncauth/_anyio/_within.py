"""A block with a deadline, for handshakes.

A scope of anyio's with a deadline, entered for each handshake and left a moment later, costs a tenth of it: a timer is
set and taken back, and a good deal of code that nothing else in a handshake runs has to come into the processor's
cache. On asyncio it is one of the loop's :class:`~asyncauth._deadlines.Deadlines`.

Who has overstayed is cancelled as ``asyncio.timeout`` does it: the task's cancellation is taken back where it leaves
the block, unless somebody else has cancelled it as well.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType

import anyio

from .._deadlines import Deadlines

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
