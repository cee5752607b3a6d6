"""A block with a deadline, for handshakes.

A scope of anyio's with a deadline, entered for each handshake and left a moment later, costs a tenth of it: a timer is
set and taken back, and a good deal of code that nothing else in a handshake runs has to come into the processor's
cache. On asyncio it is one of the loop's :class:`~asyncauth._deadlines.Deadlines`.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager

import anyio

from .._deadlines import Within

__all__ = ["within"]


def within(seconds: float) -> AbstractContextManager[object, bool]:
    """As ``anyio.move_on_after``: the block is cancelled after so many seconds, and what follows it runs."""
    if anyio.get_cancelled_exc_class() is not asyncio.CancelledError:
        return anyio.move_on_after(seconds)
    loop = asyncio.get_running_loop()
    return Within(loop, loop.time() + seconds)
