"""Memory that has been free once is kept for the next message.

glibc has a limit, 128 KiB at first. A larger block it gets from the system each time, and gives it back when it is
freed; what is free at the end of the heap it gives back too. Each way costs system calls, and then a page fault for
each 4 KiB. asyncio reads into a new block of 256 KiB, so every read of a connection, even one of a few bytes, takes
12 µs where it could take 1; sealing 64 KiB needs a few blocks of that size, and takes 40 page faults and a third
longer.

The limit rises by itself: to the size of a block that was got from the system and freed, once. So one is, which nobody
has written to and which takes no memory. Afterwards the process keeps up to a mebibyte that is free. With another
allocator nothing happens, nor where ``MALLOC_MMAP_THRESHOLD_`` or its like has set the limit.

Source: mallopt(3), M_MMAP_THRESHOLD, "dynamic mmap threshold".
"""

from __future__ import annotations

from functools import cache

__all__ = ["keep_free_memory"]

_BLOCK_BYTES = 2**19
"""More than asyncio reads, and than anything that a message passes through."""


@cache
def keep_free_memory() -> None:
    """See the head of this file; the first call does it."""
    bytearray(_BLOCK_BYTES)
