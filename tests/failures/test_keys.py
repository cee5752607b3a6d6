"""A service's keytab and the ticket that comes do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from gssapi import NameType, raw

from asyncauth import CredentialError, MechanismError, TargetError
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate, Password
from asyncauth.mechanisms._codes import Phase, Where
from asyncauth.mechanisms._gss._errors import translated
from asyncauth.testing import MitRealm, SambaRealm

from ..services import OTHERS, TWO_PARTS, House
from .conftest import Partition
from .other_user import as_nobody
from .provoked import first_step, kinds, row, shown, talk

KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")
NOT_US, BADKEYVER, BAD_INTEGRITY, ETYPE_NOSUPP = "-1765328349", "-1765328340", "-1765328353", "-1765328370"


@row(10)
@kinds
@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "ENOENT"), (b"", "-1765328171"), (b"\5\2", "-1765328203"), (b"garbage", "-1765328171")],
)
def test_no_keytab(kind: type[Negotiate], tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "keytab"
    if content is not None:
        path.write_bytes(content)
    shown(10, CredentialError, code, str(path), "klist -k", when=kind(Keytab(path)).prepare_server)


@row(10)
@kinds
@pytest.mark.usefixtures("public_conf")
def test_a_keytab_that_may_not_be_read(house: House, kind: type[Negotiate]) -> None:
    path = house.service.keytab
    with as_nobody():
        shown(10, CredentialError, "EACCES", str(path), "permissions", when=kind(Keytab(path)).prepare_server)


@row(10)
def test_a_client_keytab_without_the_principal(either_house: House) -> None:
    path = either_house.service.keytab
    client = Negotiate(Keytab(path, principal=f"somebody@{either_house.realm.name}"))
    when = first_step(client, TWO_PARTS)
    shown(10, CredentialError, "-1765328203", str(path), "has no key for that principal", when=when)


@row(11)
@kinds
def test_the_ticket_of_another_service(either_house: House, kind: type[Negotiate]) -> None:
    client, server = kind(CredentialCache(either_house.cache)), kind(Keytab(either_house.service.keytab))
    path = str(either_house.service.keytab)
    shown(11, TargetError, NOT_US, path, OTHERS, "second account", when=talk(client, server, OTHERS))


@row(11)
def test_a_keytab_without_the_name_asked_for(house: House) -> None:
    """We choose among a keytab's entries ourselves, so the library is asked directly, and its error translated."""
    path = str(house.service.keytab)
    name = raw.import_name(f"{OTHERS}@EXAMPLE.TEST".encode(), NameType.kerberos_principal)

    def acquire() -> None:
        with translated(Where(Phase.KEYTAB, f"the keytab {path}")):
            raw.acquire_cred_from({b"keytab": path.encode()}, name, mechs=[KRB5], usage="accept")

    shown(11, CredentialError, "39756033", path, OTHERS, "has no key for that name", when=acquire)


@row(12)
@kinds
def test_a_keytab_from_before_the_last_password(
    either_house: House, kind: type[Negotiate], tmp_path: Path
) -> None:
    realm, name = either_house.realm, f"Older/{kind.name}"
    service = realm.add_service(f"older{kind.name}", name)
    old = tmp_path / "keytab"
    old.write_bytes(service.keytab.read_bytes())
    realm.change_password(service)
    when = talk(kind(CredentialCache(realm.ticket("alice"))), kind(Keytab(old)), name)
    shown(12, TargetError, BADKEYVER, str(old), "kvno", "export the keytab anew", when=when)


@row(13)
@kinds
def test_another_key_of_the_same_version(mit_realm: MitRealm, kind: type[Negotiate], tmp_path: Path) -> None:
    """The account was deleted and made anew, so that its versions begin again."""
    name = f"Again/{kind.name}"
    first = mit_realm.add_service(f"again1{kind.name}", name)
    old = tmp_path / "keytab"
    old.write_bytes(first.keytab.read_bytes())
    mit_realm.remove_spn(first, name)
    mit_realm.add_service(f"again2{kind.name}", name)
    when = talk(kind(CredentialCache(mit_realm.ticket("alice"))), kind(Keytab(old)), name)
    shown(13, TargetError, BAD_INTEGRITY, str(old), "second account", when=when)


@row(14)
@kinds
def test_a_client_that_allows_other_types(
    either_house: House, conf: Path, kind: type[Negotiate], monkeypatch: pytest.MonkeyPatch
) -> None:
    realm = either_house.realm
    conf.write_text("[libdefaults]\n permitted_enctypes = camellia256-cts-cmac\n")
    monkeypatch.setenv("KRB5_CONFIG", f"{conf}:{realm.config}")
    alice = realm.users["alice"]
    client = kind(Password(alice.principal, alice.password))
    shown(14, MechanismError, ETYPE_NOSUPP, realm.name, "enable AES", when=first_step(client, TWO_PARTS))


@row(14)
@kinds
def test_a_service_that_has_rc4_only(
    ad_realm: SambaRealm,
    partition: Partition,
    conf: Path,
    kind: type[Negotiate],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The account is for RC4, and this client refuses that."""
    name = f"Old/{kind.name}"
    service = ad_realm.add_service(f"rc4{kind.name}", name)
    partition.change(service, "replace", "msDS-SupportedEncryptionTypes", "4")
    cache = ad_realm.ticket("alice")
    conf.write_text("[libdefaults]\n permitted_enctypes = aes256-cts-hmac-sha1-96\n")
    monkeypatch.setenv("KRB5_CONFIG", f"{conf}:{ad_realm.config}")
    client, server = kind(CredentialCache(cache)), kind(Keytab(service.keytab))
    shown(14, MechanismError, ETYPE_NOSUPP, name, when=talk(client, server, name))


@row(14)
@kinds
def test_a_keytab_without_the_type_of_the_ticket(
    mit_realm: MitRealm, kind: type[Negotiate], tmp_path: Path
) -> None:
    name = f"Types/{kind.name}"
    service = mit_realm.add_service(f"types{kind.name}", name)
    path = tmp_path / "keytab"
    mit_realm._kadmin("ktadd", "-norandkey", "-k", str(path), name)
    version, size, entries = path.read_bytes()[:2], path.read_bytes()[2:6], path.read_bytes()[6:]
    path.write_bytes(version + entries[int.from_bytes(size, "big") :])  # AES-128 alone
    assert service.spns == (name,)
    when = talk(kind(CredentialCache(mit_realm.ticket("alice"))), kind(Keytab(path)), name)
    shown(14, TargetError, BADKEYVER, str(path), "enctype", when=when)
