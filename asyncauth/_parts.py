"""What the time of a step that may wait goes into, told by mechanisms to whoever listens.

A mechanism alone knows when it reads credentials and when it asks a KDC, and nobody outside can tell them apart by a
clock. So it says which part begins, here, and :mod:`asyncauth.instrument` listens while it measures a step. When
nobody does, which is always but then, a part costs the look at one variable, and only in steps that may wait. The
variable belongs to the thread and task that carries out the step, so that handshakes do not hear one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol

__all__ = ["Listener", "Part", "listening", "part", "tell_tickets"]


class Part(StrEnum):
    """What a mechanism can tell."""

    CREDENTIALS = "credentials"
    KDC = "kdc"
    INSTRUMENTS = "instruments"
    """What is done for the listener's sake only."""


class Listener(Protocol):
    """Hears what a step goes into."""

    def turn(self, to: Part | None, /) -> Part | None:
        """Another part begins, or with None the rest of the step; returns the one that ends with it."""
        ...

    def tickets(self, known: Iterable[object], /) -> None:
        """The tickets that there are, in whichever form: told before the first token is made and after it, so that the
        listener knows whether the KDC was asked for one."""
        ...


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Hear what is told in this thread and task, until the context ends."""
    reset = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(reset)


@contextmanager
def part(which: Part) -> Iterator[None]:
    """Tell what the time goes into until the context ends; parts may lie within one another."""
    listener = _listener.get()
    if listener is None:
        yield
        return
    before = listener.turn(which)
    try:
        yield
    finally:
        listener.turn(before)


def tell_tickets(known: Callable[[], Iterable[object]]) -> None:
    """Tell which tickets there are; ``known`` is called only if somebody listens."""
    listener = _listener.get()
    if listener is not None:
        with part(Part.INSTRUMENTS):
            listener.tickets(known())
