"""Kerberos and Negotiate through GSSAPI, against a real AD domain controller and a real MIT KDC."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

import krb5
import pytest

from asyncauth import (
    CredentialError,
    IntegrityError,
    MechanismError,
    Policy,
    Protection,
    Role,
    ServicePrincipalName,
    TargetError,
)
from asyncauth.abc import Mechanism, SecurityContext
from asyncauth.engine import _policy
from asyncauth.mechanisms import (
    CredentialCache,
    DefaultCredential,
    Kerberos,
    Keytab,
    Negotiate,
    Password,
)
from asyncauth.testing import MitRealm, Realm

from ..services import OTHERS, THREE_PARTS, TWO_PARTS, House

both = pytest.mark.parametrize("kind", [Negotiate, Kerberos])
Kind = Callable[..., Negotiate | Kerberos]
SEAL = Policy()


def handshake(
    client: Mechanism, server: Mechanism, spn: str = THREE_PARTS, policy: Policy = SEAL
) -> tuple[SecurityContext, SecurityContext]:
    """Both contexts, complete."""
    initiator = client.initiate(ServicePrincipalName.parse(spn), policy)
    acceptor = server.accept(policy)
    token, done = None, False
    for _ in range(5):
        token, done = initiator.step(token)
        if token is None:
            break
        token, accepted = acceptor.step(token)
        if accepted and token is None:
            break
    assert done
    return initiator, acceptor


def tickets(cache: str) -> dict[bytes, list[bytes]]:
    """The services in a cache by name, with their components as the KDC knows them."""
    context = krb5.init_context()
    return {
        ticket.server.name or b"": ticket.server.components
        for ticket in krb5.cc_resolve(context, cache.encode())
    }


@both
def test_a_three_part_spn_reaches_the_kdc_as_three_components(either_house: House, kind: Kind) -> None:
    cache = either_house.realm.ticket("alice")
    client, server = handshake(
        kind(CredentialCache(cache)), kind(Keytab(either_house.service.keytab)), THREE_PARTS
    )
    service, host, dn = THREE_PARTS.split("/")
    assert [service.encode(), host.encode(), dn.encode()] in tickets(cache).values()
    for context in (client, server):
        info = context.info()
        assert info.mechanism == "kerberos"
        assert info.mutual
        assert info.protection is Protection.SEAL
        assert info.lifetime
        assert info.lifetime > 3600
    peer = server.info().peer
    assert peer is not None
    assert peer.name == f"alice@{either_house.realm.name}"


@both
@pytest.mark.parametrize("protection", Protection)
def test_the_client_asks_for_exactly_the_protection_required(
    house: House, kind: Kind, protection: Protection
) -> None:
    client, server = handshake(
        kind(CredentialCache(house.cache)),
        kind(Keytab(house.service.keytab)),
        policy=Policy(protection),
    )
    assert client.info().protection is protection
    assert server.info().protection is protection


@both
def test_without_mutual_the_flag_is_clear_on_both_sides(house: House, kind: Kind) -> None:
    client = kind(CredentialCache(house.cache))
    context = client.initiate(ServicePrincipalName.parse(TWO_PARTS), Policy(mutual=False))
    acceptor = kind(Keytab(house.service.keytab)).accept(SEAL)
    token, _ = context.step(None)
    token, done = acceptor.step(token)
    assert done
    assert not acceptor.info().mutual
    with pytest.raises(Exception, match="did not ask this server to prove its identity"):
        _policy.check_policy(acceptor.info(), SEAL, Role.SERVER, "alice")


@both
@pytest.mark.parametrize("size", [0, 1, 255, 64_488])
@pytest.mark.parametrize("seal", [True, False])
def test_messages_in_both_directions(house: House, kind: Kind, size: int, seal: bool) -> None:
    client, server = handshake(kind(CredentialCache(house.cache)), kind(Keytab(house.service.keytab)))
    data = os.urandom(size)
    for sender, receiver in ((client, server), (server, client)):
        token = sender.wrap(data, seal)
        assert size < 16 or (data in token) is not seal
        assert receiver.unwrap(token) == (data, seal)
        signature = sender.sign(data)
        receiver.verify(data, signature)
        with pytest.raises(IntegrityError):
            receiver.verify(data + b"x", sender.sign(data))


@both
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("flip", "altered"),
        ("gap", "a message before it is missing"),
        ("repeat", "second time"),
        ("old", "no Wrap token"),
        ("cut", "was altered on the way"),
    ],
)
def test_what_happens_to_messages_on_the_way(house: House, kind: Kind, fault: str, says: str) -> None:
    client, server = handshake(kind(CredentialCache(house.cache)), kind(Keytab(house.service.keytab)))
    first, second = client.wrap(b"one", True), client.wrap(b"two", True)
    if fault == "repeat":
        server.unwrap(first)
    token = {
        "flip": first[:-1] + bytes((first[-1] ^ 1,)),
        "gap": second,
        "repeat": first,
        "old": b"\x60" + first[1:],
        "cut": first[:20],
    }[fault]
    with pytest.raises(IntegrityError, match=says):
        server.unwrap(token)


# --- whose ticket, whose key -----------------------------------------------------------------------------


@both
def test_an_unknown_spn_is_named(either_house: House, kind: Kind) -> None:
    context = kind(CredentialCache(either_house.cache)).initiate(
        ServicePrincipalName.parse("NoSuch/app1.example.test/CN=x,DC=example,DC=test"), SEAL
    )
    with pytest.raises(
        TargetError, match=r"does not know the service NoSuch/app1\.example\.test/CN=x"
    ) as caught:
        context.step(None)
    assert caught.value.fix
    assert caught.value.code == "-1765328377"


@both
def test_the_ticket_of_another_account_is_refused_by_the_server(either_house: House, kind: Kind) -> None:
    client = kind(CredentialCache(either_house.cache))
    with pytest.raises(TargetError, match="was not made for the key in the keytab") as caught:
        handshake(client, kind(Keytab(either_house.service.keytab)), OTHERS)
    assert either_house.service.keytab.name in str(caught.value)


@both
def test_the_servers_error_token_tells_the_client(either_house: House, kind: Kind) -> None:
    initiator = kind(CredentialCache(either_house.cache)).initiate(ServicePrincipalName.parse(OTHERS), SEAL)
    acceptor = kind(Keytab(either_house.service.keytab)).accept(SEAL)
    token, _ = initiator.step(None)
    with pytest.raises(MechanismError) as refused:
        acceptor.step(token)
    assert refused.value.token
    with pytest.raises(TargetError, match="the server does not hold the key of Other/localhost"):
        initiator.step(refused.value.token)


@both
def test_an_impostor_cannot_answer(either_house: House, kind: Kind) -> None:
    """It has a key and a ticket was made for it, but not the ones asked for."""
    client = kind(CredentialCache(either_house.cache))
    wanted = client.initiate(ServicePrincipalName.parse(THREE_PARTS), SEAL)
    wanted.step(None)
    stolen = client.initiate(ServicePrincipalName.parse(OTHERS), SEAL)
    token, _ = stolen.step(None)
    answer, _ = kind(Keytab(either_house.other.keytab)).accept(SEAL).step(token)
    with pytest.raises(MechanismError, match=r"ADSockAuth/app1\.example\.test"):
        wanted.step(answer)


def test_a_peer_that_offers_ntlm_is_refused(house: House) -> None:
    ntlmssp = bytes.fromhex("4e544c4d5353500002000000") + bytes(36)
    spnego_reject = bytes.fromhex("a1073005a0030a0102")
    spnego_ntlm = bytes.fromhex("a1153013a0030a0101a10c060a2b06010401823702020a")
    for answer in (ntlmssp, spnego_reject, spnego_ntlm):
        client = Negotiate(CredentialCache(house.cache)).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
        client.step(None)
        with pytest.raises(MechanismError):
            client.step(answer)


def test_ntlm_from_a_client_is_refused(house: House) -> None:
    negotiate_message = b"NTLMSSP\0\1\0\0\0\x97\x82\x08\xe2" + bytes(24)
    for server in (Negotiate, Kerberos):
        with pytest.raises(MechanismError):
            server(Keytab(house.service.keytab)).accept(SEAL).step(negotiate_message)


def test_kerberos_alone_does_not_take_spnego(house: House) -> None:
    with pytest.raises(MechanismError, match="a mechanism that is not allowed here"):
        handshake(Negotiate(CredentialCache(house.cache)), Kerberos(Keytab(house.service.keytab)))


@both
@pytest.mark.parametrize("garbage", [b"x", b"GET / HTTP/1.1\r\n\r\n", bytes(1000), b"\x60\x82"])
def test_garbage_in_place_of_a_token(house: House, kind: Kind, garbage: bytes) -> None:
    with pytest.raises(MechanismError):
        kind(Keytab(house.service.keytab)).accept(SEAL).step(garbage)
    client = kind(CredentialCache(house.cache)).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    client.step(None)
    with pytest.raises(MechanismError, match="token"):
        client.step(garbage)


# --- credentials -------------------------------------------------------------------------------------------


@both
def test_a_password_needs_no_cache_and_no_environment(either_house: House, kind: Kind) -> None:
    bob = either_house.realm.users["bob"]
    before = dict(os.environ)
    client, server = handshake(
        kind(Password(bob.principal, bob.password)), kind(Keytab(either_house.service.keytab)), TWO_PARTS
    )
    peer = server.info().peer
    assert peer is not None
    assert peer.name == bob.principal
    assert os.environ == before
    assert client.info().mutual


@both
@pytest.mark.parametrize("named", [True, False])
def test_a_keytab_as_client(either_house: House, kind: Kind, named: bool) -> None:
    other = either_house.other
    client = kind(Keytab(other.keytab, principal=other.principal if named else None))
    if not named and either_house.realm.kind == "ad":
        assert other.principal  # the account's own entry comes first; an SPN cannot log in
    _, server = handshake(client, kind(Keytab(either_house.service.keytab)), TWO_PARTS)
    peer = server.info().peer
    assert peer is not None
    assert peer.realm == either_house.realm.name


def test_a_wrong_password_is_named_and_not_shown(either_house: House) -> None:
    mechanism = Negotiate(Password(f"alice@{either_house.realm.name}", "not her pa55word"))
    context = mechanism.initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    with pytest.raises(CredentialError, match="the password of alice@") as caught:
        context.step(None)
    assert "not her pa55word" not in f"{caught.value!s} {caught.value!r} {mechanism!r}"


@pytest.mark.parametrize(
    ("credential", "says"),
    [
        (
            CredentialCache("FILE:/nonexistent/cache"),
            "no ticket in the credential cache FILE:/nonexistent/cache",
        ),
        (Password("nobody@EXAMPLE.TEST", "x"), r"does not know the principal .* nobody@EXAMPLE\.TEST"),
        (Password("alice@NOWHERE.TEST", "x"), r"KDC of realm NOWHERE\.TEST cannot be found"),
        (Keytab("/nonexistent/keytab"), "/nonexistent/keytab"),
    ],
)
def test_credentials_that_do_not_serve_are_named(
    house: House, credential: CredentialCache | Password | Keytab, says: str
) -> None:
    assert house.realm.name == "EXAMPLE.TEST"
    context = Negotiate(credential).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    with pytest.raises(MechanismError, match=says) as caught:
        context.step(None)
    assert caught.value.fix


def test_an_expired_ticket_is_called_expired(mit_realm: MitRealm) -> None:
    cache = mit_realm.ticket("alice", lifetime=1)
    time.sleep(2.1)
    context = Negotiate(CredentialCache(cache)).initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL)
    with pytest.raises(CredentialError, match="expired"):
        context.step(None)


def test_a_server_without_a_keytab_fails_before_its_first_client(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "empty"):
        if path.name == "empty":
            path.write_bytes(b"\5\2")
        with pytest.raises(CredentialError, match=path.name):
            Negotiate(Keytab(path)).prepare_server()


def test_a_server_with_a_password_is_told_what_it_needs() -> None:
    with pytest.raises(CredentialError, match="keytab"):
        Negotiate(Password("svc", "x")).accept(SEAL)


def test_a_server_may_choose_among_the_keytabs_spns(house: House) -> None:
    name = ServicePrincipalName.parse
    client = Negotiate(CredentialCache(house.cache))
    only = Negotiate(Keytab(house.service.keytab, spns=(name(TWO_PARTS),)))
    handshake(client, only, TWO_PARTS)
    with pytest.raises(CredentialError, match=r"has no entry for Other/localhost"):
        Negotiate(Keytab(house.service.keytab, spns=(name(OTHERS), name(TWO_PARTS)))).prepare_server()


def test_a_rotated_keytab_is_picked_up(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncauth.mechanisms._gss._keys._TRUST_SECONDS", 0.0)
    service = house.realm.add_service("rotating", "Rotating/localhost")
    path = tmp_path / "keytab"
    path.write_bytes(service.keytab.read_bytes())
    server = Negotiate(Keytab(path))
    handshake(Negotiate(CredentialCache(house.realm.ticket("alice"))), server, "Rotating/localhost")
    house.realm.change_password("rotating")
    late = CredentialCache(house.realm.ticket("alice"))
    with pytest.raises(TargetError):
        handshake(Negotiate(late), server, "Rotating/localhost")
    path.write_bytes(house.realm.keytab("rotating", None, "Rotating/localhost").read_bytes())
    handshake(Negotiate(late), server, "Rotating/localhost")


# --- what may wait -----------------------------------------------------------------------------------------


def waits(context: SecurityContext) -> bool:
    return context.may_wait


@both
@pytest.mark.parametrize("source", ["cache", "password"])
def test_only_the_first_step_without_a_known_ticket_may_wait(
    either_house: House, kind: Kind, source: str
) -> None:
    realm = either_house.realm
    alice = realm.users["alice"]
    credential = (
        CredentialCache(realm.ticket("alice"))
        if source == "cache"
        else Password(alice.principal, alice.password)
    )
    client, server = kind(credential), kind(Keytab(either_house.service.keytab))
    first, accepting = client.initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL), server.accept(SEAL)
    assert (waits(first), waits(accepting)) == (True, True)
    token, _ = first.step(None)
    token, _ = accepting.step(token)
    assert (waits(first), waits(accepting)) == (False, False)
    first.step(token)
    assert not client.initiate(ServicePrincipalName.parse(TWO_PARTS), SEAL).may_wait
    assert client.initiate(ServicePrincipalName.parse(OTHERS), SEAL).may_wait
    assert not server.accept(SEAL).may_wait


def test_a_step_that_may_not_wait_does_not_ask_the_kdc(mit_realm: Realm, either_house: House) -> None:
    realm = either_house.realm
    client = Negotiate(CredentialCache(realm.ticket("alice")))
    server = Negotiate(Keytab(either_house.service.keytab))
    handshake(client, server, TWO_PARTS)
    realm.pause()
    try:
        start = time.monotonic()
        handshake(client, server, TWO_PARTS)
        assert time.monotonic() - start < 5  # a KDC that is silent costs half a minute
    finally:
        realm.resume()


def test_another_login_in_the_same_cache_is_noticed(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("asyncauth.mechanisms._gss._credentials._TRUST_SECONDS", 0.0)
    cache = tmp_path / "cache"
    house.realm.ticket("alice", cache=cache)
    client = Negotiate(CredentialCache(f"FILE:{cache}"))
    server = Negotiate(Keytab(house.service.keytab))
    _, first = handshake(client, server)
    cache.unlink()
    house.realm.ticket("bob", cache=cache)
    _, second = handshake(client, server)
    names = [context.info().peer for context in (first, second)]
    assert [str(name) for name in names] == ["alice@EXAMPLE.TEST", "bob@EXAMPLE.TEST"]


def test_the_default_credential_is_the_environments(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", house.cache)
    _, server = handshake(Negotiate(DefaultCredential()), Negotiate(Keytab(house.service.keytab)))
    assert str(server.info().peer) == "alice@EXAMPLE.TEST"


def test_a_handshake_outlives_the_copy_of_the_cache_it_began_with(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncauth.mechanisms._gss._credentials._TRUST_SECONDS", 0.05)
    client = Negotiate(CredentialCache(house.realm.ticket("alice")))
    server = Negotiate(Keytab(house.service.keytab))
    handshake(client, server)
    begun = client.initiate(ServicePrincipalName.parse(THREE_PARTS), SEAL)
    assert not begun.may_wait
    time.sleep(0.06)
    handshake(client, server)  # makes a new copy, and drops the one that `begun` lies in
    gc.collect()
    token, _ = begun.step(None)
    token, _ = server.accept(SEAL).step(token)
    assert begun.step(token).complete
