"""What :mod:`asyncauth.instrument` measures with: the phases, and the clocks that report them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from ._parts import Part

__all__ = ["Clock", "Measured", "Observer", "Phase", "StepClock"]


class Phase(StrEnum):
    """What the time went into."""

    CREDENTIALS = "credentials"
    """Looking whether credentials are at hand, acquiring them, keeping a copy; reading a server's keys. Of a mechanism
    that does not tell these apart, all of a step that may wait."""
    KDC = "kdc"
    """The KDC was asked for a ticket: logging in, and making the first token where the service's ticket was not
    there yet, which is one call. One that failed counts here, whatever it failed for."""
    TOKENS = "tokens"
    """Making and judging all other tokens."""
    POLICY = "policy"
    """Reading what the context has reached, and the application's ``authorize``."""
    NETWORK = "network"
    """Sending, and waiting for the peer and its bytes."""
    MESSAGES = "messages"
    """Sealing, opening, signing, verifying."""
    INSTRUMENTS = "instruments"
    """Looking into the credential cache, for no other purpose than to tell the phases apart; with a program's first
    handshake only."""


class Measured(NamedTuple):
    """One call."""

    phase: Phase
    call: str
    """``step``, ``wrap``, ``receive``: the method's name."""
    seconds: float
    size: int
    """Bytes given to it or, for ``receive``, had from it: of a token, a message, a piece of the stream."""


Observer: TypeAlias = Callable[[Measured], object]


class Clock:
    """Reports a call, also one that raises or is cancelled."""

    __slots__ = ("_begun", "_call", "_observer", "_phase", "size")

    def __init__(self, observer: Observer, phase: Phase, call: str, size: int = 0) -> None:
        self._observer = observer
        self._phase = phase
        self._call = call
        self.size = size

    def __enter__(self) -> Clock:
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self._observer(Measured(self._phase, self._call, time.perf_counter() - self._begun, self.size))


class StepClock:
    """Reports a step that may wait, in the parts that the mechanism tells of.

    :param asks: the KDC is asked in any case
    """

    def __init__(self, observer: Observer, size: int, asks: bool) -> None:
        self._observer = observer
        self._size = size
        self._asks = asks
        self._part: Part | None = None
        self._seconds: dict[Part | None, float] = {}
        self._told: list[frozenset[object]] = []

    def __enter__(self) -> StepClock:
        self._since = time.perf_counter()
        return self

    def turn(self, to: Part | None, /) -> Part | None:
        now = time.perf_counter()
        before, self._part = self._part, to
        self._seconds[before] = self._seconds.get(before, 0.0) + now - self._since
        self._since = now
        return before

    def tickets(self, known: Iterable[object], /) -> None:
        self._told.append(frozenset(known))

    def __exit__(self, *error: object) -> None:
        self.turn(None)
        rest, phases = self._rest, dict.fromkeys(Phase, 0.0)
        for part, seconds in self._seconds.items():
            phases[rest if part is None else Phase(part)] += seconds
        for phase, seconds in phases.items():
            if seconds:
                self._observer(Measured(phase, "step", seconds, self._size if phase is rest else 0))

    @property
    def _rest(self) -> Phase:
        """What making the token was."""
        if not self._told:
            return Phase.CREDENTIALS
        was_there = len(self._told) > 1 and self._told[-1] <= self._told[0]
        return Phase.TOKENS if was_there and not self._asks else Phase.KDC
