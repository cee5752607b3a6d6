"""Which messages take the bulk path, and what happens where there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from gssapi import raw

from asyncauth import IntegrityError, Policy, Protection
from asyncauth.mechanisms import CredentialCache, Kerberos, Keytab, Negotiate
from asyncauth.mechanisms._gss import _bulk, _messages
from asyncauth.mechanisms._gss._bulk import Bulk, bulk_for
from asyncauth.mechanisms._gss._messages import (
    SEALED_AFTERWARDS,
    SEALED_FROM,
    SIGNED_AFTERWARDS,
    SIGNED_FROM,
)
from asyncauth.mechanisms.rfc4121 import ENCTYPES, Incoming, Outgoing
from asyncauth.testing import MitRealm

from ...services import House
from ..test_kerberos import handshake
from .contexts import CAMELLIA, Ends, clones, messages
from .contexts import handshake as raw_handshake

both = pytest.mark.parametrize("kind", [Negotiate, Kerberos])
Kind = Callable[..., Negotiate | Kerberos]
FRAME = 64_488


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done on the bulk path."""
    made: list[str] = []

    def noting(name: str, call: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            made.append(name)
            return call(*arguments)

        return noted

    for name in ("wrap", "unwrap", "sign", "verify"):
        monkeypatch.setattr(Bulk, name, noting(name, getattr(Bulk, name)))
    return made


def talk(house: House, kind: Kind, size: int, protection: Protection, **options: Any) -> None:
    """A message and a signature, both ways."""
    client, server = handshake(
        kind(CredentialCache(house.cache), **options),
        kind(Keytab(house.service.keytab), **options),
        policy=Policy(protection),
    )
    data, seal = bytes(size), protection is Protection.SEAL
    for sender, receiver in ((client, server), (server, client)):
        assert receiver.unwrap(sender.wrap(data, seal)) == (data, seal)
        receiver.verify(data, sender.sign(data))


@both
@pytest.mark.parametrize(
    ("size", "protection", "expected"),
    [
        (0, Protection.SEAL, set()),
        (SEALED_FROM - 61, Protection.SEAL, set()),
        (SEALED_FROM, Protection.SEAL, {"wrap", "unwrap"}),
        (SIGNED_FROM, Protection.SEAL, {"wrap", "unwrap", "sign", "verify"}),
        (FRAME, Protection.SEAL, {"wrap", "unwrap", "sign", "verify"}),
        (SIGNED_FROM - 29, Protection.SIGN, set()),
        (SIGNED_FROM, Protection.SIGN, {"wrap", "unwrap", "sign", "verify"}),
    ],
)
def test_only_large_messages_take_it(
    house: House, kind: Kind, size: int, protection: Protection, expected: set[str], calls: list[str]
) -> None:
    talk(house, kind, size, protection)
    assert set(calls) == expected


@pytest.mark.parametrize(
    ("size", "protection", "expected"),
    [
        (SEALED_AFTERWARDS - 61, Protection.SEAL, set()),
        (SEALED_AFTERWARDS, Protection.SEAL, {"wrap", "unwrap"}),
        (SIGNED_AFTERWARDS - 29, Protection.SIGN, set()),
        (SIGNED_AFTERWARDS, Protection.SIGN, {"wrap", "unwrap", "sign", "verify"}),
    ],
)
def test_once_taken_up_it_is_for_smaller_ones(
    house: House, size: int, protection: Protection, expected: set[str], calls: list[str]
) -> None:
    policy = Policy(protection)
    client, server = handshake(
        Negotiate(CredentialCache(house.cache)), Negotiate(Keytab(house.service.keytab)), policy=policy
    )
    seal = protection is Protection.SEAL
    for sender, receiver in ((client, server), (server, client)):
        receiver.unwrap(sender.wrap(bytes(FRAME), seal))
    calls.clear()
    for sender, receiver in ((client, server), (server, client)):
        assert receiver.unwrap(sender.wrap(bytes(size), seal)) == (bytes(size), seal)
        receiver.verify(bytes(size), sender.sign(bytes(size)))
    assert set(calls) == expected


@both
def test_it_can_be_turned_off(house: House, kind: Kind, calls: list[str]) -> None:
    talk(house, kind, FRAME, Protection.SEAL, bulk=False)
    assert not calls


@both
def test_each_end_decides_alone(house: House, kind: Kind, calls: list[str]) -> None:
    for client_bulk in (True, False):
        client, server = handshake(
            kind(CredentialCache(house.cache), bulk=client_bulk),
            kind(Keytab(house.service.keytab), bulk=not client_bulk),
        )
        calls.clear()
        for size in (FRAME, 10, FRAME, 0):
            assert server.unwrap(client.wrap(bytes(size), True)) == (bytes(size), True)
            assert client.unwrap(server.wrap(bytes(size), True)) == (bytes(size), True)
        assert calls.count("wrap") == calls.count("unwrap") == 2


def test_other_enctypes_are_left_to_gssapi(mit_realm: MitRealm) -> None:
    client, server = raw_handshake(mit_realm, CAMELLIA)
    assert raw.inquire_sec_context_by_oid(client, _bulk._KEY)[1][-1] == CAMELLIA
    ours = messages(client, True), messages(server, False)
    for sender, receiver in (ours, ours[::-1]):
        assert receiver.unwrap(sender.wrap(bytes(FRAME), True)) == (bytes(FRAME), True)
        receiver.verify(bytes(FRAME), sender.sign(bytes(FRAME)))
        assert sender._bulk is None
        assert sender._bulk_from == sys.maxsize


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_platforms_are_left_to_gssapi(
    fresh: Callable[..., Ends], monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    ends = fresh()
    monkeypatch.setattr(sys, "platform", platform)
    assert bulk_for(ends.client, True) is None


@pytest.mark.parametrize("answer", [[], [b"key"], [b"key", b"another oid"], [b"key", b""]])
def test_a_gssapi_that_gives_no_key(
    fresh: Callable[..., Ends], monkeypatch: pytest.MonkeyPatch, answer: list[bytes]
) -> None:
    ends = fresh()
    monkeypatch.setattr(raw, "inquire_sec_context_by_oid", lambda *_: answer)
    assert bulk_for(ends.client, True) is None


def test_a_gssapi_that_does_not_know_the_question(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    raw.delete_sec_context(ends.client)
    assert bulk_for(ends.client, True) is None


def test_a_gssapi_that_gives_a_wrong_key(fresh: Callable[..., Ends], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent under it, and whatever comes is still opened by GSSAPI."""
    ends = fresh()
    client, server = messages(ends.client, True), messages(ends.server, False)
    monkeypatch.setattr(_bulk, "_key", lambda _: (bytes(32), 18))
    assert server.unwrap(raw.wrap(ends.client, bytes(FRAME), True)[0]) == (bytes(FRAME), True)
    server.verify(bytes(FRAME), raw.get_mic(ends.client, bytes(FRAME)))
    with pytest.raises(IntegrityError, match="another key") as caught:
        client.wrap(bytes(FRAME), True)
    assert "bulk=False" in str(caught.value)


@pytest.mark.parametrize("seal", [True, False])
def test_a_peer_that_does_not_use_the_acceptors_subkey(fresh: Callable[..., Ends], seal: bool) -> None:
    """RFC 4121 2 allows a client to begin before it has it; then the key is another, and GSSAPI opens it."""
    ends = fresh()
    exported = raw.export_sec_context(ends.client)
    lucid: Any = raw.krb5_export_lucid_sec_context(raw.import_sec_context(exported), 1)
    own = Outgoing(ENCTYPES[lucid.cfx_kd.ctx_key_type], lucid.cfx_kd.ctx_key, by_acceptor=False)
    client: Any = raw.import_sec_context(exported)
    server = messages(ends.server, False)
    for _ in range(2):
        marker = bytearray(raw.get_mic(client, b""))
        marker[2] &= ~4
        token = own.seal(bytes(marker), b"early") if seal else own.protect(bytes(marker), b"early")
        assert server.unwrap(token) == (b"early", seal)
    assert server.unwrap(raw.wrap(client, b"late", seal)[0]) == (b"late", seal)


def test_without_cryptography_all_goes_through_gssapi() -> None:
    script = """
import sys
sys.modules["cryptography"] = None
from asyncauth.mechanisms._gss import _bulk
print(_bulk.bulk_for(object(), True))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_the_keys_are_overwritten_when_a_context_goes(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    ends.bulk_client.wrap(b"", True)
    ends.bulk_client.unwrap(raw.wrap(ends.server, b"", True)[0])
    out, incoming = ends.bulk_client._out, ends.bulk_client._in
    assert out
    assert incoming
    keys = [key for direction in (out, incoming) for key in keys_of(direction)]
    assert [any(key) for key in keys] == [True, False, True, True, True, False, True, False]
    del out, incoming
    ends.bulk_client = ends.bulk_server
    assert not any(any(key) for key in keys)


def keys_of(direction: Outgoing | Incoming) -> list[bytearray]:
    """Encryption, integrity, checksum of Wrap and of MIC; those of an HMAC that OpenSSL has are zeros already."""
    encryption = direction._encryption
    macs = encryption._mac, direction._of_wrap, direction._of_mic
    return [encryption._encryptor._key, *(mac._key for mac in macs)]


def test_no_key_is_shown(fresh: Callable[..., Ends]) -> None:
    ends = fresh()
    ends.bulk_client.wrap(b"", True)
    shown = f"{ends.bulk_client!r} {ends.bulk_client._out!r} {ends.bulk_client._out._encryption!r}"  # type: ignore[union-attr]
    assert ends.key.hex() not in shown
    assert repr(ends.key)[2:-1] not in shown


def test_the_context_is_not_used_up(fresh: Callable[..., Ends]) -> None:
    """As it would be if its keys were exported; and see what that gives as the number to be received."""
    ends = fresh()
    for size in (FRAME, 0, FRAME):
        assert raw.unwrap(ends.server, ends.bulk_client.wrap(bytes(size), True))[0] == bytes(size)
    one, other = clones(ends.server, False)
    last = raw.get_mic(ends.client, b"")
    lucid: Any = raw.krb5_export_lucid_sec_context(other._context, 1)  # type: ignore[arg-type]
    assert int.from_bytes(last[8:16], "big") - lucid.recv_seq == 3
    one.verify(b"", last)
    assert _messages.SEALED_FROM < FRAME
