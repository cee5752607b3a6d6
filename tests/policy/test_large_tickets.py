"""A ticket of somebody in 1,400 groups: beyond the 12,000 bytes that Windows once had for tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from asyncauth import Policy, ServicePrincipalName
from asyncauth.abc import Framing
from asyncauth.discovery import Directory, Dns
from asyncauth.framings import GssSample, NegotiateStream, Sasl, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import SambaRealm

from ..layers import Layer
from ..services import TWO_PARTS, House

pytestmark = pytest.mark.anyio

GROUPS = 1_400


async def _join(realm: SambaRealm, member: str) -> None:
    place = f"OU={member},{realm.base_dn}"
    administrator = Kerberos(CredentialCache(realm.ticket("administrator")))
    async with Directory(
        realm.domain, administrator, dns=Dns(realm.env["ASYNCAUTH_NAMESERVER"])
    ) as directory:
        await directory.add(place, {"objectClass": ["organizationalUnit"]})
        for number in range(GROUPS):
            name = f"{member}{number}"
            values = {"objectClass": ["group"], "sAMAccountName": [name]}
            await directory.add(
                f"CN={name},{place}", {**values, "member": [f"CN={member},CN=Users,{realm.base_dn}"]}
            )


@pytest.fixture(scope="module")
def well_connected(ad_realm: SambaRealm) -> str:
    """The credential cache of somebody in many groups; it takes some seconds."""
    user = ad_realm.add_user("connected")
    with ThreadPoolExecutor(1) as elsewhere:  # than where the tests' loop is
        elsewhere.submit(anyio.run, _join, ad_realm, user.name).result()
    return ad_realm.ticket(user)


@pytest.mark.parametrize(
    "framing", [NegotiateStream(), Winsock(), GssSample(), Sasl()], ids=lambda framing: framing.name
)
async def test_everybody_gets_in(layer: Layer, house: House, well_connected: str, framing: Framing) -> None:
    client = Negotiate(CredentialCache(well_connected))
    token = client.initiate(ServicePrincipalName.parse(TWO_PARTS), Policy()).step(None).token
    assert token is not None
    assert len(token) > 12_000
    async with layer.serving(Negotiate(Keytab(house.service.keytab)), framing=framing) as server:
        stream = await layer.connect(house.target(server.port, TWO_PARTS), client, framing=framing)
        there = await server.next()
        assert there.info.peer is not None
        assert len(there.info.peer.groups) > GROUPS
        await stream.send(b"hello")
        assert await there.receive_exactly(5) == b"hello"
        await stream.abort()
