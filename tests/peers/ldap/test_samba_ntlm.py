"""Our NTLM and a Samba domain controller with its own accounts: GSS-SPNEGO inside LDAP, without a ticket."""

from __future__ import annotations

import pytest

from asyncauth import Policy, Protection, ProtectionError
from asyncauth.mechanisms import Ntlm, Password
from asyncauth.sasl import SaslClient
from asyncauth.testing import SambaRealm

from . import messages as ldap
from .client import Client, Refused
from .test_samba import LDAP, SEAL, SIGN, security_identifier

pytestmark = pytest.mark.anyio

NAMES = ["EXAMPLE\\alice", "alice@EXAMPLE.TEST", "alice"]
ONE_BYTE = "data 57,"
NO_SUCH_LOGON = "data 52e,"


def exchange(
    controller: SambaRealm, who: str, password: str | None = None, policy: Policy | None = None
) -> SaslClient:
    secret = controller.users["alice"].password if password is None else password
    return SaslClient(
        Ntlm(Password(who, secret)),
        f"ldap/{controller.controller}",
        require=policy or Policy(SEAL, mutual=False),
    )


@pytest.mark.parametrize("require", [SIGN, SEAL])
async def test_bind_and_search(controller: SambaRealm, require: Protection, layer: str) -> None:
    """Where only signing is agreed its messages are sealed all the same, and so are ours."""
    async with await Client.connect(layer, controller.address, LDAP) as client:
        await client.bind(exchange(controller, NAMES[0], policy=Policy(require, mutual=False)))
        info = client.stream.info
        assert (info.mechanism, info.protection, info.mutual) == ("ntlm", require, False)
        mine, alice = await security_identifier(client, controller)
        assert mine == alice


@pytest.mark.parametrize("who", NAMES)
async def test_the_ways_to_write_a_name(controller: SambaRealm, who: str) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, who))
        mine, alice = await security_identifier(client, controller)
        assert mine == alice


async def test_many_messages_and_long_ones(controller: SambaRealm) -> None:
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        await client.bind(exchange(controller, NAMES[0]))
        for _ in range(3):
            everything = await client.search(
                f"CN=Configuration,{controller.base_dn}", "objectClass", returned="*"
            )
            assert sum(len(value) for values in everything.values() for value in values) > 2 * 65_536
            assert await client.search(controller.base_dn, "cn", "x" * 200_000) == {}


async def test_a_wrong_password_and_a_name_that_nobody_has_are_refused_alike(controller: SambaRealm) -> None:
    texts = []
    for who in ("EXAMPLE\\alice", "EXAMPLE\\nobody"):
        async with await Client.connect("anyio", controller.address, LDAP) as client:
            with pytest.raises(Refused, match=NO_SUCH_LOGON) as refused:
                await client.bind(exchange(controller, who, "wrong pa55word"))
        assert refused.value.result.code == ldap.INVALID_CREDENTIALS
        texts.append(refused.value.result.text)
    assert texts[0] == texts[1]


async def test_a_policy_that_requires_mutual_lets_no_response_out(controller: SambaRealm) -> None:
    """The response is what a password can be guessed from, and relayed."""
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        with pytest.raises(ProtectionError, match="ntlm, which cannot prove"):
            await client.bind(exchange(controller, NAMES[0], policy=Policy(SEAL)))
        assert [answer.code for answer in client.binds] == [ldap.IN_PROGRESS]


async def test_without_protection_it_refuses_our_key(controller: SambaRealm) -> None:
    """pyspnego gives a session key of one byte where nothing is signed."""
    async with await Client.connect("anyio", controller.address, LDAP) as client:
        with pytest.raises(Refused, match=ONE_BYTE):
            await client.bind(exchange(controller, NAMES[0], policy=Policy(Protection.NONE, mutual=False)))
