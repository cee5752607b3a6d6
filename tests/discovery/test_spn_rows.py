"""Rows 36 to 40 of the worked examples: what DsServerRegisterSpn and DsWriteAccountSpn do to the directory."""

from __future__ import annotations

import pytest

from asyncauth import DirectoryError, DuplicateName
from asyncauth._spn import host_spns
from asyncauth.discovery import Directory, DirectoryProtocol, Dns, SpnRegistry
from asyncauth.mechanisms import CredentialCache, Kerberos
from asyncauth.testing import SambaRealm

from .test_spn_registry import computer, user

pytestmark = pytest.mark.anyio


async def test_rows_36_and_37_both_host_names_and_again(directory: DirectoryProtocol, name: str) -> None:
    await computer(directory, name)
    registry = SpnRegistry(directory)
    both = host_spns("ADSockAuth", f"{name}.example.test", name.upper())
    assert [await registry.register(spn, name) for spn in both] == [True, True]
    assert {f"ADSockAuth/{name}.example.test", f"ADSockAuth/{name.upper()}"} <= set(
        await registry.list_spns(name)
    )
    assert [await registry.register(spn, name) for spn in both] == [False, False]


async def test_row_38_replaced_by_none_is_emptied(directory: DirectoryProtocol, name: str) -> None:
    await user(directory, name)
    registry = SpnRegistry(directory)
    assert await registry.replace([f"{name}/a", f"{name}/b"], name)
    assert not await registry.replace([f"{name}/B", f"{name}/A"], name)
    assert await registry.list_spns(name) == [f"{name}/a", f"{name}/b"]
    assert await registry.replace([], name)
    assert await registry.list_spns(name) == []
    assert not await registry.replace([], name)


async def test_row_39_a_computer_may_not_give_itself_three_parts(
    ad_realm: SambaRealm, dns: Dns, name: str
) -> None:
    machine = ad_realm.add_computer(name)
    mechanism = Kerberos(CredentialCache(ad_realm.ticket(machine)))
    async with Directory(ad_realm.domain, mechanism, dns=dns) as own:
        with pytest.raises(DirectoryError):
            await SpnRegistry(own).register(f"X/{name}.example.test/CN={name},DC=example,DC=test", name)


async def test_row_40_a_name_held_elsewhere(directory: DirectoryProtocol, name: str) -> None:
    await user(directory, name)
    await user(directory, f"{name}b")
    registry = SpnRegistry(directory)
    await registry.register(f"{name}/host", name)
    for attempt in (
        registry.register(f"{name}/host", f"{name}b"),
        registry.replace([f"{name}/host"], f"{name}b"),
    ):
        with pytest.raises(DuplicateName) as caught:
            await attempt
        assert caught.value.code == "ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST"
    assert await registry.list_spns(f"{name}b") == []
