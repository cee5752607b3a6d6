"""Who can be measured: asyncauth's layers, and the peers."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .._errors import MechanismUnavailable
from ._common import BenchmarkError

if TYPE_CHECKING:
    from .._errors import AsyncAuthError

__all__ = [
    "LAYERS",
    "OURS",
    "PEERS",
    "Entrant",
    "chosen_layers",
    "chosen_peers",
    "closest",
    "entrants",
    "variants",
]

OURS = "asyncauth"
RATES = ("handshake", "throughput", "echo", "stream")


@dataclass(frozen=True)
class Entrant:
    """One subject in one form.

    :param subject: ``asyncauth``, or the name of a peer
    :param family: ``anyio``, ``protocol`` or ``streams``; of a peer outside Python its version
    :param loop: what it runs on
    :param bulk: the bulk path of message protection may be used
    :param measures: what it can be measured by
    :param processes: how many servers, on one port, and how many clients
    :param one_core: all of them on the same core, to see what a second one is good for
    :param framing: asyncauth's, by the name that the command line has for it
    :param mechanism: asyncauth's
    """

    subject: str
    family: str
    loop: str = ""
    bulk: bool = True
    measures: tuple[str, ...] = (*RATES, "idle")
    processes: tuple[int, int] = (1, 1)
    one_core: bool = False
    framing: str = "nns"
    mechanism: str = "negotiate"

    def __str__(self) -> str:
        form = "/".join(part for part in (self.family, self.loop) if part)
        name = form if self.subject == OURS else f"{self.subject} {form}".strip()
        if self.processes != (1, 1):
            name += f", {_some(self.processes[0], 'server')}, {_some(self.processes[1], 'client')}"
        name += ", on one core" if self.one_core else ""
        return name if self.bulk else f"{name}, gss_wrap only"

    @property
    def usual(self) -> bool:
        """As a program is, and so to be compared with peers."""
        return self.processes == (1, 1) and not self.one_core

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.loop) is not None


LAYERS = {
    str(layer): layer
    for layer in (
        Entrant(OURS, family, loop, measures=(*RATES, "visit", "idle", "loop"))
        for family, loop in (
            ("anyio", "asyncio"),
            ("anyio", "uvloop"),
            ("anyio", "trio"),
            ("protocol", "asyncio"),
            ("protocol", "uvloop"),
            ("streams", "asyncio"),
            ("streams", "uvloop"),
        )
    )
}

PEERS = ("dotnet", "gss-sample", "mtls", "pyspnego", "tcp")


def chosen_layers(names: str | None) -> list[Entrant]:
    """The layers of a list with commas: names, or parts before or after the slash; all that can run, for None.

    :raises BenchmarkError: there is no such layer, or its loop is not installed
    """
    if names is None:
        return [layer for layer in LAYERS.values() if layer.installed]
    found = dict.fromkeys(layer for name in names.split(",") for layer in _named(name.strip()))
    missing = ", ".join(sorted({layer.loop for layer in found if not layer.installed}))
    if missing:
        raise BenchmarkError(f"not installed: {missing}", fix=f"pip install {missing}")
    return list(found)


def chosen_peers(names: str | None) -> list[str]:
    """The peers of a list with commas; ``all`` is all of them.

    :raises BenchmarkError: there is no such peer
    """
    wanted = [name.strip() for name in (names or "").split(",") if name.strip()]
    for name in wanted:
        if name not in (*PEERS, "all"):
            raise BenchmarkError(f"there is no peer {name!r}, but {', '.join(PEERS)} and all")
    return [peer for peer in PEERS if peer in wanted or "all" in wanted]


def entrants(peer: str, layers: Sequence[Entrant]) -> list[Entrant]:
    """The forms of a peer that these layers are compared with.

    :raises AsyncAuthError: it is not installed
    """
    if (missing := _missing(peer)) is not None:
        raise missing
    match peer:
        case "tcp":
            return [Entrant(peer, layer.family, layer.loop) for layer in layers]
        case "mtls":
            measures = (*RATES, "visit", "idle")
            return _unique(
                Entrant(peer, _native(layer), _asyncio(layer), measures=measures) for layer in layers
            )
        case "pyspnego":
            return _unique(Entrant(peer, "streams", _asyncio(layer)) for layer in layers)
        case "dotnet":
            from ._dotnet_runtime import RUNTIMES

            return [Entrant(peer, name) for name, runtime in RUNTIMES.items() if runtime.installed]
    return [Entrant(peer, "C", measures=("handshake", "echo"))]


def variants(layers: Sequence[Entrant], workers: int) -> list[Entrant]:
    """The same layers with the bulk path off, where that makes a difference; and with more processes."""
    found = [replace(layer, bulk=False, measures=("throughput",)) for layer in layers]
    if workers > 1:
        found += [replace(layer, one_core=True, measures=("handshake",)) for layer in layers]
        for processes in ((1, workers), (workers, workers)):
            found += [replace(layer, processes=processes, measures=("handshake",)) for layer in layers]
    return found


def closest(layer: Entrant, peers: Sequence[Entrant]) -> Entrant:
    """The form of a peer to compare a layer with: the same calls on the same loop, or what is nearest to it."""
    return max(
        peers,
        key=lambda peer: (peer.loop == layer.loop, peer.loop == _asyncio(layer), peer.family == layer.family),
    )


def _missing(peer: str) -> AsyncAuthError | None:
    """What this machine lacks for a peer."""
    if peer == "mtls" and importlib.util.find_spec("cryptography") is None:
        return MechanismUnavailable("no package cryptography", fix="pip install cryptography")
    if peer == "gss-sample" and None in map(shutil.which, ("gss-client", "gss-server")):
        return MechanismUnavailable(
            "no gss-client and gss-server", fix="install Debian's package krb5-gss-samples"
        )
    if peer == "dotnet":
        from ._dotnet_runtime import missing

        return missing()
    return None


def _named(name: str) -> list[Entrant]:
    layers = [layer for layer in LAYERS.values() if name in (str(layer), layer.family, layer.loop)]
    if not layers:
        raise BenchmarkError(f"there is no layer {name!r}, but {', '.join(LAYERS)}")
    return layers


def _native(layer: Entrant) -> str:
    return "streams" if layer.family == "anyio" else layer.family


def _asyncio(layer: Entrant) -> str:
    return "asyncio" if layer.loop == "trio" else layer.loop


def _unique(found: Iterable[Entrant]) -> list[Entrant]:
    return list(dict.fromkeys(found))


def _some(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"
