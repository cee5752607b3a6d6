"""The time of one call.

A call to the directory runs in a thread that cannot be interrupted: it may hang in the KDC or the resolver,
where no timeout of ours reaches. So the waiting side gives up by itself, and the thread finds out at its next
step. Both use the same object and say the same: what the time was being spent on when it ran out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .._errors import DirectoryError

__all__ = ["Deadline"]


class Deadline:
    """Until when a call may run.

    :param seconds: from now
    :param doing: what it does first, a phrase such as ``looking for a domain controller``
    """

    def __init__(self, seconds: float, doing: str) -> None:
        self._allowed = seconds
        self._until = time.monotonic() + seconds
        self.doing = doing
        """What the time is being spent on; set as the work goes on, from any thread."""

    def left(self) -> float:
        """Seconds left, more than 0; raises the :meth:`error` if there are none."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise self.error()
        return left

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """A shorter deadline for a part of the work."""
        kept = self._until, self._allowed
        if time.monotonic() + seconds < self._until:
            self._until, self._allowed = time.monotonic() + seconds, seconds
        try:
            yield
        finally:
            self._until, self._allowed = kept

    def error(self) -> DirectoryError:
        """The time is up."""
        return DirectoryError(
            f"no answer within {self._allowed:.3g} s while {self.doing}",
            fix="check that the server runs and the network reaches it, or allow more time with timeout=",
            code="timeout",
        )
