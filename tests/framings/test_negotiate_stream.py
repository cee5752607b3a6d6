"""MS-NNS, byte by byte: [MS-NNS] 2.2 and what .NET does."""

from __future__ import annotations

import pytest

from asyncauth import (
    MechanismError,
    PeerRejected,
    Policy,
    Protection,
    RemoteProtocolError,
    Target,
    TruncatedStream,
)
from asyncauth.framings import NegotiateStream
from asyncauth.testing import EnginePair, ScriptedMechanism

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")


def exchange(mechanism: ScriptedMechanism, **options: object) -> tuple[bytes, bytes, EnginePair]:
    pair = EnginePair(mechanism, mechanism, NegotiateStream(), target=TARGET, **options).run()  # type: ignore[arg-type]
    return pair.client.wrote, pair.server.wrote, pair


def frame(kind: int, body: bytes) -> bytes:
    return bytes((kind, 1, 0xA1, len(body) >> 8, len(body) & 0xFF)) + body


def token(number: int) -> bytes:
    return f"token {number}".encode().ljust(32, b".")


@pytest.mark.parametrize(
    ("tokens", "client", "server"),
    [
        # NTLM without SPNEGO is like three tokens: the server has the last word, and it is empty
        (1, frame(0x14, token(0)), frame(0x14, b"")),
        (2, frame(0x16, token(0)), frame(0x14, token(1))),
        (3, frame(0x16, token(0)) + frame(0x14, token(2)), frame(0x16, token(1)) + frame(0x14, b"")),
        (
            4,
            frame(0x16, token(0)) + frame(0x16, token(2)),
            frame(0x16, token(1)) + frame(0x14, token(3)),
        ),
    ],
)
def test_who_says_done_and_when(tokens: int, client: bytes, server: bytes) -> None:
    assert exchange(ScriptedMechanism(tokens=tokens))[:2] == (client, server)


def test_a_policy_not_met_is_error_trust_failure() -> None:
    mechanism = ScriptedMechanism(reaches=Protection.SIGN)
    _, server, pair = exchange(mechanism, client_policy=Policy(Protection.SIGN))
    assert server == frame(0x15, bytes.fromhex("fe060000 000006fe"))
    assert isinstance(pair.client.error, PeerRejected)
    assert "requires more protection" in str(pair.client.error)


def test_a_refused_token_is_logon_denied() -> None:
    refusing = ScriptedMechanism(fails_at=0)
    pair = EnginePair(ScriptedMechanism(), refusing, NegotiateStream(), target=TARGET).run()
    assert pair.server.wrote == frame(0x15, bytes.fromhex("0c030980 8009030c"))
    assert isinstance(pair.client.error, PeerRejected)
    assert pair.client.error.code == "0x8009030C"


def test_a_client_that_refuses_after_the_servers_done_says_nothing() -> None:
    mechanism = ScriptedMechanism(mutual=False)
    client, _, _ = exchange(mechanism, server_policy=Policy(mutual=False))
    assert client == frame(0x16, token(0))


def test_a_server_that_refuses_after_the_clients_done_says_so() -> None:
    """The client has said its last word and waits for the server's, as with NTLM."""
    mechanism = ScriptedMechanism(tokens=3, mutual=False)
    client, server, pair = exchange(mechanism, client_policy=Policy(mutual=False))
    assert client == frame(0x16, token(0)) + frame(0x14, token(2))
    assert server == frame(0x16, token(1)) + frame(0x15, bytes.fromhex("fe060000 000006fe"))
    assert isinstance(pair.client.error, PeerRejected)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("00000000 000006fe", "1790"),  # .NET up to 6
        ("00000000 80004005", "0x80004005"),
        ("ffffffff 80090304", "0x80090304"),
        ("fe060000 00000000", "1790"),  # .NET from 7 on
        ("04030980 ffffffff", "0x80090304"),
        ("fe060000 000006fe", "1790"),  # ours
        ("0c030980 8009030c", "0x8009030C"),
        ("00000000 00000000", "0x00000000"),
        ("00000000 000006fe 00", "1790"),  # longer than need be
    ],
)
def test_an_error_is_understood_in_either_byte_order(body: str, code: str) -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET)
    pair.client.turn()
    pair.client.engine.receive_data(frame(0x15, bytes.fromhex(body)))
    pair.client.turn()
    assert isinstance(pair.client.error, PeerRejected)
    assert pair.client.error.code == code


@pytest.mark.parametrize("body", [b"", b"1234567"])
def test_an_error_without_a_number_is_a_refusal_all_the_same(body: bytes) -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET)
    pair.client.turn()
    pair.client.engine.receive_data(frame(0x15, body))
    pair.client.turn()
    assert isinstance(pair.client.error, PeerRejected)
    assert pair.client.error.code is None


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1", b"\x16\x03\x01\x02\x00"[1:] + b"x", b"SSH-2.0-x"])
def test_another_protocol_is_named_as_not_ours(first: bytes) -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET)
    pair.server.engine.receive_data(first)
    pair.server.turn()
    assert isinstance(pair.server.error, RemoteProtocolError)
    assert "MS-NNS" in str(pair.server.error)


def test_versions_are_ignored() -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET)
    opening = bytearray(pair.client.says())
    opening[1:3] = b"\x09\x09"
    pair.server.engine.receive_data(opening)
    pair.server.turn()
    assert pair.server.error is None


def test_an_end_is_marked_only_for_those_who_know_the_mark() -> None:
    """And an empty message of anybody else is none."""
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), NegotiateStream(), target=TARGET)
    opening = bytearray(pair.client.says())
    assert opening[2] == 0xA1
    opening[2] = 0
    pair.server.engine.receive_data(opening)
    pair.server.turn()
    pair.client.engine.receive_data(pair.server.says())
    pair.client.turn()
    pair.client.engine.send_eof()
    pair.server.engine.receive_data(pair.client.says())
    pair.server.engine.receive_eof()
    pair.server.turn()
    assert isinstance(pair.server.error, TruncatedStream)


def test_messages_are_little_endian_lengths() -> None:
    _, _, pair = exchange(ScriptedMechanism())
    pair.client.engine.send_data(b"x")
    message = pair.client.says()
    assert int.from_bytes(message[:4], "little") == len(message) - 4


def test_without_protection_there_is_no_framing() -> None:
    bare = Policy(Protection.NONE)
    _, _, pair = exchange(ScriptedMechanism(reaches=Protection.NONE), client_policy=bare, server_policy=bare)
    pair.client.engine.send_data(b"as it is")
    assert pair.client.says() == b"as it is"


def test_a_token_that_does_not_fit_is_refused_here() -> None:
    pair = EnginePair(
        ScriptedMechanism(token_bytes=65_536), ScriptedMechanism(), NegotiateStream(), target=TARGET
    )
    pair.client.turn()
    assert isinstance(pair.client.error, MechanismError)
    assert "does not fit MS-NNS" in str(pair.client.error)
