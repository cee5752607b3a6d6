"""Starting an entrant's processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from ._child import Child, python
from ._entrants import OURS, Entrant
from ._pair import Contestant, Measured, Pair
from ._settings import Settings

if TYPE_CHECKING:
    from ._measures import Measure
    from ._place import Place

__all__ = ["Fresh", "against_service", "pair", "start"]


class Fresh:
    """An entrant whose processes are started for each measurement: memory that was given back before would be used
    again, and not be seen."""

    def __init__(self, entrant: Entrant, place: Place) -> None:
        self._entrant = entrant
        self._place = place

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:
        """See :class:`Contestant`."""
        with start(self._entrant, self._place) as started:
            return started.measure(measure, seconds, connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is held between measurements."""


def start(entrant: Entrant, place: Place) -> Contestant:
    """Servers and clients of an entrant, ready to be measured.

    :raises BenchmarkError: one of them does not start
    """
    if entrant.subject == "dotnet":
        from ._dotnet import dotnet_pair

        return dotnet_pair(entrant, place)
    if entrant.subject == "gss-sample":
        from ._gss_sample import GssSample

        return GssSample(place)
    return pair(entrant, place, {} if entrant.subject == OURS else place.environment)


def against_service(entrant: Entrant, settings: Settings) -> Contestant:
    """A client of ours for a server that is somebody else's."""
    return Pair(str(entrant), [], [_child("client", entrant, settings, {})])


def pair(entrant: Entrant, place: Place, environment: Mapping[str, str]) -> Pair:
    """Processes of ours.

    :param environment: variables for each of them
    :raises BenchmarkError: one of them does not start
    """
    if entrant.subject == "mtls" and not (place.folder / "ca.pem").exists():
        from ._tls import make_certificates

        make_certificates(place.folder)
    form = Settings(folder=str(place.folder)).of(entrant)
    servers: list[Child] = []
    clients: list[Child] = []
    made, port = Pair(str(entrant), servers, clients), 0
    try:
        for _ in range(entrant.processes[0]):
            settings = form.with_keys(f"{place.keytab}").at(port)
            servers.append(_child("server", entrant, settings, environment))
            port = servers[-1].hear()["port"]
        for _ in range(entrant.processes[1]):
            settings = form.with_tickets(place.cache).at(port)
            clients.append(_child("client", entrant, settings, environment))
    except BaseException:
        made.__exit__()
        raise
    return made


def _child(side: str, entrant: Entrant, settings: Settings, environment: Mapping[str, str]) -> Child:
    return Child(f"the {side} of {entrant}", python(f"_{side}"), environment, settings.line)
