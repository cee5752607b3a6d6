"""The threads for calls that may wait, and the bridge to them."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import threading
import time

import anyio
import pytest

from asyncauth import _threads
from asyncauth._offload import in_thread

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.mark.anyio
async def test_result_error_and_context_come_through() -> None:
    variable.set("mine")
    assert await in_thread(variable.get) == "mine"
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ValueError, match="invalid literal"):
        await in_thread(int, "x")
    assert await in_thread(threading.get_ident) != threading.get_ident()


@pytest.mark.anyio
async def test_cancellation_returns_at_once_and_leaves_the_thread() -> None:
    go_on, finished = threading.Event(), threading.Event()

    def block() -> None:
        go_on.wait(10)
        finished.set()

    with anyio.move_on_after(0.05) as scope:
        await in_thread(block)
    assert scope.cancelled_caught
    assert not finished.is_set()
    go_on.set()
    with anyio.fail_after(5):
        await in_thread(finished.wait)


@pytest.mark.anyio
async def test_a_call_cancelled_before_never_starts() -> None:
    called = threading.Event()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_thread(called.set)
    await in_thread(int)
    assert not called.is_set()


def test_abandoned_threads_count_and_what_waits_for_one_can_be_dropped() -> None:
    pool = _threads._Pool(3)
    go_on, running = threading.Event(), threading.Semaphore(0)

    def block() -> int:
        running.release()
        go_on.wait(10)
        return threading.get_ident()

    stuck = [pool.submit(block) for _ in range(3)]
    for _ in stuck:
        assert running.acquire(timeout=5)
    dropped, kept = pool.submit(block), pool.submit(block)
    assert dropped.cancel()
    assert not stuck[0].cancel()
    assert not running.acquire(timeout=0.05)
    go_on.set()
    threads = {future.result(5) for future in stuck}
    assert len(threads) == 3
    assert kept.result(5) in threads
    assert dropped.cancelled()


def test_idle_threads_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "_IDLE_SECONDS", 0.02)
    pool = _threads._Pool(3)
    for future in [pool.submit(threading.get_ident) for _ in range(10)]:
        future.result(5)
    deadline = time.monotonic() + 5
    while pool._threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert pool._threads == 0
    assert pool.submit(lambda: "again").result(5) == "again"


def test_a_stuck_thread_does_not_keep_the_interpreter() -> None:
    script = (
        "import time; from asyncauth import _threads; _threads.submit(lambda: time.sleep(60)); print('end')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True
    )
    assert result.stdout == "end\n"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_stuck_thread_does_not_wake_a_loop_that_has_ended(backend: str) -> None:
    ended = threading.Event()

    def block() -> None:
        time.sleep(0.2)
        ended.set()

    async def abandon() -> None:
        with anyio.move_on_after(0.02):
            await in_thread(block)

    anyio.run(abandon, backend=backend)
    assert ended.wait(5)
    time.sleep(0.05)
    assert _threads.submit(lambda: "alive").result(5) == "alive"
