"""The SSPI sockets sample, byte by byte."""

from __future__ import annotations

import pytest

from asyncauth import Target
from asyncauth.framings import Winsock
from asyncauth.testing import EnginePair, ScriptedMechanism

TARGET = Target("localhost", 2000, "ADSockAuth/localhost")


def frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


def token(number: int) -> bytes:
    return f"token {number}".encode().ljust(32, b".")


@pytest.mark.parametrize("tokens", range(1, 6))
def test_tokens_travel_behind_their_length_and_empty_ones_not_at_all(tokens: int) -> None:
    mechanism = ScriptedMechanism(tokens=tokens)
    pair = EnginePair(mechanism, mechanism, Winsock(), target=TARGET).run()
    assert pair.client.wrote == b"".join(frame(token(n)) for n in range(0, tokens, 2))
    assert pair.server.wrote == b"".join(frame(token(n)) for n in range(1, tokens, 2))
    assert pair.client.engine.info
    assert pair.server.engine.info


def test_messages_travel_the_same_way() -> None:
    pair = EnginePair(ScriptedMechanism(), ScriptedMechanism(), Winsock(), target=TARGET).run()
    pair.client.engine.send_data(b"hello")
    pair.client.engine.send_data(b"again")
    data = pair.client.says()
    size = int.from_bytes(data[:4], "little")
    rest = data[4 + size :]
    assert int.from_bytes(rest[:4], "little") == len(rest) - 4


def test_repr_is_how_it_is_made() -> None:
    assert repr(Winsock()) == "Winsock()"
