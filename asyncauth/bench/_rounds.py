"""What is measured, in which order.

The host drifts, by half and within seconds, so a figure means nothing by itself. Every measurement of an entrant stands
between two of the limit, and its ratio is taken to the mean of these two. All entrants, peers too, come in each round,
in another order each time; a ratio to a peer is taken within a round; and what is reported are medians over rounds.

Other programs disturb two processes more than the one thread of the limit. So the CPU time of each is measured too:
the ratio by CPU time is about what the other ratio would be if nothing else ran.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ._common import Pace
from ._measures import MEASURES, Measure
from ._pair import Contestant, Measured

if TYPE_CHECKING:
    from ._limit import Limits

__all__ = ["Plan", "Sample", "Turn", "samples"]

_WARM_UP = 0.25
_LIMIT_SHARE = 0.25
"""Parts of a measurement's time that go into the one before it, which is thrown away, and into each limit's loop."""


@dataclass(frozen=True)
class Plan:
    """How much of it."""

    rounds: int = 5
    seconds: float = 1.0
    """Of one measurement."""
    connections: int = 32
    """Handshakes under way at a time."""
    idle: int = 1000
    """Idle connections."""
    measures: tuple[str, ...] = tuple(MEASURES)


@dataclass(frozen=True)
class Sample:
    """One measurement with the limits round it."""

    round: int
    measure: Measure
    name: str
    measured: Measured
    limits: Mapping[str, Pace] = field(default_factory=dict)
    """By name."""

    @property
    def ratios(self) -> dict[str, float]:
        """The value to each limit."""
        return {name: self.measured.value / limit.value for name, limit in self.limits.items()}

    @property
    def cpu_ratios(self) -> dict[str, float]:
        """The same by CPU time alone: what the busier process could reach if it had a core to itself."""
        busier = self.measured.busier
        return {name: limit.cpu / busier for name, limit in self.limits.items()} if busier else {}


@dataclass(frozen=True)
class Turn:
    """What is about to be measured."""

    round: int
    measure: Measure
    name: str
    number: int = 0
    """Of ``total`` measurements."""
    total: int = 0


def samples(
    plan: Plan, contestants: Mapping[str, Mapping[str, Contestant]], limits: Limits | None
) -> Iterator[Turn | Sample]:
    """Measure; each sample comes as it is made, and before it its turn.

    :param contestants: for each measure, by name
    :param limits: None where they cannot be measured
    """
    total = plan.rounds * sum(len(contestants[name]) for name in plan.measures)
    done = 0
    for number in range(plan.rounds):
        for name in plan.measures:
            for each in _round(plan, number, MEASURES[name], contestants[name], limits):
                if isinstance(each, Turn):
                    done += 1
                    yield replace(each, number=done, total=total)
                else:
                    yield each


def _round(
    plan: Plan,
    number: int,
    measure: Measure,
    contestants: Mapping[str, Contestant],
    limits: Limits | None,
) -> Iterator[Turn | Sample]:
    def limit() -> Mapping[str, Pace]:
        return limits.measured(measure, plan.seconds * _LIMIT_SHARE) if limits else {}

    before = limit() if contestants else {}
    for name in _rotated(list(contestants), number):
        yield Turn(number + 1, measure, name)
        measured = _measured(plan, measure, contestants[name])
        after = limit()
        around = {name: _mean(before[name], after[name]) for name in after}
        yield Sample(number + 1, measure, name, measured, around)
        before = after


def _measured(plan: Plan, measure: Measure, contestant: Contestant) -> Measured:
    connections = plan.idle if measure.name == "idle" else plan.connections
    if measure.warms_up:
        contestant.measure(measure, plan.seconds * _WARM_UP, connections)
    return contestant.measure(measure, plan.seconds, connections)


def _mean(before: Pace, after: Pace) -> Pace:
    return Pace((before.value + after.value) / 2, (before.cpu + after.cpu) / 2)


def _rotated(names: list[str], by: int) -> list[str]:
    by %= len(names) or 1
    return names[by:] + names[:by]
