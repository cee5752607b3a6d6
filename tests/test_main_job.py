"""The main job, end to end on a real Active Directory: publish, locate, compose, connect, authenticate, talk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest
from anyio.abc import SocketAttribute

from asyncauth import (
    AuthenticatedStream,
    MechanismError,
    PeerRejected,
    ProtectionError,
    ServiceNotFound,
    TargetError,
    connect_service,
    serve,
)
from asyncauth.abc import Framing, Mechanism
from asyncauth.discovery import (
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    SpnRegistry,
    WinsockService,
    WinsockServices,
    first_of,
)
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate, Ntlm
from asyncauth.testing import SambaRealm

from .services import House
from .stream.servers import echo

pytestmark = pytest.mark.anyio

KEYWORD = "a762885a-aa44-11d2-81f1-00c04fb9624e"
CLASS_ID = UUID("5d0c9b1e-6a0f-4c39-9d64-3d0a4f2f6a11")
WAYS = ("scp", "rnr")
ways = pytest.mark.parametrize("way", WAYS)

Records = ServiceConnectionPoints | WinsockServices


def directory(realm: SambaRealm, cache: str) -> Directory:
    return Directory(realm.domain, Kerberos(CredentialCache(cache)), dns=Dns(realm.nameserver))


@asynccontextmanager
async def published(realm: SambaRealm, way: str, port: int, account: str) -> AsyncIterator[str]:
    """What the installer does; gives the SPN, and takes everything back."""
    async with directory(realm, realm.ticket("administrator")) as admin:
        records: Any
        record: Any
        if way == "scp":
            records = ServiceConnectionPoints(admin)
            record = ServiceConnectionPoint(
                name="MainJob",
                parent=f"CN=System,{realm.base_dn}",
                service_class="MainJob",
                host="localhost",
                port=port,
                keywords=(KEYWORD, "main job"),
            )
        else:
            records = WinsockServices(admin)
            record = WinsockService("MainJobService", "MainJob", CLASS_ID, "localhost", [("127.0.0.1", port)])
        spns = SpnRegistry(admin)
        assert await records.publish(record)
        entry = await records.published(record)
        assert await spns.register(entry.spn, account)
        try:
            yield str(entry.spn)
        finally:
            assert await spns.unregister(entry.spn, account)
            assert await records.withdraw(record)


@asynccontextmanager
async def serving(mechanism: Mechanism, **options: Any) -> AsyncIterator[int]:
    async def run(*, task_status: Any) -> None:
        await serve(echo, "127.0.0.1", 0, mechanism, task_status=task_status, **options)

    async with anyio.create_task_group() as group:
        listener = await group.start(run)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


def located(way: str, at: Directory) -> tuple[str, Records]:
    if way == "scp":
        return KEYWORD, ServiceConnectionPoints(at, service_class="MainJob")
    return "MainJobService", WinsockServices(at, service_class="MainJob")


async def talk(stream: AuthenticatedStream) -> None:
    async with stream:
        await stream.send(b"between us")
        assert await stream.receive() == b"between us"


@ways
@pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])
async def test_a_client_that_knows_only_what_it_wants(
    ad_realm: SambaRealm, house: House, way: str, framing: Framing
) -> None:
    server = Negotiate(Keytab(house.service.keytab))
    alice = Negotiate(CredentialCache(ad_realm.ticket("alice")))
    async with serving(server, framing=framing) as port:
        async with published(ad_realm, way, port, "sockauth") as spn:
            service_class, host, dn = spn.split("/")
            assert (service_class, host) == ("MainJob", "localhost")
            assert dn.lower().startswith("cn=mainjob")
            assert dn.endswith(ad_realm.base_dn)
            async with directory(ad_realm, house.cache) as at:
                service, where = located(way, at)
                stream = await connect_service(service, where, alice, framing=framing)
                assert str(stream.info.target) == spn
                assert stream.info.mutual
                assert stream.info.encrypted
                await talk(stream)


@ways
async def test_the_same_service_is_refused_when_it_is_not_who_it_should_be(
    ad_realm: SambaRealm, house: House, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = tmp_path / "users"
    users.write_text("EXAMPLE:alice:secret\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    true_key, other_key = Negotiate(Keytab(house.service.keytab)), Negotiate(Keytab(house.other.keytab))
    cases: list[tuple[str, Mechanism, str]] = [
        ("the ticket is for another account", true_key, "othersvc"),
        ("an impostor without the key", other_key, "sockauth"),
        ("the peer offers NTLM", Ntlm(), "sockauth"),
    ]
    for what, server, account in cases:
        async with serving(server, mutual=False) as port:
            async with published(ad_realm, way, port, account):
                async with directory(ad_realm, house.cache) as at:
                    service, where = located(way, at)
                    # a new login each time: a ticket from when the SPN was elsewhere would still be good there
                    alice = Negotiate(CredentialCache(ad_realm.ticket("alice")))
                    with pytest.raises(
                        (PeerRejected, TargetError, MechanismError, ProtectionError)
                    ) as refused:
                        await connect_service(service, where, alice)
                    assert "MainJob/localhost" in str(refused.value), what


@ways
async def test_a_service_that_is_gone_is_not_found(ad_realm: SambaRealm, house: House, way: str) -> None:
    async with directory(ad_realm, house.cache) as at:
        service, where = located(way, at)
        with pytest.raises(ServiceNotFound) as missing:
            await connect_service(service, first_of(where))
        assert service in str(missing.value)
        assert missing.value.fix
