"""A whole benchmark: who takes part, started, measured in rounds, and what became of it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Literal

from .. import __version__
from .._errors import AsyncAuthError, MechanismUnavailable
from ._contestants import contestants, located, phases
from ._entrants import Entrant, entrants, variants
from ._figures import Figure, figures
from ._measures import MEASURES
from ._model import cores, with_predictions
from ._place import Place, private_realm
from ._room import room_for_idle
from ._rounds import Plan, Sample, Turn, samples
from ._start import against_service

if TYPE_CHECKING:
    from ._contestants import Contestants
    from ._settings import Settings

__all__ = ["Bench", "Missing"]

_PACKAGES = ("anyio", "cryptography", "gssapi", "pyspnego", "trio", "uvloop")
REMOTE = ("handshake", "throughput", "echo")
"""What can be measured with a service of somebody else's; the last two if it sends back what it gets."""


@dataclass(frozen=True)
class Missing:
    """Somebody, or something, that could not be measured."""

    what: str
    reason: AsyncAuthError


@dataclass
class Bench:
    """What to measure, and how. Use it once.

    :param layers: of asyncauth
    :param peers: by name
    :param workers: also measure so many processes at each end
    :param tell: called with a short line before each step
    """

    plan: Plan
    layers: Sequence[Entrant]
    peers: Sequence[str] = ()
    workers: int = 1
    kind: Literal["auto", "ad", "mit"] = "auto"
    tell: Callable[[str], None] = lambda _: None
    missing: list[Missing] = field(default_factory=list)
    _entrants: dict[str, Entrant] = field(default_factory=dict)
    _samples: list[Sample] = field(default_factory=list)

    @contextmanager
    def private(self) -> Iterator[Iterator[Sample]]:
        """Measure servers and clients of our own, in a realm that is there for it.

        :raises MechanismUnavailable: parts for a realm are missing
        :raises BenchmarkError: an entrant could not be measured, or there is no room for so many idle connections
        """
        from ._limit import Limits

        with ExitStack() as stack:
            if "idle" in self.plan.measures:
                stack.enter_context(room_for_idle(self.plan.idle))
            place = stack.enter_context(private_realm(self.kind, self.tell))
            self._enter()
            found = self._contestants(place, stack)
            limits = Limits(place.spn, place.cache, place.keytab)
            yield self._measured(samples(self.plan, found, limits))

    @contextmanager
    def remote(self, settings: Settings) -> Iterator[Iterator[Sample]]:
        """Measure clients of ours with a service that is there. It must send back what it gets, to be
        measured by more than handshakes.

        :param settings: where it is, and as whom to go there
        """
        with ExitStack() as stack:
            found: Contestants = {name: {} for name in MEASURES}
            for layer in self.layers:
                self.tell(f"starting a client of {layer}")
                form = settings.of(layer)
                pair = stack.enter_context(against_service(layer, form))
                for name in REMOTE:
                    found[name][str(layer)] = pair
            yield self._measured(samples(self.plan, found, None))

    def figures(self) -> list[Figure]:
        """What has been measured until now comes to this."""
        return with_predictions(figures(self._samples, self._entrants), self._entrants)

    @property
    def setting(self) -> dict[str, object]:
        """On what it is measured."""
        return {
            "rounds": self.plan.rounds,
            "seconds": self.plan.seconds,
            "connections": self.plan.connections,
            "cores": cores(),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "asyncauth": __version__,
            **{package: _version(package) for package in _PACKAGES},
        }

    def _enter(self) -> None:
        """Find out who takes part."""
        found = [*self.layers, *variants(self.layers, self.workers)]
        for peer in self.peers:
            try:
                found += entrants(peer, self.layers)
            except MechanismUnavailable as error:
                self.missing.append(Missing(peer, error))
        self._entrants = {str(one): one for one in found if set(one.measures) & set(self.plan.measures)}

    def _contestants(self, place: Place, stack: ExitStack) -> Contestants:
        found = contestants(self.plan, self._entrants, place, stack, self.tell)
        if "phases" in self.plan.measures:
            found["phases"] = phases(place)
        if "discovery" in self.plan.measures:
            try:
                found["discovery"] = located(place, self.tell)
            except MechanismUnavailable as error:
                self.missing.append(Missing("discovery", error))
        return found

    def _measured(self, found: Iterator[Turn | Sample]) -> Iterator[Sample]:
        for each in found:
            if isinstance(each, Turn):
                number = f"{each.round}/{self.plan.rounds}, {each.number} of {each.total}"
                self.tell(f"round {number}  {each.measure}: {each.name}")
            else:
                self._samples.append(each)
                yield each


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
