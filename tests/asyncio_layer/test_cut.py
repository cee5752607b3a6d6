"""A connection that is cut, at each byte of the handshake and of the conversation after it.

Every cut gives typed errors on both sides, or nothing missing; never a clean end of half the data, and never a wait
without end.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from asyncauth import AsyncAuthError, AuthenticationError, RemoteProtocolError, TruncatedStream
from asyncauth.abc import Framing, Mechanism
from asyncauth.asyncio import create_connection, start_auth
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import TWO_PARTS, House
from .pipes import Pipe, pipe
from .tools import Recorder, serving, until

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])

SAID = b"the client's words"
ANSWER = b"the server's answer"


class Side(Recorder):
    """Says something, marks its end, and waits for the other's."""

    def __init__(self, says: bytes) -> None:
        super().__init__()
        self.says = says
        self.error: AsyncAuthError | None = None

    async def run(self, raw: Pipe, mechanism: Mechanism, **options: Any) -> None:
        try:
            self.transport = await start_auth(raw, self, mechanism, **options)
        except AsyncAuthError as error:
            self.error = error
            return
        self.calls.append("made")
        self.transport.write(self.says)
        self.transport.write_eof()
        while not self.lost:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def converse(
    rooms: tuple[float, float], mechanisms: tuple[Mechanism, Mechanism], framing: Framing
) -> tuple[Side, Side, Pipe, Pipe]:
    """A whole conversation, of which each side's raw transport passes so many bytes."""
    here, there = pipe(*rooms)
    client, server = Side(SAID), Side(ANSWER)
    async with asyncio.timeout(5):
        await asyncio.gather(
            client.run(here, mechanisms[0], target=TWO_PARTS, framing=framing),
            server.run(there, mechanisms[1], server_side=True, framing=framing),
        )
    return client, server, here, there


def check(side: Side, heard: bytes) -> bool:
    """Whether this side got all of it; if not, it must know."""
    assert len(side.lost) == 1
    if side.error is not None:
        assert side.lost == [side.error]
        assert isinstance(side.error, RemoteProtocolError | AuthenticationError)
        assert not side.data
        return False
    if side.lost == [None]:
        assert side.data == heard
        assert side.calls == ["made", "data", "eof", "lost"]
        return True
    assert isinstance(side.lost[0], TruncatedStream)
    assert side.data in (b"", heard)
    assert "eof" not in side.calls or side.data == heard
    return False


@framings
@pytest.mark.parametrize("mechanism", ["kerberos", "scripted"])
@pytest.mark.parametrize("whose", ["client", "server"])
async def test_cut_at_every_byte(
    alice: Negotiate, sockauth: Negotiate, framing: Framing, mechanism: str, whose: str
) -> None:
    """With the scripted mechanism every byte; the bytes of a ticket are much the same, so of those one in 29."""
    scripted = ScriptedMechanism(tokens=4)
    pair: tuple[Mechanism, Mechanism] = (alice, sockauth) if mechanism == "kerberos" else (scripted, scripted)
    infinity = float("inf")
    client, server, here, there = await converse((infinity, infinity), pair, framing)
    assert check(client, ANSWER)
    assert check(server, SAID)
    whole = [len(data) for data in (here if whose == "client" else there).writes]
    arrived = []
    for room in rooms(sum(whole), every=mechanism == "scripted"):
        limits = (room, infinity) if whose == "client" else (infinity, room)
        client, server, here, there = await converse(limits, pair, framing)
        to_client, to_server = check(client, ANSWER), check(server, SAID)
        writes = (here if whose == "client" else there).writes  # their lengths differ by a byte or two
        arrived.append(room >= sum(map(len, writes)) and len(writes) == len(whole))
        assert (to_server if whose == "client" else to_client) is arrived[-1], room
    assert set(arrived) == {True, False}


def rooms(length: int, *, every: bool) -> list[int]:
    """How many bytes pass: all lengths, or all in the short parts and samples of the long first token."""
    tail = 0 if every else max(0, length - 300)
    return [*range(0, tail, 29), *range(tail, length + 4)]


async def test_cut_on_real_sockets(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    """Through a relay that closes both sides after so many of the client's bytes."""
    async with serving(lambda: Recorder(keep_open=True), sockauth) as run:
        for passed in (0, 1, 5, 700, 1400, 2000):
            client = Recorder()
            made = len(run.protocols)
            async with await asyncio.start_server(Relay(run.port, passed), "127.0.0.1", 0) as relay:
                target = house.target(relay.sockets[0].getsockname()[1])
                try:
                    async with asyncio.timeout(5):
                        transport, _ = await create_connection(lambda: client, target, alice)  # noqa: B023
                except AsyncAuthError:
                    assert passed < 1500
                    assert len(run.protocols) == made
                    continue
                assert passed == 2000
                transport.write(bytes(10_000))
                await until(lambda: client.lost and run.protocols[-1].lost)  # noqa: B023
                assert isinstance(run.protocols[-1].lost[0], TruncatedStream)
                assert isinstance(client.lost[0], TruncatedStream | ConnectionError)
        await until(lambda: len(run.refused) == 5)
    assert {type(error) for error in run.refused} == {TruncatedStream}


class Relay:
    """Passes ``room`` of a client's bytes on, and all of the server's."""

    def __init__(self, port: int, room: int) -> None:
        self.port = port
        self.room = room

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.port)
        back = asyncio.create_task(self.pass_on(server_reader, writer))
        while self.room:
            data = await reader.read(self.room)
            if not data:
                break
            self.room -= len(data)
            server_writer.write(data)
        server_writer.close()
        await server_writer.wait_closed()
        await back
        writer.close()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except ConnectionError:
            return
