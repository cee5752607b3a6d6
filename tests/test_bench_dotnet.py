"""What compiles while it runs."""

from __future__ import annotations

import pytest

from asyncauth.bench._dotnet import _Compiled
from asyncauth.bench._measures import MEASURES, Measure
from asyncauth.bench._pair import Measured, Pair


def test_it_runs_for_a_while_before_its_first_measurement_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def measure(_: Pair, measure: Measure, seconds: float, connections: int) -> Measured:
        done.append((measure.name, seconds, connections))
        return Measured(1.0)

    monkeypatch.setattr(Pair, "measure", measure)
    peer, other = (_Compiled("dotnet", [], []) for _ in range(2))
    for name in ("handshake", "handshake", "echo", "idle"):
        peer.measure(MEASURES[name], 0.25, 8)
    other.measure(MEASURES["handshake"], 0.25, 8)
    first, each = ("handshake", 8.0, 8), ("handshake", 0.25, 8)
    assert done == [first, each, each, ("echo", 8.0, 8), ("echo", 0.25, 8), ("idle", 0.25, 8), first, each]
