"""The engine, with a mechanism that does what it is told."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import (
    AsyncAuthError,
    AuthenticationError,
    FrameTooLarge,
    IntegrityError,
    Limits,
    LocalProtocolError,
    MechanismError,
    PeerRejected,
    Policy,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Target,
    TruncatedStream,
)
from asyncauth.abc import Framing
from asyncauth.engine import NEED_DATA, PAUSED, Connection, DataReceived, EndOfData, Established, StepRequired
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.testing import EnginePair, ScriptedMechanism, Side

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
FRAMINGS = (NegotiateStream(), Winsock())
framings = pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: str(framing.name))


def pair(framing: Framing, mechanism: ScriptedMechanism | None = None, **options: object) -> EnginePair:
    mechanism = mechanism or ScriptedMechanism()
    server = options.pop("server", mechanism)
    return EnginePair(mechanism, server, framing, target=TARGET, **options)  # type: ignore[arg-type]


def established(
    framing: Framing, mechanism: ScriptedMechanism | None = None, **options: object
) -> EnginePair:
    joined = pair(framing, mechanism, **options).run()
    assert joined.client.error is None
    assert joined.server.error is None
    assert isinstance(joined.client.events[-1], Established)
    assert isinstance(joined.server.events[-1], Established)
    return joined


def received(side: Side) -> bytes:
    return b"".join(event.data for event in side.events if isinstance(event, DataReceived))


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    return (data[index : index + 1] for index in range(len(data)))


@framings
@pytest.mark.parametrize("tokens", range(1, 7))
@pytest.mark.parametrize("chop", [lambda data: (data,), byte_by_byte], ids=["whole", "bytes"])
def test_handshakes_of_any_length(framing: Framing, tokens: int, chop: object) -> None:
    joined = established(framing, ScriptedMechanism(tokens=tokens), chop=chop)
    joined.client.engine.send_data(b"ping")
    joined.server.engine.send_data(b"pong")
    joined.run()
    assert received(joined.server) == b"ping"
    assert received(joined.client) == b"pong"


@framings
def test_info_names_both_ends(framing: Framing) -> None:
    joined = established(framing)
    client, server = joined.client.engine.info, joined.server.engine.info
    assert client is not None
    assert server is not None
    assert client.target == TARGET.spn
    assert server.target is None
    assert server.peer is not None
    assert server.peer.name == "alice@EXAMPLE.TEST"
    assert (server.peer.principal, server.peer.realm) == ("alice", "EXAMPLE.TEST")
    assert client.mutual
    assert client.encrypted
    assert client.signed
    assert client.framing == framing.name


@framings
@given(
    data=st.lists(st.binary(max_size=300), max_size=6),
    cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8),
    protection=st.sampled_from(Protection),
)
def test_any_chopping_gives_the_same_data(
    framing: Framing, data: list[bytes], cuts: list[int], protection: Protection
) -> None:
    def chop(piece: bytes) -> Iterable[bytes]:
        start = turn = 0
        while start < len(piece):
            size = cuts[turn % len(cuts)]
            yield piece[start : start + size]
            start, turn = start + size, turn + 1

    policy = Policy(protection)
    joined = established(
        framing, ScriptedMechanism(reaches=protection), chop=chop, client_policy=policy, server_policy=policy
    )
    for piece in data:
        joined.client.engine.send_data(piece)
    joined.client.engine.send_eof()
    joined.run()
    assert received(joined.server) == b"".join(data)
    if protection is Protection.NONE:
        joined.cut()
    assert isinstance(joined.server.events[-1], EndOfData)
    assert joined.server.error is None


@framings
@pytest.mark.parametrize("size", [1, 64_487, 64_488, 64_489, 200_000])
def test_long_data_is_split_into_messages_that_both_limits_allow(framing: Framing, size: int) -> None:
    joined = established(framing)
    joined.client.engine.send_data(memoryview(bytearray(size)))
    joined.run()
    sizes = [len(event.data) for event in joined.server.events if isinstance(event, DataReceived)]
    assert sum(sizes) == size
    assert max(sizes) <= framing.max_plaintext


@framings
@pytest.mark.parametrize(
    ("mechanism", "policy"),
    [
        (ScriptedMechanism(reaches=Protection.SIGN), Policy()),
        (ScriptedMechanism(reaches=Protection.NONE), Policy(Protection.SIGN)),
        (ScriptedMechanism(mutual=False), Policy()),
        (ScriptedMechanism(mechanism="ntlm"), Policy()),
    ],
    ids=["signed", "bare", "not mutual", "ntlm"],
)
def test_less_than_required_is_refused_at_both_ends(
    framing: Framing, mechanism: ScriptedMechanism, policy: Policy
) -> None:
    lenient = Policy(Protection.NONE, mutual=False)
    server = pair(framing, mechanism, client_policy=lenient, server_policy=policy).run()
    assert isinstance(server.server.error, ProtectionError)
    server.cut()
    assert isinstance(server.client.error, PeerRejected if framing.name == "nns" else TruncatedStream)
    client = pair(framing, mechanism, client_policy=policy, server_policy=lenient).run()
    assert isinstance(client.client.error, ProtectionError)
    assert not received(client.client)
    with pytest.raises(ProtectionError):
        client.client.engine.send_data(b"x")


@framings
def test_ntlm_passes_only_where_mutual_is_given_up_by_name(framing: Framing) -> None:
    policy = Policy(mutual=False)
    joined = established(
        framing, ScriptedMechanism(mechanism="ntlm"), client_policy=policy, server_policy=policy
    )
    assert joined.client.engine.info is not None


@framings
@pytest.mark.parametrize("side", ["client", "server"])
def test_a_refused_step_is_sticky_and_the_peer_is_told(framing: Framing, side: str) -> None:
    refusing = ScriptedMechanism(fails_at=1 if side == "client" else 0, tokens=4)
    other = ScriptedMechanism(tokens=4)
    joined = EnginePair(
        refusing if side == "client" else other,
        refusing if side == "server" else other,
        framing,
        target=TARGET,
    ).run()
    failed, told = (joined.client, joined.server) if side == "client" else (joined.server, joined.client)
    assert isinstance(failed.error, MechanismError)
    for _ in range(2):
        with pytest.raises(MechanismError):
            failed.engine.next_event()
    joined.cut()
    assert isinstance(told.error, PeerRejected if framing.name == "nns" else TruncatedStream)
    assert str(TARGET.spn) in str(joined.client.error)


def test_winsock_sends_the_mechanisms_error_token() -> None:
    refusing = ScriptedMechanism(fails_at=0, error_token=b"KRB-ERROR")
    joined = EnginePair(ScriptedMechanism(), refusing, Winsock(), target=TARGET).run()
    assert joined.server.wrote == b"\x09\x00\x00\x00KRB-ERROR"
    assert isinstance(joined.client.error, MechanismError)


@framings
def test_a_parked_step_pauses_everything(framing: Framing) -> None:
    client = Connection(
        pair(framing).client.engine._role,
        ScriptedMechanism(waits=True).initiate(TARGET.spn, Policy()),
        framing,
        target=TARGET.spn,
    )
    step = client.next_event()
    assert isinstance(step, StepRequired)
    assert client.next_event() is PAUSED
    client.receive_data(b"anything")
    assert client.next_event() is PAUSED
    with pytest.raises(LocalProtocolError):
        client.step_done(StepRequired(ScriptedMechanism().initiate(TARGET.spn, Policy()), None))
    step.run()
    client.step_done(step)
    assert client.data_to_send()


def test_what_belongs_to_the_handshake_is_refused_after_it() -> None:
    """A name of the channel below that came too late would not be bound to, and nobody would know."""
    engine = established(NegotiateStream()).client.engine
    with pytest.raises(LocalProtocolError, match="the handshake of this connection is done"):
        engine.bind(b"tls-server-end-point:late")
    with pytest.raises(LocalProtocolError, match="the handshake of this connection is done"):
        engine.step_done(StepRequired(ScriptedMechanism().initiate(TARGET.spn, Policy()), None))


@framings
def test_misuse_is_refused_and_breaks_nothing(framing: Framing) -> None:
    joined = pair(framing)
    with pytest.raises(LocalProtocolError):
        joined.client.engine.send_data(b"too early")
    with pytest.raises(LocalProtocolError):
        joined.client.engine.send_eof()
    joined.run()
    joined.client.engine.send_eof()
    joined.client.engine.send_eof()
    with pytest.raises(LocalProtocolError):
        joined.client.engine.send_data(b"too late")
    joined.run()
    assert joined.server.events[-1] == EndOfData(marked=True)
    joined.server.engine.send_data(b"half-close leaves this way open")
    joined.run()
    assert received(joined.client) == b"half-close leaves this way open"


@framings
def test_data_after_the_marked_end_is_refused(framing: Framing) -> None:
    joined = established(framing)
    joined.client.engine.send_eof()
    joined.run()
    joined.server.engine.receive_data(b"more")
    with pytest.raises(RemoteProtocolError, match="after it had marked the end"):
        joined.server.engine.next_event()


@framings
@pytest.mark.parametrize("protection", Protection)
@pytest.mark.parametrize("allowed", [False, True])
def test_an_unmarked_end_is_visible(framing: Framing, protection: Protection, allowed: bool) -> None:
    policy = Policy(protection)
    joined = established(
        framing,
        ScriptedMechanism(reaches=protection),
        client_policy=policy,
        server_policy=policy,
        allow_unmarked_end=allowed,
    )
    joined.client.engine.send_data(b"all")
    joined.run()
    joined.cut()
    if allowed or protection is Protection.NONE:
        assert joined.server.events[-1] == EndOfData(marked=False)
    else:
        assert isinstance(joined.server.error, TruncatedStream)
    assert received(joined.server) == b"all"


@framings
def test_a_conversation_cut_at_every_byte_is_an_error_and_never_data(framing: Framing) -> None:
    whole = established(framing)
    handshake = len(whole.client.wrote)
    whole.client.engine.send_data(b"first")
    whole.client.engine.send_data(b"second")
    whole.client.engine.send_eof()
    whole.run()
    stream = whole.client.wrote
    for length in range(len(stream)):
        server = pair(framing).server
        server.engine.receive_data(stream[:length])
        server.turn()
        server.engine.receive_eof()
        server.turn()
        assert isinstance(server.error, TruncatedStream), length
        assert received(server) in (b"", b"first", b"firstsecond")
        assert bool(received(server)) <= (length > handshake)


@framings
def test_one_flipped_bit_anywhere_in_a_message_is_an_integrity_error(framing: Framing) -> None:
    sealed = established(framing)
    before = len(sealed.client.wrote)
    sealed.client.engine.send_data(b"secret")
    message = bytearray(sealed.client.says())
    assert b"secret" not in message
    for bit in range(4 * 8, len(message) * 8):
        joined = established(framing)
        altered = bytearray(message)
        altered[bit // 8] ^= 1 << bit % 8
        joined.server.engine.receive_data(altered)
        joined.server.turn()
        assert isinstance(joined.server.error, IntegrityError), bit
        assert not received(joined.server)
    assert before


@framings
@pytest.mark.parametrize("fault", ["gap", "repeat", "swap"])
def test_messages_lost_repeated_or_swapped(framing: Framing, fault: str) -> None:
    joined = established(framing)
    messages = []
    for text in (b"one", b"two"):
        joined.client.engine.send_data(text)
        messages.append(joined.client.engine.data_to_send())
    order = {"gap": messages[1:], "repeat": messages[:1] * 2, "swap": messages[::-1]}[fault]
    joined.server.engine.receive_data(b"".join(order))
    joined.server.turn()
    assert isinstance(joined.server.error, IntegrityError)


@framings
def test_a_signed_message_does_not_pass_where_sealing_was_agreed(framing: Framing) -> None:
    joined = established(framing)
    token = joined.client.engine._context.wrap(b"readable", False)
    joined.server.engine.receive_data(framing.message.build(0, len(token)) + token)
    joined.server.turn()
    assert isinstance(joined.server.error, IntegrityError)
    assert "not sealed" in str(joined.server.error)


@framings
@given(garbage=st.binary(max_size=400), server_side=st.booleans())
def test_garbage_gives_typed_errors_and_nothing_else(
    framing: Framing, garbage: bytes, server_side: bool
) -> None:
    joined = pair(framing)
    side = joined.server if server_side else joined.client
    side.turn()
    side.engine.receive_data(garbage)
    side.turn()
    side.engine.receive_eof()
    side.turn()
    assert isinstance(side.error, RemoteProtocolError | AuthenticationError)
    assert isinstance(side.error, AsyncAuthError)


@framings
def test_a_frame_beyond_the_limit_is_refused_before_its_body(framing: Framing) -> None:
    joined = pair(framing, limits=Limits(token=100))
    server = joined.server
    server.turn()
    server.engine.receive_data(framing.handshake.build(0x16, 101))
    server.turn()
    assert isinstance(server.error, FrameTooLarge)
    server.engine.receive_data(b"x" * 1000)
    assert len(server.engine._received) == 0


@framings
def test_a_message_beyond_the_limit_is_refused_before_its_body(framing: Framing) -> None:
    joined = established(framing)
    joined.server.engine.receive_data(framing.message.build(0, 65_537))
    joined.server.turn()
    assert isinstance(joined.server.error, FrameTooLarge)


@framings
@pytest.mark.parametrize(
    "limits", [Limits(legs=2), Limits(handshake=150)], ids=["too many tokens", "too many bytes"]
)
def test_an_endless_handshake_ends(framing: Framing, limits: Limits) -> None:
    joined = pair(framing, ScriptedMechanism(tokens=100, token_bytes=64), limits=limits).run()
    assert isinstance(joined.server.error, FrameTooLarge)


@framings
def test_data_that_comes_with_the_last_token_is_not_lost(framing: Framing) -> None:
    joined = pair(framing, ScriptedMechanism(tokens=3))
    client, server = joined.client, joined.server
    server.engine.receive_data(client.says())
    server.turn()
    client.engine.receive_data(server.engine.data_to_send())
    client.turn()
    if framing.name == "winsock":  # on MS-NNS the client has to wait for the server's last word
        client.engine.send_data(b"at once")
        server.engine.receive_data(client.engine.data_to_send())
        server.turn()
        assert received(server) == b"at once"
    else:
        server.engine.receive_data(client.says())
        server.turn()
        server.engine.send_data(b"at once")
        client.engine.receive_data(server.engine.data_to_send())
        client.turn()
        assert received(client) == b"at once"


def test_nothing_to_tell_without_bytes() -> None:
    server = pair(NegotiateStream()).server.engine
    assert server.next_event() is NEED_DATA


@framings
def test_an_open_connection_holds_no_cycle(framing: Framing) -> None:
    joined = established(framing)
    gone = weakref.ref(joined.client.engine)
    gc.disable()
    try:
        del joined
        assert gone() is None
    finally:
        gc.enable()
