"""DNS: the order of SRV records, the realm's own name server, and servers that do not answer."""

from __future__ import annotations

import builtins
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import _errors
from asyncauth.discovery import Dns, SrvRecord
from asyncauth.discovery._dns import in_order
from asyncauth.testing import Realm

records = st.builds(
    SrvRecord, st.integers(0, 3), st.integers(0, 5), st.integers(1, 65_535), st.sampled_from("abcdef")
)


@given(st.lists(records), st.randoms(use_true_random=False))
def test_all_records_by_priority(given_records: list[SrvRecord], chance: random.Random) -> None:
    ordered = in_order(given_records, chance)
    assert Counter(ordered) == Counter(given_records)
    priorities = [record.priority for record in ordered]
    assert priorities == sorted(priorities)


def test_weights_are_chances() -> None:
    heavy, light = SrvRecord(0, 3, 1, "heavy"), SrvRecord(0, 1, 1, "light")
    chance = random.Random(1)  # noqa: S311 - the same each time
    first = Counter(in_order([light, heavy], chance)[0].target for _ in range(4000))
    # the RFC draws from 0 to the sum inclusive, so the first in the list has a little more than its share
    assert 0.55 < first["heavy"] / 4000 < 0.8


def test_weight_zero_has_a_small_chance() -> None:
    none, some = SrvRecord(0, 0, 1, "none"), SrvRecord(0, 9, 1, "some")
    chance = random.Random(1)  # noqa: S311 - the same each time
    first = Counter(in_order([some, none], chance)[0].target for _ in range(4000))
    assert 0.05 < first["none"] / 4000 < 0.15


def test_default_chance_is_random() -> None:
    same = [SrvRecord(0, 1, port, "h") for port in range(1, 9)]
    assert len({tuple(in_order(same)) for _ in range(20)}) > 1


@pytest.mark.anyio
async def test_records_of_the_realm(ad_realm: Realm, dns: Dns, name: str) -> None:
    owner = f"_{name}._tcp.example.test"
    ad_realm.add_srv(owner, "b.example.test", 2, priority=20)
    ad_realm.add_srv(owner, "a.example.test", 1, priority=10)
    found = await dns.srv(owner)
    assert [(row.target, row.port) for row in found] == [("a.example.test", 1), ("b.example.test", 2)]
    ad_realm.add_host(f"{name}.example.test", "192.0.2.7")
    ad_realm.add_host(f"{name}.example.test", "2001:db8::7")
    assert await dns.addresses(f"{name}.example.test") == ["192.0.2.7", "2001:db8::7"]


@pytest.mark.anyio
async def test_names_that_do_not_exist(dns: Dns) -> None:
    with pytest.raises(_errors.ServiceNotFound, match=r"no SRV record _nope\._tcp\.example\.test") as caught:
        await dns.srv("_nope._tcp.example.test")
    assert caught.value.fix
    with pytest.raises(_errors.ServiceNotFound, match=r"no address of nope\.example\.test"):
        await dns.addresses("nope.example.test")


@pytest.mark.anyio
async def test_a_service_that_is_not_offered(ad_realm: Realm, dns: Dns, name: str) -> None:
    ad_realm.add_srv(f"_{name}._tcp.example.test", ".", 0)
    with pytest.raises(_errors.ServiceNotFound, match="not offered"):
        await dns.srv(f"_{name}._tcp.example.test")


@pytest.mark.anyio
async def test_addresses_are_their_own() -> None:
    assert await Dns("127.0.0.1:9").addresses("192.0.2.7") == ["192.0.2.7"]


@pytest.mark.anyio
async def test_without_a_name_server_the_system_is_asked() -> None:
    assert set(await Dns().addresses("localhost")) & {"127.0.0.1", "::1"}
    with pytest.raises(_errors.ServiceNotFound, match=r"nope\.invalid"):
        await Dns().addresses("nope.invalid")


@contextmanager
def silent_server() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.anyio
async def test_a_silent_name_server() -> None:
    with silent_server() as nameserver:
        started = time.monotonic()
        with pytest.raises(
            _errors.DirectoryError, match=f"the name server {nameserver} cannot tell"
        ) as caught:
            await Dns(nameserver, timeout=0.5).srv("_x._tcp.example.test")
        assert time.monotonic() - started < 4
    assert caught.value.fix


@pytest.mark.parametrize(
    "text", ["ns.example.test", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:x", "[::1]:70000"]
)
def test_what_is_no_name_server(text: str) -> None:
    with pytest.raises(ValueError, match="a name server is an IP address"):
        Dns(text)


def test_forms_of_a_name_server() -> None:
    for text in ("127.0.0.1", "127.0.0.1:53", "::1", "[::1]:53"):
        assert Dns(text).nameserver == text
    assert str(Dns()) == "the system's name server"
    assert repr(Dns("::1")) == "Dns('::1')"


@pytest.mark.anyio
async def test_dnspython_is_needed_only_for_records(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.partition(".")[0] == "dns":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    for module in [name for name in sys.modules if name.partition(".")[0] == "dns"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", without)
    assert await Dns().addresses("localhost")
    with pytest.raises(_errors.MechanismUnavailable, match="dnspython") as caught:
        await Dns().srv("_x._tcp.example.test")
    assert caught.value.fix == "pip install asyncauth[dns]"
