"""Deciding about what a search has found: what can be used, what cannot and why.

One damaged or hostile entry must not hide the good ones, so it is put aside and logged; only where nothing
usable remains does its fault become the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from random import Random, SystemRandom

from .._errors import AsyncAuthError, MalformedRecord, ServiceNotFound
from .._types import Target

__all__ = ["Accept", "Candidates"]

_log = logging.getLogger("asyncauth.discovery")

Accept = Callable[[Target], bool]
"""Says whether a target may be used; what it returns False for is left out."""


class Candidates:
    """What one search has found so far.

    :param what: the thing looked for, for errors: ``'files' in the forest of example.test``
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._usable: list[Sequence[Target]] = []
        self._unreadable: list[AsyncAuthError] = []
        self._refused: list[str] = []

    def use(self, targets: Sequence[Target]) -> None:
        """The targets of one entry, in the order to try them."""
        if targets:
            self._usable.append(targets)

    def fault(self, error: AsyncAuthError) -> None:
        """An entry that cannot be used, or not be read."""
        _log.warning("left out: %s", error)
        self._unreadable.append(error)

    def refuse(self, source: str, reason: str) -> None:
        """An entry that does not answer the query, or must not be used."""
        _log.info("left out: %s: %s", source, reason)
        self._refused.append(f"{source} {reason}")

    def result(self, random: Random | None) -> list[Target]:
        """All usable targets, those of one entry together.

        Entries are equals, replicas mostly, and the directory gives them in an order that is the same for every
        client; so they are shuffled, or all clients would go to the first.

        :raises ServiceNotFound: there is none
        :raises MalformedRecord: there are only such
        :raises DirectoryError: there is none, and an entry could not be read; or another error of reading it
        """
        groups = sorted(self._usable, key=lambda targets: targets[0].source or "")
        (random or SystemRandom()).shuffle(groups)
        if groups:
            return [target for targets in groups for target in targets]
        faults = sorted(self._unreadable, key=lambda error: isinstance(error, MalformedRecord))
        raise faults[0] if faults else self._nothing()

    def _nothing(self) -> ServiceNotFound:
        if self._refused:
            reasons = "; ".join(self._refused[:3])
            return ServiceNotFound(
                f"no usable entry for {self._what}: {reasons}",
                fix="check the restrictions given (class, host, accept), or publish the service anew",
            )
        return ServiceNotFound(
            f"nothing is published for {self._what}",
            fix="check the spelling, and that the service has published itself; replication may take minutes",
        )
