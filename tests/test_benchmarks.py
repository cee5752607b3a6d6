"""The benchmarks run, and say what they measured. What the figures are is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncauth import ConnectionInfo, Protection, Role
from benchmarks._child import Measured
from benchmarks._common import BenchmarkError, Pace, Tally, confirmed
from benchmarks._figures import figures
from benchmarks._layers import LAYERS, chosen
from benchmarks._rounds import MEASURES, Sample

ROOT = Path(__file__).parent.parent
LIMITS = ("spnego", "krb5")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.usefixtures("realm")
def test_every_layer_is_measured_against_the_limit() -> None:
    done = run("--rounds", "1", "--seconds", "0.1", "--connections", "2", "--json")
    assert done.returncode == 0, done.stderr
    setting, *rest = [json.loads(line) for line in done.stdout.splitlines()]
    assert (setting["event"], setting["rounds"], setting["connections"]) == ("setting", 1, 2)
    samples = [line for line in rest if line["event"] == "sample"]
    assert {(line["measure"], line["layer"]) for line in samples} == {
        (measure, layer) for measure in MEASURES for layer in LAYERS
    }
    assert all(is_complete(sample) for sample in samples)
    results = [line for line in rest if line["event"] == "result"]
    assert [line["name"] for line in results] == [*(f"raw {limit}" for limit in LIMITS), *LAYERS] * 2
    assert all(0 < line["min"] <= line["median"] <= line["max"] for line in results)
    assert "round 1/1  anyio/trio" in done.stderr


def is_complete(sample: dict[str, Any]) -> bool:
    numbers = [sample["value"], sample["server_cpu_us"], sample["client_cpu_us"], *sample["limits"].values()]
    ratios = {limit: sample["value"] / sample["limits"][limit] for limit in LIMITS}
    busier = max(sample["server_cpu_us"], sample["client_cpu_us"])
    by_cpu = {limit: sample["limit_cpu_us"][limit] / busier for limit in LIMITS}
    return (
        all(number > 0 for number in numbers)
        and sample["ratios"] == pytest.approx(ratios)
        and sample["cpu_ratios"] == pytest.approx(by_cpu)
    )


@pytest.mark.usefixtures("realm")
def test_the_table_and_a_choice_of_layers() -> None:
    done = run("--rounds", "2", "--seconds", "0.05", "--layers", "anyio/asyncio", "--only", "handshake")
    assert done.returncode == 0, done.stderr
    rows = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert rows == ["median", "raw", "raw", "anyio/asyncio"]
    assert "Sealed MB/s" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--layers", "curio"), "there is no layer 'curio'"),
        (("--rounds", "0"), "0 is less than 1"),
        (("--seconds", "nan"), "nan is less than 0.01"),
        (("--connections", "many"), "invalid int value: 'many'"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], reason: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert reason in done.stderr


def test_layers_by_family_and_by_loop() -> None:
    assert [str(layer) for layer in chosen("trio, protocol,trio")] == [
        "anyio/trio",
        "protocol/asyncio",
        "protocol/uvloop",
    ]


def test_medians_and_ratios() -> None:
    def sample(number: int, value: float, limit: float) -> Sample:
        return Sample(
            number, "handshake", "a/b", Measured(value, number, 2 * number), {"spnego": Pace(limit, 1.0)}
        )

    limit, layer = figures([sample(1, 10.0, 20.0), sample(2, 40.0, 40.0), sample(3, 30.0, 50.0)])
    assert (limit.name, limit.value.median, limit.ratios) == ("raw spnego", 40.0, {})
    assert (layer.value.min, layer.value.median, layer.value.max) == (10.0, 30.0, 40.0)
    assert layer.ratios["spnego"].median == 0.6
    assert layer.cpu_ratios["spnego"].median == 0.25
    assert (layer.server_cpu, layer.client_cpu) == (2, 4)


@pytest.mark.parametrize(
    "less", [{"mechanism": "ntlm"}, {"mutual": False}, {"protection": Protection.SIGN}], ids=str
)
def test_a_lesser_handshake_does_not_count(less: dict[str, Any]) -> None:
    full: dict[str, Any] = {"mechanism": "kerberos", "mutual": True, "protection": Protection.SEAL}
    tally = Tally()
    for fields in (full, full | less):
        info = ConnectionInfo(
            role=Role.SERVER, framing="nns", peer=None, target=None, lifetime=None, **fields
        )
        tally.established(info)
    assert tally.handshakes == 2
    assert ["reached less" in failure for failure in tally.failures] == [True]


def test_bytes_that_did_not_arrive_do_not_count() -> None:
    assert confirmed((65_536).to_bytes(8, "big"), 65_536, 0.0).size == 65_536
    with pytest.raises(BenchmarkError, match="65536 bytes were sent, and the receiver confirms nothing"):
        confirmed(b"", 65_536, 0.0)
