"""How many handshakes per second so many processes make: a model of three lines, to be held against measurements.

A handshake costs a server process so much CPU time and a client process so much, whatever else happens; a process can
use one core at most, and all of them together what there is. Waiting costs nothing, because others go on meanwhile.
What the model leaves out makes it promise too much: caches that are shared, a core that other programs use. The KDC is
not in it, because it is asked once per client and service. So there are two comparisons: with what was measured, and
by CPU, with what the model says if it is given the CPU times of this very arrangement, which is whether handshakes
cost the same with more processes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._entrants import Entrant
    from ._figures import Figure

__all__ = ["cores", "predicted", "with_predictions"]


def predicted(server_us: float, client_us: float, servers: int, clients: int, cores: int) -> float:
    """Handshakes per second.

    :param server_us: microseconds of CPU time for one at the server; ``client_us`` at the client
    :param cores: of the one machine on which all of these processes run
    """
    return 1e6 * min(servers / server_us, clients / client_us, cores / (server_us + client_us))


def with_predictions(figures: Sequence[Figure], entrants: Mapping[str, Entrant]) -> list[Figure]:
    """The same, with the model's value at each layer, if some were measured in other arrangements than one server and
    one client, whose CPU times are what the model is given."""
    if all(entrant.usual for entrant in entrants.values()):
        return list(figures)
    return [_with_prediction(figure, figures, entrants) for figure in figures]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _with_prediction(figure: Figure, figures: Sequence[Figure], entrants: Mapping[str, Entrant]) -> Figure:
    entrant = entrants.get(figure.name)
    if figure.measure.name != "handshake" or entrant is None or figure.kind != "asyncauth":
        return figure
    single = str(replace(entrant, processes=(1, 1), one_core=False))
    base = next((one for one in figures if one.measure == figure.measure and one.name == single), None)
    if base is None or base.server_cpu is None or base.client_cpu is None:
        return figure
    machine = (*entrant.processes, 1 if entrant.one_core else cores())
    value = predicted(base.server_cpu, base.client_cpu, *machine)
    more = {"model": value, "x model": figure.value.median / value}
    if figure.server_cpu is not None and figure.client_cpu is not None:
        more["x model (by CPU)"] = predicted(figure.server_cpu, figure.client_cpu, *machine) / value
    return replace(figure, more={**figure.more, **more})
