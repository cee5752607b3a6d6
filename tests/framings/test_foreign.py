"""The wrong port: each framing by itself says what the peer speaks."""

from __future__ import annotations

import pytest

from asyncauth import FrameTooLarge, RemoteProtocolError, Target
from asyncauth.abc import Framing
from asyncauth.framings import GssSample, NegotiateStream, Winsock, WinsockOneShot
from asyncauth.testing import EnginePair, ScriptedMechanism

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
FRAMINGS = (NegotiateStream(), Winsock(), WinsockOneShot(), GssSample(), GssSample(1))

by_framing = pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: str(framing.name))
protocols = pytest.mark.parametrize(
    ("start", "name"),
    [
        (bytes.fromhex("16 03 01 02 00 01"), "TLS"),
        (bytes.fromhex("15 03 03 00 02 02 28"), "TLS"),
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"PRI * HTTP/2.0\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH"),
    ],
)


def heard(framing: Framing, side: str, data: bytes) -> RemoteProtocolError:
    """The error of one side to which the peer says this first."""
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), framing, target=TARGET)
    end = pair.server if side == "server" else pair.client
    end.turn()
    end.engine.receive_data(data)
    end.turn()
    assert isinstance(end.error, RemoteProtocolError)
    return end.error


@by_framing
@protocols
@pytest.mark.parametrize("side", ["server", "client"])
def test_another_protocol_is_named_at_either_end(
    framing: Framing, start: bytes, name: str, side: str
) -> None:
    error = heard(framing, side, start)
    assert f" speaks {name}, not " in str(error)
    assert error.fix
    assert ("the server ADSockAuth/localhost" if side == "client" else "the client") in str(error)


@by_framing
def test_an_unknown_protocol_is_an_error_all_the_same(framing: Framing) -> None:
    assert "speak" in str(heard(framing, "server", b"\xff\xfe\xfd\xfc\xfb\xfa"))


@pytest.mark.parametrize(
    ("framing", "start", "says"),
    [
        (Winsock(), "16 01 00 02 b0", "speaks MS-NNS, not the SSPI sockets sample's framing"),
        (NegotiateStream(), "11 00 00 00 00", "speaks gss-sample version 2, not MS-NNS"),
        (GssSample(1), "16 01 00 02 b0", "speaks MS-NNS, not gss-sample version 1"),
        (GssSample(), "16 01 00 02 b0", "speaks MS-NNS, not gss-sample version 2"),
        (GssSample(), "00 00 02 c3 60", "speaks gss-sample version 1, not gss-sample version 2"),
        (GssSample(1), "11 00 00 00 00", "speaks gss-sample version 2, not gss-sample version 1"),
    ],
)
def test_our_own_framings_are_named_too(framing: Framing, start: str, says: str) -> None:
    error = heard(framing, "server", bytes.fromhex(start))
    assert says in str(error)
    assert error.fix is not None
    assert "both ends" in error.fix or "GssSample(version=1)" in error.fix


def test_tls_is_refused_by_ms_nns_although_its_first_byte_is_that_of_ms_nns() -> None:
    assert "speaks TLS, not MS-NNS" in str(
        heard(NegotiateStream(), "server", bytes.fromhex("16 03 01 02 00"))
    )


def test_a_long_message_after_the_handshake_is_no_other_protocol() -> None:
    for framing in (Winsock(), GssSample(1), NegotiateStream()):
        pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), framing, target=TARGET).run()
        pair.server.engine.receive_data(b"GET / HTTP/1.1\r\n")
        pair.server.turn()
        assert isinstance(pair.server.error, FrameTooLarge)
