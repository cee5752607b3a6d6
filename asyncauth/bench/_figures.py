"""From samples to what is reported: medians with their spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from ._entrants import OURS, closest

if TYPE_CHECKING:
    from ._entrants import Entrant
    from ._measures import Measure
    from ._rounds import Sample

__all__ = ["Against", "Figure", "Spread", "figures"]


@dataclass(frozen=True)
class Spread:
    """The middle one of several values, the least and the greatest."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        found = sorted(values)
        return cls(median(found), found[0], found[-1])


@dataclass(frozen=True)
class Against:
    """How an entrant compares with a limit or a peer: within each round, and then the median."""

    name: str
    """Of the limit, or of the peer's form that it is compared with."""
    ratio: Spread
    by_cpu: Spread | None
    """By CPU time alone: of the busier process at each side."""
    difference: Spread | None = None
    """To a peer, in the measure's unit."""


@dataclass(frozen=True)
class Figure:
    """One row: an entrant; or a limit, which is compared with nothing."""

    measure: Measure
    name: str
    kind: str
    """``limit``, ``asyncauth`` or ``peer``."""
    value: Spread
    server_cpu: float | None = None
    """Microseconds per handshake, message or round trip, the median; of a limit, of the one process that it is."""
    client_cpu: float | None = None
    limits: dict[str, Against] = field(default_factory=dict)
    peers: dict[str, Against] = field(default_factory=dict)
    """By subject."""
    more: dict[str, float] = field(default_factory=dict)
    """Medians of what else was seen."""

    @property
    def fields(self) -> dict[str, object]:
        """For JSON."""
        return {**asdict(self), "measure": self.measure.name, "unit": self.measure.unit}


def figures(samples: Sequence[Sample], entrants: Mapping[str, Entrant]) -> list[Figure]:
    """The rows, limits first, for each measure that there are samples of.

    :param entrants: by name; whoever is not among them is compared with limits only
    """
    rows: list[Figure] = []
    for measure in dict.fromkeys(sample.measure for sample in samples):
        found = [sample for sample in samples if sample.measure == measure]
        rows += [_limit(measure, name, found) for name in found[0].limits]
        by_name = {name: [sample for sample in found if sample.name == name] for name in _names(found)}
        for name, mine in by_name.items():
            kind = "peer" if name in entrants and entrants[name].subject != OURS else OURS
            rows.append(_entrant(measure, name, kind, mine, _rivals(entrants.get(name), by_name, entrants)))
    return rows


def _names(samples: Sequence[Sample]) -> list[str]:
    first = min(sample.round for sample in samples)
    return [sample.name for sample in samples if sample.round == first]


def _rivals(
    mine: Entrant | None, by_name: Mapping[str, Sequence[Sample]], entrants: Mapping[str, Entrant]
) -> dict[str, tuple[str, Sequence[Sample]]]:
    """For each peer the form that is closest to ours, with its samples."""
    if mine is None or mine.subject != OURS or not mine.usual:
        return {}
    there = [entrants[name] for name in by_name if name in entrants and entrants[name].subject != OURS]
    found: dict[str, tuple[str, Sequence[Sample]]] = {}
    for subject in dict.fromkeys(peer.subject for peer in there):
        rivals = [peer for peer in there if peer.subject == subject]
        chosen = [closest(mine, rivals)] if rivals[0].loop else rivals
        for rival in chosen:
            found[subject if rival.loop else str(rival)] = str(rival), by_name[str(rival)]
    return found


def _limit(measure: Measure, name: str, samples: Sequence[Sample]) -> Figure:
    paces = [sample.limits[name] for sample in samples]
    cpu = median(pace.cpu for pace in paces)
    return Figure(measure, name, "limit", Spread.of(pace.value for pace in paces), None, cpu)


def _entrant(
    measure: Measure,
    name: str,
    kind: str,
    samples: Sequence[Sample],
    rivals: Mapping[str, tuple[str, Sequence[Sample]]],
) -> Figure:
    measured = [sample.measured for sample in samples]
    return Figure(
        measure,
        name,
        kind,
        Spread.of(each.value for each in measured),
        _median(each.server_cpu for each in measured),
        _median(each.client_cpu for each in measured),
        {name: _against_limit(name, samples) for name in samples[0].limits},
        {
            subject: _against_peer(peer, samples, theirs)
            for subject, (peer, theirs) in rivals.items()
            if any(sample.measured.value > 0 for sample in theirs)
        },
        {key: median(each.more[key] for each in measured) for key in measured[0].more},
    )


def _against_limit(name: str, samples: Sequence[Sample]) -> Against:
    by_cpu = [sample.cpu_ratios[name] for sample in samples if sample.cpu_ratios]
    return Against(
        name, Spread.of(sample.ratios[name] for sample in samples), Spread.of(by_cpu) if by_cpu else None
    )


def _against_peer(peer: str, samples: Sequence[Sample], theirs: Sequence[Sample]) -> Against:
    by_round = {sample.round: sample.measured for sample in theirs}
    pairs = [(sample.measured, by_round[sample.round]) for sample in samples]
    by_cpu = [other.busier / mine.busier for mine, other in pairs if mine.busier and other.busier]
    return Against(
        peer,
        Spread.of(mine.value / other.value for mine, other in pairs if other.value > 0),
        Spread.of(by_cpu) if by_cpu else None,
        Spread.of(mine.value - other.value for mine, other in pairs),
    )


def _median(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return median(found) if found else None
