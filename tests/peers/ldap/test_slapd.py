"""Our client and OpenLDAP's slapd, which has its SASL from cyrus-sasl."""

from __future__ import annotations

import pytest

from asyncauth import FrameTooLarge, Protection, ProtectionError, RemoteProtocolError
from asyncauth.mechanisms import CredentialCache, Kerberos, Negotiate
from asyncauth.sasl import SaslClient

from . import messages as ldap
from .client import Client, Refused
from .messages import Result
from .slapd import BASE, Programs

pytestmark = pytest.mark.anyio

KINDS = {"GSSAPI": Kerberos, "GSS-SPNEGO": Negotiate}
NONE, SIGN, SEAL = Protection
ALICE = f"dn:cn=alice,{BASE}"


def exchange(openldap: Programs, name: str, require: Protection = SEAL, **options: object) -> SaslClient:
    mechanism = KINDS[name](CredentialCache(openldap.cache))
    return SaslClient(mechanism, "ldap/localhost", require=require, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("require", Protection)
@pytest.mark.parametrize("name", KINDS)
async def test_bind_and_who_am_i(
    either_openldap: Programs, name: str, require: Protection, layer: str
) -> None:
    async with (
        either_openldap.slapd() as port,
        await Client.connect(layer, "127.0.0.1", port) as client,
    ):
        await client.bind(exchange(either_openldap, name, require))
        assert (client.stream.info.protection, client.stream.info.mutual) == (require, True)
        assert await client.who_am_i() == ALICE
        assert len(client.binds) == {"GSSAPI": 3, "GSS-SPNEGO": 1}[name]


async def filled(openldap: Programs, client: Client, name: str, count: int, size: int) -> None:
    """Write entries, each longer than what is sent at a time if ``size`` is."""
    await client.bind(exchange(openldap, name))
    for number in range(count):
        attributes = {
            "objectClass": [b"person"],
            "sn": [b"x"],
            "description": [bytes([65 + number % 26]) * size],
        }
        await client.add(f"cn=n{number},{BASE}", attributes)


@pytest.mark.parametrize("name", KINDS)
async def test_more_than_one_buffer_both_ways(openldap: Programs, name: str) -> None:
    async with openldap.slapd() as port, await Client.connect("anyio", "127.0.0.1", port) as client:
        await filled(openldap, client, name, 5, 200_000)
        found = await client.search(BASE, "description")
        assert sorted(map(len, (values[0] for values in found.values()))) == [200_000] * 5
        assert await client.who_am_i() == ALICE


@pytest.mark.parametrize("require", [SIGN, SEAL])
@pytest.mark.parametrize("size", [100, 1024])
async def test_it_keeps_to_the_size_that_we_take(openldap: Programs, require: Protection, size: int) -> None:
    async with openldap.slapd() as port:
        async with await Client.connect("anyio", "127.0.0.1", port) as client:
            await filled(openldap, client, "GSSAPI", 10, 5000)
        async with await Client.connect("anyio", "127.0.0.1", port) as client:
            await client.bind(exchange(openldap, "GSSAPI", require, max_size=size))
            found = await client.search(BASE, "description")
            assert [len(values[0]) for values in found.values()] == [5000] * 10


async def test_nobody_asks_how_much_we_take_in_gss_spnego(openldap: Programs) -> None:
    async with openldap.slapd() as port, await Client.connect("anyio", "127.0.0.1", port) as client:
        await filled(openldap, client, "GSS-SPNEGO", 1, 100_000)
        assert len((await client.search(BASE, "description"))[f"cn=n0,{BASE}"][0]) == 100_000
        async with await Client.connect("anyio", "127.0.0.1", port) as small:
            await small.bind(exchange(openldap, "GSS-SPNEGO", max_size=65_536))
            with pytest.raises(FrameTooLarge):
                await small.search(BASE, "description")


@pytest.mark.parametrize("require", [SIGN, SEAL])
async def test_we_keep_to_the_size_that_it_takes(openldap: Programs, require: Protection) -> None:
    async with (
        openldap.slapd("maxbufsize=1024") as port,
        await Client.connect("anyio", "127.0.0.1", port) as client,
    ):
        await client.bind(exchange(openldap, "GSSAPI", require))
        assert await client.search(BASE, "cn", "x" * 100_000) == {}
        assert await client.who_am_i() == ALICE


async def test_a_size_that_leaves_no_room(openldap: Programs) -> None:
    async with (
        openldap.slapd("maxbufsize=70") as port,
        await Client.connect("anyio", "127.0.0.1", port) as client,
    ):
        with pytest.raises(RemoteProtocolError, match="takes messages of 70 bytes"):
            await client.bind(exchange(openldap, "GSSAPI"))


@pytest.mark.parametrize(
    ("secprops", "require"),
    [("maxssf=1", SEAL), ("maxssf=0", SEAL), ("maxssf=0", SIGN), ("minssf=56", SIGN), ("minssf=1", NONE)],
)
async def test_it_does_not_offer_what_we_require(
    openldap: Programs, secprops: str, require: Protection
) -> None:
    async with openldap.slapd(secprops) as port, await Client.connect("anyio", "127.0.0.1", port) as client:
        with pytest.raises(ProtectionError, match=f"offers .* and {require.name} is required"):
            await client.bind(exchange(openldap, "GSSAPI", require))


@pytest.mark.parametrize("require", [NONE, SIGN])
async def test_its_least_protection_is_not_kept_in_gss_spnego(
    openldap: Programs, require: Protection
) -> None:
    async with (
        openldap.slapd("minssf=56") as port,
        await Client.connect("anyio", "127.0.0.1", port) as client,
    ):
        await client.bind(exchange(openldap, "GSS-SPNEGO", require))
        assert await client.who_am_i() == ALICE


@pytest.mark.parametrize("require", [NONE, SIGN])
async def test_how_it_keeps_it_all_the_same(openldap: Programs, require: Protection) -> None:
    async with (
        openldap.slapd(more="security sasl=56") as port,
        await Client.connect("anyio", "127.0.0.1", port) as client,
    ):
        await client.bind(exchange(openldap, "GSS-SPNEGO", require))
        (answer,) = await client.ask(ldap.who_am_i())
        assert Result.parse(answer).code == 13, Result.parse(answer)  # confidentialityRequired


@pytest.mark.parametrize(
    ("authzid", "who"), [("u:alice", "alice"), (f"dn:cn=bob,{BASE}", "bob"), ("u:bob", "bob")]
)
async def test_as_whom_alice_may_act(openldap: Programs, authzid: str, who: str) -> None:
    async with openldap.slapd() as port, await Client.connect("anyio", "127.0.0.1", port) as client:
        await client.bind(exchange(openldap, "GSSAPI", authzid=authzid))
        assert await client.who_am_i() == f"dn:cn={who},{BASE}"


@pytest.mark.parametrize("authzid", ["u:carol", f"dn:cn=carol,{BASE}", "alice"])
async def test_as_whom_alice_may_not_act(openldap: Programs, authzid: str) -> None:
    async with openldap.slapd() as port, await Client.connect("anyio", "127.0.0.1", port) as client:
        with pytest.raises(Refused, match="authorization failure"):
            await client.bind(exchange(openldap, "GSSAPI", authzid=authzid))
