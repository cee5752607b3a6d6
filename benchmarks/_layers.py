"""The layers that can be measured: a family of calls, on a loop."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

from ._common import BenchmarkError, Family

__all__ = ["LAYERS", "Layer", "chosen"]

_LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {"use_uvloop": False}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


@dataclass(frozen=True)
class Layer:
    """One layer on one loop, ``anyio/trio`` for instance."""

    family: str
    loop: str

    def __str__(self) -> str:
        return f"{self.family}/{self.loop}"

    @property
    def runner(self) -> dict[str, Any]:
        """The options of ``anyio.run``; what runs is a plain asyncio or uvloop loop, or Trio."""
        backend, options = _LOOPS[self.loop]
        return {"backend": backend, "backend_options": options}

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.loop) is not None

    def calls(self) -> Family:
        """The family's calls; imports what they need, and no other layer."""
        match self.family:
            case "anyio":
                from ._anyio_layer import AnyioLayer

                return AnyioLayer()
            case "protocol":
                from ._protocol_layer import ProtocolLayer

                return ProtocolLayer()
            case _:
                from ._streams_layer import StreamsLayer

                return StreamsLayer()


LAYERS = {
    str(layer): layer
    for layer in (
        Layer("anyio", "asyncio"),
        Layer("anyio", "uvloop"),
        Layer("anyio", "trio"),
        Layer("protocol", "asyncio"),
        Layer("protocol", "uvloop"),
        Layer("streams", "asyncio"),
        Layer("streams", "uvloop"),
    )
}


def chosen(names: str | None) -> list[Layer]:
    """The layers of a list with commas: names, or parts before or after the slash; all that can run, for None.

    :raises BenchmarkError: there is no such layer, or its loop is not installed
    """
    if names is None:
        return [layer for layer in LAYERS.values() if layer.installed]
    found = dict.fromkeys(layer for name in names.split(",") for layer in _named(name.strip()))
    missing = ", ".join(sorted({layer.loop for layer in found if not layer.installed}))
    if missing:
        raise BenchmarkError(f"not installed: {missing}")
    return list(found)


def _named(name: str) -> list[Layer]:
    layers = [layer for layer in LAYERS.values() if name in (str(layer), layer.family, layer.loop)]
    if not layers:
        raise BenchmarkError(f"there is no layer {name!r}, but {', '.join(LAYERS)}")
    return layers
