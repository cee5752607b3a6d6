"""Real .NET as a peer: ``DotNet.cs``, which speaks the language of lines that our own processes speak."""

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
    from ._place import Place

__all__ = ["dotnet_pair"]

_SOURCE = Path(__file__).with_name("DotNet.cs")


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
    return Pair(str(entrant), [server], [client])
