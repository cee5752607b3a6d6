"""What a client's ticket says of its account, on a real controller and a real MIT KDC."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import NamedTuple

import pytest
from gssapi import NameType, raw

from asyncauth import MechanismError, Peer, Policy, ServicePrincipalName
from asyncauth._claims import Claims, LazyClaims
from asyncauth._sid import Sid
from asyncauth.abc import Mechanism
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.mechanisms._gss._claims import claims_of
from asyncauth.testing import Realm

from ..services import TWO_PARTS, House, house_of
from .pac import LogonInfo, pactype, upn_dns_info

CLAIMS = Claims("alice", "EXAMPLE", Sid(5, (21, 1, 2, 3, 1103)), Sid(5, (21, 1, 2, 3, 513)), frozenset())


def peer_of(client: Mechanism, server: Mechanism, spn: str = TWO_PARTS) -> Peer:
    """Whom the server sees."""
    policy = Policy()
    initiator, acceptor = client.initiate(ServicePrincipalName.parse(spn), policy), server.accept(policy)
    token, _ = initiator.step(None)
    acceptor.step(token)
    peer = acceptor.info().peer
    assert peer is not None
    return peer


@pytest.mark.parametrize("kind", [Kerberos, Negotiate])
def test_a_controllers_ticket_describes_the_account(house: House, kind: Callable[..., Mechanism]) -> None:
    peer = peer_of(kind(CredentialCache(house.cache)), kind(Keytab(house.service.keytab)))
    claims = peer.claims
    assert claims is not None
    assert (peer.account, claims.domain, claims.logon_server) == ("alice", "EXAMPLE", "DC1")
    assert (claims.principal_name, claims.dns_domain) == ("alice@example.test", "EXAMPLE.TEST")
    assert peer.sid == claims.sid
    assert peer.sid.domain == claims.primary_group.domain
    assert claims.primary_group in peer.groups
    assert claims.primary_group.rid == 513
    assert Sid.parse("S-1-18-1") in peer.groups  # the authority that let her in is the domain itself
    assert claims.account_control & 0x10  # USER_NORMAL_ACCOUNT


@pytest.mark.parametrize("kind", [Kerberos, Negotiate])
def test_an_mit_realm_says_nothing(mit_realm: Realm, kind: Callable[..., Mechanism]) -> None:
    house = house_of(mit_realm)
    peer = peer_of(kind(CredentialCache(house.cache)), kind(Keytab(house.service.keytab)))
    assert (peer.claims, peer.account, peer.sid, peer.groups) == (None, None, None, frozenset())


def test_a_client_knows_nothing_of_its_servers_account(house: House) -> None:
    context = Kerberos(CredentialCache(house.cache)).initiate(
        ServicePrincipalName.parse(TWO_PARTS), Policy(mutual=False)
    )
    context.step(None)
    peer = context.info().peer
    assert peer is not None
    assert (peer.sid, peer.groups) == (None, frozenset())


# --- what the library gives, forced -------------------------------------------------------------------------


class Value(NamedTuple):
    values: list[bytes]
    authenticated: bool


NAME = raw.import_name(b"alice@EXAMPLE.TEST", NameType.kerberos_principal)
GOOD = bytes(LogonInfo())
UPN = upn_dns_info("alice@example.test", "EXAMPLE.TEST")


def pac(**buffers: bytes) -> bytes:
    """A PAC of buffers called ``logon_info`` and ``upn_dns_info``."""
    kinds = {"logon_info": 1, "upn_dns_info": 12}
    return pactype([(kinds[name], data) for name, data in buffers.items()])


def told(monkeypatch: pytest.MonkeyPatch, value: Value | Exception | None) -> Peer:
    """A peer on whose name this PAC hangs; an exception is raised."""

    def get(_: raw.Name, attribute: bytes) -> Value:
        assert attribute == b"urn:mspac:"
        if value is None:
            raise raw.OperationUnavailableError(1_048_576, 0)
        if isinstance(value, Exception):
            raise value
        return value

    monkeypatch.setattr(raw, "get_name_attribute", get)
    return Peer("alice@EXAMPLE.TEST", claims_of(NAME, "alice@EXAMPLE.TEST"))


def test_a_pac_that_the_library_did_not_verify_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    good = pac(logon_info=GOOD)
    assert told(monkeypatch, Value([good], True)).account == "alice"
    assert told(monkeypatch, Value([good], False)).claims is None
    assert told(monkeypatch, Value([good, good], True)).claims is None
    assert told(monkeypatch, Value([pac(upn_dns_info=UPN)], True)).claims is None
    assert told(monkeypatch, None).claims is None
    full = told(monkeypatch, Value([pac(logon_info=GOOD, upn_dns_info=UPN)], True)).claims
    assert full is not None
    assert full.principal_name == "alice@example.test"


def test_a_pac_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = Value([pac(logon_info=GOOD[:-1])], True)
    for value in (damaged, Value([b""], True), raw.BadNameError(131_072, 0)):
        peer = told(monkeypatch, value)
        for ask in (lambda peer: peer.sid, lambda peer: peer.groups, pickle.dumps):
            with pytest.raises(MechanismError, match=r"PAC in the ticket of alice@EXAMPLE\.TEST") as caught:
                ask(peer)
            assert caught.value.fix


def test_a_library_that_knows_no_name_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(raw, "get_name_attribute")
    assert Peer("alice@EXAMPLE.TEST", claims_of(NAME, "alice@EXAMPLE.TEST")).claims is None


# --- Peer ---------------------------------------------------------------------------------------------------


def test_claims_are_worked_out_once_and_when_asked_for() -> None:
    asked = list[int]()

    def find() -> Claims:
        asked.append(1)
        return CLAIMS

    peer = Peer("alice@EXAMPLE.TEST", LazyClaims(find))
    assert (str(peer), repr(peer), peer.realm) == (
        "alice@EXAMPLE.TEST", "Peer(name='alice@EXAMPLE.TEST')", "EXAMPLE.TEST",
    )  # fmt: skip
    assert peer == Peer("alice@EXAMPLE.TEST")
    assert hash(peer) == hash(Peer("alice@EXAMPLE.TEST"))
    assert not asked
    assert (peer.sid, peer.account, peer.groups) == (CLAIMS.sid, "alice", frozenset())
    assert len(asked) == 1


def test_a_peer_can_be_pickled_with_its_claims(house: House) -> None:
    peer = peer_of(Kerberos(CredentialCache(house.cache)), Kerberos(Keytab(house.service.keytab)))
    again = pickle.loads(pickle.dumps(peer))  # noqa: S301 - our own
    assert again == peer
    assert again.claims == peer.claims
    assert again.claims is not None


def test_a_peer_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Peer("alice").name = "bob"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "principal", "realm"),
    [
        ("alice@EXAMPLE.TEST", "alice", "EXAMPLE.TEST"),
        ("http/app1@EXAMPLE.TEST", "http/app1", "EXAMPLE.TEST"),
        ("alice", "alice", ""),
        ("alice@", "alice", ""),
        ("@EXAMPLE.TEST", "@EXAMPLE.TEST", ""),
        ("", "", ""),
        ("EXAMPLE\\alice", "EXAMPLE\\alice", ""),
        (r"alice\@EXAMPLE.TEST@OTHER.TEST", r"alice\@EXAMPLE.TEST", "OTHER.TEST"),
        (r"alice@OTHER\@EXAMPLE.TEST", "alice", r"OTHER\@EXAMPLE.TEST"),
        (r"alice\\@EXAMPLE.TEST", r"alice\\", "EXAMPLE.TEST"),
        ("a@b@EXAMPLE.TEST", "a@b", "EXAMPLE.TEST"),
    ],
)
def test_principal_and_realm(name: str, principal: str, realm: str) -> None:
    assert (Peer(name).principal, Peer(name).realm) == (principal, realm)


def test_a_name_that_is_no_utf8_is_a_name_all_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Shown(NamedTuple):
        name: bytes

    monkeypatch.setattr(raw, "display_name", lambda *_: Shown(b"al\xffice@EXAMPLE.TEST"))
    peer = peer_of(Kerberos(CredentialCache(house.cache)), Kerberos(Keytab(house.service.keytab)))
    assert peer.name == r"al\xffice@EXAMPLE.TEST"
