"""When a task that need not wait gives the others their turn all the same.

A turn of the loop costs as much as to protect a small message, or to read one. So a call that has its result at once
does not end the turn, unless the calls of this thread since the last time, all streams together, have done as much as
may be done in one: a millisecond or so.
"""

from __future__ import annotations

import threading

from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

__all__ = ["share_turn", "turn_over"]

_TURN_BYTES = 262_144
_CALL_BYTES = 1_024
"""A call takes as long as so many bytes do."""


class _Left(threading.local):
    count = _TURN_BYTES


_left = _Left()


def turn_over(size: int) -> bool:
    """Something of so many bytes is done: whether others should have their turn now."""
    left = _left.count - size - _CALL_BYTES
    _left.count = left if left > 0 else _TURN_BYTES
    return left <= 0


async def share_turn(size: int) -> None:
    """A checkpoint for something of so many bytes, at which other tasks run only if the turn is over."""
    if turn_over(size):
        await checkpoint()
    else:
        await checkpoint_if_cancelled()
