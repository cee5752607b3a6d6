"""Threads for calls that may wait.

A GSSAPI, Kerberos, LDAP or DNS call cannot be interrupted: with a silent KDC it sits for half a minute.
So whoever gives up leaves the thread to itself, and three things must hold all the same. The abandoned
thread still counts, or a dead KDC would make us start threads without end. It must not come from the
application's own pool, or the application would starve with us. And it must not keep the interpreter
from ending. ``concurrent.futures.ThreadPoolExecutor`` joins its threads at exit, the loops' own pools are
shared and forget an abandoned thread; hence these few lines: daemon threads, as many as `LIMIT` at once,
which end after a while without work. What waits for a free thread is dropped when its future is cancelled.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

__all__ = ["LIMIT", "submit"]

T = TypeVar("T")

LIMIT = 32
"""Calls under way at once, abandoned ones included."""

_IDLE_SECONDS = 10.0


class _Pool:
    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        self._threads = 0
        self._idle = 0
        self._waiting = 0

    def submit(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        context = contextvars.copy_context()
        with self._lock:
            self._waiting += 1
            start = self._waiting > self._idle and self._threads < self._limit
            self._threads += start
        self._work.put((future, lambda: context.run(call)))
        if start:
            threading.Thread(target=self._serve, name="asyncauth", daemon=True).start()
        return future

    def _serve(self) -> None:
        while (item := self._next()) is not None:
            _run(*item)
            del item

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        with self._lock:
            self._idle += 1
        try:
            return self._take()
        finally:
            with self._lock:
                self._idle -= 1

    def _take(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        while True:
            try:
                item = self._work.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._waiting:
                        continue
                    self._threads -= 1
                    return None
            with self._lock:
                self._waiting -= 1
            return item


def _run(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the one who asked
        future.set_exception(error)
    else:
        future.set_result(result)


_pool = _Pool(LIMIT)


def submit(call: Callable[[], T]) -> Future[T]:
    """Run ``call`` in a thread, in the caller's context variables; cancelling the future forgets the result."""
    return _pool.submit(call)
