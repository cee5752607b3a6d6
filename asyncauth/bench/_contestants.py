"""From who takes part to what is started and asked, for each measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeAlias

from .._errors import MechanismUnavailable
from ._entrants import Entrant
from ._measures import MEASURES
from ._start import Fresh, start

if TYPE_CHECKING:
    from ._pair import Contestant
    from ._place import Place
    from ._rounds import Plan

__all__ = ["Contestants", "contestants", "located", "phases"]

Contestants: TypeAlias = dict[str, dict[str, "Contestant"]]
"""By measure and by name; each measure is there."""


def contestants(
    plan: Plan, entrants: Mapping[str, Entrant], place: Place, stack: ExitStack, tell: Callable[[str], None]
) -> Contestants:
    """Start all who take part; ``stack`` ends them.

    :param tell: called with a short line before each step
    :raises BenchmarkError: one does not start
    """
    found: Contestants = {name: {} for name in MEASURES}
    for name, entrant in entrants.items():
        wanted = [measure for measure in plan.measures if measure in entrant.measures]
        if "idle" in wanted:
            found["idle"][name] = Fresh(entrant, place)
        shared = [measure for measure in wanted if measure not in ("idle", "loop")]
        if shared:
            tell(f"starting {name}")
            started = stack.enter_context(start(entrant, place))
            found |= {measure: {**found[measure], name: started} for measure in shared}
    if "loop" in plan.measures:
        found["loop"] = dict(_loops(entrants, place, stack))
    return found


def phases(place: Place) -> dict[str, Contestant]:
    """For each end, and what it has already."""
    from ._phases import FORMS, Phases

    return {form: Phases(form, place) for form in FORMS}


def located(place: Place, tell: Callable[[str], None]) -> dict[str, Contestant]:
    """For each kind of directory entry; publishes them.

    :raises MechanismUnavailable: the realm has no directory
    """
    from ._discovery import FORMS, Locator, publish

    if place.kind != "ad":
        raise MechanismUnavailable(
            "the private realm has no directory", fix="--realm ad says what it takes to have one"
        )
    tell("publishing services")
    publish(place)
    return {form: Locator(form, place) for form in FORMS}


def _loops(
    entrants: Mapping[str, Entrant], place: Place, stack: ExitStack
) -> Iterator[tuple[str, Contestant]]:
    """Each layer with each of the bad KDCs."""
    from ._loop_delay import KDCS, LoopDelay
    from ._slow_kdc import SlowKdc

    kdc = stack.enter_context(SlowKdc(place))
    for name, entrant in entrants.items():
        if "loop" in entrant.measures:
            yield from (
                (f"{name}, {which}", LoopDelay(entrant, kdc, place, delay)) for which, delay in KDCS.items()
            )
