"""What a directory that is not there, not itself or not willing does to its callers."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import anyio
import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from asyncauth import _errors
from asyncauth._spn import ServicePrincipalName
from asyncauth.abc import ServiceQuery
from asyncauth.discovery import (
    Change,
    Directory,
    Dns,
    ServiceConnectionPoint,
    ServiceConnectionPoints,
    WinsockService,
    WinsockServices,
    tcp_class_id,
)
from asyncauth.discovery._deadline import Deadline
from asyncauth.discovery._session import Place, Session
from asyncauth.mechanisms import CredentialCache, Kerberos, Ntlm
from asyncauth.testing import Realm

from ._relay import Relay

pytestmark = pytest.mark.anyio

SYSTEM = "CN=System,DC=example,DC=test"
DC = "dc1.example.test"


@contextmanager
def silent_port() -> Iterator[int]:
    """Connections are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


async def test_a_closed_port(ad_realm: Realm) -> None:
    port = closed_port()
    directory = Directory("example.test", Kerberos(), host=DC, address="127.0.0.1", port=port)
    with pytest.raises(
        _errors.DirectoryError, match=f"{DC} \\(127.0.0.1, port {port}\\) cannot be reached"
    ) as caught:
        await directory.root()
    assert "refused" in str(caught.value).lower()
    assert "firewall" in (caught.value.fix or "")


async def test_a_silent_port(ad_realm: Realm) -> None:
    with silent_port() as port:
        directory = Directory(
            "example.test", Kerberos(), host=DC, address="127.0.0.1", port=port, timeout=0.5
        )
        started = time.monotonic()
        with pytest.raises(_errors.DirectoryError, match=r"no answer within 0\.5 s") as caught:
            await directory.root()
        assert time.monotonic() - started < 4
    assert f"authenticating to {DC} (127.0.0.1, port {port}) as ldap/{DC}/example.test" in str(caught.value)
    assert caught.value.fix


async def test_garbage_for_an_answer(ad_realm: Realm) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def babble() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(99)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=babble)
        thread.start()
        port = server.getsockname()[1]
        directory = Directory("example.test", Kerberos(), host=DC, address="127.0.0.1", port=port, timeout=2)
        with pytest.raises(_errors.DirectoryError, match=DC) as caught:
            await directory.root()
        assert caught.value.fix
        thread.join()


async def test_the_realm_falls_silent(ad_realm: Realm, dns: Dns) -> None:
    async with Directory("example.test", Kerberos(), dns=dns, timeout=1) as directory:
        await directory.root()
        ad_realm.pause()
        try:
            started = time.monotonic()
            with pytest.raises(
                _errors.DirectoryError, match=r"no answer within 1 s while .*dc1\.example\.test"
            ):
                await directory.read(SYSTEM, [])
            with pytest.raises(_errors.DirectoryError, match=r"within 1 s|cannot tell"):
                await directory.read(SYSTEM, [])
            assert time.monotonic() - started < 8
        finally:
            ad_realm.resume()
        assert await directory.read(SYSTEM, []) is not None


async def test_a_name_the_kdc_does_not_know(ad_realm: Realm) -> None:
    directory = Directory("example.test", Kerberos(), host="other.example.test", address=ad_realm.address)
    with pytest.raises(_errors.TargetError, match=r"ldap/other\.example\.test/example\.test") as caught:
        await directory.root()
    assert caught.value.fix


def test_a_name_on_another_account(ad_realm: Realm, name: str) -> None:
    """The ticket is for somebody else's key: the controller cannot read it."""
    ad_realm.add_service(name, f"http/{name}.example.test")
    spn = ServicePrincipalName.parse(f"http/{name}.example.test")
    place = Place(f"{name}.example.test", ad_realm.address, 389, spn)
    with pytest.raises(_errors.DirectoryError, match=f"refused our ticket for {spn}") as caught:
        Session(place, Kerberos(), Deadline(5, "testing"))
    assert "invalidCredentials" in str(caught.value)
    assert caught.value.fix


async def test_an_account_that_is_no_controller(ad_realm: Realm, name: str) -> None:
    """Samba's KDC gives no ticket for class/host/domain to an account that is none, whatever is registered."""
    ad_realm.add_service(name, f"ldap/{name}.example.test/example.test")
    directory = Directory("example.test", Kerberos(), host=f"{name}.example.test", address=ad_realm.address)
    with pytest.raises(_errors.TargetError, match=f"ldap/{name}.example.test/example.test"):
        await directory.root()


async def test_a_member_that_calls_itself_a_controller(ad_realm: Realm, name: str) -> None:
    """It may register ldap/its-own-host, but that is not the name that is asked for."""
    ad_realm.add_computer(name, f"ldap/{name}.example.test")
    directory = Directory("example.test", Kerberos(), host=f"{name}.example.test", address=ad_realm.address)
    with pytest.raises(_errors.TargetError, match=f"ldap/{name}.example.test/example.test"):
        await directory.root()


async def test_no_credentials(ad_realm: Realm) -> None:
    nobody = Kerberos(CredentialCache("FILE:/nowhere/cache"))
    with pytest.raises(_errors.CredentialError, match="/nowhere/cache"):
        await Directory("example.test", nobody, host=DC, address=ad_realm.address).root()


async def test_ntlm_is_not_enough(ad_realm: Realm) -> None:
    with pytest.raises(_errors.ProtectionError, match="ntlm cannot prove"):
        await Directory("example.test", Ntlm(), host=DC, address=ad_realm.address).root()


async def test_an_unknown_domain(dns: Dns) -> None:
    with pytest.raises(_errors.DirectoryError, match=r"no directory server of nowhere\.test") as caught:
        await Directory("nowhere.test", Kerberos(), dns=dns).root()
    assert "host=" in (caught.value.fix or "")
    with pytest.raises(_errors.DirectoryError, match=r"no directory server of other\.test"):
        await Directory("example.test", Kerberos(), dns=dns).read("CN=x,DC=other,DC=test", [])


async def test_the_next_controller_is_asked(
    ad_realm: Realm, dns: Dns, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The first does not exist, the second is a member of the domain and no controller, the third serves."""
    domain = f"{name}.example.test"
    owner = f"_ldap._tcp.dc._msdcs.{domain}"
    ad_realm.add_computer(name)
    ad_realm.add_host(f"{name}.example.test", ad_realm.address)
    ad_realm.add_srv(owner, f"missing-{name}.example.test", 389, priority=1)
    ad_realm.add_srv(owner, f"{name}.example.test", 389, priority=2)
    ad_realm.add_srv(owner, DC, 389, priority=3)
    caplog.set_level(logging.WARNING, "asyncauth.discovery")
    with pytest.raises(_errors.TargetError, match=f"ldap/{DC}/{domain}"):
        await Directory(domain, Kerberos(), dns=dns).root()
    assert f"missing-{name}.example.test" in caplog.text
    assert f"ldap/{name}.example.test/{domain}" in caplog.text


async def test_refusals_say_what_to_do(real_directory: Directory, name: str) -> None:
    dn, container = f"CN={name},{SYSTEM}", {"objectClass": ["container"]}
    await real_directory.add(dn, container)
    await real_directory.add(f"CN=child,{dn}", container)
    cases: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("noSuchObject", lambda: real_directory.add(f"CN={name},CN=nowhere,{SYSTEM}", container)),
        ("noSuchObject", lambda: real_directory.modify(f"CN=no,{dn}", [Change("add", "url", ["x"])])),
        ("invalidDNSyntax", lambda: real_directory.delete("garbage")),
        ("notAllowedOnNonLeaf", lambda: real_directory.delete(dn)),
        ("objectClassViolation", lambda: real_directory.add(f"CN=x,{dn}", {"objectClass": ["serviceClass"]})),
    ]
    for symbol, call in cases:
        with pytest.raises(_errors.DirectoryError) as caught:
            await call()
        assert symbol in str(caught.value)
        assert "dc1.example.test" in str(caught.value)
        assert caught.value.fix


@pytest.mark.parametrize("condition", ["", "cn=x", "(cn=x", "(&(cn=x)", "(cn)"])
async def test_what_is_no_filter(real_directory: Directory, condition: str) -> None:
    with pytest.raises(_errors.DirectoryError, match="not possible") as caught:
        await real_directory.search(SYSTEM, condition, [])
    assert caught.value.fix


async def test_alice_may_not_write(ad_realm: Realm, dns: Dns, name: str) -> None:
    async with Directory(
        "example.test", Kerberos(CredentialCache(ad_realm.ticket("alice"))), dns=dns
    ) as directory:
        with pytest.raises(_errors.DirectoryError, match="insufficientAccessRights") as caught:
            await directory.add(f"CN={name},{SYSTEM}", {"objectClass": ["container"]})
        assert "administrator" in (caught.value.fix or "")


def test_an_address_needs_a_host() -> None:
    with pytest.raises(ValueError, match="host's name"):
        Directory("example.test", Kerberos(), address="127.0.0.1")


async def test_after_closing(ad_realm: Realm, dns: Dns) -> None:
    directory = Directory("example.test", Kerberos(), dns=dns)
    await directory.root()
    await directory.aclose()
    await directory.aclose()
    with pytest.raises(_errors.DirectoryError, match="has been closed"):
        await directory.root()


async def test_a_kept_connection_that_the_server_has_closed(
    ad_realm: Realm, administrator: Kerberos, name: str
) -> None:
    """It is not used again, not even to write, which could not be repeated."""
    with Relay((ad_realm.address, 389)) as relay:
        directory = Directory("example.test", administrator, host=DC, address="127.0.0.1", port=relay.port)
        async with directory:
            await directory.root()
            (session,) = next(iter(directory._pool._idle.values()))
            relay.hang_up()
            while not session.stale:  # noqa: ASYNC110 - the other end hangs up, nothing here could set an event
                await anyio.sleep(0.01)
            assert await directory.add(f"CN={name},{SYSTEM}", {"objectClass": ["container"]})
            assert relay.connections == 2


async def test_a_connection_lost_in_mid_call(ad_realm: Realm, administrator: Kerberos, name: str) -> None:
    """A read is repeated on a new connection; a write is not, because nobody knows whether it was done."""
    dn = f"CN={name},{SYSTEM}"
    with Relay((ad_realm.address, 389)) as relay:
        directory = Directory("example.test", administrator, host=DC, address="127.0.0.1", port=relay.port)
        async with directory:
            await directory.root()
            relay.cut_requests = 99
            with pytest.raises(_errors.DirectoryError, match=f"broke off while adding {dn}") as caught:
                await directory.add(dn, {"objectClass": ["container"]})
            assert caught.value.fix
            with pytest.raises(_errors.DirectoryError, match=f"{DC} .* cannot be reached"):
                await directory.read(dn, [])
            relay.cut_requests = 0
            assert await directory.read(dn, []) is None
            relay.cut_answers = True
            with pytest.raises(_errors.DirectoryError, match="broke off while adding"):
                await directory.add(dn, {"objectClass": ["container"]})
            relay.cut_answers = False
            assert not await directory.add(dn, {"objectClass": ["container"]})


async def test_a_read_is_repeated(ad_realm: Realm) -> None:
    with Relay((ad_realm.address, 389)) as relay:
        directory = Directory("example.test", Kerberos(), host=DC, address="127.0.0.1", port=relay.port)
        async with directory:
            await directory.root()
            await directory.root()
            assert relay.connections == 1

            relay.cut_requests = 1
            assert await directory.read(SYSTEM, []) is not None
            assert relay.connections == 2


async def test_cancelling_a_call(ad_realm: Realm, dns: Dns) -> None:
    async with Directory("example.test", Kerberos(), dns=dns, timeout=5) as directory:
        await directory.root()
        ad_realm.pause()
        try:
            started = time.monotonic()
            with anyio.move_on_after(0.2) as scope:
                await directory.read(SYSTEM, [])
            assert scope.cancelled_caught
            assert time.monotonic() - started < 4
        finally:
            ad_realm.resume()
        assert await directory.read(SYSTEM, []) is not None


def test_one_loop_after_another(ad_realm: Realm, dns: Dns) -> None:
    directory = Directory("example.test", Kerberos(), dns=dns)

    async def look() -> str | None:
        return (await directory.root()).text("dnsHostName")

    assert [anyio.run(look, backend=backend) for backend in ("asyncio", "trio", "asyncio")] == [DC] * 3
    anyio.run(directory.aclose)


@pytest.fixture
def no_blocking() -> Iterator[BlockBuster]:
    with blockbuster_ctx("asyncauth") as guard:
        yield guard


async def test_nothing_blocks_the_loop(
    ad_realm: Realm, dns: Dns, administrator: Kerberos, name: str, no_blocking: BlockBuster
) -> None:
    async with Directory("example.test", administrator, dns=dns) as directory:
        points = ServiceConnectionPoints(directory, dns=dns)
        record = ServiceConnectionPoint(name, SYSTEM, "X", "localhost", 1, (f"kw-{name}",))
        await points.publish(record)
        assert await points.resolve(ServiceQuery(f"kw-{name}"))
        await points.withdraw(record)
        services = WinsockServices(directory)
        instance = WinsockService(name, f"C{name}", tcp_class_id(9001), "localhost", [("127.0.0.1", 9001)])
        await services.publish(instance)
        assert await services.resolve(ServiceQuery(name))
        await services.withdraw(instance)
        await services.remove_class(tcp_class_id(9001))
        with pytest.raises(_errors.DirectoryError):
            await Directory("nowhere.test", administrator, dns=dns).root()
