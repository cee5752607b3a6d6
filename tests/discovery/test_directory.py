"""The directory over LDAP against a real domain controller."""

from __future__ import annotations

import anyio
import pytest

from asyncauth.discovery import Change, Directory, Dns, Scope
from asyncauth.mechanisms import Kerberos, Negotiate
from asyncauth.testing import Realm

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
    attributes = {"objectClass": ["container"], "description": ["gr\u00fcn"], "url": [b"a", "b"]}
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
