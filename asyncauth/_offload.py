"""The bridge from an event loop, asyncio's or Trio's, to :mod:`asyncauth._threads`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel

from . import _threads

__all__ = ["in_thread"]

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that may wait, off the event loop.

    Cancellation returns at once and leaves the thread to finish by itself; its result is dropped, so the
    function must touch nothing that the caller goes on using.
    """
    await anyio.lowlevel.checkpoint_if_cancelled()
    done = anyio.Event()
    loop = anyio.lowlevel.current_token()
    result: Future[T] = Future()

    def call() -> None:
        try:
            result.set_result(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            result.set_exception(error)
        _wake(loop, done)

    work = _threads.submit(call)
    try:
        await done.wait()
    except BaseException:
        work.cancel()
        raise
    return result.result()


def _wake(loop: anyio.lowlevel.EventLoopToken, done: anyio.Event) -> None:
    try:
        anyio.from_thread.run_sync(done.set, token=loop)
    except (anyio.RunFinishedError, RuntimeError):
        return  # the loop has ended; nobody is waiting any more
