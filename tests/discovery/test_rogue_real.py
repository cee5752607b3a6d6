"""A computer that publishes somebody else's service, in a real domain: what it can do, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest
from anyio.abc import SocketAttribute

from asyncauth import Target, TargetError, connect, connect_service, serve
from asyncauth._errors import DirectoryError, ServiceNotFound
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import (
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
)
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.testing import Realm, Service

pytestmark = pytest.mark.anyio

SYSTEM = "CN=System,DC=example,DC=test"


@dataclass(frozen=True)
class Rogue:
    """Somebody's computer.

    :param dn: of the computer
    :param point: what it publishes: with the keyword of another, and its own host
    :param directory: as it sees it
    """

    machine: Service
    dn: str
    point: ServiceConnectionPoint
    directory: Directory

    @property
    def spn(self) -> str:
        """The name that clients make of its entry."""
        return f"{self.point.service_class}/{self.point.host}/{self.point.dn}"


@pytest.fixture
async def rogue(
    ad_realm: Realm, real_directory: Directory, dns: Dns, name: str, anyio_backend: object
) -> Rogue:
    """It is there, and so is the true service, with the same keyword."""
    machine = ad_realm.add_computer(name)
    assert machine.dn is not None
    mechanism = Kerberos(CredentialCache(ad_realm.ticket(machine)))
    point = ServiceConnectionPoint(
        name="Service",
        parent=machine.dn,
        service_class="ADSockAuth",
        host="localhost",
        port=2000,
        keywords=(f"kw-{name}",),
    )
    true = ServiceConnectionPoint(
        name=f"{name}-true",
        parent=SYSTEM,
        service_class="ADSockAuth",
        host="localhost",
        port=2001,
        keywords=(f"kw-{name}",),
    )
    await ServiceConnectionPoints(real_directory).publish(true)
    directory = Directory(ad_realm.domain, mechanism, dns=dns)
    assert await ServiceConnectionPoints(directory).publish(point)
    return Rogue(machine, machine.dn, point, directory)


async def test_every_candidate_is_reported_with_where_it_stands(
    real_directory: Directory, rogue: Rogue
) -> None:
    found = await ServiceConnectionPoints(real_directory).resolve(ServiceQuery(rogue.point.keywords[0]))
    assert {target.source for target in found} == {rogue.point.dn, f"CN={rogue.machine.name}-true,{SYSTEM}"}
    await rogue.directory.aclose()


async def test_a_search_base_leaves_it_out_and_accept_sees_it(
    real_directory: Directory, rogue: Rogue
) -> None:
    query = ServiceQuery(rogue.point.keywords[0])
    pinned = ServiceConnectionPoints(real_directory, search_base=SYSTEM)
    assert [target.port for target in await pinned.resolve(query)] == [2001]
    seen: list[Target] = []

    def elsewhere(target: Target) -> bool:
        seen.append(target)
        return not (target.source or "").endswith(f",{rogue.dn}")

    chosen = ServiceConnectionPoints(real_directory, accept=elsewhere)
    assert [target.port for target in await chosen.resolve(query)] == [2001]
    assert len(seen) == 2
    await rogue.directory.aclose()


async def test_its_class_is_not_the_clients(real_directory: Directory, rogue: Rogue) -> None:
    """With a class from the configuration, what an entry says of its class steers nothing."""
    query = ServiceQuery(rogue.point.keywords[0])
    with pytest.raises(ServiceNotFound, match="of the class 'ADSockAuth', not http"):
        await ServiceConnectionPoints(real_directory, service_class="http").resolve(query)
    await rogue.directory.aclose()


async def test_it_cannot_have_the_name_that_clients_ask_for(
    ad_realm: Realm, real_directory: Directory, rogue: Rogue
) -> None:
    """So nobody comes in contact with it but to be told that the name is unknown; with two parts it would have one."""
    with pytest.raises(DirectoryError, match="does not allow"):
        await SpnRegistry(rogue.directory).register(rogue.spn, rogue.machine.name)
    client = Negotiate(CredentialCache(ad_realm.ticket("alice")))
    key = Negotiate(Keytab(rogue.machine.keytab))
    heard: list[object] = []

    async def handler(stream: object) -> None:
        heard.append(stream)

    async with anyio.create_task_group() as group:
        listener = await group.start(serve, handler, "127.0.0.1", 0, key)
        port = listener.extra(SocketAttribute.local_port)
        with pytest.raises(TargetError, match=r"ADSockAuth/localhost/CN=Service"):
            await connect(Target("127.0.0.1", port, rogue.spn), client)
        points = ServiceConnectionPoints(
            real_directory, accept=lambda target: (target.source or "").endswith(rogue.dn)
        )
        await ServiceConnectionPoints(rogue.directory).publish(
            ServiceConnectionPoint(
                name="Service",
                parent=rogue.dn,
                service_class="ADSockAuth",
                host="localhost",
                port=port,
                keywords=rogue.point.keywords,
            )
        )
        with pytest.raises(TargetError):
            await connect_service(rogue.point.keywords[0], points, client)
        group.cancel_scope.cancel()
    assert heard == []
    await rogue.directory.aclose()
