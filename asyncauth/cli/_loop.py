"""Running a command's coroutine until it ends, or until somebody says stop.

Ctrl-C and SIGTERM mean the same here: everything under way is cancelled and puts itself away, and then the caller
gets a KeyboardInterrupt. What the coroutine raises comes out as itself, not in the groups that task groups make.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TypeVar

import anyio
import anyio.abc

from .._errors import AsyncAuthError

__all__ = ["only", "run", "sigterm_interrupts"]

T = TypeVar("T")


def run(work: Callable[[], Awaitable[T]]) -> T:
    """What ``work`` returns or raises; KeyboardInterrupt after SIGINT or SIGTERM."""
    results: list[T] = []

    async def main() -> None:
        async with anyio.create_task_group() as group:
            await group.start(_cancel_on_signal, group.cancel_scope)
            results.append(await work())
            group.cancel_scope.cancel()

    failure: BaseException | None = None
    before = signal.getsignal(signal.SIGTERM)
    try:
        anyio.run(main)
    except BaseExceptionGroup as errors:
        failure = only(errors)
    finally:
        signal.signal(signal.SIGTERM, before)  # a loop leaves the system's default behind
    if failure is not None:
        raise failure
    if not results:
        raise KeyboardInterrupt
    return results[0]


def only(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error that a group is about: of several the first that says what happened in our own terms."""
    found = [only(error) if isinstance(error, BaseExceptionGroup) else error for error in errors.exceptions]
    return next((error for error in found if isinstance(error, AsyncAuthError)), found[0])


async def _cancel_on_signal(
    scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    if sys.platform == "win32":  # there Ctrl-C raises KeyboardInterrupt by itself
        task_status.started()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """For code without a loop: SIGTERM raises KeyboardInterrupt, as Ctrl-C does. In the main thread only."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
