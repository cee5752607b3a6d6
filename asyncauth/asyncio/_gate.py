"""How many connections may be unauthenticated at a time.

A server does at most ``limit`` handshakes at once. What comes beyond waits for its turn, unread and in order of
arrival, under the deadline that runs since its arrival; when four times as many wait, further connections are closed
at once. Closing all that exceeds the limit would be simpler, but then most of a few hundred honest clients that come
back at the same moment would be turned away, and asyncio has no means to stop accepting for a while. A connection
that waits costs a socket and little more: none of its bytes is read, or on uvloop, which begins to read before one
can stop it, as many as one read takes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from enum import Enum
from typing import Protocol

__all__ = ["Gate", "Place"]

_WAITING_FACTOR = 4


class Place(Enum):
    """Where an arriving connection is put."""

    INSIDE = "inside"
    WAITING = "waiting"
    TURNED_AWAY = "turned away"


class _Guest(Protocol):
    def admit(self) -> None:
        """Its turn has come."""

    def drop(self) -> None:
        """Nobody wants it any more."""


class Gate:
    """See the head of this file.

    :param limit: handshakes at a time
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"max_pending is {limit}, and at least one handshake must be possible at a time")
        self.limit = limit
        self._loop = loop
        self._inside: set[_Guest] = set()
        self._waiting: deque[_Guest] = deque()

    def arrive(self, guest: _Guest) -> Place:
        """Find a place for a new connection; one that is not turned away must :meth:`leave`."""
        if len(self._inside) < self.limit:
            self._inside.add(guest)
            return Place.INSIDE
        if len(self._waiting) < self.limit * _WAITING_FACTOR:
            self._waiting.append(guest)
            return Place.WAITING
        return Place.TURNED_AWAY

    def leave(self, guest: _Guest) -> None:
        """Authenticated, or closed; calling twice is harmless."""
        if guest in self._inside:
            self._inside.remove(guest)
            if self._waiting:
                following = self._waiting.popleft()
                self._inside.add(following)
                self._loop.call_soon(following.admit)
        elif guest in self._waiting:
            self._waiting.remove(guest)

    def guests(self) -> list[_Guest]:
        """All that are inside or wait."""
        return [*self._inside, *self._waiting]
