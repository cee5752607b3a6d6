"""What a failure is, in this catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._codes import Code

__all__ = ["Failure", "Family", "Kind"]

Family = Literal["names", "credentials", "keys", "network", "protection", "messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that goes wrong, explained once.

    :param number: its number in the catalogue, which does not change
    :param slug: its anchor in the documentation
    :param title: the symptom in a few words
    :param happened: what happened
    :param cause: why that usually is; the ``cause`` of the errors that report it
    :param fix: the first thing to do, in a line; the ``fix`` of these errors
    :param run: what to run or look at next, commands first
    :param never: what not to do, which is what many a guide on the web recommends
    :param codes: all the numbers that may report it; the same number may report several failures
    :param errors: the errors of asyncauth that report it
    :param unproven: why no test here provokes it; None if one does
    """

    number: int
    slug: str
    family: Family
    title: str
    happened: str
    cause: str
    fix: str
    run: tuple[str, ...]
    never: tuple[str, ...]
    codes: tuple[Code, ...]
    errors: tuple[str, ...]
    unproven: str | None = None

    @property
    def reproduced(self) -> bool:
        """A test provokes it with a real KDC or directory, and checks what our error says."""
        return self.unproven is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A class of error of asyncauth, explained.

    :param name: of the class
    :param means: what it says
    :param cause: why that usually is; None for a class whose errors have nothing in common but the class
    :param fix: what to look at first
    """

    name: str
    means: str
    cause: str | None
    fix: str
