"""Our client and a Samba domain controller: SASL inside LDAP."""

from __future__ import annotations

import re

import pytest

from asyncauth import AsyncAuthError, FrameTooLarge, Protection
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate
from asyncauth.sasl import SaslClient
from asyncauth.testing import SambaRealm

from . import messages as ldap
from .client import Client, Refused
from .messages import Result

pytestmark = pytest.mark.anyio

KINDS = {"GSSAPI": Kerberos, "GSS-SPNEGO": Negotiate}
SIGN, SEAL = Protection.SIGN, Protection.SEAL
LDAP = 389


def exchange(controller: SambaRealm, name: str, require: Protection = SEAL, **options: object) -> SaslClient:
    mechanism = KINDS[name](CredentialCache(controller.ticket("alice")))
    return SaslClient(mechanism, f"ldap/{controller.controller}", require=require, **options)  # type: ignore[arg-type]


async def security_identifier(client: Client, controller: SambaRealm) -> tuple[bytes, bytes]:
    """Of whom the server takes us for, and of alice. It does not answer "Who am I?"."""
    (mine,) = (await client.search("", "tokenGroups", scope=0)).values()
    found = await client.search(controller.base_dn, "objectSid")
    alice = next(values for dn, values in found.items() if re.match(r"cn=alice,", dn, re.IGNORECASE))
    return mine[0], alice[0]


@pytest.mark.parametrize("require", [SIGN, SEAL])
@pytest.mark.parametrize("name", KINDS)
async def test_bind_and_search(controller: SambaRealm, name: str, require: Protection, layer: str) -> None:
    async with await Client.connect(layer, controller.address, LDAP) as client:
        await client.bind(exchange(controller, name, require))
        info = client.stream.info
        assert (info.protection, info.mutual, info.framing) == (require, True, "sasl")
        assert str(info.target) == f"ldap/{controller.controller}"
        mine, alice = await security_identifier(client, controller)
        assert mine == alice
        assert len(client.binds) == {"GSSAPI": 3, "GSS-SPNEGO": 1}[name]


@pytest.mark.parametrize("name", KINDS)
async def test_more_than_one_buffer_both_ways(controller: SambaRealm, name: str) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, name))
        everything = await client.search(
            f"CN=Configuration,{controller.base_dn}", "objectClass", returned="*"
        )
        assert sum(len(value) for values in everything.values() for value in values) > 2 * 65_536
        assert await client.search(controller.base_dn, "cn", "x" * 200_000) == {}
        assert (await client.search(controller.base_dn, "cn", "alice")) != {}


@pytest.mark.parametrize("require", [SIGN, SEAL])
async def test_it_keeps_to_the_size_that_we_take(controller: SambaRealm, require: Protection) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, "GSSAPI", require, max_size=1024))
        found = await client.search(controller.base_dn, "objectClass")
        assert len(found) > 100  # 25 kilobytes; anything longer than 1024 would have been refused


async def test_nobody_asks_how_much_we_take_in_gss_spnego(controller: SambaRealm) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, "GSS-SPNEGO", max_size=1024))
        with pytest.raises(FrameTooLarge, match="at most 1024"):
            await client.search(controller.base_dn, "objectClass")


@pytest.mark.parametrize("name", KINDS)
async def test_without_a_layer_it_refuses_us(controller: SambaRealm, name: str) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        with pytest.raises(Refused, match="Sign or Seal are required") as refused:
            await client.bind(exchange(controller, name, Protection.NONE))
    assert refused.value.result.code == 8  # strongerAuthRequired


async def test_it_looks_at_no_authorization_identity(controller: SambaRealm) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, "GSSAPI", authzid="bob"))
        mine, alice = await security_identifier(client, controller)
        assert mine == alice


async def test_it_does_not_say_who_one_is(controller: SambaRealm) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, "GSSAPI"))
        (answer,) = await client.ask(ldap.who_am_i())
        assert Result.parse(answer).code == 2


async def test_another_name_than_its_own(controller: SambaRealm) -> None:
    mechanism = Kerberos(CredentialCache(controller.ticket("alice")))
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        with pytest.raises(AsyncAuthError, match="ldap/elsewhere"):
            await client.bind(SaslClient(mechanism, "ldap/elsewhere.example.test"))
        assert client.binds == []


@pytest.mark.parametrize("require", [SIGN, SEAL])
async def test_a_very_small_size(controller: SambaRealm, require: Protection) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, "GSSAPI", require, max_size=100))
        assert len(await client.search(controller.base_dn, "objectClass")) > 100
        assert await client.search(controller.base_dn, "cn", "x" * 5000) == {}


@pytest.mark.parametrize("size", [1024, 65_536])
async def test_it_takes_no_more_than_we_do(controller: SambaRealm, size: int) -> None:
    """It has said that it takes 65,536, and means the smaller of the two numbers. So we send no more than that."""
    negotiating = exchange(controller, "GSSAPI", max_size=size)
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(negotiating)
        framing = negotiating.connection._framing
        assert framing.max_plaintext == size - 72
        assert await client.search(controller.base_dn, "cn", "x" * 5000) == {}
        framing.max_plaintext = 65_464  # type: ignore[misc]
        searching = client.search(controller.base_dn, "cn", "x" * 5000)
        if size == 65_536:
            assert await searching == {}
        else:
            with pytest.raises(AssertionError, match="closed the connection"):
                await searching
