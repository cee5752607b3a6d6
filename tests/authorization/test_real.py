"""Groups decide who is let in: on a real controller, on each of our layers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from asyncauth import AuthorizationError, PeerRejected, Policy
from asyncauth.authorization import Allow
from asyncauth.discovery import Change, Directory, Dns
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import Realm, User

from .. import layered
from ..layers import Layer, Server
from ..services import TWO_PARTS, House, house_of

USERS = "CN=Users,DC=example,DC=test"

pytestmark = pytest.mark.anyio
anyio_backend, layer, layer_name = layered.anyio_backend, layered.layer, layered.layer_name


@pytest.fixture
async def directory(house: House, dns: Dns) -> AsyncIterator[Directory]:
    administrator = Kerberos(CredentialCache(house.realm.ticket("administrator")))
    async with Directory(house.realm.domain, administrator, dns=dns) as directory:
        yield directory


@pytest.fixture(scope="session")
def dns(ad_realm: Realm) -> Dns:
    return Dns(ad_realm.env["ASYNCAUTH_NAMESERVER"])


@pytest.fixture(scope="session")
def clerk(ad_realm: Realm) -> User:
    """A user whom the first test puts into Payroll, by way of Clerks."""
    return ad_realm.add_user("clerk")


async def payroll(directory: Directory) -> None:
    """The group Payroll, domain-local, with the global group Clerks in it, with the clerk in that."""
    for name, kind, member in (
        ("Clerks", "-2147483646", f"CN=clerk,{USERS}"),
        ("Payroll", "-2147483644", f"CN=Clerks,{USERS}"),
    ):
        dn = f"CN={name},{USERS}"
        if await directory.add(dn, {"objectClass": ["group"], "sAMAccountName": [name], "groupType": [kind]}):
            await directory.modify(dn, [Change("add", "member", [member])])


async def meet(layer: Layer, house: House, client: str, authorize: Any, keytab: Any, spn: str) -> str | None:
    """Let a user call a server that decides so; what the server said of it if it refused."""
    server_side, client_side = (
        Negotiate(Keytab(keytab)),
        Negotiate(CredentialCache(house.realm.ticket(client))),
    )
    async with layer.serving(server_side, require=Policy(authorize=authorize)) as server:
        try:
            stream = await layer.connect(house.target(server.port, spn), client_side)
        except PeerRejected as error:
            return await _reason(server, error)
        there = await server.next()
        await stream.send(b"good day")
        assert await there.receive_exactly(8) == b"good day"
        await stream.abort()
        return None


async def _reason(server: Server, told: PeerRejected) -> str:
    """Why, as the server has it; the client hears nothing of that."""
    with anyio.fail_after(5):
        while not server.refused:  # noqa: ASYNC110 - there is no event for it
            await anyio.sleep(0.01)
    (refusal,) = server.refused
    assert isinstance(refusal, AuthorizationError)
    assert not {"allowed", "PAC"} & set(str(told).split())
    return str(refusal)


async def test_a_nested_group_lets_in_who_is_in_it(
    layer: Layer, house: House, directory: Directory, clerk: User, caplog: pytest.LogCaptureFixture
) -> None:
    await payroll(directory)
    allow = Allow(groups=["EXAMPLE\\Payroll"], directory=directory)
    await allow.prepare()
    with caplog.at_level(logging.INFO, "asyncauth.audit"):
        assert await meet(layer, house, "clerk", allow, house.service.keytab, TWO_PARTS) is None
        refused = await meet(layer, house, "alice", allow, house.service.keytab, TWO_PARTS)
    assert refused is not None
    assert "alice@EXAMPLE.TEST is not allowed" in refused
    allowed, turned_away = (each for each in caplog.records if each.name == "asyncauth.audit")
    assert vars(allowed)["peer"] == clerk.principal
    assert vars(allowed)["rule"] == "group:EXAMPLE\\Payroll"
    assert (vars(turned_away)["peer"], vars(turned_away)["decision"]) == ("alice@EXAMPLE.TEST", "refused")
    assert vars(turned_away)["sid"].startswith("S-1-5-21-")


async def test_groups_without_a_pac_come_from_the_directory(
    layer: Layer, house: House, directory: Directory, clerk: User
) -> None:
    await payroll(directory)
    service = house.realm.services.get("plain") or house.realm.add_service("plain", "Plain/localhost")
    no_pac = Change("replace", "userAccountControl", [str(0x200 | 0x2000000)])
    assert service.dn is not None
    await directory.modify(service.dn, [no_pac])
    told = Allow(groups=["Payroll"], directory=directory)
    untold = Allow(sids=["S-1-5-21-1-2-3-4"])
    assert await meet(layer, house, "clerk", told, service.keytab, "Plain/localhost") is None
    for who, allow, reason in (("alice", told, "is not allowed"), ("clerk", untold, "the ticket has no PAC")):
        refused = await meet(layer, house, who, allow, service.keytab, "Plain/localhost")
        assert refused is not None
        assert reason in refused


async def test_an_mit_realm_has_names_and_realms(layer: Layer, mit_realm: Realm) -> None:
    house = house_of(mit_realm)
    keytab = house.service.keytab
    assert await meet(layer, house, "alice", Allow(realms=["MIT.TEST"]), keytab, TWO_PARTS) is None
    for allow in (Allow(realms=["mit.test"]), Allow(["bob@MIT.TEST"]), Allow(sids=["S-1-18-1"]), Allow()):
        assert await meet(layer, house, "alice", allow, keytab, TWO_PARTS)
