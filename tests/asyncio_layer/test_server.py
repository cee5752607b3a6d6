"""The server: how many it bears at a time, and its likeness to asyncio's."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from asyncauth import (
    AuthenticationError,
    CredentialError,
    HandshakeTimeout,
    ServicePrincipalName,
    TruncatedStream,
)
from asyncauth.asyncio import create_connection, create_server, open_connection, start_server
from asyncauth.mechanisms import Keytab, Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import TWO_PARTS, House
from .tools import SCRIPTED, Echo, Recorder, Watched, never, raw_client, serving, talk, until

pytestmark = pytest.mark.anyio


async def test_a_server_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="missing"):
        await create_server(never, "127.0.0.1", 0, Negotiate(Keytab(tmp_path / "missing")))


async def test_clients_wait_for_their_turn_and_are_turned_away_beyond(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    mechanism = ScriptedMechanism()
    async with serving(Echo, mechanism, max_pending=2) as run:
        target = house.target(run.port, SCRIPTED)
        silent = [await asyncio.open_connection("127.0.0.1", run.port) for _ in range(2)]
        await until(lambda: len(run.server._acceptor.gate.guests()) == 2)
        waiting = [asyncio.create_task(create_connection(Recorder, target, mechanism)) for _ in range(8)]
        await until(lambda: len(run.server._acceptor.gate.guests()) == 10)
        for _ in range(3):
            with pytest.raises(TruncatedStream):
                await create_connection(never, target, mechanism)
        assert len(run.refused) == 3
        assert {type(error) for error in run.refused} == {AuthenticationError}
        assert "2 handshakes are under way" in str(run.refused[0])
        assert len([record for record in caplog.records if "turning clients away" in record.message]) == 1
        assert "was turned away" not in caplog.text
        assert not any(task.done() for task in waiting)
        silent[0][1].close()
        connected = await asyncio.gather(*waiting)
        for transport, _ in connected:
            transport.close()
        silent[1][1].close()
        await until(lambda: not run.server._acceptor.gate.guests())
        silent = [await asyncio.open_connection("127.0.0.1", run.port) for _ in range(12)]
        await until(lambda: len(run.refused) >= 5)
        assert caplog.text.count("turning clients away") == 2
        for _, writer in silent:
            writer.close()
    assert len(run.protocols) == 8


async def test_the_deadline_also_runs_while_waiting_for_a_turn(house: House) -> None:
    async with serving(never, ScriptedMechanism(), max_pending=1, handshake_timeout=0.1) as run:
        answers = await asyncio.gather(*(raw_client(run.port, b"\x16") for _ in range(3)))
        assert set(answers) <= {b"", b"reset"}
        await until(lambda: len(run.refused) == 3)
    assert any("waiting for its turn" in str(error) for error in run.refused)
    assert {type(error) for error in run.refused} <= {HandshakeTimeout}


async def test_who_leaves_while_waiting_keeps_no_place(house: House) -> None:
    mechanism = ScriptedMechanism()
    async with serving(Echo, mechanism, max_pending=1) as run:
        gate = run.server._acceptor.gate
        first, second = [(await asyncio.open_connection("127.0.0.1", run.port))[1] for _ in range(2)]
        second.write(bytes(100_000_000))
        await until(lambda: len(gate.guests()) == 2)
        await asyncio.sleep(0.05)
        assert second.transport.get_write_buffer_size() > 1_000_000
        waiting = gate.guests()[1]
        assert len(waiting.engine._received) <= 262_144  # type: ignore[attr-defined]
        waiting.drop()
        await until(lambda: len(gate.guests()) == 1)
        first.close()
        await talk(run, house.target(run.port, SCRIPTED), mechanism)
        second.transport.abort()
    assert not gate.guests()


async def test_hundreds_of_honest_clients_at_once_all_get_in(house: House) -> None:
    mechanism = ScriptedMechanism()
    async with serving(Echo, mechanism, max_pending=50, backlog=500) as run:
        target = house.target(run.port, SCRIPTED)
        connected = await asyncio.gather(
            *(create_connection(Recorder, target, mechanism) for _ in range(240))
        )
        assert not run.refused
        for transport, _ in connected:
            transport.close()
        await until(lambda: all(client.lost for _, client in connected))


async def test_the_server_behaves_as_asyncio_s(house: House, sockauth: Negotiate, alice: Negotiate) -> None:
    with pytest.raises(ValueError, match="max_pending"):
        await create_server(never, "127.0.0.1", 0, sockauth, max_pending=0)
    kept = []
    server = await start_server(
        lambda *streams: kept.append(streams), "127.0.0.1", 0, sockauth, start_serving=False
    )
    assert not server.is_serving()
    assert server.get_loop() is asyncio.get_running_loop()
    forever = asyncio.create_task(server.serve_forever())
    await until(server.is_serving)
    await server.start_serving()
    assert "127.0.0.1" in repr(server)
    port = server.sockets[0].getsockname()[1]
    assert await raw_client(port, b"garbage") == b""
    reader, writer = await open_connection(house.target(port), alice)
    server.close_clients()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    for _, accepted in kept:
        await accepted.wait_closed()
    forever.cancel()
    with pytest.raises(asyncio.CancelledError):
        await forever
    assert not server.is_serving()
    assert not server.sockets


async def test_close_clients_marks_the_end_and_abort_clients_does_not(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    async with serving(Recorder, sockauth) as run:
        _, first = await create_connection(Recorder, house.target(run.port), alice)
        run.server.close_clients()
        await until(lambda: first.lost)
        assert first.lost == [None]
        _, second = await create_connection(Recorder, house.target(run.port), alice)
        run.server.abort_clients()
        await until(lambda: second.lost)
        assert isinstance(second.lost[0], TruncatedStream)


async def test_unix_sockets(house: House, alice: Negotiate, sockauth: Negotiate, tmp_path: Path) -> None:
    """Through the sockets that create_connection and create_server pass to the loop."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    server = await create_server(Echo, None, None, sockauth, sock=listening)
    calling = socket.socket(socket.AF_UNIX)
    calling.connect(str(tmp_path / "socket"))
    async with server:
        transport, client = await create_connection(Recorder, house.target(1), alice, sock=calling)
        transport.write(b"unix")
        await until(lambda: client.data == b"unix")
        transport.close()
        await until(lambda: client.lost)


async def test_keytab_copies_are_read_off_the_loop(house: House, alice: Negotiate) -> None:
    """A server that chose among its keys makes them ready at its start, and keeps working."""
    chosen = Negotiate(Keytab(house.service.keytab, spns=(ServicePrincipalName.parse(TWO_PARTS),)))
    async with await create_server(Echo, "127.0.0.1", 0, chosen) as server:
        target = house.target(server.sockets[0].getsockname()[1], TWO_PARTS)
        transport, client = await create_connection(Recorder, target, alice)
        transport.write(b"x")
        await until(lambda: client.data == b"x")
        transport.close()
        await until(lambda: client.lost)


async def test_watching_changes_nothing(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    """The tests' own instrument."""
    watched = Watched(sockauth)
    async with serving(Echo, watched) as run:
        await talk(run, house.target(run.port), Watched(alice))
        await until(lambda: run.protocols[0].lost)
    assert watched.calls == ["step", "unwrap", "wrap", "unwrap", "wrap"]
