"""Sessions kept between calls. Blocking; everything here runs in the worker thread of one call.

A session serves one call at a time. After the call it is kept if its last request came to its end, and closed
if not. Before a kept session is used again it is looked at: controllers hang up on idle clients after fifteen
minutes, and a request written to such a connection would be lost without anybody knowing whether it was done.
What is lost all the same is repeated once, on a new connection, if it only reads.

Whoever gives up on a call leaves its thread behind, which then puts its session back, or closes it: nothing
leaks, and nobody else is handed a session that is still in use.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from .._errors import DirectoryError

if TYPE_CHECKING:
    from ._deadline import Deadline
    from ._session import Session

__all__ = ["Key", "SessionPool"]

T = TypeVar("T")

_KEPT = 4
"""Idle sessions kept for each server role."""


class Key(NamedTuple):
    """Which servers will do."""

    domain: str
    """The domain, or for the global catalogue the forest."""
    catalogue: bool


class SessionPool:
    """Idle sessions by what they are for.

    :param opener: makes a session, in the time given
    """

    def __init__(self, opener: Callable[[Key, Deadline], Session]) -> None:
        self._open = opener
        self._lock = threading.Lock()
        self._idle: dict[Key, list[Session]] = {}
        self._closed = False

    def run(self, key: Key, deadline: Deadline, request: Callable[[Session], T], *, repeatable: bool) -> T:
        """Do one request on a kept session or a new one.

        :param repeatable: it only reads, so a session lost on the way is no reason to fail
        """
        from ._session import SessionLost

        kept = self._take(key)
        if kept is not None:
            try:
                return self._use(key, kept, request)
            except SessionLost:
                if not repeatable:
                    raise
        return self._use(key, self._open(key, deadline), request)

    def _take(self, key: Key) -> Session | None:
        while True:
            with self._lock:
                self._refuse_closed()
                sessions = self._idle.get(key)
                if not sessions:
                    return None
                session = sessions.pop()
            if not session.stale:
                return session
            session.close()

    def _use(self, key: Key, session: Session, request: Callable[[Session], T]) -> T:
        try:
            return request(session)
        finally:
            self._give_back(key, session)

    def _give_back(self, key: Key, session: Session) -> None:
        with self._lock:
            sessions = self._idle.setdefault(key, [])
            keep = session.intact and not self._closed and len(sessions) < _KEPT
            if keep:
                sessions.append(session)
        if not keep:
            session.close()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise DirectoryError("this directory object has been closed", fix="make a new one")

    def close(self) -> None:
        """Hang up; sessions in use follow when their calls end."""
        with self._lock:
            self._closed = True
            idle = [session for sessions in self._idle.values() for session in sessions]
            self._idle.clear()
        for session in idle:
            session.close()
