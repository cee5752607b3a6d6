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
from ._entrants import Entrant, entrants, variants
from ._figures import Figure, figures
from ._measures import MEASURES
from ._model import cores, with_predictions
from ._place import Place, private_realm
from ._rounds import Plan, Sample, Turn, samples
from ._start import Fresh, against_service, start

if TYPE_CHECKING:
    from ._pair import Contestant
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
        :raises BenchmarkError: an entrant could not be measured
        """
        from ._limit import Limits

        with private_realm(self.kind, self.tell) as place, ExitStack() as stack:
            self._enter()
            contestants = self._contestants(place, stack)
            limits = Limits(place.spn, place.cache, place.keytab)
            yield self._measured(samples(self.plan, contestants, limits, place))

    @contextmanager
    def remote(self, settings: Settings) -> Iterator[Iterator[Sample]]:
        """Measure clients of ours with a service that is there. It must send back what it gets, to be
        measured by more than handshakes.

        :param settings: where it is, and as whom to go there
        """
        with ExitStack() as stack:
            contestants: dict[str, dict[str, Contestant]] = {name: {} for name in MEASURES}
            for layer in self.layers:
                self.tell(f"starting a client of {layer}")
                form = settings.of(layer)
                pair = stack.enter_context(against_service(layer, form))
                for name in REMOTE:
                    contestants[name][str(layer)] = pair
            yield self._measured(samples(self.plan, contestants, None, None))

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

    def _contestants(self, place: Place, stack: ExitStack) -> dict[str, dict[str, Contestant]]:
        contestants: dict[str, dict[str, Contestant]] = {name: {} for name in MEASURES}
        for name, entrant in self._entrants.items():
            wanted = [measure for measure in self.plan.measures if measure in entrant.measures]
            if "idle" in wanted:
                wanted.remove("idle")
                contestants["idle"][name] = Fresh(entrant, place)
            if wanted:
                self.tell(f"starting {name}")
                contestant = stack.enter_context(start(entrant, place))
                for measure in wanted:
                    contestants[measure][name] = contestant
        if "phases" in self.plan.measures:
            contestants["phases"] = self._phases(place)
        if "discovery" in self.plan.measures:
            contestants["discovery"] = self._locators(place)
        return contestants

    def _phases(self, place: Place) -> dict[str, Contestant]:
        from ._phases import FORMS, Phases

        return {form: Phases(form, place) for form in FORMS}

    def _locators(self, place: Place) -> dict[str, Contestant]:
        from ._discovery import FORMS, Locator, publish

        if place.kind != "ad":
            reason = MechanismUnavailable(
                "the private realm has no directory", fix="--realm ad says what it takes to have one"
            )
            self.missing.append(Missing("discovery", reason))
            return {}
        self.tell("publishing services")
        publish(place)
        return {form: Locator(form, place) for form in FORMS}

    def _measured(self, found: Iterator[Turn | Sample]) -> Iterator[Sample]:
        for each in found:
            if isinstance(each, Turn):
                self.tell(f"round {each.round}/{self.plan.rounds}  {each.measure}: {each.name}")
            else:
                self._samples.append(each)
                yield each


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
