"""A value that ends, made anew in the background before it does.

Making it may take half a minute (a silent KDC), so three things are kept apart. *Looking* never waits: it gives what
there is and, past three quarters of its life, starts a thread that makes the next one; everybody goes on with the old
one until the new one is there, and the swap is one assignment. *Getting* waits, but only where nothing valid is left,
and all who wait share one attempt and its outcome: a dead KDC is asked once, not once by each handshake in turn. And
an attempt that *fails* while the old value is good harms nobody: it is logged once, and tried again after a while. What
the KDC refuses is tried again less often than what it did not answer, because each refusal may count towards locking
the account.

Each attempt has a thread of its own rather than one of the pool that handshakes wait in: those that wait for the
outcome could otherwise fill the pool and keep the attempt from ever beginning. Nobody who does not look causes a
renewal: a client that is idle for longer than a ticket lives asks again when it is needed.

All times are of the system's clock, as tickets are: the monotonic one stands still while a machine sleeps.
"""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

from ..._errors import AsyncAuthError, CredentialError

__all__ = ["Made", "Renewed"]

T = TypeVar("T")

_EARLIEST, _LATEST = 0.70, 0.80
"""The part of its life after which a value is due; at random in between, so that a fleet does not ask at once."""
_MARGIN_SECONDS = 60.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0

logger = logging.getLogger("asyncauth")


class Made(NamedTuple, Generic[T]):
    """A value and its times."""

    value: T
    due: float
    ends: float

    @classmethod
    def lasting(cls, value: T, lifetime: float) -> Made[T]:
        """A value that is good for ``lifetime`` seconds; the last of them are left out, for whoever just began."""
        now = time.time()
        margin = min(_MARGIN_SECONDS, lifetime / 10)
        return cls(value, now + lifetime * random.uniform(_EARLIEST, _LATEST), now + lifetime - margin)  # noqa: S311


class Renewed(Generic[T]):
    """See the head of the file.

    :param make: makes the value; gets the one that is to be replaced, or None if somebody is waiting
    :param name: for the log, "the keytab /etc/app.keytab"
    """

    def __init__(self, make: Callable[[T | None], Made[T]], name: str) -> None:
        self._make = make
        self._name = name
        self._lock = threading.Lock()
        self._made: Made[T] | None = None
        self._attempt: Future[T] | None = None
        self._not_before = 0.0
        self._failing = False

    def look(self) -> T | None:
        """The value, if it is good; never waits. Starts the renewal when it is due."""
        made, now = self._made, time.time()
        if made is None or now >= made.ends:
            return None
        if now >= made.due and now >= self._not_before and self._attempt is None:
            self._start(made)
        return made.value

    def get(self) -> T:
        """The value; waits for a new one if there is none that is good, and raises what making it raises."""
        with self._lock:
            made = self._made
            if made is not None and time.time() < made.ends:
                return made.value
            attempt, mine = self._attempt or Future(), self._attempt is None
            self._attempt = attempt
        if mine:
            self._carry_out(attempt, None)
        try:
            return attempt.result()
        except AsyncAuthError as error:
            raise copy.copy(error) from error  # each who waits gets one of its own, with its own traceback

    def _start(self, made: Made[T]) -> None:
        with self._lock:
            if self._attempt is not None or self._made is not made:
                return
            attempt = self._attempt = Future()
        threading.Thread(
            target=self._carry_out, args=(attempt, made), name="asyncauth-renewal", daemon=True
        ).start()

    def _carry_out(self, attempt: Future[T], old: Made[T] | None) -> None:
        try:
            made = self._make(old.value if old else None)
        except BaseException as error:  # noqa: BLE001 - it is raised in all who wait
            with self._lock:
                self._attempt = None
                self._not_before = time.time() + _pause(old, error)
            if old is not None:
                self._warn(old, error)
            attempt.set_exception(error)
        else:
            with self._lock:
                self._attempt, self._made, self._not_before = None, made, 0.0
            self._recovered()
            attempt.set_result(made.value)

    def _warn(self, old: Made[T], error: BaseException) -> None:
        level = logging.DEBUG if self._failing else logging.WARNING
        self._failing = True
        left = max(0.0, old.ends - time.time())
        logger.log(level, "%s could not be renewed, and ends in %.0f s: %s", self._name, left, error)

    def _recovered(self) -> None:
        if self._failing:
            self._failing = False
            logger.info("%s has been renewed after all", self._name)


def _pause(old: Made[T] | None, error: BaseException) -> float:
    """Seconds until the next attempt in the background."""
    left = old.ends - time.time() if old else 0.0
    pause = left / 2 if isinstance(error, CredentialError) else min(_LONGEST_PAUSE, left / 8)
    return max(_SHORTEST_PAUSE, pause)
