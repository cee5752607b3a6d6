"""Winsock registrations: the same tests against a real controller and in memory."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from asyncauth import _errors
from asyncauth._types import Target
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import (
    Change,
    ClassParameter,
    Comparison,
    DirectoryProtocol,
    Entry,
    WinsockAddress,
    WinsockService,
    WinsockServices,
    WinsockVersion,
)
from asyncauth.discovery._entry import Values
from asyncauth.discovery._winsock_address import pack_address
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

CONTAINER = "CN=WinsockServices,CN=System,DC=example,DC=test"
FIRST, SECOND = ("192.0.2.7", 9001), ("2001:db8::7", 9001)


def class_of(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_DNS, name)


def service(name: str, *addresses: tuple[str, int], **more: Any) -> WinsockService:
    values: dict[str, Any] = {
        "name": name,
        "service_class": f"Class{name}",
        "class_id": class_of(name),
        "host": "app1.example.test",
        "addresses": addresses or (FIRST,),
    }
    return WinsockService(**{**values, **more})


async def state(directory: DirectoryProtocol, name: str) -> Entry:
    entry = await directory.read(f"CN={name},{CONTAINER}", ["*"])
    assert entry is not None
    return entry


async def ports(services: WinsockServices, name: str) -> list[tuple[str, int]]:
    return [target.dial for target in await services.resolve(ServiceQuery(name))]


async def test_publish_locate_withdraw(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    record = service(name, SECOND, FIRST, comment="for tests", version=WinsockVersion(2, Comparison.NOT_LESS))
    assert await services.published(record) is None
    assert await services.publish(record)
    published = await services.published(record)
    assert published is not None
    assert published.dn == f"CN={name},{CONTAINER}"
    assert str(published.spn) == f"Class{name}/app1.example.test/{published.dn}"
    assert published.addresses == (WinsockAddress(*FIRST), WinsockAddress(*SECOND))
    assert published.version == record.version
    assert published.comment == "for tests"
    assert published.guid == (await state(directory, name)).guid
    expected = [
        Target("app1.example.test", 9001, published.spn, published.dn, address)
        for address in ("192.0.2.7", "2001:db8::7")
    ]
    assert await services.resolve(ServiceQuery(name)) == expected
    assert await services.resolve(ServiceQuery(name.upper(), "APP1.Example.Test.")) == expected
    assert await services.resolve(ServiceQuery(str(class_of(name)))) == expected
    assert await services.withdraw(record)
    assert not await services.withdraw(record)
    with pytest.raises(
        _errors.ServiceNotFound, match=f"nothing is published for the Winsock service '{name}'"
    ):
        await services.resolve(ServiceQuery(name))
    assert await services.remove_class(class_of(name))
    assert not await services.remove_class(class_of(name))


async def test_the_entry_is_what_others_expect(directory: DirectoryProtocol, name: str) -> None:
    await WinsockServices(directory).publish(service(name))
    entry = await state(directory, name)
    assert entry.is_a("serviceInstance")
    assert entry.text("displayName") == name
    assert entry.values("serviceClassID") == (class_of(name).bytes_le,)
    assert entry.texts("keywords") == ("host=app1.example.test",)
    assert not entry.values("serviceInstanceVersion")
    installed = await state(directory, f"Class{name}")
    assert installed.is_a("serviceClass")
    assert installed.text("displayName") == f"Class{name}"
    assert installed.values("serviceClassID") == (class_of(name).bytes_le,)


async def test_publishing_again_writes_nothing(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    record = service(name, FIRST, SECOND, comment="same")
    await services.publish(record)
    before = await state(directory, name)
    assert not await services.publish(service(name, SECOND, FIRST, comment="same"))
    assert not await services.publish(service(name, FIRST, comment="same"), multiple=True)
    assert (await state(directory, name)).values("uSNChanged") == before.values("uSNChanged")


async def test_an_update_touches_what_changed(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, comment="old"))
    await directory.modify(f"CN={name},{CONTAINER}", [Change("add", "keywords", ["by hand"])])
    before = await state(directory, name)
    assert await services.publish(service(name))
    after = await state(directory, name)
    changed = {key for key in before.attributes if after.values(key) != before.values(key)}
    assert "description" in changed
    assert changed <= {"description", "uSNChanged", "whenChanged"}
    assert "by hand" in after.texts("keywords")


async def test_register_overwrites_and_multiple_adds(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, FIRST))
    assert await services.publish(service(name, SECOND), multiple=True)
    assert await ports(services, name) == [FIRST, SECOND]
    assert await services.publish(service(name, SECOND))
    assert await ports(services, name) == [SECOND]


async def test_an_address_written_otherwise_is_the_same_address(
    directory: DirectoryProtocol, name: str
) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, FIRST))
    any_protocol = pack_address(WinsockAddress(*FIRST)).replace(b"\x06\0\0\0", bytes(4), 1)
    dn = f"CN={name},{CONTAINER}"
    await directory.modify(dn, [Change("replace", "winsockAddresses", [any_protocol])])
    assert not await services.publish(service(name, FIRST), multiple=True)
    assert await ports(services, name) == [FIRST]
    assert await services.deregister(service(name, FIRST), multiple=True)


async def test_deregister(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    with pytest.raises(_errors.ServiceNotFound, match=f"'{name}' is not registered"):
        await services.deregister(service(name))
    await services.publish(service(name, FIRST, SECOND))
    assert await services.deregister(service(name, FIRST), multiple=True)
    assert not await services.deregister(service(name, FIRST), multiple=True)
    assert await ports(services, name) == [SECOND]
    assert await services.deregister(service(name))
    assert not await services.deregister(service(name))
    with pytest.raises(_errors.ServiceNotFound, match="without an address"):
        await services.resolve(ServiceQuery(name))
    assert await services.publish(service(name, FIRST), multiple=True)
    assert await ports(services, name) == [FIRST]


async def test_delete_with_multiple_keeps_what_is_left(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, FIRST, SECOND))
    assert await services.withdraw(service(name, FIRST), multiple=True)
    assert not await services.withdraw(service(name, FIRST), multiple=True)
    assert await ports(services, name) == [SECOND]
    assert await services.withdraw(service(name, SECOND), multiple=True)
    assert await services.published(service(name)) is None


async def test_opaque_addresses_are_kept_and_reported(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, FIRST))
    opaque = b"\x02\x00whatever Windows writes"
    await directory.modify(f"CN={name},{CONTAINER}", [Change("add", "winsockAddresses", [opaque])])
    assert await services.publish(service(name, SECOND))
    published = await services.published(service(name))
    assert published is not None
    assert published.opaque == (opaque,)
    assert await ports(services, name) == [SECOND]
    assert await services.deregister(service(name))
    with pytest.raises(_errors.MalformedRecord, match="winsockAddresses is in a format that is not ours"):
        await services.resolve(ServiceQuery(name))
    assert not await services.withdraw(service(name), multiple=True)
    assert await services.withdraw(service(name))


async def test_hosts_by_keyword_only(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name))
    dn = f"CN={name},{CONTAINER}"
    with pytest.raises(_errors.ServiceNotFound, match=r"is on app1\.example\.test"):
        await services.resolve(ServiceQuery(name, host="app2.example.test"))
    await directory.modify(dn, [Change("replace", "keywords", [])])
    with pytest.raises(_errors.MalformedRecord, match="keywords names no host") as caught:
        await services.resolve(ServiceQuery(name))
    assert dn in str(caught.value)
    (target,) = await services.resolve(ServiceQuery(name, host="app2.example.test"))
    assert str(target.spn) == f"Class{name}/app2.example.test/{dn}"
    await directory.modify(dn, [Change("replace", "keywords", ["host=a\nforged line"])])
    with pytest.raises(_errors.MalformedRecord, match=r"no host but 'a\\nforged"):
        await services.resolve(ServiceQuery(name))
    await directory.modify(
        dn, [Change("replace", "keywords", ["host=a.example.test", "HOST=b.example.test"])]
    )
    with pytest.raises(_errors.MalformedRecord, match="several hosts"):
        await services.resolve(ServiceQuery(name))


async def test_another_host_cannot_add_its_addresses(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name, FIRST))
    with pytest.raises(_errors.DirectoryError, match=r"is registered on app1\.example\.test"):
        await services.publish(service(name, SECOND, host="app2.example.test"), multiple=True)
    assert await services.publish(service(name, SECOND, host="app2.example.test"))


async def test_names_are_shared_by_all_classes(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name))
    other = service(name, class_id=uuid.uuid4(), service_class=f"Other{name}")
    for action in (services.publish, services.withdraw, services.published):
        with pytest.raises(_errors.DirectoryError, match="no service of the class") as caught:
            await action(other)
        assert f"CN={name},{CONTAINER}" in str(caught.value)


async def test_classes(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    parameter = ClassParameter("TcpPort", (9001).to_bytes(4, "little"))
    assert await services.install_class(name, class_of(name), [parameter])
    assert not await services.install_class(name.upper(), class_of(name))
    assert not await services.install_class(name, class_of(name), [parameter])
    assert await services.install_class(name, class_of(name), [ClassParameter("SapId", b"1234")])
    assert len((await state(directory, name)).values("serviceClassInfo")) == 2
    with pytest.raises(_errors.DirectoryError, match=f"is installed as {name}, not other"):
        await services.install_class("other", class_of(name))
    with pytest.raises(_errors.DirectoryError, match="has not the GUID"):
        await services.install_class(name, uuid.uuid4())
    await services.publish(service(f"{name}-s", service_class=name, class_id=class_of(name)))
    with pytest.raises(_errors.DirectoryError, match=f"still has services: CN={name}-s"):
        await services.remove_class(class_of(name))


async def test_the_class_can_be_pinned(directory: DirectoryProtocol, name: str) -> None:
    await WinsockServices(directory).publish(service(name))
    (target,) = await WinsockServices(directory, service_class=f"CLASS{name}").resolve(ServiceQuery(name))
    assert target.spn.service_class == f"CLASS{name}"
    with pytest.raises(_errors.ServiceNotFound, match=f"of the class 'Class{name}', not http"):
        await WinsockServices(directory, service_class="http").resolve(ServiceQuery(name))


async def test_a_class_that_is_missing_or_doubled(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    await services.publish(service(name))
    twin: dict[str, Values] = {
        "objectClass": ["serviceClass"],
        "displayName": ["x"],
        "serviceClassID": [class_of(name).bytes_le],
    }
    await directory.add(f"CN=twin{name},{CONTAINER}", twin)
    with pytest.raises(_errors.MalformedRecord, match="serviceClassID") as caught:
        await services.resolve(ServiceQuery(name))
    assert f"twin{name}" in str(caught.value)
    await directory.delete(f"CN=twin{name},{CONTAINER}")
    await directory.delete(f"CN=Class{name},{CONTAINER}")
    with pytest.raises(_errors.MalformedRecord, match="there is none"):
        await services.resolve(ServiceQuery(name))


async def test_the_caller_decides(directory: DirectoryProtocol, name: str) -> None:
    await WinsockServices(directory).publish(service(name, FIRST, SECOND))
    only_v6 = WinsockServices(directory, accept=lambda target: ":" in (target.address or ""))
    assert await ports(only_v6, name) == [SECOND]
    with pytest.raises(_errors.ServiceNotFound, match="which is not accepted"):
        await WinsockServices(directory, accept=lambda _: False).resolve(ServiceQuery(name))


async def test_a_slash_in_the_name_makes_the_guid_form(directory: DirectoryProtocol, name: str) -> None:
    services = WinsockServices(directory)
    record = service(f"{name}/1, a", service_class=f"Class{name}")
    await services.publish(record)
    published = await services.published(record)
    assert published is not None
    assert published.spn.service_name == str(published.guid)
    (target,) = await services.resolve(ServiceQuery(record.name))
    assert target.spn == published.spn


@pytest.mark.parametrize(
    "more", [{"name": ""}, {"service_class": " "}, {"host": ""}, {"addresses": (("nohost", 1),)}]
)
def test_what_no_client_could_use_is_not_published(more: dict[str, Any]) -> None:
    with pytest.raises(_errors.MalformedRecord) as caught:
        service(**{"name": "x", **more})
    assert caught.value.fix


async def test_a_domain_without_the_container(
    memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(dn: str, attributes: Any) -> None:
        return None

    monkeypatch.setattr(memory, "read", nothing)
    with pytest.raises(_errors.DirectoryError, match="no System container"):
        await WinsockServices(memory).resolve(ServiceQuery("x"))


async def test_two_installers_at_once(memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    services = WinsockServices(memory)
    add = memory.add

    async def slow(dn: str, attributes: Any) -> bool:
        monkeypatch.undo()
        await WinsockServices(memory).install_class("C", class_of("C"))
        return await add(dn, attributes)

    monkeypatch.setattr(memory, "add", slow)
    assert not await services.install_class("C", class_of("C"))
