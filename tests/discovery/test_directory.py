"""The directory over LDAP against a real domain controller."""

from __future__ import annotations

import struct

import anyio
import pytest

from asyncauth.abc import Publisher, Resolver
from asyncauth.discovery import (
    Change,
    Directory,
    DirectoryProtocol,
    Dns,
    Scope,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    WinsockService,
    WinsockServices,
)
from asyncauth.discovery._entry import Values
from asyncauth.discovery._pool import Key
from asyncauth.mechanisms import Kerberos, Negotiate
from asyncauth.testing import Realm
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

SYSTEM = "<WKGUID=ab1d30f3768811d1aded00c04fd8d5cd,DC=example,DC=test>"
SCHEMA = "CN=Schema,CN=Configuration,DC=example,DC=test"


@pytest.mark.parametrize("mechanism", [Kerberos, Negotiate])
async def test_controllers_are_found_in_dns(
    ad_realm: Realm, dns: Dns, mechanism: type[Kerberos | Negotiate]
) -> None:
    async with Directory("Example.Test", mechanism(), dns=dns) as directory:
        root = await directory.root()
        assert root.text("dnsHostName") == "dc1.example.test"
        assert root.text("DEFAULTNAMINGCONTEXT") == "DC=example,DC=test"
        found = await directory.search("", "(objectClass=computer)", ["cn"], catalogue=True)
        assert "DC1" in [entry.text("cn") for entry in found]


async def test_a_named_controller_needs_no_dns(ad_realm: Realm) -> None:
    nowhere = Dns("127.0.0.1:9", timeout=0.5)
    directory = Directory(
        "example.test", Kerberos(), host="dc1.example.test", address=ad_realm.address, dns=nowhere
    )
    async with directory:
        assert (await directory.root()).text("dnsHostName") == "dc1.example.test"
        assert await directory.search("", "(cn=DC1)", [], catalogue=True)


async def test_write_read_remove(real_directory: Directory, name: str) -> None:
    dn = f"CN={name},CN=System,DC=example,DC=test"
    attributes: dict[str, Values] = {
        "objectClass": ["container"],
        "description": ["gr\u00fcn"],
        "url": [b"a", "b"],
    }
    assert await real_directory.add(dn, attributes)
    assert not await real_directory.add(dn, attributes)
    entry = await real_directory.read(dn, ["description", "url", "objectGUID"])
    assert entry is not None
    assert entry.dn == dn
    assert entry.text("Description") == "gr\u00fcn"
    assert sorted(entry.texts("url")) == ["a", "b"]
    by_guid = await real_directory.read(f"<GUID={entry.guid}>", [])
    assert by_guid is not None
    assert by_guid.dn == dn
    assert await real_directory.delete(dn)
    assert not await real_directory.delete(dn)
    assert await real_directory.read(dn, []) is None


async def test_changes_that_are_so_already_are_no_errors(real_directory: Directory, name: str) -> None:
    dn = f"CN={name},CN=System,DC=example,DC=test"
    await real_directory.add(dn, {"objectClass": ["container"], "url": ["a"]})
    await real_directory.modify(dn, [Change("add", "url", ["a", "b"])])
    await real_directory.modify(dn, [Change("delete", "url", ["a", "never"]), Change("add", "url", ["c"])])
    entry = await real_directory.read(dn, ["url"])
    assert entry is not None
    assert sorted(entry.texts("url")) == ["b", "c"]
    await real_directory.modify(dn, [Change("delete", "url")])
    await real_directory.modify(dn, [Change("replace", "url")])
    assert await real_directory.delete(dn)


async def test_more_entries_than_fit_in_a_page(real_directory: Directory) -> None:
    found = await real_directory.search(SCHEMA, "(objectClass=attributeSchema)", ["cn"], scope=Scope.ONE)
    assert len(found) > 1000
    assert len({entry.dn for entry in found}) == len(found)


async def test_scopes_and_missing_bases(real_directory: Directory) -> None:
    found = await real_directory.search(SYSTEM, "(objectClass=*)", [], scope=Scope.BASE)
    assert [entry.dn for entry in found] == ["CN=System,DC=example,DC=test"]
    children = await real_directory.search(SYSTEM, "(cn=WinsockServices)", [], scope=Scope.ONE)
    assert [entry.dn for entry in children] == ["CN=WinsockServices,CN=System,DC=example,DC=test"]
    assert await real_directory.search("CN=Nowhere,DC=example,DC=test", "(cn=*)", []) == []


async def test_many_calls_at_once(real_directory: Directory) -> None:
    async def look() -> None:
        assert (await real_directory.root()).text("dnsHostName") == "dc1.example.test"

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(look)


async def test_a_forest_that_is_known_is_not_asked_for(ad_realm: Realm, dns: Dns) -> None:
    async with Directory("example.test", Kerberos(), dns=dns, forest="Example.Test") as directory:
        assert await directory.search("", "(cn=DC1)", [], catalogue=True)
        assert list(directory._pool._idle) == [("example.test", True)]
        (session,) = directory._pool._idle[Key("example.test", catalogue=True)]
        assert str(session.place.spn) == "GC/dc1.example.test/example.test"
        assert repr(directory) == "<Directory example.test>"


async def test_only_the_access_list_of_a_descriptor_is_read(real_directory: Directory) -> None:
    entry = await real_directory.read(SYSTEM, ["NTSecurityDescriptor"])
    assert entry is not None
    owner, group, sacl, dacl = struct.unpack_from("<IIII", entry.values("nTSecurityDescriptor")[0], 4)
    assert (owner, group, sacl) == (0, 0, 0)
    assert dacl


async def test_a_session_that_the_server_will_not_go_on_serving(
    ad_realm: Realm, dns: Dns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the end of its ticket: what reads is repeated on a new session."""
    async with Directory("example.test", Kerberos(), dns=dns) as directory:
        await directory.root()
        (kept,) = next(iter(directory._pool._idle.values()))

        def refuse(*_: object) -> None:
            kept._connection.result = {"result": 1, "description": "operationsError", "message": "bind first"}

        monkeypatch.setattr(kept._connection, "find", refuse)
        assert (await directory.root()).text("dnsHostName") == "dc1.example.test"
        (fresh,) = next(iter(directory._pool._idle.values()))
        assert fresh is not kept
        assert kept.stale


def test_the_parts_fit_their_contracts(memory: MemoryDirectory) -> None:
    """For the type checker as much as for the test."""
    directories: list[DirectoryProtocol] = [memory, Directory("example.test", Kerberos())]
    points: Publisher[ServiceConnectionPoint] = ServiceConnectionPoints(memory)
    services: Publisher[WinsockService] = WinsockServices(memory)
    resolvers: list[Resolver] = [ServiceConnectionPoints(memory), WinsockServices(memory)]
    assert hasattr(points, "publish")
    assert hasattr(services, "withdraw")
    assert all(isinstance(resolver, Resolver) for resolver in resolvers)
    assert [directory.domain for directory in directories] == ["example.test"] * 2
