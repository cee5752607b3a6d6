"""What benchmarks need of the machine and the realm: room for connections, and a KDC that is slow."""

from __future__ import annotations

import re
import resource
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from asyncauth.bench import LAYERS, MEASURES, BenchmarkError
from asyncauth.bench import _room as room
from asyncauth.bench._loop_delay import LoopDelay, _Waiting
from asyncauth.bench._place import Place
from asyncauth.bench._room import room_for_idle
from asyncauth.bench._slow_kdc import SlowKdc

from .services import TWO_PARTS, House


def test_the_soft_limit_is_raised_and_put_back() -> None:
    _, hard = before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        with room_for_idle(600):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (856, hard)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, hard)
        with room_for_idle(100):
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_hard_limit_that_is_too_low_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    with pytest.raises(BenchmarkError, match="10256 open files in one process, and the hard limit is 4096"):
        with room_for_idle(10_000):
            pytest.fail("there is no room")


def test_too_few_ports_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ports = tmp_path / "ip_local_port_range"
    ports.write_text("32768\t33767\n")
    monkeypatch.setattr(room, "_PORTS", ports)
    with pytest.raises(BenchmarkError, match=r"900 idle connections .* and the system gives 1000") as raised:
        with room_for_idle(900):
            pytest.fail("there is no room")
    assert raised.value.fix is not None
    assert "net.ipv4.ip_local_port_range" in raised.value.fix
    with room_for_idle(700):
        pass
    monkeypatch.setattr(room, "_PORTS", tmp_path / "elsewhere")
    with room_for_idle(900):
        pass


@pytest.fixture
def place(house: House, tmp_path: Path) -> Place:
    return Place(house.realm, house.cache, house.service.keytab, TWO_PARTS, tmp_path)


def connected(kdc: SlowKdc) -> socket.socket:
    """As libkrb5 connects to it, with a question that is none."""
    config = Path(kdc.environment["KRB5_CONFIG"]).read_text()
    (found,) = re.findall(r"kdc = (\S+):(\d+)\n", config)
    client = socket.create_connection((found[0], int(found[1])), timeout=0.2)
    client.sendall(b"\0\0\0\4none")
    return client


def test_a_kdc_that_never_answers_turns_everybody_away_at_the_end(place: Place) -> None:
    with SlowKdc(place) as kdc:
        with kdc.answering(None):
            client = connected(kdc)
            with pytest.raises(TimeoutError):
                client.recv(1)
            assert kdc.asked == 1
        client.settimeout(10.0)
        assert client.recv(1) == b""
        client.close()
    assert place.realm.config.read_text() != Path(kdc.environment["KRB5_CONFIG"]).read_text()


def test_each_handshake_asks_the_slow_kdc(place: Place) -> None:
    layer = LAYERS["protocol/asyncio"]
    with SlowKdc(place) as kdc:
        for delay in (0.2, None):
            before = kdc.asked
            seen = LoopDelay(layer, kdc, place, delay).measure(MEASURES["loop"], 0.05, 3)
            assert kdc.asked - before >= 3
            assert seen.value > 0
            assert set(seen.more) == {"quiet", "echo", "quiet_echo", "kept"}


def test_handshakes_that_are_none_do_not_count() -> None:
    waiting = _Waiting(iter(()))
    with pytest.raises(BenchmarkError, match="0 of 2 handshakes wait for the KDC"):
        waiting.check(2, None)
    waiting.done = 1
    with pytest.raises(BenchmarkError, match="1 handshakes were done, and 2 were begun in time"):
        waiting.check(2, 2.0)


def test_a_realm_whose_file_names_no_kdc(place: Place, tmp_path: Path) -> None:
    config = tmp_path / "krb5.conf"
    config.write_text("[libdefaults]\n")
    realm = SimpleNamespace(config=config)
    with pytest.raises(BenchmarkError, match="names no KDC"):
        SlowKdc(place._replace(realm=realm))  # type: ignore[arg-type]
