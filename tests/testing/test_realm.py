"""Both kinds of realm: who is in it, and whether its tickets and keytabs fit each other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import gssapi.raw as gss
import pytest

from asyncauth._errors import CredentialError, DuplicateName, InvalidName
from asyncauth.testing import Realm, RealmError

from ._handshake import THREE_PARTS, handshake, peer, tickets

AES_256 = 18
ETYPE_IS_AES_256 = bytes.fromhex("a003020112")
"""``etype [0] INTEGER 18`` in the EncryptedData of a Ticket (RFC 4120 5.3)."""


def test_it_starts_with_people(either: Realm) -> None:
    expected = {"alice", "bob"} | ({"administrator"} if either.kind == "ad" else set())
    assert expected <= set(either.users)
    assert either.users["bob"].principal == f"bob@{either.name}"
    assert either.users["bob"].password not in repr(either.users["bob"])


def test_env_leads_to_alices_ticket(either: Realm) -> None:
    assert either.env["KRB5_CONFIG"] == str(either.directory / "krb5.conf")
    assert f"krbtgt/{either.name}@{either.name}" in tickets(either.env["KRB5CCNAME"])
    assert ("ASYNCAUTH_DOMAIN" in either.env) == (either.kind == "ad")


def test_a_service_has_one_key_for_all_its_names(either: Realm, name: str) -> None:
    spns = (f"{name}/localhost", f"{name}/app1.example.test:4242", THREE_PARTS.replace("ADSock", name))
    service = either.add_service(name, *spns)
    only_the_account = either.keytab(service, either.directory / "account.keytab", spns[0])
    cache = either.ticket("bob")
    for spn in spns:
        for keytab in (service.keytab, only_the_account):
            client, server = handshake(spn, cache, keytab)
            assert peer(server) == f"bob@{either.name}"
            assert gss.unwrap(server, gss.wrap(client, b"hello", True).message).message == b"hello"


def test_keys_of_session_and_ticket_are_aes_256(either: Realm, name: str) -> None:
    service = either.add_service(name, f"{name}/localhost")
    cache = either.ticket("alice")
    handshake(f"{name}/localhost", cache, service.keytab)
    found = tickets(cache)
    assert len(found) == 2
    for enctype, ticket, _ in found.values():
        assert enctype == AES_256
        assert ETYPE_IS_AES_256 in ticket


def test_another_services_key_does_not_fit(either: Realm, name: str) -> None:
    either.add_service(name, f"{name}/localhost")
    impostor = either.add_service(f"{name}x", f"{name}x/localhost")
    with pytest.raises(gss.GSSError):
        handshake(f"{name}/localhost", either.ticket("alice"), impostor.keytab)


def test_an_unknown_name_is_refused_by_the_kdc(either: Realm, name: str) -> None:
    service = either.add_service(name, f"{name}/localhost")
    with pytest.raises(gss.GSSError, match="not found in Kerberos database"):
        handshake(f"{name}/elsewhere", either.ticket("alice"), service.keytab)


def test_spns_come_and_go(either: Realm, name: str) -> None:
    service = either.add_service(name, f"{name}/localhost")
    either.add_spn(service, f"{name}/later")
    handshake(f"{name}/later", either.ticket("alice"), service.keytab)
    assert either.services[name].spns == (f"{name}/localhost", f"{name}/later")
    either.remove_spn(name, f"{name}/localhost")
    with pytest.raises(gss.GSSError, match="not found in Kerberos database"):
        handshake(f"{name}/localhost", either.ticket("alice"), service.keytab)
    with pytest.raises(RealmError, match=name):
        either.remove_spn(name, f"{name}/localhost")


def test_an_spn_belongs_to_one_account(either: Realm, name: str) -> None:
    either.add_service(name, f"{name}/localhost")
    other = either.add_service(f"{name}x")
    with pytest.raises(DuplicateName, match="remove"):
        either.add_spn(other, f"{name}/localhost")
    with pytest.raises(DuplicateName):
        either.add_service(f"{name}y", f"{name}/localhost")


def test_a_new_password_makes_the_old_keytab_wrong(either: Realm, name: str) -> None:
    service = either.add_service(name, f"{name}/localhost")
    password = either.change_password(service)
    assert either.services[name].password == password != service.password
    with pytest.raises(gss.GSSError):
        handshake(f"{name}/localhost", either.ticket("alice"), service.keytab)
    handshake(f"{name}/localhost", either.ticket("alice"), either.keytab(service))
    either.add_spn(name, f"{name}/later")
    handshake(f"{name}/later", either.ticket("alice"), either.keytab(name))


def test_a_user_with_a_chosen_password(either: Realm, name: str) -> None:
    either.add_user(name, "Chosen.by-me.2")
    assert either.ticket(name).startswith("FILE:/")
    either.change_password(name, "Chosen.by-me.3")
    assert either.ticket(name)
    with pytest.raises(CredentialError, match=f"{name}@{either.name}.*password"):
        either.ticket(name, password="Chosen.by-me.2")


def test_a_ticket_is_written_where_it_should_be(either: Realm, tmp_path: Path) -> None:
    assert either.ticket("bob", cache=tmp_path / "bob") == f"FILE:{tmp_path / 'bob'}"
    assert [path.name for path in tmp_path.iterdir()] == ["bob"]
    assert either.ticket("bob") != either.ticket("bob")


def test_a_ticket_expires(mit_realm: Realm, name: str) -> None:
    service = mit_realm.add_service(name, f"{name}/localhost")
    cache = mit_realm.ticket("alice", lifetime=1)
    assert [life for _, _, life in tickets(cache).values()] == [1]
    time.sleep(2)
    with pytest.raises(gss.GSSError, match="expired"):
        handshake(f"{name}/localhost", cache, service.keytab)


def test_a_short_ticket_is_no_good_on_ad(ad_realm: Realm, name: str) -> None:
    service = ad_realm.add_service(name, f"{name}/localhost")
    short = ad_realm.ticket("alice", lifetime=1)
    with pytest.raises(gss.GSSError, match="expired"):
        # of that realm: libkrb5 would go on to the default one, and say what it found there
        handshake(f"{name}/localhost", short, service.keytab, ad_realm.name)
    handshake(f"{name}/localhost", ad_realm.ticket("alice", lifetime=180), service.keytab)


def test_a_paused_realm_is_silent_and_comes_back(either: Realm) -> None:
    got: list[str] = []
    asking = threading.Thread(target=lambda: got.append(either.ticket("bob")))
    either.pause()
    try:
        asking.start()
        asking.join(0.5)
        assert asking.is_alive()
    finally:
        either.resume()
    asking.join(10)
    assert got


def test_refusals_say_what_to_do(either: Realm) -> None:
    for attempt in (
        lambda: either.add_user("alice"),
        lambda: either.ticket("nobody"),
        lambda: either.add_service("never", "one part"),
        lambda: either.add_spn("nobody", "never/localhost"),
    ):
        with pytest.raises((RealmError, InvalidName)) as caught:
            attempt()
        assert caught.value.fix


def test_a_refused_service_leaves_no_account(either: Realm, name: str) -> None:
    either.add_service(name, f"{name}/localhost")
    with pytest.raises(DuplicateName):
        either.add_service(f"{name}x", f"{name}x/new", f"{name}/localhost")
    either.add_service(f"{name}x", f"{name}x/new")


def test_a_name_with_everything_in_it(mit_realm: Realm, name: str) -> None:
    spn = rf"{name}/localhost/CN=a\,b @ c,DC=example,DC=test"
    service = mit_realm.add_service(name, spn)
    escaped = spn.replace("\\", r"\\").replace("@", r"\@")
    handshake(escaped, mit_realm.ticket("alice"), service.keytab)
