"""From samples to what is reported: medians with their spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ._rounds import Measure, Sample

__all__ = ["UNITS", "Figure", "Spread", "figures"]

UNITS: dict[Measure, str] = {"handshake": "handshakes/s", "throughput": "MB/s"}


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
class Figure:
    """One row: a layer, or a limit, which has no ratios."""

    measure: Measure
    name: str
    value: Spread
    ratios: dict[str, Spread]
    """By the limit's mechanism. The median of the ratios, not the ratio of the medians."""
    cpu_ratios: dict[str, Spread]
    """By CPU time alone."""
    server_cpu: float
    """Microseconds per handshake or message, the median; of a limit, of the one process that it is."""
    client_cpu: float


def figures(samples: Sequence[Sample]) -> list[Figure]:
    """The rows, limits first, for each measure that there are samples of."""
    rows: list[Figure] = []
    for measure in dict.fromkeys(sample.measure for sample in samples):
        found = [sample for sample in samples if sample.measure == measure]
        rows += [_limit(measure, mechanism, found) for mechanism in found[0].limits]
        for layer in dict.fromkeys(sample.layer for sample in found):
            rows.append(_layer(measure, layer, [sample for sample in found if sample.layer == layer]))
    return rows


def _limit(measure: Measure, mechanism: str, samples: Sequence[Sample]) -> Figure:
    paces = [sample.limits[mechanism] for sample in samples]
    cpu = median(pace.cpu for pace in paces)
    return Figure(measure, f"raw {mechanism}", Spread.of(pace.value for pace in paces), {}, {}, cpu, cpu)


def _layer(measure: Measure, layer: str, samples: Sequence[Sample]) -> Figure:
    return Figure(
        measure,
        layer,
        Spread.of(sample.measured.value for sample in samples),
        _by_mechanism([sample.ratios for sample in samples]),
        _by_mechanism([sample.cpu_ratios for sample in samples]),
        median(sample.measured.server_cpu for sample in samples),
        median(sample.measured.client_cpu for sample in samples),
    )


def _by_mechanism(ratios: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    return {mechanism: Spread.of(each[mechanism] for each in ratios) for mechanism in ratios[0]}
