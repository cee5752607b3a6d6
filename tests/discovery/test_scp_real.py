"""What only a real domain shows of connection points: DNS records, rights, tickets."""

from __future__ import annotations

from typing import Any

import pytest

from asyncauth import _errors
from asyncauth._types import Policy
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import (
    Change,
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
)
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import Realm

pytestmark = pytest.mark.anyio

SYSTEM = "CN=System,DC=example,DC=test"


def point(name: str, **more: Any) -> ServiceConnectionPoint:
    values: dict[str, Any] = {
        "name": name,
        "parent": SYSTEM,
        "service_class": "ADSockAuth",
        "host": f"{name}.example.test",
        "port": 2000,
        "keywords": (f"kw-{name}",),
    }
    return ServiceConnectionPoint(**{**values, **more})


async def test_srv_records_give_host_and_port(
    ad_realm: Realm, real_directory: Directory, dns: Dns, name: str
) -> None:
    owner = f"_{name}._tcp.example.test"
    ad_realm.add_srv(owner, "second.example.test", 2002, priority=2)
    ad_realm.add_srv(owner, "first.example.test", 2001, priority=1)
    ad_realm.add_srv(owner, "evil.example.org", 666, priority=0)
    ad_realm.add_host("first.example.test", "192.0.2.1")
    points = ServiceConnectionPoints(real_directory, dns=dns)
    await points.publish(point(name, host=owner, port=None, dns_name_type="SRV"))
    found = await points.resolve(ServiceQuery(f"kw-{name}"))
    assert [target.dial for target in found] == [("192.0.2.1", 2001), ("second.example.test", 2002)]
    assert str(found[0].spn) == f"ADSockAuth/first.example.test/CN={name},{SYSTEM}"
    all_hosts = ServiceConnectionPoints(real_directory, dns=dns, accept=lambda target: target.port != 2002)
    found = await all_hosts.resolve(ServiceQuery(f"kw-{name}"))
    assert [target.host for target in found] == ["evil.example.org", "first.example.test"]
    only = await points.resolve(ServiceQuery(f"kw-{name}", host="second.example.test"))
    assert [target.port for target in only] == [2002]


async def test_srv_records_that_lead_away_only(
    ad_realm: Realm, real_directory: Directory, dns: Dns, name: str
) -> None:
    owner = f"_{name}._tcp.example.test"
    ad_realm.add_srv(owner, "evil.example.org", 666)
    points = ServiceConnectionPoints(real_directory, dns=dns)
    await points.publish(point(name, host=owner, port=None, dns_name_type="SRV"))
    with pytest.raises(_errors.ServiceNotFound, match=r"evil\.example\.org, which is not accepted"):
        await points.resolve(ServiceQuery(f"kw-{name}"))


async def test_srv_records_that_are_missing(real_directory: Directory, dns: Dns, name: str) -> None:
    points = ServiceConnectionPoints(real_directory, dns=dns)
    await points.publish(point(name, host=f"_{name}._tcp.example.test", port=None, dns_name_type="SRV"))
    with pytest.raises(_errors.ServiceNotFound, match=f"no SRV record _{name}"):
        await points.resolve(ServiceQuery(f"kw-{name}"))


async def test_a_host_gets_the_address_that_dns_knows(
    ad_realm: Realm, real_directory: Directory, dns: Dns, name: str
) -> None:
    ad_realm.add_host(f"{name}.example.test", "192.0.2.9")
    points = ServiceConnectionPoints(real_directory, dns=dns)
    await points.publish(point(name))
    await points.publish(point(f"{name}-unknown", host="localhost", keywords=(f"kw-{name}",)))
    found = {target.host: target.address for target in await points.resolve(ServiceQuery(f"kw-{name}"))}
    assert found == {f"{name}.example.test": "192.0.2.9", "localhost": None}


async def test_the_service_may_update_host_and_port_and_nothing_else(
    ad_realm: Realm, real_directory: Directory, dns: Dns, name: str
) -> None:
    service = ad_realm.add_service(name)
    points = ServiceConnectionPoints(real_directory)
    await points.publish(point(name))
    mechanism = Kerberos(CredentialCache(ad_realm.ticket(service)))
    async with Directory(ad_realm.domain, mechanism, dns=dns) as theirs:
        own = ServiceConnectionPoints(theirs)
        with pytest.raises(_errors.DirectoryError, match="insufficientAccessRights") as caught:
            await own.publish(point(name, port=2001))
        assert caught.value.fix
        assert await points.grant(point(name), name)
        assert not await points.grant(point(name), service.principal)
        assert await own.publish(point(name, port=2002))
        assert await own.publish(point(name, port=2002, host="moved.example.test"))
        for forbidden in ({"keywords": ("mine",)}, {"service_class": "http"}, {"extra": {"vendor": ("me",)}}):
            with pytest.raises(_errors.DirectoryError, match="insufficientAccessRights"):
                await own.publish(point(name, port=2002, host="moved.example.test", **forbidden))
        for action in (own.withdraw(point(name)), own.grant(point(name), "alice")):
            with pytest.raises(_errors.DirectoryError, match="insufficientAccessRights"):
                await action
    found = await points.resolve(ServiceQuery(f"kw-{name}"))
    assert [(target.host, target.port) for target in found] == [("moved.example.test", 2002)]


async def test_granting_what_is_not_there(real_directory: Directory, name: str) -> None:
    points = ServiceConnectionPoints(real_directory)
    with pytest.raises(_errors.ServiceNotFound, match=f"no account '{name}'"):
        await points.grant(point(name), name)
    with pytest.raises(_errors.ServiceNotFound, match=f"CN={name}.*does not exist"):
        await points.grant(point(name), "alice")


async def test_the_kdc_gives_a_ticket_for_what_was_located(
    ad_realm: Realm, real_directory: Directory, name: str
) -> None:
    """Located, composed, registered and asked for: the same name to the letter."""
    ad_realm.add_service(name)
    points = ServiceConnectionPoints(real_directory)
    await points.publish(point(name))
    published = await points.published(point(name))
    assert published is not None
    assert await SpnRegistry(real_directory).register(published.spn, name)
    (target,) = await points.resolve(ServiceQuery(f"kw-{name}"))
    assert Kerberos().initiate(target.spn, Policy()).step(None).token


async def test_a_damaged_descriptor_is_not_written(
    real_directory: Directory, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = ServiceConnectionPoints(real_directory)
    await points.publish(point(name))
    written: list[Change] = []

    async def catch(dn: str, changes: list[Change]) -> None:
        written.extend(changes)

    monkeypatch.setattr(real_directory, "modify", catch)
    await points.grant(point(name), "alice")
    (change,) = written
    entry = await real_directory.read(point(name).dn, ["nTSecurityDescriptor"])
    assert entry is not None
    before, after = entry.values("nTSecurityDescriptor")[0], change.values[0]
    assert len(after) == len(before) + 2 * 56
