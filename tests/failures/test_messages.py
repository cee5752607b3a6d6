"""Tokens and messages that are not what they should be."""

from __future__ import annotations

import pytest

from asyncauth import IntegrityError, MechanismError
from asyncauth.abc import SecurityContext
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate

from ..services import TWO_PARTS, House
from .provoked import SEAL, kinds, row, shown, spn

OTHER_MECHANISM = bytes.fromhex("601c06062b0601050502a0123010a00e300c060a2b0601040182370202ff")
REJECTED = bytes.fromhex("a1073005a0030a0102")


def begun(house: House, kind: type[Negotiate]) -> tuple[SecurityContext, SecurityContext, bytes]:
    """Both contexts and the client's first token."""
    client = kind(CredentialCache(house.cache)).initiate(spn(TWO_PARTS), SEAL)
    token, _ = client.step(None)
    assert token is not None
    return client, kind(Keytab(house.service.keytab)).accept(SEAL), token


def connected(house: House, kind: type[Negotiate]) -> tuple[SecurityContext, SecurityContext]:
    client, server, token = begun(house, kind)
    client.step(server.step(token).token)
    return client, server


@row(16)
@kinds
def test_the_same_request_again(either_house: House, kind: type[Negotiate]) -> None:
    _, server, token = begun(either_house, kind)
    server.step(token)
    again = kind(Keytab(either_house.service.keytab)).accept(SEAL)
    shown(16, MechanismError, "-1765328350", "a replay", "replay cache", when=lambda: again.step(token))


@row(21)
@kinds
@pytest.mark.parametrize(
    ("token", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", ("the client sent HTTP", "wrong port")),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01", ("the client sent TLS", "put TLS beneath at both ends")),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", ("the client sent SSH", "wrong port")),
        (bytes(1000), ("no security token", "framing and mechanism")),
        (b"\x60\x82", ("no security token",)),
    ],
)
def test_what_is_no_token(house: House, kind: type[Negotiate], token: bytes, words: tuple[str, ...]) -> None:
    server = kind(Keytab(house.service.keytab)).accept(SEAL)
    shown(21, MechanismError, "GSS_S_DEFECTIVE_TOKEN", *words, when=lambda: server.step(token))


@row(21)
@kinds
@pytest.mark.parametrize("length", [200, -5])
def test_a_token_that_was_cut(either_house: House, kind: type[Negotiate], length: int) -> None:
    _, server, token = begun(either_house, kind)
    words = "no security token, or was damaged on the way"
    shown(21, MechanismError, "GSS_S_DEFECTIVE_TOKEN", words, when=lambda: server.step(token[:length]))


@row(21)
@kinds
@pytest.mark.parametrize("answer", [b"x" * 30, b"\x15\x03\x01\x00\x02\x02\x28"])
def test_an_answer_that_is_no_token(house: House, kind: type[Negotiate], answer: bytes) -> None:
    client, _, _ = begun(house, kind)
    shown(21, MechanismError, "GSS_S_DEFECTIVE_TOKEN", "framing" if answer[0] == 120 else "TLS",
          when=lambda: client.step(answer))  # fmt: skip


@row(21)
def test_mechanisms_that_are_not_allowed(house: House) -> None:
    server = Negotiate(Keytab(house.service.keytab))
    code, words = "GSS_S_BAD_MECH", "a mechanism that is not allowed here"
    shown(21, MechanismError, code, words, when=lambda: server.accept(SEAL).step(OTHER_MECHANISM))
    client, _, _ = begun(house, Negotiate)
    words = f"the server {TWO_PARTS} takes none of the mechanisms"
    shown(21, MechanismError, code, words, when=lambda: client.step(REJECTED))


@row(22)
@kinds
def test_a_message_that_was_altered(either_house: House, kind: type[Negotiate]) -> None:
    client, server = connected(either_house, kind)
    message = client.wrap(b"one", True)
    altered = message[:-1] + bytes((message[-1] ^ 1,))
    shown(22, IntegrityError, "GSS_S_BAD_SIG", "altered", "alice", when=lambda: server.unwrap(altered))


@row(22)
@kinds
def test_a_signature_for_other_data(house: House, kind: type[Negotiate]) -> None:
    client, server = connected(house, kind)
    signature = client.sign(b"one")
    shown(22, IntegrityError, "GSS_S_BAD_SIG", "altered", when=lambda: server.verify(b"two", signature))


@row(23)
@kinds
@pytest.mark.parametrize(
    ("order", "code", "words"),
    [
        ((1,), "GSS_S_GAP_TOKEN", "a message before it is missing"),
        ((0, 0), "GSS_S_DUPLICATE_TOKEN", "a second time"),
        ((0, 1, 0), "GSS_S_DUPLICATE_TOKEN", "a second time"),
    ],
)
def test_messages_that_are_lost_or_doubled(
    either_house: House, kind: type[Negotiate], order: tuple[int, ...], code: str, words: str
) -> None:
    client, server = connected(either_house, kind)
    messages = [client.wrap(b"one", True), client.wrap(b"two", True)]
    for number in order[:-1]:
        server.unwrap(messages[number])
    when = messages[order[-1]]
    shown(23, IntegrityError, code, words, "one task", when=lambda: server.unwrap(when))
