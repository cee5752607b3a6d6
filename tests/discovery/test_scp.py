"""Service connection points: the same tests against a real controller and in memory."""

from __future__ import annotations

import random
import uuid
from typing import Any

import pytest

from asyncauth import _errors
from asyncauth._types import Target
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import (
    Change,
    DirectoryProtocol,
    Entry,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
)
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

SYSTEM = "CN=System,DC=example,DC=test"


def point(name: str, **more: Any) -> ServiceConnectionPoint:
    values: dict[str, Any] = {
        "name": name,
        "parent": SYSTEM,
        "service_class": "ADSockAuth",
        "host": "app1.example.test",
        "port": 2000,
        "keywords": (f"kw-{name}", "asyncauth tests"),
    }
    return ServiceConnectionPoint(**{**values, **more})


async def state(directory: DirectoryProtocol, dn: str) -> Entry:
    entry = await directory.read(dn, ["*"])
    assert entry is not None
    return entry


async def test_publish_locate_withdraw(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    record = point(name)
    assert await points.published(record) is None
    assert await points.publish(record)
    published = await points.published(record)
    assert published is not None
    spn = f"ADSockAuth/app1.example.test/CN={name},{SYSTEM}"
    assert str(published.spn) == spn
    assert published.guid == (await state(directory, record.dn)).guid
    expected = Target("app1.example.test", 2000, spn, source=published.dn)
    assert await points.resolve(ServiceQuery(f"kw-{name}")) == [expected]
    assert await points.resolve(ServiceQuery(f"KW-{name}", host="APP1.example.test.")) == [expected]
    assert await points.withdraw(record)
    assert not await points.withdraw(record)
    with pytest.raises(_errors.ServiceNotFound, match=f"nothing is published for 'kw-{name}'") as caught:
        await points.resolve(ServiceQuery(f"kw-{name}"))
    assert caught.value.fix


async def test_by_product_guid_with_or_without_braces(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    product = str(uuid.uuid4())
    await points.publish(point(name, keywords=(product,)))
    for text in (product, product.upper(), f"{{{product}}}"):
        assert len(await points.resolve(ServiceQuery(text))) == 1


async def test_publishing_again_writes_nothing(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    record = point(name, extra={"vendor": ("Fabrikam",)})
    await points.publish(record)
    before = await state(directory, record.dn)
    reordered = point(name, extra={"vendor": ("Fabrikam",)}, keywords=record.keywords[::-1])
    assert not await points.publish(record)
    assert not await points.publish(reordered)
    after = await state(directory, record.dn)
    assert after.values("uSNChanged") == before.values("uSNChanged")


async def test_an_update_touches_what_changed(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    await points.publish(point(name))
    await directory.modify(point(name).dn, [Change("replace", "description", ["by hand"])])
    before = await state(directory, point(name).dn)
    assert await points.publish(point(name, port=2001))
    after = await state(directory, point(name).dn)
    changed = {key for key in after.attributes if after.values(key) != before.values(key)}
    assert "serviceBindingInformation" in changed
    assert changed <= {"serviceBindingInformation", "uSNChanged", "whenChanged"}
    assert after.texts("serviceBindingInformation") == ("2001",)
    assert after.texts("description") == ("by hand",)


async def test_an_entry_found_by_its_guid(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    await points.publish(point(name))
    published = await points.published(point(name))
    assert published is not None
    known = point(f"{name}-old", guid=published.guid, port=2001, keywords=point(name).keywords)
    assert await points.publish(known)
    assert (await points.resolve(ServiceQuery(f"kw-{name}")))[0].port == 2001
    assert await points.withdraw(known)
    assert await points.publish(known)  # the GUID is outdated now, so it is made anew, under its own name
    recreated = await points.published(point(f"{name}-old"))
    assert recreated is not None
    assert await points.publish(known) is False
    assert await points.withdraw(point(f"{name}-old"))


async def test_a_slash_in_the_name_makes_the_guid_form(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory)
    record = point(f"{name} 1/2, main")
    await points.publish(record)
    published = await points.published(record)
    assert published is not None
    assert "/2\\," in published.dn
    assert str(published.spn) == f"ADSockAuth/app1.example.test/{published.guid}"
    found = await points.resolve(ServiceQuery(record.keywords[0]))
    assert [target.spn for target in found] == [published.spn]


@pytest.mark.parametrize("special", ["*", "a)(b=*", "\\2a", "gr\u00fcn & blau", " blank ", "x;y"])
async def test_special_characters_are_only_characters(
    directory: DirectoryProtocol, name: str, special: str
) -> None:
    points = ServiceConnectionPoints(directory)
    word = f"{name}{special}{name}"
    await points.publish(point(f"{name}-other", keywords=(f"{name}-other",)))
    with pytest.raises(_errors.ServiceNotFound):
        await points.resolve(ServiceQuery(word))
    await points.publish(point(f'{name} "<{special}>"', keywords=(word,)))
    found = await points.resolve(ServiceQuery(word))
    assert len(found) == 1


async def test_replicas_all_come_in_a_random_order(directory: DirectoryProtocol, name: str) -> None:
    points = ServiceConnectionPoints(directory, random=random.Random(7))  # noqa: S311
    hosts = {f"app{number}.example.test" for number in range(5)}
    for host in hosts:
        await points.publish(point(f"{name}-{host}", host=host, keywords=(f"kw-{name}",)))
    orders = {
        tuple(target.host for target in await points.resolve(ServiceQuery(f"kw-{name}"))) for _ in range(8)
    }
    assert len(orders) > 1
    assert all(set(order) == hosts for order in orders)
    only = await points.resolve(ServiceQuery(f"kw-{name}", host="app3.example.test"))
    assert [target.host for target in only] == ["app3.example.test"]
    with pytest.raises(_errors.ServiceNotFound, match=r"is on app\d\.example\.test"):
        await points.resolve(ServiceQuery(f"kw-{name}", host="app9.example.test"))


@pytest.mark.parametrize(
    ("attribute", "values"),
    [
        ("serviceBindingInformation", ["http"]),
        ("serviceBindingInformation", []),
        ("serviceDNSName", []),
        ("serviceDNSNameType", ["MX"]),
        ("serviceClassName", []),
        ("serviceClassName", ["a/b"]),
    ],
)
async def test_malformed_entries_do_not_hide_good_ones(
    directory: DirectoryProtocol,
    name: str,
    attribute: str,
    values: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    points = ServiceConnectionPoints(directory)
    bad, good = (
        point(f"{name}-bad", keywords=(f"kw-{name}",)),
        point(f"{name}-good", keywords=(f"kw-{name}",)),
    )
    await points.publish(bad)
    await directory.modify(bad.dn, [Change("replace", attribute, values)])
    with pytest.raises(_errors.MalformedRecord) as caught:
        await points.resolve(ServiceQuery(f"kw-{name}"))
    assert f"CN={name}-bad,{SYSTEM}" in str(caught.value)
    assert attribute in str(caught.value) or values == ["a/b"]
    assert caught.value.fix
    await points.publish(good)
    caplog.clear()
    found = await points.resolve(ServiceQuery(f"kw-{name}"))
    assert [target.source for target in found] == [f"CN={name}-good,{SYSTEM}"]
    assert f"CN={name}-bad,{SYSTEM}" in caplog.text


async def test_the_class_can_be_pinned(directory: DirectoryProtocol, name: str) -> None:
    await ServiceConnectionPoints(directory).publish(point(name))
    pinned = ServiceConnectionPoints(directory, service_class="adsockauth")
    assert str((await pinned.resolve(ServiceQuery(f"kw-{name}")))[0].spn).startswith("adsockauth/")
    with pytest.raises(_errors.ServiceNotFound, match=r"of the class 'ADSockAuth', not http"):
        await ServiceConnectionPoints(directory, service_class="http").resolve(ServiceQuery(f"kw-{name}"))


async def test_the_caller_decides(directory: DirectoryProtocol, name: str) -> None:
    await ServiceConnectionPoints(directory).publish(point(name))
    seen: list[Target] = []

    def refuse(target: Target) -> bool:
        seen.append(target)
        return False

    with pytest.raises(_errors.ServiceNotFound, match=r"app1\.example\.test, which is not accepted"):
        await ServiceConnectionPoints(directory, accept=refuse).resolve(ServiceQuery(f"kw-{name}"))
    assert [target.host for target in seen] == ["app1.example.test"]


async def test_the_search_can_be_confined(directory: DirectoryProtocol, name: str) -> None:
    await ServiceConnectionPoints(directory).publish(point(name))
    inside = ServiceConnectionPoints(directory, search_base=SYSTEM)
    assert await inside.resolve(ServiceQuery(f"kw-{name}"))
    outside = ServiceConnectionPoints(directory, search_base="CN=Computers,DC=example,DC=test")
    with pytest.raises(_errors.ServiceNotFound):
        await outside.resolve(ServiceQuery(f"kw-{name}"))


async def test_what_is_no_connection_point_is_left_alone(directory: DirectoryProtocol, name: str) -> None:
    record = point(name)
    await directory.add(record.dn, {"objectClass": ["container"]})
    points = ServiceConnectionPoints(directory)
    for action in (points.publish, points.withdraw, points.published):
        with pytest.raises(_errors.MalformedRecord, match="exists and is no serviceConnectionPoint"):
            await action(record)
    assert await directory.read(record.dn, []) is not None


async def test_a_parent_that_does_not_exist(directory: DirectoryProtocol, name: str) -> None:
    with pytest.raises(_errors.DirectoryError, match="noSuchObject") as caught:
        await ServiceConnectionPoints(directory).publish(point(name, parent=f"CN=nowhere,{SYSTEM}"))
    assert caught.value.fix


async def test_what_the_catalogue_does_not_know_yet(memory: MemoryDirectory) -> None:
    memory.lagging = True
    points = ServiceConnectionPoints(memory)
    await points.publish(point("fresh"))
    assert len(await points.resolve(ServiceQuery("kw-fresh"))) == 1


async def test_what_the_catalogue_knows_still(memory: MemoryDirectory) -> None:
    points = ServiceConnectionPoints(memory)
    await points.publish(point("gone"))
    memory.lagging = True
    await points.withdraw(point("gone"))
    with pytest.raises(_errors.ServiceNotFound):
        await points.resolve(ServiceQuery("kw-gone"))


async def test_a_lost_answer_is_made_good_by_publishing_again(memory: MemoryDirectory) -> None:
    points = ServiceConnectionPoints(memory)
    lost = _errors.DirectoryError("the connection broke")
    memory.fail_next(lost, done=True)
    with pytest.raises(_errors.DirectoryError, match="broke"):
        await points.publish(point("lost"))
    writes = memory.writes
    assert not await points.publish(point("lost"))
    assert memory.writes == writes


async def test_somebody_else_was_faster(memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    points = ServiceConnectionPoints(memory)
    add = memory.add

    async def slow(dn: str, attributes: Any) -> bool:
        monkeypatch.undo()
        await ServiceConnectionPoints(memory).publish(point("race", port=1))
        return await add(dn, attributes)

    monkeypatch.setattr(memory, "add", slow)
    assert await points.publish(point("race", port=2))
    assert (await points.resolve(ServiceQuery("kw-race")))[0].port == 2


async def test_an_entry_nobody_may_read(memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    async def exists(dn: str, attributes: Any) -> bool:
        return False

    monkeypatch.setattr(memory, "add", exists)
    with pytest.raises(_errors.DirectoryError, match="exists but cannot be read"):
        await ServiceConnectionPoints(memory).publish(point("hidden"))


async def test_one_unreadable_entry_does_not_hide_the_others(
    memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = ServiceConnectionPoints(memory)
    for name in ("near", "far"):
        await points.publish(point(name, keywords=("both",)))
    read = memory.read

    async def unreachable(dn: str, attributes: Any) -> Entry | None:
        if dn.startswith("CN=far"):
            raise _errors.DirectoryError("far.test cannot be reached")
        return await read(dn, attributes)

    monkeypatch.setattr(memory, "read", unreachable)
    assert [target.source for target in await points.resolve(ServiceQuery("both"))] == [f"CN=near,{SYSTEM}"]
    await points.withdraw(point("near"))
    with pytest.raises(_errors.DirectoryError, match=r"far\.test"):
        await points.resolve(ServiceQuery("both"))
