"""Services by SRV records of a real name server."""

from __future__ import annotations

import pytest

from asyncauth import _errors
from asyncauth.abc import Resolver, ServiceQuery
from asyncauth.discovery import Dns, DnsSrv
from asyncauth.testing import Realm

pytestmark = pytest.mark.anyio


async def test_targets_in_order_with_addresses(ad_realm: Realm, dns: Dns, name: str) -> None:
    owner = f"_{name}._tcp.example.test"
    ad_realm.add_srv(owner, f"b{name}.example.test", 2, priority=2)
    ad_realm.add_srv(owner, f"a{name}.example.test", 1, priority=1)
    ad_realm.add_host(f"a{name}.example.test", "192.0.2.1")
    resolver = DnsSrv("example.test.", dns=dns)
    assert isinstance(resolver, Resolver)
    found = await resolver.resolve(ServiceQuery(name))
    assert [target.dial for target in found] == [("192.0.2.1", 1), (f"b{name}.example.test", 2)]
    assert [str(target.spn) for target in found] == [f"{name}/{c}{name}.example.test" for c in "ab"]
    assert found[0].source == owner
    assert await resolver.resolve(ServiceQuery(f"_{name}")) == found
    assert (await resolver.resolve(ServiceQuery(name, f"B{name}.example.test")))[0].port == 2
    with pytest.raises(_errors.ServiceNotFound, match=f"leads to a{name}"):
        await resolver.resolve(ServiceQuery(name, "other.example.test"))


async def test_the_class_is_the_callers(ad_realm: Realm, dns: Dns, name: str) -> None:
    ad_realm.add_srv(f"_{name}._tcp.example.test", "a.example.test", 1)
    (target,) = await DnsSrv("example.test", service_class="http", dns=dns).resolve(ServiceQuery(name))
    assert str(target.spn) == "http/a.example.test"


@pytest.mark.parametrize("host", ["evil.example.org", "evilexample.test", "example.test.evil.org"])
async def test_hosts_outside_the_domain_are_refused(ad_realm: Realm, dns: Dns, name: str, host: str) -> None:
    ad_realm.add_srv(f"_{name}._tcp.example.test", host, 1)
    with pytest.raises(_errors.ServiceNotFound, match="which is not accepted"):
        await DnsSrv("example.test", dns=dns).resolve(ServiceQuery(name))
    accepting = DnsSrv("example.test", dns=dns, accept=lambda target: target.host == host)
    assert [target.host for target in await accepting.resolve(ServiceQuery(name))] == [host]


async def test_no_records(dns: Dns) -> None:
    with pytest.raises(_errors.ServiceNotFound, match=r"no SRV record _nope\._tcp\.example\.test"):
        await DnsSrv("example.test", dns=dns).resolve(ServiceQuery("nope"))


async def test_a_name_that_makes_no_spn(ad_realm: Realm, dns: Dns, name: str) -> None:
    ad_realm.add_srv(f"_{name}._tcp.example.test", "a.example.test", 1)
    with pytest.raises(_errors.MalformedRecord, match=f"_{name}._tcp.example.test makes no SPN"):
        await DnsSrv("example.test", service_class="a/b", dns=dns).resolve(ServiceQuery(name))
