"""Exceptions of the application and of the mechanism: who hears of them, and what goes on."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from asyncauth import AsyncAuthError, CredentialError, IntegrityError, Target, TruncatedStream
from asyncauth.asyncio import create_connection, create_server
from asyncauth.mechanisms import Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import House
from .tools import (
    SCRIPTED,
    Echo,
    Recorder,
    Watched,
    handler_calls,
    never,
    piped,
    raw_client,
    serving,
    talk,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "name", ["connection_made", "data_received", "eof_received", "get_buffer", "buffer_updated"]
)
async def test_an_exception_of_the_application_is_fatal(
    house: House, alice: Negotiate, sockauth: Negotiate, name: str
) -> None:
    def fail(self: Any, *args: Any) -> None:
        if name == "connection_made":
            self.transport = args[0]
        raise ZeroDivisionError(name)

    base: type = Buffered if "buffer" in name else Recorder
    with handler_calls() as calls:
        async with serving(type("Failing", (base,), {name: fail}), sockauth) as run:
            transport, client = await create_connection(Recorder, house.target(run.port), alice)
            transport.write(b"x")
            transport.write_eof()
            await until(lambda: client.lost and run.protocols[0].lost)
    assert [str(call["exception"]) for call in calls] == [name]
    assert calls[0]["message"] == f"Fatal error: protocol.{name}() call failed."
    assert calls[0]["transport"] is run.protocols[0].transport
    assert [str(error) for error in run.protocols[0].lost] == [name]
    assert isinstance(client.lost[0], TruncatedStream | ConnectionResetError)


class Buffered(Recorder, asyncio.BufferedProtocol):
    def get_buffer(self, sizehint: int) -> bytearray:
        return bytearray(10)

    def buffer_updated(self, nbytes: int) -> None:
        pass


@pytest.mark.parametrize(("buffer", "trouble"), [(bytearray(), "empty"), (b"12345", "read-only")])
async def test_a_useless_buffer_is_fatal(
    house: House, alice: Negotiate, sockauth: Negotiate, buffer: bytes, trouble: str
) -> None:
    useless = type("Useless", (Buffered,), {"get_buffer": lambda *_: buffer})
    with handler_calls() as calls:
        async with serving(useless, sockauth) as run:
            transport, _ = await create_connection(Recorder, house.target(run.port), alice)
            transport.write(b"x")
            server = await run.first()
            await until(lambda: server.lost)
    assert f"{trouble} buffer" in str(server.lost[0])
    assert len(calls) == 1


async def test_an_exception_about_flow_control_is_reported_and_no_more(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    class Failing(Recorder):
        def pause_writing(self) -> None:
            raise ZeroDivisionError("pause")

        def resume_writing(self) -> None:
            raise ZeroDivisionError("resume")

    client, server = Failing(), Recorder()
    await piped(alice, sockauth, client, server)
    with handler_calls() as calls:
        client.transport.write(b"x" * 100_000)
        await until(lambda: len(server.data) == 100_000)
    assert [str(call["exception"]) for call in calls] == ["pause", "resume"]
    client.transport.close()
    await until(lambda: server.lost)
    assert server.lost == client.lost == [None]


@pytest.mark.parametrize("name", ["data_received", "pause_writing"])
async def test_what_ends_the_program_is_not_caught(alice: Negotiate, sockauth: Negotiate, name: str) -> None:
    def leave(*_: object) -> None:
        raise SystemExit

    client, server = Recorder(), type("Leaving", (Recorder,), {name: leave})()
    here, there = await piped(alice, sockauth, client, server)
    here.stuck = True
    client.transport.write(b"x")
    await asyncio.sleep(0)
    provoke = (
        partial(there.protocol.data_received, here.writes[-1])
        if name == "data_received"
        else partial(server.transport.write, bytes(100_000))
    )
    with pytest.raises(SystemExit):
        provoke()
    assert not server.lost


async def test_an_exception_in_connection_lost_goes_to_the_loop(
    house: House, alice: Negotiate, sockauth: Negotiate
) -> None:
    class Failing(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            raise ZeroDivisionError("lost")

    async with serving(Recorder, sockauth) as run:
        with handler_calls() as calls:
            transport, _ = await create_connection(Failing, house.target(run.port), alice)
            transport.close()
            await until(lambda: calls)
    assert [str(call["exception"]) for call in calls] == ["lost"]


async def test_exceptions_of_the_factory(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    def fail() -> asyncio.Protocol:
        raise ZeroDivisionError("factory")

    with handler_calls() as calls:
        async with serving(fail, sockauth) as run:
            _, client = await create_connection(Recorder, house.target(run.port), alice)
            await until(lambda: client.lost)
    assert not run.refused
    assert [str(call["exception"]) for call in calls] == ["factory"]
    async with serving(Recorder, sockauth) as run:
        with pytest.raises(ZeroDivisionError, match="factory"):
            await create_connection(fail, house.target(run.port), alice)
        await until(lambda: run.protocols and run.protocols[0].lost)


async def test_an_exception_in_on_refused_goes_to_the_loop(sockauth: Negotiate) -> None:
    def fail(error: AsyncAuthError, peername: object) -> None:
        raise ZeroDivisionError(str(peername))

    with handler_calls() as calls:
        async with await create_server(never, "127.0.0.1", 0, sockauth, on_refused=fail) as server:
            await raw_client(server.sockets[0].getsockname()[1], b"garbage")
            await until(lambda: calls)
    assert "127.0.0.1" in str(calls[0]["exception"])


async def test_a_context_that_expires_while_writing_ends_the_connection(
    alice: Negotiate, sockauth: Negotiate
) -> None:
    def expire(call: str) -> None:
        if watched.calls.count("wrap") == 2:
            raise IntegrityError("the ticket has expired")

    watched = Watched(alice, expire)
    client, server = Recorder(), Recorder()
    await piped(watched, sockauth, client, server)
    client.transport.write(b"before")
    await until(lambda: server.data)
    client.transport.write(b"after")
    await until(lambda: client.lost and server.lost)
    assert isinstance(client.lost[0], IntegrityError)
    assert isinstance(server.lost[0], TruncatedStream)
    assert server.data == b"before"


@pytest.mark.parametrize("faulty", ["wrap", "unwrap"])
async def test_a_fault_of_the_mechanism_is_reported_and_fatal(
    alice: Negotiate, sockauth: Negotiate, faulty: str
) -> None:
    def fail(call: str) -> None:
        if call == faulty:
            raise ZeroDivisionError(call)

    client, server = Recorder(), Recorder()
    await piped(Watched(alice, fail), sockauth, client, server)
    with handler_calls() as calls:
        client.transport.write(b"x")
        server.transport.write(b"x")
        await until(lambda: client.lost and server.lost)
    assert isinstance(client.lost[0], ZeroDivisionError)
    assert isinstance(server.lost[0], TruncatedStream)
    assert len(calls) == 1


@pytest.mark.parametrize("side", ["client", "server"])
async def test_a_fault_of_the_mechanism_stops_only_its_connection(house: House, side: str) -> None:
    class Faulty(ScriptedMechanism):
        def __init__(self, **options: Any) -> None:
            super().__init__(while_stepping=self.fail, **options)

        def fail(self) -> None:
            raise ZeroDivisionError("a bug")

    sound = ScriptedMechanism()
    for waits in (True, False):
        faulty = Faulty(waits=waits)
        with handler_calls() as calls:
            async with serving(Echo, sound if side == "client" else faulty) as run:
                target = house.target(run.port, SCRIPTED)
                with pytest.raises((ZeroDivisionError, TruncatedStream)) as caught:
                    await create_connection(never, target, faulty if side == "client" else sound)
                if side == "client":
                    assert caught.type is ZeroDivisionError
                    await talk(run, target, sound)
                else:
                    await until(lambda: calls)
        assert [str(call["exception"]) for call in calls] == ["a bug"] * (side == "server")


async def test_a_mechanism_that_cannot_accept_stops_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Unable(ScriptedMechanism):
        def accept(self, *_: object) -> Any:
            raise CredentialError("there is no key any more")

    async with serving(never, Unable()) as run:
        for _ in range(2):
            with pytest.raises((TruncatedStream, ConnectionError)):
                await create_connection(never, house.target(run.port, SCRIPTED), ScriptedMechanism())
        await until(lambda: len(run.refused) == 2)
    assert "no key any more" in caplog.text


async def test_a_mechanism_that_cannot_initiate_dials_nobody(house: House) -> None:
    class Unable(ScriptedMechanism):
        def initiate(self, *_: object) -> Any:
            raise CredentialError("no such credential")

    with pytest.raises(CredentialError):
        await create_connection(never, Target("127.0.0.1", 1, SCRIPTED), Unable())
