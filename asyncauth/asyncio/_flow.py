"""Flow control towards the application: when its protocol is told to stop writing, and when to go on."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["HIGH_WATER", "WriteFlow", "watermarks"]

HIGH_WATER = 65_536
"""Bytes of plaintext waiting above which the application is asked to stop; asyncio's own figure."""


def watermarks(high: int | None, low: int | None) -> tuple[int, int]:
    """The limits in bytes, ``(high, low)``, with asyncio's defaults for what is None.

    :raises ValueError: not ``high >= low >= 0``
    """
    if high is None:
        high = HIGH_WATER if low is None else 4 * low
    if low is None:
        low = high // 4
    if not high >= low >= 0:
        raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
    return high, low


class WriteFlow:
    """Turns "so much is waiting" and "the raw transport is full" into pause_writing and resume_writing.

    :param tell: calls the method of that name of the application's present protocol
    :param paused: the application has already been told to pause, before this connection was taken over
    """

    __slots__ = ("_tell", "high", "low", "paused")

    def __init__(self, tell: Callable[[str], None], *, paused: bool) -> None:
        self._tell = tell
        self.high, self.low = HIGH_WATER, HIGH_WATER // 4
        self.paused = paused

    def let_go(self) -> None:
        """Tell nobody any more."""
        self._tell = _nobody

    def update(self, waiting: int, blocked: bool) -> None:
        """Compare with the limits, and tell the application if that changes anything.

        :param waiting: bytes of plaintext that are not sealed yet
        :param blocked: the raw transport has asked us to stop writing
        """
        if self.paused:
            if not blocked and waiting <= self.low:
                self.paused = False
                self._tell("resume_writing")
        elif blocked or waiting > self.high:
            self.paused = True
            self._tell("pause_writing")


def _nobody(method: str) -> None:
    """Who is told when there is nobody left."""
