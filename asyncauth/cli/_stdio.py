"""stdin and stdout for a program that must not block its loop.

Reading a terminal or a pipe cannot be interrupted, so it happens in daemon threads that are left to themselves when
nobody wants the data any more: they neither block the loop nor keep the process alive.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from .._offload import in_thread

__all__ = ["read_stdin", "write_stdout"]

_CHUNK_BYTES = 262_144


async def read_stdin() -> AsyncIterator[bytes]:
    """What comes, until its end; a stdin that is closed has none. OSError if it cannot be read."""
    while data := await in_thread(_read):
        yield data


def _read() -> bytes:
    try:
        return os.read(0, _CHUNK_BYTES)
    except OSError:
        if _closed():
            return b""
        raise


def _closed() -> bool:
    try:
        os.fstat(0)
    except OSError:
        return True
    return False


async def write_stdout(data: bytes) -> None:
    """Write all of it. BrokenPipeError if nobody reads any more."""
    await in_thread(_write, data)


def _write(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]
