"""Real .NET as a peer: ``DotNet.cs``, which speaks the language of lines that our own processes speak.

.NET compiles while it runs, and what has run often enough it compiles once more, better. With handshakes that takes
four seconds of work or so, after which it makes a quarter to a third more of them. A server's life is longer than that;
so before its first measurement of a kind it does the same for as long as eight of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ._child import Child
from ._common import SPN
from ._dotnet_runtime import RUNTIMES, command
from ._pair import Pair

if TYPE_CHECKING:
    from ._entrants import Entrant
    from ._measures import Measure
    from ._pair import Measured
    from ._place import Place

__all__ = ["dotnet_pair"]

_SOURCE = Path(__file__).with_name("DotNet.cs")
_WARM_UPS = 32
"""Before the first measurement of a kind; of each other one all contestants have one, a quarter as long as it."""


class _Compiled(Pair):
    """See the head of this file."""

    _compiled: frozenset[str] = frozenset()

    def measure(self, measure: Measure, seconds: float, connections: int) -> Measured:
        if measure.warms_up and measure.name not in self._compiled:
            self._compiled |= {measure.name}
            super().measure(measure, seconds * _WARM_UPS, connections)
        return super().measure(measure, seconds, connections)


def dotnet_pair(entrant: Entrant, place: Place) -> Pair:
    """Server and client on the runtime of that version.

    :raises MechanismUnavailable: the runtime or the compiler is missing
    """
    line = command(RUNTIMES[entrant.family], _SOURCE, place.folder)
    environment = {
        **place.environment,
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        "HOME": str(place.folder),
    }

    def child(side: str, **settings: object) -> Child:
        first = json.dumps({"spn": SPN, **settings})
        return Child(f"the {side} of {entrant}", [*line, side], environment, first)

    server = child("server")
    try:
        client = child("client", port=server.hear()["port"])
    except BaseException:
        server.close()
        raise
    return _Compiled(str(entrant), [server], [client])
