"""Deadlines, steps in threads, and cancellation."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from functools import partial
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from asyncauth import FrameTooLarge, HandshakeTimeout, RemoteProtocolError, TruncatedStream, _threads
from asyncauth.asyncio import create_connection, create_server, open_connection
from asyncauth.framings import Winsock
from asyncauth.mechanisms import CredentialCache, Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import TWO_PARTS, House
from .tools import SCRIPTED, Echo, Recorder, never, raw_client, raw_server, serving, talk, until, wait_for

pytestmark = pytest.mark.anyio


async def test_silence_ends_with_the_deadline_on_both_sides(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    async with serving(never, sockauth, handshake_timeout=0.1) as run:
        assert await raw_client(run.port) == b""
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], HandshakeTimeout)
    assert "127.0.0.1" in str(run.refused[0])

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with raw_server(handle) as port:
        with pytest.raises(HandshakeTimeout, match=f"{TWO_PARTS} .waiting for the peer"):
            await create_connection(never, house.target(port, TWO_PARTS), alice, handshake_timeout=0.1)


async def test_the_deadline_covers_connecting(
    house: House, alice: Negotiate, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    hosts = []

    class Stuck:
        """The loop, with a TCP stack that gets no answer."""

        def __getattr__(self, name: str) -> Any:
            return getattr(loop, name)

        async def create_connection(self, factory: object, host: str, port: int) -> None:
            hosts.append(host)
            await asyncio.sleep(60)

    monkeypatch.setattr(asyncio, "get_running_loop", Stuck)
    try:
        connecting = create_connection(never, house.target(9, TWO_PARTS), alice, handshake_timeout=0.05)
        with pytest.raises(HandshakeTimeout, match="connecting"):
            await asyncio.ensure_future(connecting, loop=loop)
    finally:
        monkeypatch.undo()
    assert hosts == ["127.0.0.1"]


async def test_a_kdc_that_is_silent_stops_nobody_else(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    stuck = Negotiate(CredentialCache(house.realm.ticket("alice")))
    async with serving(Echo, sockauth) as run:
        transport, client = await create_connection(Recorder, house.target(run.port), alice)
        house.realm.pause()
        try:
            waiting = asyncio.create_task(
                create_connection(never, house.target(run.port), stuck, handshake_timeout=0.3)
            )
            for number in range(1, 50):
                transport.write(b"x")
                await until(lambda: len(client.data) == number)  # noqa: B023
            assert not waiting.done()
            with pytest.raises(HandshakeTimeout, match="waiting for credentials or a ticket"):
                await waiting
        finally:
            house.realm.resume()


async def test_a_step_that_may_wait_runs_in_a_thread_and_others_do_not(house: House) -> None:
    for waits in (True, False):
        threads: set[int] = set()
        mechanism = ScriptedMechanism(
            waits=waits,
            while_stepping=lambda: threads.add(threading.get_ident()),  # noqa: B023
        )
        async with serving(Echo, mechanism) as run:
            await talk(run, house.target(run.port, SCRIPTED), mechanism)
        assert (threading.get_ident() in threads) is not waits


async def test_while_a_step_waits_nothing_is_read_and_the_loop_runs(house: House) -> None:
    """The client goes on talking, megabytes of it; the server takes one read of that and no more."""
    go_on = threading.Event()
    mechanism = ScriptedMechanism(waits=True, while_stepping=partial(wait_for, go_on))
    async with serving(Recorder, mechanism, framing=Winsock()) as run:
        _, writer = await asyncio.open_connection("127.0.0.1", run.port)
        token = b"token 0".ljust(32, b".")
        writer.write(len(token).to_bytes(4, "little") + token)
        writer.write(b"\xff" * 100_000_000)
        await asyncio.sleep(0.1)
        [handshake] = run.server._acceptor.gate.guests()
        assert len(handshake.engine._received) <= 262_144  # type: ignore[attr-defined]
        assert writer.transport.get_write_buffer_size() > 1_000_000
        assert not run.protocols
        go_on.set()
        await until(lambda: run.protocols and run.protocols[0].lost)
        assert isinstance(run.protocols[0].lost[0], FrameTooLarge)
        writer.transport.abort()


async def test_while_a_client_s_step_waits_nothing_is_read(house: House) -> None:
    go_on = threading.Event()
    mechanism = ScriptedMechanism(waits=True, while_stepping=partial(wait_for, go_on))
    flooding: list[asyncio.StreamWriter] = []

    def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flooding.append(writer)
        writer.write(b"\xff" * 100_000_000)

    async with raw_server(flood) as port:
        connecting = asyncio.create_task(create_connection(never, house.target(port, SCRIPTED), mechanism))
        await until(lambda: flooding)
        await asyncio.sleep(0.1)
        assert flooding[0].transport.get_write_buffer_size() > 1_000_000
        go_on.set()
        with pytest.raises(RemoteProtocolError):
            await connecting
        flooding[0].transport.abort()


async def test_a_cancelled_connect_leaves_nothing(house: House) -> None:
    """Cancelled in each turn of the loop in turn, until it is quick enough to be done."""
    mechanism = ScriptedMechanism()
    async with serving(Recorder, mechanism) as run:
        target = house.target(run.port, SCRIPTED)
        done = 0
        for turns in range(40):
            client = Recorder()
            connecting = asyncio.create_task(create_connection(lambda: client, target, mechanism))  # noqa: B023
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            try:
                transport, _ = await connecting
            except asyncio.CancelledError:
                pass
            else:
                done += 1
                transport.close()
            await until(lambda: not client.calls or client.lost)  # noqa: B023
        await until(lambda: all(protocol.lost for protocol in run.protocols))
        await until(lambda: not run.server._acceptor.gate.guests())
    assert 0 < done < 40
    assert len(asyncio.all_tasks()) <= 2


async def test_a_cancelled_connect_abandons_its_thread(house: House) -> None:
    go_on = threading.Event()
    stuck = ScriptedMechanism(waits=True, while_stepping=partial(wait_for, go_on))
    async with serving(Recorder, ScriptedMechanism()) as run:
        connecting = asyncio.create_task(open_connection(house.target(run.port, SCRIPTED), stuck))
        await until(run.server._acceptor.gate.guests)
        await asyncio.sleep(0.02)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await until(lambda: run.refused)
        go_on.set()
    assert isinstance(run.refused[0], TruncatedStream)


async def test_a_step_nobody_waits_for_is_not_even_begun(house: House) -> None:
    """More connections wait for a KDC than there are threads, and are cancelled."""
    go_on = threading.Event()
    begun = []

    def step() -> None:
        begun.append(threading.get_ident())
        wait_for(go_on)

    stuck = ScriptedMechanism(waits=True, while_stepping=step)
    async with serving(never, ScriptedMechanism()) as run:
        target = house.target(run.port, SCRIPTED)
        connecting = [
            asyncio.create_task(create_connection(never, target, stuck)) for _ in range(_threads.LIMIT + 5)
        ]
        await until(lambda: len(run.server._acceptor.gate.guests()) == len(connecting))
        await until(lambda: len(begun) == _threads.LIMIT)
        for task in connecting:
            task.cancel()
        results = await asyncio.gather(*connecting, return_exceptions=True)
        assert {type(result) for result in results} == {asyncio.CancelledError}
        go_on.set()
        await asyncio.wrap_future(_threads.submit(lambda: None))
        await until(lambda: len(run.refused) == len(connecting))
    assert len(begun) == _threads.LIMIT


async def test_nothing_is_left_of_a_handshake(house: House) -> None:
    """Not until its deadline either: thousands of connections may come and go before that."""
    mechanism = ScriptedMechanism()
    async with serving(Echo, mechanism) as run:
        _, writer = await asyncio.open_connection("127.0.0.1", run.port)
        await until(run.server._acceptor.gate.guests)
        failed = weakref.ref(run.server._acceptor.gate.guests()[0])
        writer.close()
        await until(lambda: run.refused)
        run.refused.clear()  # their tracebacks know it
        go_on = threading.Event()
        slow = ScriptedMechanism(waits=True, while_stepping=partial(wait_for, go_on))
        calling = asyncio.create_task(create_connection(Recorder, house.target(run.port, SCRIPTED), slow))
        await until(run.server._acceptor.gate.guests)
        established = weakref.ref(run.server._acceptor.gate.guests()[0])
        go_on.set()
        transport, client = await calling
        await asyncio.sleep(0.01)
        gc.collect()
        assert failed() is None
        assert established() is None
        transport.close()
        await until(lambda: client.lost)


async def test_nothing_blocks(house: House) -> None:
    """Every part of this layer runs with blockbuster's traps set; steps that block do so in threads."""
    mechanism = ScriptedMechanism(waits=True, while_stepping=lambda: time.sleep(0.005))
    with blockbuster_ctx("asyncauth"):
        async with await create_server(Echo, "127.0.0.1", 0, mechanism) as server:
            target = house.target(server.sockets[0].getsockname()[1])
            transport, client = await create_connection(Recorder, target, mechanism)
            transport.write(b"x" * 300_000)
            await until(lambda: len(client.data) == 300_000)
            transport.close()
            await until(lambda: client.lost)
