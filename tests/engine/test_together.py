"""Small messages that have come together are given out together, and what is wrong behind them is said later."""

from __future__ import annotations

import pytest

from asyncauth import IntegrityError, RemoteProtocolError
from asyncauth.engine import NEED_DATA, DataReceived, EndOfData
from asyncauth.framings import GssSample, NegotiateStream, Winsock
from asyncauth.testing import EnginePair, ScriptedMechanism

from .test_connection import established

framings = pytest.mark.parametrize(
    "framing", [NegotiateStream(), Winsock()], ids=lambda framing: str(framing.name)
)


def joined() -> EnginePair:
    return established(NegotiateStream(), ScriptedMechanism())


def sent(pair: EnginePair, *messages: bytes) -> list[bytes]:
    """The bytes on the wire of each message."""
    wire = []
    for message in messages:
        pair.client.engine.send_data(message)
        wire.append(pair.client.engine.data_to_send())
    return wire


@framings
def test_small_messages_are_one_event(framing: NegotiateStream | Winsock) -> None:
    pair = established(framing, ScriptedMechanism())
    pair.server.engine.receive_data(b"".join(sent(pair, b"one", b"two", b"three")))
    assert pair.server.engine.next_event() == DataReceived(b"onetwothree")
    assert pair.server.engine.drained
    assert pair.server.engine.next_event() is NEED_DATA


def test_there_is_a_limit() -> None:
    pair = joined()
    pair.server.engine.receive_data(b"".join(sent(pair, *[b"x"] * 100)))
    counts = []
    while isinstance(event := pair.server.engine.next_event(), DataReceived):
        counts.append(len(event.data))
    assert sum(counts) == 100
    assert max(counts) == counts[0] == pair.server.engine.together


def test_large_ones_come_alone() -> None:
    pair = joined()
    messages = [b"s", b"L" * 10_000, b"t", b"u", b"M" * 10_000]
    pair.server.engine.receive_data(b"".join(sent(pair, *messages)))
    events = [pair.server.engine.next_event() for _ in range(4)]
    assert events == [DataReceived(data) for data in (b"s", b"L" * 10_000, b"tu", b"M" * 10_000)]


def test_the_beginning_of_another_is_kept() -> None:
    pair = joined()
    one, two, three = sent(pair, b"one", b"two", b"three")
    pair.server.engine.receive_data(one + two + three[:-1])
    assert pair.server.engine.next_event() == DataReceived(b"onetwo")
    assert pair.server.engine.drained
    assert pair.server.engine.next_event() is NEED_DATA
    pair.server.engine.receive_data(three[-1:])
    assert pair.server.engine.next_event() == DataReceived(b"three")


def test_an_end_among_them_is_told_after_the_data() -> None:
    pair = joined()
    wire = sent(pair, b"one", b"two")
    pair.client.engine.send_eof()
    pair.server.engine.receive_data(b"".join([*wire, pair.client.engine.data_to_send()]))
    assert pair.server.engine.next_event() == DataReceived(b"onetwo")
    assert not pair.server.engine.drained
    assert pair.server.engine.next_event() == EndOfData(marked=True)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda wire: wire[:-1] + bytes([wire[-1] ^ 1]), IntegrityError),
        (lambda _: b"\xff\xff\xff\xff", RemoteProtocolError),
    ],
    ids=["altered", "no frame"],
)
def test_a_wrong_one_among_them_is_told_after_the_good_ones(spoil: object, error: type[Exception]) -> None:
    pair = joined()
    one, two, three = sent(pair, b"one", b"two", b"three")
    engine = pair.server.engine
    engine.receive_data(one + two + spoil(three))  # type: ignore[operator]
    assert engine.next_event() == DataReceived(b"onetwo")
    assert engine.failure is None
    assert not engine.drained
    for _ in range(2):
        with pytest.raises(error):
            engine.next_event()
    assert isinstance(engine.failure, error)


def test_messages_that_are_answered_are_not_joined() -> None:
    pair = established(GssSample(), ScriptedMechanism(), allow_unmarked_end=True)
    pair.server.engine.receive_data(b"".join(sent(pair, b"one", b"two")))
    assert pair.server.engine.next_event() == DataReceived(b"one")
    assert not pair.server.engine.drained
    assert pair.server.engine.next_event() == DataReceived(b"two")
    assert pair.server.engine.together == 1
