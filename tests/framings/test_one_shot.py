"""The one message of the SSPI sockets sample, with a mechanism that does what it is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import (
    FrameTooLarge,
    IntegrityError,
    LocalProtocolError,
    Policy,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Target,
    TruncatedStream,
)
from asyncauth.engine import DataReceived, EndOfData, Established
from asyncauth.framings import Winsock, WinsockOneShot
from asyncauth.testing import EnginePair, ScriptedMechanism

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
TRAILER = 26  # of the scripted mechanism


def talking(policy: Policy | None = None) -> EnginePair:
    mechanism = ScriptedMechanism()
    pair = EnginePair(
        mechanism, mechanism, WinsockOneShot(), target=TARGET, client_policy=policy, server_policy=policy
    ).run()
    assert isinstance(pair.client.events[-1], Established)
    pair.client.wrote = pair.server.wrote = b""
    return pair


def message(data: bytes = b"hello") -> bytes:
    pair = talking()
    pair.server.engine.send_data(data)
    return pair.server.says()


def ends(pair: EnginePair, data: bytes) -> None:
    pair.client.engine.receive_data(data)
    pair.client.turn()
    pair.client.engine.receive_eof()
    pair.client.turn()


def test_the_handshake_is_winsocks() -> None:
    mechanism = ScriptedMechanism(tokens=4)
    one, other = (
        EnginePair(mechanism, mechanism, framing, target=TARGET).run()
        for framing in (WinsockOneShot(), Winsock())
    )
    assert (one.client.wrote, one.server.wrote) == (other.client.wrote, other.server.wrote)


def test_size_of_the_trailer_then_trailer_then_ciphertext() -> None:
    sent = message()
    assert sent[:4] == TRAILER.to_bytes(4, "little")
    assert len(sent) == 4 + TRAILER + len(b"hello")


def test_the_message_ends_with_the_connection_and_that_end_is_a_marked_one() -> None:
    pair = talking()
    pair.client.engine.receive_data(message())
    pair.client.turn()
    assert pair.client.events[1:] == []
    pair.client.engine.receive_eof()
    pair.client.turn()
    assert pair.client.events[1:] == [DataReceived(b"hello"), EndOfData(marked=True)]


def test_the_other_direction_too() -> None:
    pair = talking()
    pair.client.engine.send_data(b"to the server")
    pair.client.engine.send_eof()
    pair.run()
    pair.cut()
    assert DataReceived(b"to the server") in pair.server.events


def test_no_message_at_all_is_a_truncated_stream() -> None:
    pair = talking()
    ends(pair, b"")
    assert isinstance(pair.client.error, TruncatedStream)


@given(cut=st.integers(1, 34))
def test_cut_at_any_byte_it_is_no_data(cut: int) -> None:
    pair = talking()
    ends(pair, message()[:cut])
    assert isinstance(pair.client.error, IntegrityError)
    assert len(pair.client.events) == 1


def test_one_flipped_bit_anywhere_is_an_integrity_error() -> None:
    whole = message()
    for bit in range(len(whole) * 8):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        pair = talking()
        ends(pair, bytes(altered))
        assert isinstance(pair.client.error, IntegrityError), bit
        assert len(pair.client.events) == 1


def test_nothing_may_follow() -> None:
    pair = talking()
    ends(pair, message() + b"x")
    assert isinstance(pair.client.error, IntegrityError)


def test_a_second_message_or_a_longer_one_is_refused_and_breaks_nothing() -> None:
    pair = talking()
    with pytest.raises(LocalProtocolError, match="1972 bytes at most"):
        pair.server.engine.send_data(bytes(1973))
    assert not pair.server.engine.has_data_to_send
    pair.server.engine.send_data(bytes(1972))
    with pytest.raises(LocalProtocolError, match="use the framing Winsock"):
        pair.server.engine.send_data(b"more")
    pair.run()
    pair.cut()
    assert DataReceived(bytes(1972)) in pair.client.events
    assert len(pair.server.wrote) <= 2048


def test_nothing_is_no_message() -> None:
    pair = talking()
    pair.server.engine.send_data(b"")
    assert not pair.server.engine.data_to_send()
    pair.server.engine.send_data(b"something")
    assert pair.server.engine.data_to_send()


def test_more_than_the_samples_buffer_is_refused_before_the_end() -> None:
    pair = talking()
    pair.client.engine.receive_data(bytes(2049))
    pair.client.turn()
    assert isinstance(pair.client.error, FrameTooLarge)


@pytest.mark.parametrize("require", [Protection.NONE, Protection.SIGN])
def test_it_is_sealed_whatever_is_required(require: Protection) -> None:
    pair = talking(Policy(require))
    info = pair.server.engine.info
    assert info is not None
    assert info.protection is Protection.SEAL
    pair.server.engine.send_data(b"hello")
    assert b"hello" not in pair.server.engine.data_to_send()


def test_a_context_that_cannot_seal_is_refused() -> None:
    mechanism, policy = ScriptedMechanism(reaches=Protection.SIGN), Policy(Protection.SIGN)
    pair = EnginePair(
        mechanism, mechanism, WinsockOneShot(), target=TARGET, client_policy=policy, server_policy=policy
    ).run()
    assert isinstance(pair.server.error, ProtectionError)
    assert "SEAL is required" in str(pair.server.error)


def test_a_message_that_is_only_signed_is_refused() -> None:
    pair = talking()
    token = pair.server.engine._context.wrap(b"readable", False)
    ends(pair, (len(token) - 8).to_bytes(4, "little") + token)
    assert isinstance(pair.client.error, IntegrityError)


@given(garbage=st.binary(max_size=300))
def test_garbage_gives_typed_errors_and_nothing_else(garbage: bytes) -> None:
    pair = talking()
    ends(pair, garbage)
    assert isinstance(pair.client.error, IntegrityError | RemoteProtocolError)
    assert len(pair.client.events) == 1


def test_header_of_no_bytes() -> None:
    header = WinsockOneShot.message
    assert header.size == 0
    assert header.parse(b"") == (0, 2048)
    assert header.build(0, 100) == b""
    assert repr(WinsockOneShot()) == "WinsockOneShot()"
