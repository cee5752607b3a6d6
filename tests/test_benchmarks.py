"""The benchmarks run, and say what they measured. What the figures are is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from asyncauth import Protection
from asyncauth.bench import MEASURES, Bench, Plan, Sample, chosen_layers, chosen_peers
from asyncauth.bench._common import BenchmarkError, Pace, Tally, confirmed
from asyncauth.bench._discovery import FORMS as LOCATED
from asyncauth.bench._entrants import LAYERS, Entrant, closest, entrants, variants
from asyncauth.bench._figures import figures
from asyncauth.bench._loop_delay import KDCS
from asyncauth.bench._model import predicted, with_predictions
from asyncauth.bench._pair import Measured
from asyncauth.bench._phases import FORMS as PHASES
from asyncauth.bench._settings import Settings
from asyncauth.bench._wires import AsyncAuthWire
from asyncauth.testing import Realm

ROOT = Path(__file__).parent.parent
BRIEF = ("--rounds", "1", "--seconds", "0.04", "--connections", "2", "--idle", "8")
OURS = LAYERS["protocol/uvloop"]
PEERS = {
    "dotnet 3.1",
    "dotnet 8.0",
    "gss-sample C",
    "mtls protocol/uvloop",
    "pyspnego streams/uvloop",
    "tcp protocol/uvloop",
}


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def everything() -> list[dict[str, Any]]:
    """All measures, one layer, all peers, two processes a side."""
    return objects(run("benchmarks", *BRIEF, "--layers", "protocol/uvloop", "--realm", "ad", "--json"))


def names(measure: str, event: str = "result") -> set[str]:
    return {line["name"] for line in everything() if line["event"] == event and line["measure"] == measure}


def test_every_measure_is_taken(ad_realm: Realm) -> None:
    setting, *rest = everything()
    assert (setting["event"], setting["rounds"], setting["connections"]) == ("setting", 1, 2)
    assert {line["measure"] for line in rest} == set(MEASURES)
    assert not [line for line in rest if line["event"] == "not-measured"]
    samples = [line for line in rest if line["event"] == "sample"]
    assert all(sample["value"] > 0 for sample in samples if sample["measure"] != "idle")
    results = [line for line in rest if line["event"] == "result"]
    assert all(line["value"]["min"] <= line["value"]["median"] <= line["value"]["max"] for line in results)


def test_every_peer_that_is_installed_is_measured(ad_realm: Realm) -> None:
    more = {f"protocol/uvloop, {servers}, 2 clients" for servers in ("1 server", "2 servers")}
    more |= {"protocol/uvloop, on one core"}
    assert names("handshake", "sample") == {"protocol/uvloop", *more, *PEERS}
    assert names("echo", "sample") == {"protocol/uvloop", *PEERS}
    assert names("visit", "sample") == {"protocol/uvloop", "mtls protocol/uvloop"}
    without = PEERS - {"gss-sample C"}
    both = {"protocol/uvloop", "protocol/uvloop, gss_wrap only"}
    assert names("throughput", "sample") == {*both, *without}
    assert names("stream", "sample") == names("idle", "sample") == {"protocol/uvloop", *without}


def test_what_is_not_a_matter_of_peers(ad_realm: Realm) -> None:
    assert names("loop") == {f"protocol/uvloop, {kdc}" for kdc in KDCS}
    assert names("discovery") == set(LOCATED)
    assert names("phases") == set(PHASES)
    loops = [line for line in everything() if line["event"] == "sample" and line["measure"] == "loop"]
    for loop in loops:
        assert loop["quiet"] > 0
        assert loop["kept"] == pytest.approx(loop["echo"] / loop["quiet_echo"])


def test_a_sample_has_its_limits(ad_realm: Realm) -> None:
    sample = next(line for line in everything() if line["event"] == "sample")
    assert list(sample["limits"]) == ["raw krb5", "raw spnego"]
    for name, limit in sample["limits"].items():
        assert sample["ratios"][name] == pytest.approx(sample["value"] / limit["value"])
        busier = max(sample["server_cpu_us"], sample["client_cpu_us"])
        assert sample["cpu_ratios"][name] == pytest.approx(limit["cpu"] / busier)


def test_phases_add_up(ad_realm: Realm) -> None:
    rows = {line["name"]: line for line in everything() if line.get("measure") == "phases"}
    for row in rows.values():
        more = row["more"]
        assert list(more) == ["credentials", "KDC", "tokens", "policy", "network", "engine, framing, loop"]
        assert all(microseconds > 0 for name, microseconds in more.items() if name != "KDC")
    assert [name for name, row in rows.items() if row["more"]["KDC"]] == ["client, a user's first"]


@pytest.mark.usefixtures("realm")
def test_every_layer_and_the_table(tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    done = run("asyncauth", "bench", "echo", *BRIEF, "--realm", "mit", "--plot", str(plot))
    assert done.returncode == 0, done.stderr
    rows = [
        line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()
    ]
    expected = ["gss_wrap, gss_unwrap", *LAYERS]
    assert [row for row in rows if row] == expected
    assert f"round 1/1, 3 of {len(LAYERS)}  echo: anyio/trio" in done.stderr
    bars = ElementTree.parse(plot).iter("{http://www.w3.org/2000/svg}title")  # noqa: S314 - we wrote it
    assert sorted(title.text.partition(":")[0] for title in bars if title.text) == sorted(expected)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("handshake", "--layers", "curio"), "there is no layer 'curio'"),
        (("handshake", "--against", "carrier-pigeon"), "there is no peer 'carrier-pigeon'"),
        (("handshake", "--rounds", "0"), "'0' is no number of 1 or more"),
        (("handshake", "--seconds", "nan"), "'nan' is no number of seconds"),
        (("happiness",), "invalid choice: 'happiness'"),
        (("idle", "localhost:1", "--spn", "a/b"), "idle cannot be measured with a service that is not ours"),
        (("echo", "localhost:1", "--spn", "a/b", "--against", "tcp"), "without a TARGET"),
        (("echo", "--spn", "a/b"), "--spn is for a TARGET"),
        (("echo", "--cache", "a"), "--cache is for a TARGET"),
        (("echo", "localhost:1", "--spn", "a/b", "--principal", "alice"), "use --cache or --keytab"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], reason: str) -> None:
    done = run("asyncauth", "bench", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_layers_by_family_and_by_loop() -> None:
    chosen = [str(layer) for layer in chosen_layers("trio, protocol,trio")]
    assert chosen == ["anyio/trio", "protocol/asyncio", "protocol/uvloop"]


def test_a_peer_is_compared_like_with_like() -> None:
    layers = chosen_layers(None)
    for layer in layers:
        assert closest(layer, entrants("tcp", layers)).loop == layer.loop
        assert closest(layer, entrants("tcp", layers)).family == layer.family
    trio = LAYERS["anyio/trio"]
    assert str(closest(trio, entrants("pyspnego", layers))) == "pyspnego streams/asyncio"
    assert str(closest(OURS, entrants("mtls", layers))) == "mtls protocol/uvloop"


def test_a_peer_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    bench = Bench(Plan(measures=("handshake",)), [OURS], chosen_peers("gss-sample,dotnet,tcp"))
    bench._enter()
    assert [each.what for each in bench.missing] == ["dotnet", "gss-sample"]
    assert all(each.reason.fix for each in bench.missing)
    assert [str(one) for one in bench._entrants.values()] == ["protocol/uvloop", "tcp protocol/uvloop"]


def sample(number: int, name: str, value: float, limit: float, cpu: float = 2.0) -> Sample:
    paces = {"raw": Pace(limit, 1.0)}
    return Sample(number, MEASURES["handshake"], name, Measured(value, number, cpu * number), paces)


def test_medians_and_ratios() -> None:
    peer = Entrant("tcp", "protocol", "uvloop")
    mine = [
        sample(1, str(OURS), 10.0, 20.0),
        sample(2, str(OURS), 40.0, 40.0),
        sample(3, str(OURS), 30.0, 50.0),
    ]
    theirs = [sample(number, str(peer), 20.0 * number, 1.0, 4.0) for number in (1, 2, 3)]
    limit, ours, other = figures([*mine, *theirs], {str(one): one for one in (OURS, peer)})
    assert (limit.name, limit.kind, limit.limits, limit.peers) == ("raw", "limit", {}, {})
    assert (ours.value.min, ours.value.median, ours.value.max) == (10.0, 30.0, 40.0)
    assert ours.limits["raw"].ratio.median == 0.6
    assert ours.limits["raw"].by_cpu is not None
    assert ours.limits["raw"].by_cpu.median == 0.25
    assert (ours.server_cpu, ours.client_cpu, ours.kind) == (2, 4, "asyncauth")
    assert (ours.peers["tcp"].name, ours.peers["tcp"].ratio.median) == (str(peer), 0.5)
    assert ours.peers["tcp"].by_cpu is not None
    assert ours.peers["tcp"].by_cpu.median == 2.0
    assert ours.peers["tcp"].difference is not None
    assert ours.peers["tcp"].difference.median == -10.0
    assert (other.kind, other.peers) == ("peer", {})


def test_the_model() -> None:
    assert predicted(100, 200, servers=1, clients=1, cores=2) == 5_000  # the client is the busier one
    assert predicted(100, 200, servers=1, clients=2, cores=8) == 10_000
    assert predicted(100, 200, servers=1, clients=9, cores=8) == 10_000  # now the server is
    assert predicted(100, 200, servers=9, clients=9, cores=3) == 10_000  # and now the cores are
    many = next(one for one in variants([OURS], 2) if one.processes == (2, 2))
    entries = {str(one): one for one in (OURS, many)}
    rows = with_predictions(figures([sample(1, name, 1.0, 1.0) for name in entries], entries), entries)
    assert [row.more.get("model") is not None for row in rows] == [False, True, True]


class Carrier:
    """What a family gives a wire to verify."""

    def __init__(self, **less: Any) -> None:
        full = {"mechanism": "kerberos", "mutual": True, "encrypted": True, "protection": Protection.SEAL}
        self.info = type("Info", (), {**full, **less})

    def get_extra_info(self, name: str) -> Any:
        assert name == "connection_info"
        return self.info


@pytest.mark.parametrize("less", [{"mechanism": "ntlm"}, {"mutual": False}, {"encrypted": False}], ids=str)
def test_a_lesser_handshake_does_not_count(less: dict[str, Any]) -> None:
    wire = AsyncAuthWire(Settings(), Tally())
    wire.verify(Carrier())
    with pytest.raises(BenchmarkError, match="reached less"):
        wire.verify(Carrier(**less))


def test_bytes_that_did_not_arrive_do_not_count() -> None:
    assert not confirmed(b"", 65_536)
    assert confirmed((65_536).to_bytes(8, "big"), 65_536)
    with pytest.raises(BenchmarkError, match="65536 bytes were sent, and the receiver confirms 1"):
        confirmed((1).to_bytes(8, "big"), 65_536)


@pytest.mark.usefixtures("realm")
def test_every_kind_of_calls_over_every_kind_of_wire() -> None:
    arguments = ("bench", "stream", *BRIEF, "--realm", "mit", "--json", "--against", "mtls,pyspnego,tcp")
    lines = objects(run("asyncauth", *arguments, "--layers", "anyio/trio,anyio/asyncio,streams/asyncio"))
    assert {line["name"] for line in lines if line["event"] == "sample"} == {
        *("anyio/trio", "anyio/asyncio", "streams/asyncio"),
        *("tcp anyio/trio", "tcp anyio/asyncio", "tcp streams/asyncio"),
        *("mtls streams/asyncio", "pyspnego streams/asyncio"),
    }


@pytest.mark.usefixtures("realm")
def test_connections_of_every_layer_are_held() -> None:
    lines = objects(run("asyncauth", "bench", "idle", *BRIEF, "--realm", "mit", "--json"))
    assert {line["name"] for line in lines if line["event"] == "sample"} == set(LAYERS)


@pytest.mark.usefixtures("realm")
@pytest.mark.parametrize("framing", ["winsock", "gss-sample", "sasl"])
def test_another_wire_format(framing: str) -> None:
    arguments = ("bench", "handshake", *BRIEF, "--realm", "mit", "--json", "--framing", framing)
    lines = objects(run("asyncauth", *arguments, "--layers", "streams/asyncio"))
    assert [line["event"] for line in lines] == ["setting", "sample", "result", "result", "result"]
