"""How bytes come from a loop's transports: into one buffer, and out of it at once.

asyncio's own loop reads into 256 KiB of fresh memory each time and gives what it did not need back to the system. That
is three system calls and a page fault for each small message, about as dear as reading it. A BufferedProtocol says
where to read to; what is read is copied out before anything else is read, so one buffer does for all of a thread.

uvloop has such a buffer itself, and takes what is an asyncio.Protocol too for nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from abc import abstractmethod

__all__ = ["ReadingProtocol"]

_READ_BYTES = 131_072


class _Buffers(threading.local):
    """The loop's thread's own; a loop without the interpreter's lock may be reading in another."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_READ_BYTES))


_buffers = _Buffers()


class ReadingProtocol(asyncio.Protocol, asyncio.BufferedProtocol):
    """A protocol with ``data_received``, for which reading small messages is cheap."""

    __slots__ = ()

    @abstractmethod
    def data_received(self, data: bytes) -> None: ...

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        return _buffers.view

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_buffers.view[:nbytes]))
