"""A real second hop: a server acts as its client towards another service."""

from __future__ import annotations

import pickle

import pytest

from asyncauth import CredentialError, Delegation, Policy, ServicePrincipalName
from asyncauth.discovery import Change, Directory, Dns
from asyncauth.framings import NegotiateStream
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import EnginePair, MitRealm

from ..layers import Layer
from ..services import OTHERS, House, house_of

ANY = Policy(delegation=Delegation.ANY)
TRUSTED = Policy(delegation=Delegation.TRUSTED)


def meet(house: House, kind: type[Negotiate], client: Policy, server: Policy) -> EnginePair:
    return EnginePair(
        kind(CredentialCache(house.realm.ticket("alice"))),
        kind(Keytab(house.service.keytab)),
        NegotiateStream(),
        target=house.target(1),
        client_policy=client,
        server_policy=server,
    ).run()


@pytest.mark.anyio
@pytest.mark.parametrize("second", [Negotiate, Kerberos])
async def test_the_second_service_sees_the_client(
    house: House, layer: Layer, kind: type[Negotiate], second: type[Negotiate]
) -> None:
    alice = kind(CredentialCache(house.cache))
    first, further = kind(Keytab(house.service.keytab)), second(Keytab(house.other.keytab))
    async with layer.serving(first, require=ANY) as near, layer.serving(further) as far:
        stream = await layer.connect(house.target(near.port), alice, require=ANY)
        assert stream.info.delegation
        assert stream.info.delegated is None
        accepted = await near.next()
        credential = accepted.info.delegated
        assert credential is not None
        assert str(credential) == "the credential delegated by alice@EXAMPLE.TEST"
        for _ in range(2):
            hop = await layer.connect(house.target(far.port, OTHERS), second(credential))
            seen = await far.next()
            assert str(seen.info.peer) == "alice@EXAMPLE.TEST"
            await hop.send(b"for alice")
            assert await seen.receive_exactly(9) == b"for alice"
            await hop.close()
        mechanism = second(credential)
        kept = await layer.connect(house.target(far.port, OTHERS), mechanism)
        seen = await far.next()
        await stream.close()
        await accepted.receive()
        await accepted.close()
        with pytest.raises(CredentialError, match="has ended with the connection that it came with"):
            await layer.connect(house.target(far.port, OTHERS), mechanism)
        await kept.send(b"still here")
        assert await seen.receive_exactly(10) == b"still here"
        await kept.close()


def test_off_by_default_at_either_end(either_house: House, kind: type[Negotiate]) -> None:
    for client, server in ((Policy(), ANY), (ANY, Policy())):
        pair = meet(either_house, kind, client, server)
        assert pair.server.engine.info is not None, pair.server.error
        assert pair.client.engine.info is not None
        assert pair.server.engine.info.delegated is None
        for side in (pair.client, pair.server):
            assert side.engine.info is not None
            assert side.engine.info.delegation is (client is ANY)


def test_a_credential_ends_once_and_stays_at_home(house: House, kind: type[Negotiate]) -> None:
    info = meet(house, kind, ANY, ANY).server.engine.info
    assert info is not None
    assert info.delegated is not None
    with pytest.raises(TypeError, match="does not leave its process"):
        pickle.dumps(info.delegated)
    assert repr(info.delegated) == "Delegated('alice@EXAMPLE.TEST')"
    info.delegated.close()
    info.delegated.close()
    with pytest.raises(CredentialError):
        Kerberos(info.delegated).initiate(house.target(1).spn, Policy()).step(None)


TRUSTED_FOR_DELEGATION = 0x80000


@pytest.mark.anyio
async def test_only_to_servers_that_a_directory_trusts(house: House, kind: type[Negotiate]) -> None:
    house_info = meet(house, kind, TRUSTED, ANY).server.engine.info
    assert house_info is not None
    assert not house_info.delegation
    assert house_info.delegated is None
    await trust(house, 0x200 | TRUSTED_FOR_DELEGATION)
    try:
        info = meet(house, kind, TRUSTED, ANY).server.engine.info
    finally:
        await trust(house, 0x200)
    assert info is not None
    assert info.delegation
    assert info.delegated is not None


async def trust(house: House, control: int) -> None:
    administrator = Kerberos(CredentialCache(house.realm.ticket("administrator")))
    dns = Dns(house.realm.env["ASYNCAUTH_NAMESERVER"])
    assert house.service.dn is not None
    async with Directory(house.realm.domain, administrator, dns=dns) as directory:
        await directory.modify(house.service.dn, [Change("replace", "userAccountControl", [str(control)])])


def test_or_that_an_mit_kdc_trusts(mit_realm: MitRealm, kind: type[Negotiate]) -> None:
    house = house_of(mit_realm)
    for trusted in (True, False):
        sign = "+" if trusted else "-"
        for spn in house.service.spns:
            principal = ServicePrincipalName.parse(spn).principal(mit_realm.name)
            mit_realm._kadmin("modify_principal", f"{sign}ok_as_delegate", principal)
        info = meet(house, kind, TRUSTED, ANY).server.engine.info
        assert info is not None
        assert info.delegation is trusted
        assert (info.delegated is not None) is trusted
