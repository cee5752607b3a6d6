"""MIT's gss-sample, byte by byte, with a mechanism that does what it is told."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncauth import (
    AsyncAuthError,
    AuthenticationError,
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
from asyncauth.framings import GssSample, NegotiateStream, _gss_messages
from asyncauth.testing import EnginePair, ScriptedMechanism, Side

TARGET = Target("localhost", 4444, "sample/localhost")
OPENING = bytes.fromhex("11 00000000")
NOOP = bytes.fromhex("01 00000000")
MIC_BYTES = 16  # of the scripted mechanism

versions = pytest.mark.parametrize("version", [1, 2])


def frame(flags: int | None, body: bytes) -> bytes:
    return (b"" if flags is None else bytes((flags,))) + len(body).to_bytes(4, "big") + body


def token(number: int) -> bytes:
    return f"token {number}".encode().ljust(32, b".")


def talking(
    framing: GssSample | None = None, require: Protection = Protection.SEAL, **options: object
) -> EnginePair:
    """Two sides whose handshake is done; contexts reach SEAL whatever is required, as MIT's do."""
    reaches = options.pop("reaches", Protection.SEAL)
    mechanism = ScriptedMechanism(reaches=reaches)  # type: ignore[arg-type]
    policy = Policy(require)
    pair = EnginePair(
        mechanism,
        mechanism,
        framing or GssSample(),
        target=TARGET,
        client_policy=policy,
        server_policy=policy,
        allow_unmarked_end=bool(options.pop("allow_unmarked_end", True)),
        **options,  # type: ignore[arg-type]
    ).run()
    assert pair.client.error is None
    assert pair.server.error is None
    pair.client.wrote = pair.server.wrote = b""
    return pair


def received(side: Side) -> bytes:
    return b"".join(event.data for event in side.events if isinstance(event, DataReceived))


def body_of(pair: EnginePair, data: bytes, protection: Protection) -> bytes:
    """A message's body as the client would make it."""
    if protection is Protection.NONE:
        return data
    return pair.client.engine._context.wrap(data, protection is Protection.SEAL)


# --- handshake ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", range(1, 6))
@versions
def test_tokens_travel_in_frames_and_empty_ones_not_at_all(version: int, tokens: int) -> None:
    mechanism = ScriptedMechanism(tokens=tokens)
    pair = EnginePair(mechanism, mechanism, GssSample(version), target=TARGET).run()  # type: ignore[arg-type]
    flags = 0x02 if version == 2 else None
    opening = OPENING if version == 2 else b""
    assert pair.client.wrote == opening + b"".join(frame(flags, token(n)) for n in range(0, tokens, 2))
    assert pair.server.wrote == b"".join(frame(flags, token(n)) for n in range(1, tokens, 2))
    assert isinstance(pair.client.events[-1], Established)
    assert isinstance(pair.server.events[-1], Established)


@versions
def test_info_names_the_version(version: int) -> None:
    info = talking(GssSample(version)).server.engine.info  # type: ignore[arg-type]
    assert info is not None
    assert info.framing == {1: "gss-sample-v1", 2: "gss-sample"}[version]


def test_what_is_promised_is_what_is_required_and_not_what_the_context_could_do() -> None:
    for require in Protection:
        info = talking(require=require).server.engine.info
        assert info is not None
        assert info.protection is require


@pytest.mark.parametrize(
    ("first", "error", "says"),
    [
        (NOOP, ProtectionError, "wants no authentication: run gss-client without -na"),
        (frame(0x02, token(0)), RemoteProtocolError, "began gss-sample version 2 with flags 0x02"),
        (OPENING + NOOP, RemoteProtocolError, "kind 0x01 in place of a token"),
        (frame(None, token(0)), RemoteProtocolError, "speaks gss-sample version 1, not gss-sample version 2"),
        (b"\x99\0\0\0\0", RemoteProtocolError, "first byte is 0x99, not 0x01, 0x02 or 0x11"),
        (frame(0x02, b"")[:1] + b"\0\x01\0\x01", FrameTooLarge, "65537"),
    ],
)
def test_a_client_that_begins_otherwise(first: bytes, error: type[AsyncAuthError], says: str) -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), GssSample(), target=TARGET)
    pair.server.engine.receive_data(first)
    pair.server.turn()
    assert isinstance(pair.server.error, error)
    assert says in str(pair.server.error)


def test_version_2_at_a_server_of_version_1() -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), GssSample(1), target=TARGET)
    pair.server.engine.receive_data(OPENING)
    pair.server.turn()
    assert "speaks gss-sample version 2, not gss-sample version 1" in str(pair.server.error)


def test_a_refused_context_sends_its_error_token_and_closes() -> None:
    refusing = ScriptedMechanism(fails_at=0, error_token=b"KRB-ERROR")
    pair = EnginePair(ScriptedMechanism(), refusing, GssSample(), target=TARGET).run()
    assert pair.server.wrote == frame(0x02, b"KRB-ERROR")
    assert isinstance(pair.client.error, AuthenticationError)


# --- messages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("require", "mic", "flags"),
    [
        (Protection.SEAL, True, 0xE4),
        (Protection.SIGN, True, 0xA4),
        (Protection.SEAL, False, 0x64),
        (Protection.SIGN, False, 0x24),
        (Protection.NONE, True, 0x04),
        (Protection.NONE, False, 0x04),
    ],
)
def test_flags_of_a_message_and_its_answer(require: Protection, mic: bool, flags: int) -> None:
    pair = talking(GssSample(mic=mic), require)
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert pair.client.wrote[0] == flags
    assert int.from_bytes(pair.client.wrote[1:5], "big") == len(pair.client.wrote) - 5
    signature = pair.server.engine._context.sign(b"hello")
    assert pair.server.wrote == (frame(0x08, signature) if flags & 0x80 else NOOP)
    assert received(pair.server) == b"hello"
    assert pair.client.error is None
    assert pair.client.engine.unanswered == 0


def test_version_1_wraps_as_agreed_and_answers_with_a_signature() -> None:
    for require in Protection:
        pair = talking(GssSample(1), require)
        pair.client.engine.send_data(b"hello")
        pair.run()
        assert int.from_bytes(pair.client.wrote[:4], "big") == len(pair.client.wrote) - 4
        assert (pair.client.wrote[4:] == b"hello") is (require is Protection.NONE)
        assert pair.server.wrote == frame(None, pair.server.engine._context.sign(b"hello"))
        assert received(pair.server) == b"hello"
        assert pair.client.engine.unanswered == 0


@given(
    flags=st.integers(1, 255) | st.sampled_from([0x04, 0x24, 0x44, 0x64, 0x84, 0xA4, 0xC4, 0xE4]),
    kind=st.sampled_from(Protection),
    require=st.sampled_from(Protection),
)
def test_require_is_never_undercut(flags: int, kind: Protection, require: Protection) -> None:
    """Whatever a message says of itself: data passes only if it is protected as required, and as it says."""
    pair = talking(require=require)
    body = body_of(pair, b"data", kind)
    pair.server.engine.receive_data(frame(flags, body))
    pair.server.turn()
    if flags == 0x01:
        assert pair.server.events[-1] == EndOfData(marked=False)
    elif not flags & 0x04 or flags & 0x1B:
        assert isinstance(pair.server.error, RemoteProtocolError)
    elif not flags & 0x20:
        # the body is the data, whatever it looks like
        assert (received(pair.server) == body) is (require is Protection.NONE)
    elif kind is Protection.NONE or kind < require or (flags & 0x40 and kind is not Protection.SEAL):
        assert isinstance(pair.server.error, IntegrityError)
    else:
        assert received(pair.server) == b"data"
    if pair.server.error is not None:
        assert not received(pair.server)


def test_messages_longer_than_the_limit_are_split_and_refused() -> None:
    pair = talking(GssSample(limit=1000))
    pair.client.engine.send_data(bytes(2500))
    pair.run()
    sizes = [len(event.data) for event in pair.server.events if isinstance(event, DataReceived)]
    assert sizes == [928, 928, 644]
    assert len(pair.server.wrote) == 3 * (5 + MIC_BYTES)
    pair.server.engine.receive_data(frame(0xE4, bytes(1001)))
    pair.server.turn()
    assert isinstance(pair.server.error, FrameTooLarge)


def test_an_empty_message_is_answered_and_is_no_data_and_no_end() -> None:
    pair = talking()
    pair.server.engine.receive_data(frame(0xE4, body_of(pair, b"", Protection.SEAL)))
    assert pair.server.says() == frame(0x08, pair.server.engine._context.sign(b""))
    assert not received(pair.server)
    assert not any(isinstance(event, EndOfData) for event in pair.server.events)


def test_a_server_of_ours_may_send_data_too() -> None:
    pair = talking()
    pair.server.engine.send_data(b"unasked")
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert pair.server.wrote[0] == 0x64
    assert received(pair.client) == b"unasked"
    assert received(pair.server) == b"hello"
    assert pair.client.engine.unanswered == 0


def test_a_server_of_version_1_has_nothing_to_send_and_goes_on() -> None:
    pair = talking(GssSample(1))
    with pytest.raises(LocalProtocolError, match="nothing to send"):
        pair.server.engine.send_data(b"unasked")
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert received(pair.server) == b"hello"


# --- answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (frame(0x08, bytes(MIC_BYTES)), IntegrityError),
        (frame(0x08, b""), IntegrityError),
        (NOOP, IntegrityError),
        (frame(0x04, b"data without protection"), IntegrityError),
        (frame(0x0C, b"data and signature in one"), RemoteProtocolError),
        (frame(0x02, b"token"), RemoteProtocolError),
        (frame(0x18, bytes(MIC_BYTES)), RemoteProtocolError),
    ],
)
def test_an_answer_that_is_not_the_signature_of_the_message(answer: bytes, error: type[Exception]) -> None:
    pair = talking()
    pair.client.engine.send_data(b"hello")
    pair.client.engine.receive_data(answer)
    pair.client.turn()
    assert isinstance(pair.client.error, error)


def test_a_signature_that_was_not_asked_for() -> None:
    pair = talking(GssSample(mic=False))
    pair.client.engine.send_data(b"hello")
    pair.client.engine.receive_data(frame(0x08, pair.server.engine._context.sign(b"hello")))
    pair.client.turn()
    assert isinstance(pair.client.error, IntegrityError)


@pytest.mark.parametrize("answer", [NOOP, frame(0x08, bytes(MIC_BYTES))])
def test_an_answer_to_nothing(answer: bytes) -> None:
    pair = talking()
    pair.client.engine.receive_data(answer)
    pair.client.turn()
    assert isinstance(pair.client.error, RemoteProtocolError)
    assert "never sent" in str(pair.client.error)


def test_answers_belong_to_messages_in_order() -> None:
    pair = talking()
    pair.client.engine.send_data(b"one")
    pair.client.engine.send_data(b"two")
    pair.server.engine.receive_data(pair.client.engine.data_to_send())
    answers = pair.server.says()
    assert pair.client.engine.unanswered == 2
    half = len(answers) // 2
    pair.client.engine.receive_data(answers[half:])
    pair.client.turn()
    assert isinstance(pair.client.error, IntegrityError)


def test_what_is_sent_is_kept_until_it_is_confirmed_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_gss_messages, "_UNCONFIRMED_BYTES", 10)
    pair = talking()
    pair.client.engine.send_data(b"12345678")
    with pytest.raises(LocalProtocolError, match="mic=False"):
        pair.client.engine.send_data(b"12345678")
    pair.run()
    pair.client.engine.send_data(b"1234567890")
    pair.run()
    assert received(pair.server) == b"123456781234567890"


def test_no_answers_after_sending_broke_or_ended() -> None:
    for ending in ("broken", "ended"):
        pair = talking()
        pair.client.engine.send_data(b"hello")
        if ending == "broken":
            pair.server.engine.break_sending(IntegrityError("half a message was written"))
        else:
            pair.server.engine.send_eof()
        pair.run()
        assert received(pair.server) == b"hello"
        assert pair.server.wrote == b""


# --- ends --------------------------------------------------------------------------------------------------


def test_a_client_says_noop_and_a_server_says_nothing() -> None:
    pair = talking()
    pair.client.engine.send_data(b"all")
    pair.client.engine.send_eof()
    pair.run()
    assert pair.client.wrote.endswith(NOOP)
    assert received(pair.server) == b"all"
    assert pair.server.events[-1] == EndOfData(marked=False)
    answered = pair.server.wrote
    pair.server.engine.send_data(b"goes on")
    pair.server.engine.send_eof()
    pair.run()
    assert received(pair.client) == b"goes on"
    assert len(pair.server.wrote) > len(answered)
    pair.cut()
    assert pair.client.events[-1] == EndOfData(marked=False)
    assert pair.client.error is None


@pytest.mark.parametrize("how", ["noop", "closed"])
def test_no_end_is_a_marked_one(how: str) -> None:
    pair = talking(allow_unmarked_end=False)
    pair.client.engine.send_data(b"all")
    if how == "noop":
        pair.client.engine.send_eof()
    pair.run()
    pair.cut()
    assert isinstance(pair.server.error, TruncatedStream)
    assert "allow_unmarked_end" in str(pair.server.error)
    assert received(pair.server) == b"all"


def test_version_1_ends_by_closing() -> None:
    pair = talking(GssSample(1))
    pair.client.engine.send_data(b"all")
    pair.run()
    wrote = pair.client.wrote
    pair.client.engine.send_eof()
    pair.run()
    assert pair.client.wrote == wrote
    pair.cut()
    assert pair.server.events[-1] == EndOfData(marked=False)


def test_data_after_the_end_is_refused() -> None:
    pair = talking()
    pair.server.engine.receive_data(NOOP + NOOP)
    pair.server.turn()
    assert isinstance(pair.server.error, RemoteProtocolError)
    assert "after it had marked the end" in str(pair.server.error)


def test_a_server_that_closes_before_it_has_confirmed_all() -> None:
    pair = talking()
    pair.client.engine.send_data(b"hello")
    pair.cut()
    assert isinstance(pair.client.error, TruncatedStream)
    assert "1 of our messages unanswered" in str(pair.client.error)


# --- any bytes ---------------------------------------------------------------------------------------------


def whole_conversation(framing: GssSample) -> tuple[bytes, int]:
    """What a client says, and how much of it is handshake."""
    pair = EnginePair(
        ScriptedMechanism(), ScriptedMechanism(), framing, target=TARGET, allow_unmarked_end=True
    ).run()
    handshake = len(pair.client.wrote)
    pair.client.engine.send_data(b"first")
    pair.client.engine.send_data(b"second")
    pair.client.engine.send_eof()
    pair.run()
    return pair.client.wrote, handshake


@versions
def test_a_conversation_cut_at_every_byte(version: int) -> None:
    framing = GssSample(version)  # type: ignore[arg-type]
    said, handshake = whole_conversation(framing)
    for length in range(len(said)):
        server = EnginePair(
            ScriptedMechanism(), ScriptedMechanism(), framing, target=TARGET, allow_unmarked_end=True
        ).server
        server.engine.receive_data(said[:length])
        server.turn()
        server.engine.receive_eof()
        server.turn()
        assert received(server) in (b"", b"first", b"firstsecond")
        assert isinstance(server.error, TruncatedStream) or server.events[-1] == EndOfData(marked=False)
        assert length >= handshake or isinstance(server.error, TruncatedStream)


@versions
@given(cuts=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_any_chopping_gives_the_same_data_and_answers(version: int, cuts: list[int]) -> None:
    def chop(data: bytes) -> Iterable[bytes]:
        start = turn = 0
        while start < len(data):
            size = cuts[turn % len(cuts)]
            yield data[start : start + size]
            start, turn = start + size, turn + 1

    pair = talking(GssSample(version), chop=chop)  # type: ignore[arg-type]
    for piece in (b"one", b"", b"two", bytes(70_000)):
        pair.client.engine.send_data(piece)
    pair.client.engine.send_eof()
    pair.run()
    assert received(pair.server) == b"onetwo" + bytes(70_000)
    assert pair.client.engine.unanswered == 0
    assert pair.client.error is None


def test_one_flipped_bit_anywhere_never_makes_other_data() -> None:
    """Not even in the flags and lengths, which nothing protects; and the client never takes it for confirmed."""
    pair = talking()
    pair.client.engine.send_data(b"secret")
    message = pair.client.says()
    for bit in range(len(message) * 8):
        altered = bytearray(message)
        altered[bit // 8] ^= 1 << bit % 8
        joined = talking()
        joined.client.engine.send_data(b"secret")
        joined.client.engine.data_to_send()
        joined.server.engine.receive_data(altered)
        joined.client.engine.receive_data(joined.server.says())
        joined.server.engine.receive_eof()
        joined.server.turn()
        joined.client.engine.receive_eof()
        joined.client.turn()
        assert received(joined.server) in (b"", b"secret"), bit
        assert received(joined.server) == b"secret" or joined.client.error is not None, bit


@versions
@given(garbage=st.binary(max_size=400), server_side=st.booleans(), opened=st.booleans())
def test_garbage_gives_typed_errors_and_nothing_else(
    version: int, garbage: bytes, server_side: bool, opened: bool
) -> None:
    framing = GssSample(version)  # type: ignore[arg-type]
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), framing, target=TARGET)
    side = pair.server if server_side else pair.client
    side.turn()
    side.engine.receive_data((OPENING if opened and version == 2 and server_side else b"") + garbage)
    side.turn()
    side.engine.receive_eof()
    side.turn()
    assert isinstance(side.error, RemoteProtocolError | AuthenticationError)


@given(garbage=st.binary(max_size=400), server_side=st.booleans())
def test_garbage_for_messages_gives_typed_errors_and_nothing_else(garbage: bytes, server_side: bool) -> None:
    pair = talking(allow_unmarked_end=False)
    side = pair.server if server_side else pair.client
    side.engine.receive_data(garbage)
    side.turn()
    side.engine.receive_eof()
    side.turn()
    assert isinstance(side.error, RemoteProtocolError | IntegrityError)
    assert not received(side)


# --- options -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"version": 3}, "versions 1 and 2"),
        ({"version": 1, "mic": False}, "no signature"),
        ({"limit": 72}, "at most 72 bytes"),
        ({"version": 1, "limit": 2**24}, "at most 16777216 bytes"),
    ],
)
def test_options_that_cannot_be(options: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GssSample(**options)  # type: ignore[arg-type]


def test_repr_names_the_options() -> None:
    assert repr(GssSample(limit=1000, mic=False)) == "GssSample(2, mic=False, limit=1000)"
    assert repr(GssSample(1)) == "GssSample(1, mic=True, limit=65536)"


def test_other_framings_do_not_answer() -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET).run()
    pair.client.engine.send_data(b"hello")
    pair.run()
    assert pair.client.engine.unanswered == 0
    assert not pair.server.engine.has_data_to_send
