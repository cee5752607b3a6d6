"""SPNs on accounts: the same tests against a real controller and in memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncauth import _errors
from asyncauth._spn import ServicePrincipalName
from asyncauth.discovery import Change, Directory, DirectoryProtocol, Dns, SpnRegistry, find_account
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import Realm
from asyncauth.testing._directory import MemoryDirectory

pytestmark = pytest.mark.anyio

USERS, COMPUTERS = "CN=Users,DC=example,DC=test", "CN=Computers,DC=example,DC=test"


async def user(directory: DirectoryProtocol, name: str) -> str:
    dn = f"CN={name},{USERS}"
    await directory.add(
        dn,
        {
            "objectClass": ["user"],
            "sAMAccountName": [name],
            "userPrincipalName": [f"{name}.upn@example.test"],
        },
    )
    return dn


async def computer(directory: DirectoryProtocol, name: str) -> str:
    dn = f"CN={name},{COMPUTERS}"
    await directory.add(dn, {"objectClass": ["computer"], "sAMAccountName": [f"{name}$"]})
    return dn


def spn(name: str) -> str:
    return f"ADSockAuth/{name}.example.test/CN={name},CN=System,DC=example,DC=test"


async def test_register_find_list_unregister(directory: DirectoryProtocol, name: str) -> None:
    registry = SpnRegistry(directory)
    dn = await user(directory, name)
    assert await registry.list_spns(name) == []
    assert await registry.find(spn(name)) == []
    assert await registry.register(spn(name), name)
    assert not await registry.register(ServicePrincipalName.parse(spn(name).upper()), name)
    assert await registry.register(f"aaa/{name}.example.test", name)
    assert await registry.list_spns(name) == [f"aaa/{name}.example.test", spn(name)]
    assert await registry.find(spn(name)) == [dn]
    assert await registry.unregister(spn(name).upper(), name)
    assert not await registry.unregister(spn(name), name)
    assert await registry.find(spn(name)) == []


@pytest.mark.parametrize(
    "form",
    [
        lambda name: name,
        lambda name: name.upper(),
        lambda name: f"EXAMPLE\\{name}",
        lambda name: f"{name}@EXAMPLE.TEST",
        lambda name: f"{name}.upn@example.test",
        lambda name: f"cn={name}, {USERS}",
    ],
)
async def test_forms_of_a_users_name(
    directory: DirectoryProtocol, name: str, form: Callable[[str], str]
) -> None:
    dn = await user(directory, name)
    account = await find_account(directory, form(name))
    assert account.dn == dn
    assert name in str(account)


async def test_a_computers_name_with_and_without_its_dollar(directory: DirectoryProtocol, name: str) -> None:
    dn = await computer(directory, name)
    assert (await find_account(directory, name)).dn == dn
    assert (await find_account(directory, f"{name}$")).dn == dn
    own = f"CN=user{name},{USERS}"
    await directory.add(own, {"objectClass": ["user"], "sAMAccountName": [name]})
    assert (await find_account(directory, name)).dn == own
    assert (await find_account(directory, f"{name}$")).dn == dn


@pytest.mark.parametrize(
    "name", ["no-such-account", "nobody@example.test", f"CN=nobody,{USERS}", "*", "x)(cn=*"]
)
async def test_unknown_accounts(directory: DirectoryProtocol, name: str) -> None:
    for call in (SpnRegistry(directory).list_spns(name), find_account(directory, name)):
        with pytest.raises(_errors.ServiceNotFound, match=r"example\.test has no account") as caught:
            await call
        assert caught.value.fix


async def test_a_name_of_another_account_is_refused(directory: DirectoryProtocol, name: str) -> None:
    registry = SpnRegistry(directory)
    first, second = await user(directory, name), await user(directory, f"{name}b")
    await registry.register(spn(name), name)
    with pytest.raises(_errors.DuplicateName) as caught:
        await registry.register(spn(name).lower(), f"{name}b")
    assert first in str(caught.value)
    assert second in str(caught.value)
    assert caught.value.fix
    assert await registry.list_spns(f"{name}b") == []


async def test_a_user_principal_name_that_reads_like_it_counts(
    directory: DirectoryProtocol, name: str
) -> None:
    shadow = await user(directory, f"{name}s")
    await directory.modify(shadow, [Change("replace", "userPrincipalName", [f"http/{name}.example.test"])])
    await user(directory, name)
    with pytest.raises(_errors.DuplicateName, match=f"CN={name}s"):
        await SpnRegistry(directory).register(f"http/{name}.example.test", name)


async def test_what_is_no_spn(directory: DirectoryProtocol, name: str) -> None:
    with pytest.raises(_errors.InvalidName):
        await SpnRegistry(directory).find("no host")


async def test_several_holders_are_all_found(memory: MemoryDirectory) -> None:
    registry = SpnRegistry(memory)
    for name in ("a", "b"):
        dn = await user(memory, name)
        await memory.modify(dn, [Change("add", "servicePrincipalName", ["http/twice.example.test"])])
    assert await registry.find("HTTP/twice.example.test") == [f"CN=a,{USERS}", f"CN=b,{USERS}"]
    with pytest.raises(_errors.DuplicateName, match="CN=b"):
        await registry.register("http/twice.example.test", "a")
    assert await registry.unregister("http/twice.example.test", "b")


async def test_a_fresh_name_is_found_before_the_catalogue_has_it(memory: MemoryDirectory) -> None:
    for name in ("a", "b"):
        await user(memory, name)
    memory.lagging = True
    await SpnRegistry(memory).register("http/fresh.example.test", "a")
    with pytest.raises(_errors.DuplicateName):
        await SpnRegistry(memory).register("http/fresh.example.test", "b")


async def test_the_controllers_own_refusal(memory: MemoryDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    await user(memory, "a")
    text = "dc1 refused (000021C7: AtrErr: DSID-03200D2B)"

    async def refuse(dn: str, changes: list[Change]) -> None:
        raise _errors.DirectoryError(text, code="LDAP 19 constraintViolation")

    monkeypatch.setattr(memory, "modify", refuse)
    with pytest.raises(_errors.DuplicateName, match="cannot be seen from here"):
        await SpnRegistry(memory).register("http/x.example.test", "a")
    text = "dc1 refused (0000200B: AtrErr)"
    with pytest.raises(_errors.DirectoryError, match="does not allow http/x") as caught:
        await SpnRegistry(memory).register("http/x.example.test", "a")
    assert "administrator" in (caught.value.fix or "")


async def test_only_an_administrator_may(ad_realm: Realm, dns: Dns, name: str) -> None:
    ad_realm.add_service(name)
    alice = Kerberos(CredentialCache(ad_realm.ticket("alice")))
    async with Directory(ad_realm.domain, alice, dns=dns) as directory:
        with pytest.raises(_errors.DirectoryError, match="insufficientAccessRights") as caught:
            await SpnRegistry(directory).register(spn(name), name)
        assert caught.value.fix


async def test_a_computer_may_give_itself_two_parts_but_not_three(
    ad_realm: Realm, dns: Dns, name: str
) -> None:
    machine = ad_realm.add_computer(name)
    host = f"{name}.example.test"
    mechanism = Kerberos(CredentialCache(ad_realm.ticket(machine)))
    async with Directory(ad_realm.domain, mechanism, dns=dns) as directory:
        registry = SpnRegistry(directory)
        assert await registry.register(f"ADSockAuth/{host}", name)
        for other in (f"ADSockAuth/{host}/CN=x,DC=example,DC=test", "ADSockAuth/other.example.test"):
            with pytest.raises(_errors.DirectoryError) as caught:
                await registry.register(other, name)
            assert caught.value.fix
