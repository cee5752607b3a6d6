"""Two ends that speak SASL alone, with a mechanism that does what it is told, and the frames between them."""

from __future__ import annotations

from asyncauth import Policy, Role, Target
from asyncauth.engine import Connection
from asyncauth.framings import Sasl
from asyncauth.testing import EnginePair, ScriptedMechanism, Side

__all__ = [
    "BAD", "COMPLETE", "ERROR", "MECHANISM", "NAMES", "OK", "OVERHEAD", "START", "TARGET", "flipped", "frame", "frames",
    "pair", "sent",
]  # fmt: skip

NAMES = ["GSSAPI", "GSS-SPNEGO"]
TARGET = Target("localhost", 2000, "ADSockAuth/localhost")
START, OK, BAD, ERROR, COMPLETE = range(1, 6)
MECHANISM = ScriptedMechanism()
OVERHEAD = 26
"""Of the scripted mechanism's messages."""


def frame(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(4) + body


def flipped(data: bytes, where: int) -> bytes:
    """With one bit of that byte another."""
    return data[:where] + bytes((data[where] ^ 1,)) + data[where + 1 :]


def frames(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        end = 5 + int.from_bytes(data[1:5])
        found.append((data[0], data[5:end]))
        data = data[end:]
    return found


def pair(
    framing: Sasl, theirs: Sasl | None = None, mechanism: ScriptedMechanism = MECHANISM, **options: object
) -> EnginePair:
    """
    :param theirs: the server's framing, if it is another
    """
    made = EnginePair(mechanism, mechanism, framing, target=TARGET, **options)  # type: ignore[arg-type]
    if theirs is not None:
        policy = options.get("server_policy") or Policy()
        assert isinstance(policy, Policy)
        made.server = Side(Connection(Role.SERVER, mechanism.accept(policy), theirs, policy=policy))
    return made


def sent(client: EnginePair, data: bytes) -> bytes:
    """What the client sends for data, which the server gets."""
    client.client.engine.send_data(data)
    wire = client.client.says()
    client.server.engine.receive_data(wire)
    client.server.turn()
    return wire
