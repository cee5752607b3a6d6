"""A real controller's SIDs and groups, compared with the PAC that it makes of the same user."""

from __future__ import annotations

import pytest

from asyncauth import Peer, Policy, ServiceNotFound, ServicePrincipalName
from asyncauth._sid import Sid
from asyncauth.discovery import Change, Directory, DirectoryProtocol, Dns, GroupLookup
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab
from asyncauth.testing import Realm

from ..services import TWO_PARTS, House

pytestmark = pytest.mark.anyio

BASE = "DC=example,DC=test"
USERS = f"CN=Users,{BASE}"
GLOBAL, LOCAL, UNIVERSAL = "-2147483646", "-2147483644", "-2147483640"
ASSERTED = Sid.parse("S-1-18-1")
"""Of the PAC only: the domain vouches that it has authenticated the account itself."""
BUILTIN = Sid.parse("S-1-5-32")
"""Of tokenGroups only: each machine has these groups for itself."""


async def group(directory: DirectoryProtocol, name: str, kind: str = GLOBAL, *members: str) -> str:
    dn = f"CN={name},{USERS}"
    await directory.add(dn, {"objectClass": ["group"], "sAMAccountName": [name], "groupType": [kind]})
    if members:
        await directory.modify(dn, [Change("add", "member", members)])
    return dn


def seen(house: House, name: str) -> Peer:
    """Whom a server sees that this user has just talked to."""
    client, server = (
        Kerberos(CredentialCache(house.realm.ticket(name))),
        Kerberos(Keytab(house.service.keytab)),
    )
    acceptor = server.accept(Policy())
    token, _ = client.initiate(ServicePrincipalName.parse(TWO_PARTS), Policy()).step(None)
    acceptor.step(token)
    peer = acceptor.info().peer
    assert peer is not None
    return peer


# --- the same user, by ticket and by directory --------------------------------------------------------------


async def test_the_pac_and_the_directory_agree(house: House, real_directory: Directory, name: str) -> None:
    house.realm.add_user(name)
    user = f"CN={name},{USERS}"
    inner = await group(real_directory, f"{name}-inner", GLOBAL, user)
    outer = await group(real_directory, f"{name}-outer", GLOBAL, inner)
    universal = await group(real_directory, f"{name}-universal", UNIVERSAL, outer)
    local = await group(real_directory, f"{name}-local", LOCAL, universal)
    primary = await group(real_directory, f"{name}-primary", GLOBAL, user)
    mail = await group(real_directory, f"{name}-mail", "2", user)
    other = await group(real_directory, f"{name}-other")
    lookup = GroupLookup(real_directory)
    first = await lookup.sid_of(primary)
    await real_directory.modify(user, [Change("replace", "primaryGroupID", [str(first.rid)])])

    peer = seen(house, name)
    assert peer.claims is not None
    sid, groups = await lookup.identity_of(peer.name)
    assert peer.sid == sid == await lookup.sid_of(name)
    assert peer.claims.primary_group == first
    assert peer.groups - groups == {ASSERTED}
    assert {each.domain for each in groups - peer.groups} == {BUILTIN}
    assert await lookup.groups_of(user) == groups
    expected = {await lookup.sid_of(dn, group=True) for dn in (inner, outer, universal, local, primary)}
    assert expected < peer.groups
    assert (await lookup.sid_of("Domain Users")) in peer.groups  # joined when it ceased to be the primary one
    for dn in (mail, other):  # for mail only, and not a member
        assert await lookup.sid_of(dn) not in peer.groups | groups


async def test_administrators_groups_agree_too(house: House, real_directory: Directory) -> None:
    peer = seen(house, "administrator")
    groups = await GroupLookup(real_directory).groups_of(peer.name)
    assert peer.groups - groups == {ASSERTED}
    assert {each.domain for each in groups - peer.groups} == {BUILTIN}
    assert {512, 513, 518, 519, 520} <= {each.rid for each in peer.groups}


async def test_a_service_that_wants_no_pac_gets_none(
    house: House, real_directory: Directory, name: str
) -> None:
    service = house.realm.add_service(name, f"NoPac/{name}")
    assert service.dn is not None
    await real_directory.modify(
        service.dn, [Change("replace", "userAccountControl", [str(0x200 | 0x2000000)])]
    )
    acceptor = Kerberos(Keytab(service.keytab)).accept(Policy())
    client = Kerberos(CredentialCache(house.realm.ticket("alice")))
    token, _ = client.initiate(ServicePrincipalName.parse(f"NoPac/{name}"), Policy()).step(None)
    acceptor.step(token)
    peer = acceptor.info().peer
    assert peer is not None
    assert (peer.sid, peer.groups) == (None, frozenset())
    sid, groups = await GroupLookup(real_directory).identity_of(peer.name)
    assert sid == seen(house, "alice").sid
    assert groups >= seen(house, "alice").groups - {ASSERTED}


async def test_a_plain_user_may_ask(ad_realm: Realm, dns: Dns, real_directory: Directory) -> None:
    alice = Kerberos(CredentialCache(ad_realm.ticket("alice")))
    async with Directory(ad_realm.domain, alice, dns=dns) as directory:
        asked = await GroupLookup(directory).groups_of("Administrator@EXAMPLE.TEST")
    assert asked == await GroupLookup(real_directory).groups_of("Administrator@EXAMPLE.TEST")


@pytest.mark.parametrize(
    "form", ["EXAMPLE\\{}", "example\\{}", "example.test\\{}", "{}@example.test", "CN={}," + USERS]
)
async def test_forms_of_names(real_directory: Directory, name: str, form: str) -> None:
    dn = await group(real_directory, name)
    entry = await real_directory.read(dn, ["objectSid"])
    assert entry is not None
    for wanted in (False, True):
        sid = await GroupLookup(real_directory).sid_of(form.format(name), group=wanted)
        assert bytes(sid) == entry.values("objectSid")[0]


@pytest.mark.parametrize(
    "name", ["OTHER\\Domain Users", "*", "Domain *", "x)(cn=*", "CN=nobody," + USERS, "\\"]
)
async def test_names_of_nobody(real_directory: Directory, name: str) -> None:
    with pytest.raises(ServiceNotFound, match="has no account or group") as caught:
        await GroupLookup(real_directory).sid_of(name)
    assert caught.value.fix


async def test_a_user_is_no_group(real_directory: Directory) -> None:
    lookup = GroupLookup(real_directory)
    assert (await lookup.sid_of("alice")).rid >= 1000
    for name in ("alice", f"CN=alice,{USERS}"):
        with pytest.raises(ServiceNotFound, match="has no group"):
            await lookup.sid_of(name, group=True)
