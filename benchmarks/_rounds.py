"""What is measured, in which order.

The host drifts, by half and within seconds, so a figure means nothing by itself. Every measurement of a layer stands
between two of the limit, and its ratio is taken to the mean of these two. All layers come in each round, in another
order each time, and what is reported are medians over the rounds.

Other programs disturb two processes more than the one thread of the limit. So the CPU time of each is measured too:
the ratio by CPU time is about what the other ratio would be if nothing else ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ._child import Measured, Pair
from ._common import Pace

if TYPE_CHECKING:
    from ._limit import Limit

__all__ = ["MEASURES", "Measure", "Plan", "Sample", "samples"]

Measure = Literal["handshake", "throughput"]
MEASURES: tuple[Measure, ...] = ("handshake", "throughput")

_WARM_UP = 0.25
_LIMIT_SHARE = 0.25
"""Parts of a measurement's time that go into the one before it, which is thrown away, and into each limit's loop."""


@dataclass(frozen=True)
class Plan:
    """How much of it."""

    rounds: int
    seconds: float
    """Of one measurement."""
    connections: int
    """Handshakes under way at a time."""
    measures: Sequence[Measure] = MEASURES


@dataclass(frozen=True)
class Sample:
    """One measurement with the limit round it."""

    round: int
    measure: Measure
    layer: str
    measured: Measured
    limits: Mapping[str, Pace]
    """By mechanism."""

    @property
    def ratios(self) -> dict[str, float]:
        """The value to each limit."""
        return {mechanism: self.measured.value / limit.value for mechanism, limit in self.limits.items()}

    @property
    def cpu_ratios(self) -> dict[str, float]:
        """The same by CPU time alone: what the busier process could reach if it had a core to itself."""
        busier = max(self.measured.server_cpu, self.measured.client_cpu)
        return {mechanism: limit.cpu / busier for mechanism, limit in self.limits.items()}


def samples(plan: Plan, pairs: Mapping[str, Pair], limits: Sequence[Limit]) -> Iterator[Sample]:
    """Measure; each sample comes as it is made."""
    for number in range(plan.rounds):
        for measure in plan.measures:
            before = _limit(plan, measure, limits)
            for layer in _rotated(list(pairs), number):
                measured = _measured(plan, measure, pairs[layer])
                after = _limit(plan, measure, limits)
                around = {mechanism: _mean(before[mechanism], after[mechanism]) for mechanism in after}
                yield Sample(number + 1, measure, layer, measured, around)
                before = after


def _measured(plan: Plan, measure: Measure, pair: Pair) -> Measured:
    _once(plan.seconds * _WARM_UP, plan, measure, pair)
    return _once(plan.seconds, plan, measure, pair)


def _once(seconds: float, plan: Plan, measure: Measure, pair: Pair) -> Measured:
    if measure == "handshake":
        return pair.handshake(seconds, plan.connections)
    return pair.throughput(seconds)


def _limit(plan: Plan, measure: Measure, limits: Sequence[Limit]) -> dict[str, Pace]:
    seconds = plan.seconds * _LIMIT_SHARE
    return {
        limit.mechanism: limit.handshakes(seconds) if measure == "handshake" else limit.seals(seconds)
        for limit in limits
    }


def _mean(before: Pace, after: Pace) -> Pace:
    return Pace((before.value + after.value) / 2, (before.cpu + after.cpu) / 2)


def _rotated(layers: list[str], by: int) -> list[str]:
    by %= len(layers)
    return layers[by:] + layers[:by]
