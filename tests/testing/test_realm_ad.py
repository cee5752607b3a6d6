"""What only the AD realm has: a directory, computers, DNS of its own."""

from __future__ import annotations

import dns.message
import dns.query
import dns.rcode
import dns.resolver
import gssapi.raw as gss
import pytest
from gssapi import NameType

from asyncauth.testing import MitRealm, RealmError, SambaRealm

from ._handshake import THREE_PARTS, handshake, peer


@pytest.fixture
def resolver(ad_realm: SambaRealm) -> dns.resolver.Resolver:
    """A resolver that asks the realm and nobody else."""
    made = dns.resolver.Resolver(configure=False)
    assert ad_realm.env["ASYNCAUTH_NAMESERVER"] == ad_realm.nameserver
    address, _, port = ad_realm.nameserver.partition(":")
    made.nameservers = [address]
    made.port = int(port or 53)
    made.lifetime = 5
    return made


def test_a_service_connection_points_own_name_is_authenticated(ad_realm: SambaRealm, name: str) -> None:
    spn = THREE_PARTS.replace("ADSock", name)
    service = ad_realm.add_service(name, spn)
    _, server = handshake(spn, ad_realm.ticket("alice"), service.keytab)
    assert peer(server) == "alice@EXAMPLE.TEST"
    assert service.dn == f"CN={name},CN=Users,{ad_realm.base_dn}"


@pytest.mark.parametrize(
    ("owner", "port"),
    [
        ("_ldap._tcp.dc._msdcs.example.test", 389),
        ("_ldap._tcp.example.test", 389),
        ("_gc._tcp.example.test", 3268),
        ("_kerberos._tcp.example.test", 88),
        ("_kerberos._udp.example.test", 88),
    ],
)
def test_the_domain_is_located_by_srv(resolver: dns.resolver.Resolver, owner: str, port: int) -> None:
    (answer,) = resolver.resolve(owner, "SRV")
    assert (answer.target.to_text(), answer.port) == ("dc1.example.test.", port)


def test_the_controller_has_the_realms_address(ad_realm: SambaRealm, resolver: dns.resolver.Resolver) -> None:
    for host in (ad_realm.controller, "example.test", "gc._msdcs.example.test"):
        assert [record.address for record in resolver.resolve(host, "A")] == [ad_realm.address]


@pytest.mark.parametrize("spn", ["ldap/dc1.example.test", "GC/dc1.example.test/example.test", "host/dc1"])
def test_the_controllers_own_services_have_names(ad_realm: SambaRealm, spn: str) -> None:
    client = gss.acquire_cred_from({b"ccache": ad_realm.ticket("bob").encode()}, usage="initiate").creds
    target = gss.import_name(f"{spn}@".encode(), NameType.kerberos_principal)
    assert gss.init_sec_context(target, client).token


def test_records_can_be_added(ad_realm: SambaRealm, resolver: dns.resolver.Resolver, name: str) -> None:
    host = f"{name}.example.test"
    for address in ("127.0.0.2", "127.0.0.1", "127.0.0.1", "::1"):
        ad_realm.add_host(host, address)
    ad_realm.add_srv(f"_{name}._tcp.example.test", host, 4242, 1, 2)
    ad_realm.add_srv(f"_{name}._tcp.example.test", host, 4243, weight=7)
    assert sorted(record.address for record in resolver.resolve(host, "A")) == ["127.0.0.1", "127.0.0.2"]
    assert [record.address for record in resolver.resolve(host, "AAAA")] == ["::1"]
    assert sorted(record.to_text() for record in resolver.resolve(f"_{name}._tcp.example.test", "SRV")) == [
        f"0 7 4243 {host}.",
        f"1 2 4242 {host}.",
    ]


@pytest.mark.parametrize("outside", ["localhost", "example.org", "dc1.example.test.example.org"])
def test_no_other_name_is_known(ad_realm: SambaRealm, outside: str) -> None:
    reply = dns.query.udp(dns.message.make_query(outside, "A"), ad_realm.address, timeout=2)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    with pytest.raises(RealmError, match=outside):
        ad_realm.add_host(outside, "127.0.0.1")


def test_a_computer_is_a_service(ad_realm: SambaRealm, name: str) -> None:
    computer = ad_realm.add_computer(name.upper(), f"{name}/{name}.example.test")
    assert computer.dn == f"CN={name.upper()},CN=Computers,DC=example,DC=test"
    assert computer.spns == (f"host/{name}.example.test", f"{name}/{name}.example.test")
    for spn in computer.spns:
        _, server = handshake(spn, ad_realm.ticket(computer), computer.keytab)
        assert peer(server) == f"{name.upper()}$@EXAMPLE.TEST"


def test_a_computers_password_can_change(ad_realm: SambaRealm, name: str) -> None:
    computer = ad_realm.add_computer(name)
    ad_realm.change_password(computer)
    _, server = handshake(computer.spns[0], ad_realm.ticket(computer), ad_realm.keytab(computer))
    assert peer(server) == f"{name}$@EXAMPLE.TEST"


def test_the_administrator_can_log_on(ad_realm: SambaRealm) -> None:
    assert ad_realm.ticket("administrator")


def test_a_weak_password_is_refused(ad_realm: SambaRealm, name: str) -> None:
    with pytest.raises(RealmError, match="stronger"):
        ad_realm.add_user(name, "short")
    ad_realm.add_user(name)


def test_the_mit_realm_says_what_it_lacks(mit_realm: MitRealm) -> None:
    for attempt in (
        lambda: mit_realm.add_computer("app1"),
        lambda: mit_realm.add_host("app1.mit.test", "127.0.0.1"),
        lambda: mit_realm.add_srv("_x._tcp.mit.test", "app1.mit.test", 1),
    ):
        with pytest.raises(RealmError, match="kind='ad'"):
            attempt()
