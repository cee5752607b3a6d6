"""A piece that is one whole small message, opened without being put down first."""

from __future__ import annotations

import pytest

from asyncauth import IntegrityError, Policy, Protection
from asyncauth.abc import Framing
from asyncauth.engine import NEED_DATA, Connection, DataReceived, EndOfData
from asyncauth.framings import GssSample, NegotiateStream, Winsock
from asyncauth.testing import EnginePair, ScriptedMechanism

from .test_commands import TARGET


def ends(framing: Framing | None = None, policy: Policy | None = None) -> tuple[Connection, Connection]:
    """A client's and a server's engine after the handshake."""
    mechanism = ScriptedMechanism(reaches=(policy or Policy()).protection)
    pair = EnginePair(
        mechanism,
        mechanism,
        framing or NegotiateStream(),
        target=TARGET,
        client_policy=policy,
        server_policy=policy,
    ).run()
    return pair.client.engine, pair.server.engine


def message(sender: Connection, data: bytes) -> bytes:
    sender.send_data(data)
    return sender.data_to_send()


@pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])
def test_its_plaintext(framing: Framing) -> None:
    client, server = ends(framing)
    for data in (b"x", b"y" * 300, b"z"):
        assert server.receive_message(message(client, data)) == data
    assert server.next_event() is NEED_DATA
    server.receive_data(message(client, b"as ever"))
    assert server.next_event() == DataReceived(b"as ever")


def test_the_mark_of_the_end() -> None:
    client, server = ends()
    client.send_eof()
    assert server.receive_message(client.data_to_send()) == b""
    assert server.next_event() == EndOfData(marked=True)
    assert server.receive_message(b"anything") is None


@pytest.mark.parametrize("size", [1, 4, 5, 20])
def test_a_part_of_a_message_is_left_alone(size: int) -> None:
    client, server = ends()
    whole = message(client, b"hello")
    assert server.receive_message(whole[:size]) is None
    server.receive_data(whole[:size])
    assert server.next_event() is NEED_DATA
    assert server.receive_message(whole[size:]) is None  # not even if it looks like one
    server.receive_data(whole[size:])
    assert server.next_event() == DataReceived(b"hello")


def test_more_than_a_message_and_a_large_one_are_left_alone() -> None:
    client, server = ends()
    two = message(client, b"one") + message(client, b"two")
    assert server.receive_message(two) is None
    server.receive_data(two)
    assert server.next_event() == DataReceived(b"onetwo")
    large = message(client, bytes(5_000))
    assert server.receive_message(large) is None
    assert server.receive_message(b"") is None


def test_one_that_waits_unread_comes_first() -> None:
    client, server = ends()
    first, second = message(client, b"first"), message(client, b"second")
    server.receive_data(first)
    assert server.receive_message(second) is None
    server.receive_data(second)
    assert server.next_event() == DataReceived(b"firstsecond")


@pytest.mark.parametrize("at", [-1, 20, 9])
def test_one_that_was_altered_ends_the_connection(at: int) -> None:
    client, server = ends()
    altered = bytearray(message(client, b"hello"))
    altered[at] ^= 1
    with pytest.raises(IntegrityError):
        server.receive_message(bytes(altered))
    assert isinstance(server.failure, IntegrityError)
    assert server.receive_message(message(client, b"more")) is None
    with pytest.raises(IntegrityError):
        server.next_event()


def test_one_that_was_only_signed_is_refused_where_sealing_was_agreed() -> None:
    client, server = ends()
    token = client._context.wrap(b"anybody can read this", False)
    with pytest.raises(IntegrityError, match="not sealed"):
        server.receive_message(len(token).to_bytes(4, "little") + token)


def test_none_before_the_handshake_is_done() -> None:
    mechanism = ScriptedMechanism()
    pair = EnginePair(mechanism, mechanism, NegotiateStream(), target=TARGET)
    assert pair.server.engine.receive_message(pair.client.says()) is None
    assert pair.server.engine.next_event() is NEED_DATA


def test_none_without_protection_or_with_answers_or_after_the_end() -> None:
    bare = Policy(Protection.NONE, mutual=False)
    assert ends(policy=bare)[1].receive_message(b"hello") is None
    client, server = ends(GssSample())
    assert server.receive_message(message(client, b"hello")) is None
    client, server = ends()
    server.receive_eof()
    assert server.receive_message(message(client, b"hello")) is None
