"""What a framing's script may ask of the engine, with a small framing that negotiates a layer under protection."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from asyncauth import (
    IntegrityError,
    LocalProtocolError,
    Policy,
    Protection,
    ProtectionError,
    Role,
    Target,
    TruncatedStream,
)
from asyncauth.abc import Check, Peek, Receive, Script, Send, Step, Unwrap, Unwrapped, Use, Wrap
from asyncauth.engine import Connection, DataReceived, Established
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.testing import EnginePair, ScriptedMechanism, Side

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")


class Layered:
    """Tokens as in Winsock; then the server offers layers in a wrapped message and the client chooses one."""

    name = "layered"
    handshake = Winsock.handshake
    message = Winsock.message
    max_plaintext = 1000
    marks_end = False

    def __init__(self, offer: Protection = Protection.SEAL, choose: Protection | None = None) -> None:
        self.offer = offer
        self.choose = choose
        self.replies: list[object] = []
        self.told = False

    def initiate(self) -> Script:
        yield from Winsock().initiate()
        required = yield Check()
        self.replies.append(required)
        frame = yield Receive()
        try:
            offered = yield Unwrap(frame.body)  # type: ignore[union-attr]
        except IntegrityError:
            self.told = True
            raise
        self.replies.append(offered)
        layer = required if self.choose is None else self.choose
        assert isinstance(layer, Protection)
        yield Check(layer)
        yield Send(0, (yield Wrap(bytes((layer,)), False)))  # type: ignore[arg-type]

    def accept(self) -> Script:
        yield from Winsock().accept()
        yield Send(0, (yield Wrap(bytes((self.offer,)), False)))  # type: ignore[arg-type]
        frame = yield Receive()
        chosen = yield Unwrap(frame.body)  # type: ignore[union-attr]
        assert isinstance(chosen, Unwrapped)
        yield Check(Protection(chosen.data[0]))


def meeting(
    framing: Layered, policy: Policy | None = None, reaches: Protection = Protection.SEAL
) -> EnginePair:
    mechanism = ScriptedMechanism(reaches=reaches)
    return EnginePair(
        mechanism, mechanism, framing, target=TARGET, client_policy=policy, server_policy=policy
    )


@pytest.mark.parametrize("layer", [Protection.SIGN, Protection.SEAL])
def test_a_layer_agreed_under_protection_is_what_messages_have(layer: Protection) -> None:
    framing = Layered()
    pair = meeting(framing, Policy(layer)).run()
    assert framing.replies == [layer, Unwrapped(bytes((Protection.SEAL,)), False)]
    for side in (pair.client, pair.server):
        (established,) = side.events
        assert isinstance(established, Established)
        assert established.info.protection is layer
    pair.client.engine.send_data(b"hello")
    assert (b"hello" in pair.client.engine.data_to_send()) is (layer is Protection.SIGN)


@pytest.mark.parametrize("policy", [Policy(), Policy(Protection.SIGN)])
def test_a_client_cannot_choose_less_than_the_server_requires(policy: Policy) -> None:
    framing = Layered(choose=Protection(policy.protection - 1))
    mechanism = ScriptedMechanism()
    pair = EnginePair(
        mechanism,
        mechanism,
        framing,
        target=TARGET,
        client_policy=Policy(Protection.NONE),
        server_policy=policy,
    ).run()
    assert isinstance(pair.server.error, ProtectionError)
    assert policy.protection.name in str(pair.server.error)


def test_a_framing_cannot_promise_more_than_the_context_can() -> None:
    framing = Layered(choose=Protection.SEAL)
    pair = meeting(framing, Policy(Protection.SIGN), reaches=Protection.SIGN).run()
    assert isinstance(pair.client.error, ProtectionError)
    assert "reached protection SIGN where SEAL is required" in str(pair.client.error)


def test_an_altered_message_of_the_handshake_is_thrown_into_the_script() -> None:
    framing = Layered()
    pair = meeting(framing)
    pair.client.engine.receive_data(_said_to_client(framing)[:-1] + b"?")
    pair.client.turn()
    assert isinstance(pair.client.error, IntegrityError)
    assert framing.told


def _said_to_client(framing: Layered) -> bytes:
    pair = meeting(framing)
    pair.server.engine.receive_data(pair.client.says())
    return pair.server.says()


class Peeking:
    """Looks at the first bytes and then speaks something else."""

    name = "peeking"
    handshake = Winsock.handshake
    message = Winsock.message
    max_plaintext = 1
    marks_end = False

    def __init__(self) -> None:
        self.seen: object = None

    def initiate(self) -> Script:
        return NegotiateStream().initiate()

    def accept(self) -> Script:
        self.seen = yield Peek(7)
        yield Use(NegotiateStream())
        yield from NegotiateStream().accept()


def whole(data: bytes) -> Iterable[bytes]:
    return (data,)


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    return (data[index : index + 1] for index in range(len(data)))


@pytest.mark.parametrize("chop", [whole, byte_by_byte])
def test_peeked_bytes_stay_and_another_framing_goes_on_with_them(
    chop: Callable[[bytes], Iterable[bytes]],
) -> None:
    framing = Peeking()
    mechanism = ScriptedMechanism()
    pair = EnginePair(mechanism, mechanism, NegotiateStream(), target=TARGET, chop=chop)
    pair.server = Side(Connection(Role.SERVER, mechanism.accept(Policy()), framing))
    pair.run()
    assert framing.seen == pair.client.wrote[:7]
    (established,) = pair.server.events
    assert isinstance(established, Established)
    assert established.info.framing == "nns"
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert isinstance(pair.server.events[-1], DataReceived)
    assert pair.server.engine.max_plaintext == NegotiateStream.max_plaintext


def test_a_stream_that_ends_while_it_is_peeked_at() -> None:
    server = Side(Connection(Role.SERVER, ScriptedMechanism().accept(Policy()), Peeking()))
    server.engine.receive_data(b"123456")
    server.turn()
    server.engine.receive_eof()
    server.turn()
    assert isinstance(server.error, TruncatedStream)


class Unchecked(Peeking):
    def accept(self) -> Script:
        frame = yield Receive()
        yield Step(frame.body)  # type: ignore[union-attr]


def test_no_handshake_ends_without_a_check() -> None:
    server = Side(Connection(Role.SERVER, ScriptedMechanism().accept(Policy()), Unchecked()))
    client = Side(
        Connection(
            Role.CLIENT, ScriptedMechanism().initiate(TARGET.spn, Policy()), Winsock(), target=TARGET.spn
        )
    )
    server.engine.receive_data(client.says())
    server.turn()
    assert isinstance(server.error, LocalProtocolError)
    assert "without a check" in str(server.error)
    with pytest.raises(LocalProtocolError):
        server.engine.send_data(b"x")
