"""SASL standing alone, with a mechanism that does what it is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncauth import (
    AsyncAuthError,
    FrameTooLarge,
    IntegrityError,
    Policy,
    Protection,
    Role,
    TruncatedStream,
)
from asyncauth.engine import Connection, DataReceived, EndOfData, Established
from asyncauth.framings import AnyOf, GssSample, NegotiateStream, Sasl, Winsock
from asyncauth.testing import ScriptedMechanism, Side

from .sasl_ends import (
    COMPLETE,
    MECHANISM,
    NAMES,
    OK,
    OVERHEAD,
    START,
    flipped,
    frames,
    pair,
    sent,
)

NONE, SIGN, SEAL = Protection


@pytest.mark.parametrize("require", Protection)
@pytest.mark.parametrize("tokens", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", NAMES)
def test_whatever_the_number_of_tokens(name: str, tokens: int, require: Protection) -> None:
    policy = Policy(require)
    mechanism = ScriptedMechanism(tokens=tokens, reaches=require)
    ends = pair(Sasl(name), None, mechanism, client_policy=policy, server_policy=policy).run()  # type: ignore[arg-type]
    for side in (ends.client, ends.server):
        assert side.error is None
        (established,) = side.events
        assert isinstance(established, Established)
        assert established.info.protection is require
        assert established.info.framing == "sasl"
    sent(ends, b"hello")
    assert DataReceived(b"hello") in ends.server.events
    ends.client.engine.send_eof()
    ends.run()
    if require is not NONE:
        assert ends.server.events[-1] == EndOfData(marked=True)


def test_the_bytes_of_gssapi() -> None:
    ends = pair(
        Sasl("GSSAPI", authzid="alice@EXAMPLE.TEST", max_size=0x1234), Sasl("GSSAPI", max_size=0x4321)
    )
    ends.run()
    start, first, empty, choice = frames(ends.client.wrote)
    assert (start, empty) == ((START, b"GSSAPI"), (OK, b""))
    assert first[0] == choice[0] == OK
    assert choice[1][OVERHEAD:] == b"\x04\x00\x12\x34alice@EXAMPLE.TEST"
    answer, offer, done = frames(ends.server.wrote)
    assert (answer[0], offer[0], done) == (OK, OK, (COMPLETE, b""))
    assert offer[1][OVERHEAD:] == b"\x04\x00\x43\x21"
    assert ends.server.engine.info is not None
    assert ends.server.engine.info.authzid == "alice@EXAMPLE.TEST"


def test_the_bytes_of_gss_spnego() -> None:
    ends = pair(Sasl()).run()
    start, first = frames(ends.client.wrote)
    assert (start, first[0]) == ((START, b"GSS-SPNEGO"), OK)
    ((kind, token),) = frames(ends.server.wrote)
    assert kind == COMPLETE
    assert token.startswith(b"token 1")
    wire = sent(ends, b"x" * 100)
    assert wire[:4] == (100 + OVERHEAD).to_bytes(4)


@pytest.mark.parametrize(
    ("ours", "theirs", "reached"),
    [
        (NONE, NONE, NONE),
        (NONE, SIGN, SIGN),
        (NONE, SEAL, SEAL),
        (SIGN, SIGN, SIGN),
        (SIGN, SEAL, SEAL),
        (SEAL, NONE, SEAL),
    ],
)
def test_the_least_layer_that_is_enough_for_both(
    ours: Protection, theirs: Protection, reached: Protection
) -> None:
    ends = pair(Sasl("GSSAPI"), client_policy=Policy(ours), server_policy=Policy(theirs)).run()
    for side in (ends.client, ends.server):
        assert side.engine.info is not None
        assert side.engine.info.protection is reached


def test_a_context_that_can_do_less_is_offered_less() -> None:
    policy = Policy(SIGN)
    mechanism = ScriptedMechanism(reaches=SIGN)
    ends = pair(Sasl("GSSAPI"), None, mechanism, client_policy=policy, server_policy=policy).run()
    assert frames(ends.server.wrote)[1][1][OVERHEAD] == 2
    assert ends.server.error is ends.client.error is None


@pytest.mark.parametrize("size", [73, 100, 1024, 65_536, 0xFF_FFFF])
def test_no_message_is_longer_than_the_other_end_takes(size: int) -> None:
    ends = pair(Sasl("GSSAPI"), Sasl("GSSAPI", max_size=size)).run()
    data = bytes(200_000 if size > 1000 else 2000)
    wire = sent(ends, data)
    received = b"".join(event.data for event in ends.server.events if isinstance(event, DataReceived))
    assert received == data
    lengths = []
    while wire:
        lengths.append(int.from_bytes(wire[:4]))
        wire = wire[4 + lengths[-1] :]
    assert max(lengths) <= min(size, 65_536)
    assert max(lengths) > min(size, 65_536) - 72


def test_nor_than_it_takes_itself() -> None:
    ends = pair(Sasl("GSSAPI", max_size=100), Sasl("GSSAPI")).run()
    assert int.from_bytes(sent(ends, bytes(2000))[:4]) <= 100


# --- messages ----------------------------------------------------------------------------------------------


def altered(data: bytes) -> bytes:
    return flipped(data, len(data) - 1)


@pytest.mark.parametrize(
    ("mangle", "kind"),
    [
        (altered, IntegrityError),
        (lambda data: data + data, IntegrityError),
        (lambda data: b"\0\0\0\0" + data, IntegrityError),
        (lambda data: (2000).to_bytes(4) + data[4:], FrameTooLarge),
        (lambda data: b"\xff" + data[1:], FrameTooLarge),
    ],
)
def test_messages_that_are_not_as_sent(mangle: Callable[[bytes], bytes], kind: type[AsyncAuthError]) -> None:
    ends = pair(Sasl("GSSAPI"), Sasl("GSSAPI", max_size=1024)).run()
    ends.client.engine.send_data(b"hello")
    ends.server.engine.receive_data(mangle(ends.client.says()))
    ends.server.turn()
    assert isinstance(ends.server.error, kind)


def test_a_message_that_is_only_signed_under_a_sealing_layer() -> None:
    ends = pair(Sasl("GSSAPI")).run()
    token = ends.client.engine._context.wrap(b"hello", False)
    ends.server.engine.receive_data(len(token).to_bytes(4) + token)
    ends.server.turn()
    assert isinstance(ends.server.error, IntegrityError)


def test_a_message_that_is_cut_off() -> None:
    ends = pair(Sasl("GSSAPI")).run()
    ends.client.engine.send_data(b"hello")
    ends.server.engine.receive_data(ends.client.says()[:-1])
    ends.server.engine.receive_eof()
    ends.server.turn()
    assert isinstance(ends.server.error, TruncatedStream)


@pytest.mark.parametrize("marks_end", [True, False])
def test_what_an_empty_message_means(marks_end: bool) -> None:
    ends = pair(Sasl(marks_end=marks_end), allow_unmarked_end=True).run()
    token = ends.client.engine._context.wrap(b"", True)
    ends.server.engine.receive_data(len(token).to_bytes(4) + token)
    ends.server.turn()
    assert (EndOfData(marked=True) in ends.server.events) is marks_end
    ends.client.engine.send_eof()
    assert bool(ends.client.engine.data_to_send()) is marks_end


# --- the rest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"mechanism": "PLAIN"}, "not 'PLAIN'"),
        ({"mechanism": "GSS-SPNEGO", "authzid": "bob"}, "no place"),
        ({"mechanism": "GSSAPI", "authzid": "b\0b"}, "no NUL"),
        ({"max_size": 72}, "max_size is 72"),
        ({"max_size": 0x100_0000}, "16777215"),
    ],
)
def test_what_does_not_go_together(options: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Sasl(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_recognised_among_the_others(name: str) -> None:
    framing = AnyOf(NegotiateStream(), GssSample(), GssSample(1), Winsock(), Sasl(name))  # type: ignore[arg-type]
    ends = pair(Sasl(name), chop=lambda data: [data[at : at + 1] for at in range(len(data))])  # type: ignore[arg-type]
    ends.server = Side(Connection(Role.SERVER, MECHANISM.accept(Policy()), framing))
    ends.run()
    assert ends.server.engine.info is not None
    assert ends.server.engine.info.framing == "sasl"
