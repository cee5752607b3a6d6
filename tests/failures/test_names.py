"""Names that somebody does not know: services, clients, realms."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncauth import CredentialError, DuplicateName, MechanismError, TargetError
from asyncauth.discovery import Directory, Dns, SpnRegistry
from asyncauth.failures import failure
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate, Password
from asyncauth.testing import SambaRealm

from ..services import TWO_PARTS, House
from .conftest import Partition
from .other_user import as_nobody
from .provoked import explained, first_step, kinds, row, said_of, shown, talk

S_PRINCIPAL_UNKNOWN, C_PRINCIPAL_UNKNOWN = "-1765328377", "-1765328378"


@row(1)
@kinds
@pytest.mark.parametrize(
    "name", ["Unknown/app1.example.test", "ADSockAuth/app1.example.test:99", "Unknown/a/b"]
)
def test_a_service_that_nobody_registered(either_house: House, kind: type[Negotiate], name: str) -> None:
    client = kind(CredentialCache(either_house.cache))
    shown(1, TargetError, S_PRINCIPAL_UNKNOWN, name, "does not know", when=first_step(client, name))


@row(2)
@kinds
def test_a_service_named_by_its_address(house: House, kind: type[Negotiate]) -> None:
    name = "ADSockAuth/127.0.0.1"
    client = kind(CredentialCache(house.cache))
    error = shown(2, TargetError, S_PRINCIPAL_UNKNOWN, name, "an address", when=first_step(client, name))
    assert error.fix == "dial the address, and name the service's own SPN separately"


@row(6)
@kinds
def test_a_client_that_nobody_knows(either_house: House, kind: type[Negotiate]) -> None:
    name = f"nobody@{either_house.realm.name}"
    client = kind(Password(name, "whatever"))
    shown(6, CredentialError, C_PRINCIPAL_UNKNOWN, name, "capitals", when=first_step(client, TWO_PARTS))


@row(8)
@kinds
def test_a_realm_without_a_kdc(house: House, kind: type[Negotiate]) -> None:
    client = kind(Password("alice@NOWHERE.TEST", "whatever"))
    shown(8, MechanismError, "-1765328230", "NOWHERE.TEST", "krb5.conf", when=first_step(client, TWO_PARTS))


@row(8)
def test_no_default_realm(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conf.write_text("[libdefaults]\n dns_lookup_realm = false\n")
    monkeypatch.setenv("KRB5_CONFIG", str(conf))
    client = Negotiate(Password("alice", "whatever"))
    shown(8, MechanismError, "-1765328160", "no default realm", when=first_step(client, TWO_PARTS))


@pytest.fixture
def nothing_collected() -> Iterator[None]:
    """GSSAPI reads the configuration even to release credentials, and other tests have left some to the collector."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@row(8)
@pytest.mark.usefixtures("nothing_collected")
def test_a_configuration_that_is_none(conf: Path) -> None:
    conf.write_text("[libdefaults\n")
    client = Negotiate(Password("alice@EXAMPLE.TEST", "whatever"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(conf))
        shown(
            8, MechanismError, "-1765328248", "krb5.conf cannot be read", when=first_step(client, TWO_PARTS)
        )


@row(8)
@kinds
@pytest.mark.usefixtures("nothing_collected")
def test_a_configuration_that_may_not_be_read(house: House, kind: type[Negotiate]) -> None:
    client = kind(CredentialCache(house.cache))
    with as_nobody():
        when = first_step(client, TWO_PARTS)
        shown(8, MechanismError, "EACCES", "krb5.conf cannot be read", "permissions", when=when)


@row(28)
@kinds
def test_one_name_on_two_accounts(ad_realm: SambaRealm, partition: Partition, kind: type[Negotiate]) -> None:
    """Written behind the directory's back, which does not let it happen."""
    name = f"Twice/{kind.name}"
    first = ad_realm.add_service(f"twice1{kind.name}", name)
    second = ad_realm.add_service(f"twice2{kind.name}")
    client = kind(CredentialCache(ad_realm.ticket("alice")))
    assert talk(client, kind(Keytab(first.keytab)), name)().info().mutual
    partition.change(second, "add", "servicePrincipalName", name)
    late = kind(CredentialCache(ad_realm.ticket("alice")))
    error = shown(1, TargetError, S_PRINCIPAL_UNKNOWN, name, when=first_step(late, name))
    assert error.cause is not None
    assert "on two accounts" in error.cause
    assert failure(28).title in said_of(S_PRINCIPAL_UNKNOWN)


@row(28)
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_directory_names_both_accounts(ad_realm: SambaRealm, partition: Partition) -> None:
    name = "Twice/registry.example.test"
    first = ad_realm.add_service("twice3", name)
    second = ad_realm.add_service("twice4")
    boss = Kerberos(CredentialCache(ad_realm.ticket("administrator")))
    async with Directory(ad_realm.domain, boss, dns=Dns(ad_realm.nameserver)) as directory:
        registry = SpnRegistry(directory)
        with pytest.raises(DuplicateName) as caught:
            await registry.register(name, "twice4")
        code = "ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST"
        explained(28, caught.value, DuplicateName, code, name, str(first.dn))
        partition.change(second, "add", "servicePrincipalName", name)
        assert set(await registry.find(name)) == {first.dn, second.dn}


@row(29)
@kinds
def test_a_realm_in_small_letters(house: House, kind: type[Negotiate]) -> None:
    alice = house.realm.users["alice"]
    client = kind(Password("alice@example.test", alice.password))
    shown(
        29, CredentialError, "-1765328230", "example.test", "in capitals", when=first_step(client, TWO_PARTS)
    )


@row(29)
@kinds
def test_a_kdc_that_corrects_the_realm(ad_realm: SambaRealm, conf: Path, kind: type[Negotiate]) -> None:
    """The realm in small letters leads to the same KDC, which answers for the one in capitals."""
    conf.write_text(f"[realms]\n example.test = {{\n  kdc = {ad_realm.address}:88\n }}\n")
    alice = ad_realm.users["alice"]
    client = kind(Password("alice@example.test", alice.password))
    shown(29, CredentialError, "-1765328237", "alice@example.test", when=first_step(client, TWO_PARTS))
