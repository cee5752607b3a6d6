"""Our own credentials do not serve."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from gssapi import NameType, raw

from asyncauth import CredentialError
from asyncauth.failures import Krb5
from asyncauth.mechanisms import CredentialCache, DefaultCredential, Keytab, Negotiate, Password
from asyncauth.mechanisms._codes import Phase, Where
from asyncauth.mechanisms._gss._errors import translated
from asyncauth.testing import MitRealm, SambaRealm

from ..services import OTHERS, TWO_PARTS, House
from .conftest import Partition
from .other_user import as_nobody
from .provoked import first_step, kinds, row, shown

TKT_EXPIRED, REVOKED, KEY_EXP = "-1765328352", "-1765328366", "-1765328361"
KRB5 = raw.OID.from_int_seq("1.2.840.113554.1.2.2")


@row(3)
@kinds
def test_no_cache(house: House, kind: type[Negotiate]) -> None:
    client = kind(CredentialCache("FILE:/nonexistent/cache"))
    when = first_step(client, TWO_PARTS)
    shown(3, CredentialError, "-1765328189", "FILE:/nonexistent/cache", "kinit", when=when)


@row(3)
@kinds
def test_nobody_has_logged_in(house: House, kind: type[Negotiate], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", "MEMORY:nothing-in-it")
    when = first_step(kind(DefaultCredential()), TWO_PARTS)
    shown(3, CredentialError, "-1765328243", "the default credential", "kinit", when=when)


@row(4)
@kinds
def test_an_old_ticket(mit_realm: MitRealm, kind: type[Negotiate]) -> None:
    cache = mit_realm.ticket("alice", lifetime=1)
    time.sleep(2.1)
    client = kind(CredentialCache(cache))
    shown(4, CredentialError, TKT_EXPIRED, cache, "log in again", when=first_step(client, TWO_PARTS))


@row(5)
@kinds
def test_a_wrong_password(either_house: House, kind: type[Negotiate]) -> None:
    name = f"alice@{either_house.realm.name}"
    client = kind(Password(name, "not her pa55word"))
    error = shown(5, CredentialError, "-1765328360", name, when=first_step(client, TWO_PARTS))
    assert "pa55word" not in f"{error!r} {error.cause}"


@row(5)
@kinds
def test_a_keytab_from_before_the_password(
    either_house: House, kind: type[Negotiate], tmp_path: Path
) -> None:
    realm = either_house.realm
    service = realm.add_service(f"stale{kind.name}")
    old = tmp_path / "keytab"
    old.write_bytes(service.keytab.read_bytes())
    realm.change_password(service)
    client = kind(Keytab(old, principal=service.principal))
    shown(5, CredentialError, "-1765328360", str(old), when=first_step(client, TWO_PARTS))


@row(7)
@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("userAccountControl", "514", REVOKED),
        ("lockoutTime", "999999999999999999", REVOKED),
        ("accountExpires", "116444736010000000", REVOKED),
        ("pwdLastSet", "0", KEY_EXP),
    ],
)
def test_an_account_that_may_not_log_in_to_a_directory(
    ad_realm: SambaRealm, house: House, partition: Partition, attribute: str, value: str, code: str
) -> None:
    user = ad_realm.add_user(f"ex{attribute}"[:20])
    partition.change(user, "replace", attribute, value)
    client = Negotiate(Password(user.principal, user.password))
    shown(7, CredentialError, code, user.principal, when=first_step(client, TWO_PARTS))


@row(7)
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("-allow_tix",), REVOKED),
        (("+needchange",), KEY_EXP),
        (("-pwexpire", "yesterday"), KEY_EXP),
        (("-expire", "yesterday"), "-1765328383"),
    ],
)
def test_an_account_that_may_not_log_in_to_a_kdc(
    mit_realm: MitRealm, options: tuple[str, ...], code: str
) -> None:
    user = mit_realm.add_user(f"ex{options[0].strip('+-')}{len(options)}")
    mit_realm._kadmin("modify_principal", *options, user.name)
    client = Negotiate(Password(user.principal, user.password))
    shown(7, CredentialError, code, user.principal, when=first_step(client, TWO_PARTS))


@row(7)
def test_a_service_whose_account_has_expired(mit_realm: MitRealm, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its realm alone: with another default realm the library would go on and look there."""
    monkeypatch.setenv("KRB5_CONFIG", str(mit_realm.config))
    service = mit_realm.add_service("offduty", "OffDuty/localhost")
    mit_realm._kadmin("modify_principal", "-expire", "yesterday", "OffDuty/localhost")
    client = Negotiate(CredentialCache(mit_realm.ticket("alice")))
    assert service.spns
    when = first_step(client, "OffDuty/localhost")
    shown(7, CredentialError, "-1765328382", "the account of OffDuty/localhost has expired", when=when)


@row(24)
def test_the_cache_of_somebody_else(house: House) -> None:
    """Our credentials never ask a cache for a name, so the library is asked directly, and its error translated."""
    bob = raw.import_name(b"bob@EXAMPLE.TEST", NameType.kerberos_principal)
    where = Where(Phase.ACQUIRE, f"the credential cache {house.cache}")

    def acquire() -> None:
        with translated(where):
            raw.acquire_cred_from({b"ccache": house.cache.encode()}, bob, mechs=[KRB5], usage="initiate")

    says = Krb5.KG_CCACHE_NOMATCH.says
    shown(24, CredentialError, "39756032", house.cache, says, "a cache of its own", when=acquire)


@row(25)
def test_a_service_that_may_not_delegate(either_house: House) -> None:
    """Constrained delegation (MS-SFU), which the KDC grants to nobody who has no right to it."""
    service = either_house.service
    alice = raw.import_name(f"alice@{either_house.realm.name}".encode(), NameType.kerberos_principal)
    there = raw.import_name(f"{OTHERS}@{either_house.realm.name}".encode(), NameType.kerberos_principal)
    store: dict[bytes | str, bytes | str] = {
        b"client_keytab": bytes(service.keytab),
        b"ccache": f"MEMORY:delegating-{either_house.realm.kind}".encode(),
    }
    own = raw.acquire_cred_from(
        store,
        raw.import_name(service.principal.encode(), NameType.kerberos_principal),
        mechs=[KRB5],
        usage="initiate",
    ).creds

    def act_as_alice() -> None:
        with translated(Where(Phase.INITIATE, str(service.keytab), OTHERS)):
            acting = raw.acquire_cred_impersonate_name(own, alice, mechs=[KRB5], usage="initiate").creds
            raw.init_sec_context(there, acting, None, KRB5, 0x02)

    shown(25, CredentialError, "-1765328371", OTHERS, "forwardable", when=act_as_alice)


@row(32)
@kinds
@pytest.mark.usefixtures("public_conf")
def test_a_cache_that_may_not_be_read(house: House, kind: type[Negotiate]) -> None:
    client = kind(CredentialCache(house.realm.ticket("alice")))
    with as_nobody():
        shown(32, CredentialError, "-1765328190", "FILE:", "owner", when=first_step(client, TWO_PARTS))


@row(32)
@kinds
@pytest.mark.parametrize(("content", "code"), [(b"", "-1765328185"), (b"garbage", "-1765328172")])
def test_a_cache_that_is_none(
    house: House, kind: type[Negotiate], tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "cache").write_bytes(content)
    client = kind(CredentialCache(f"FILE:{tmp_path / 'cache'}"))
    shown(32, CredentialError, code, str(tmp_path), "kinit", when=first_step(client, TWO_PARTS))
