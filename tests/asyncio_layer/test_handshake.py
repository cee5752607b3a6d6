"""What can go wrong before the application sees anything, on real sockets."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asyncauth import (
    AsyncAuthError,
    AuthenticationError,
    ConnectError,
    CredentialError,
    FrameTooLarge,
    HandshakeTimeout,
    MechanismError,
    PeerRejected,
    Protection,
    ProtectionError,
    RemoteProtocolError,
    Target,
    TargetError,
    TruncatedStream,
)
from asyncauth.abc import Framing, Mechanism
from asyncauth.asyncio import create_connection, create_server, open_connection, start_server
from asyncauth.framings import NegotiateStream, Winsock
from asyncauth.mechanisms import CredentialCache, Keytab, Negotiate
from asyncauth.testing import ScriptedMechanism

from ..services import OTHERS, TWO_PARTS, House
from .tools import Echo, Recorder, Serving, Watched, handler_calls, serving, until

pytestmark = pytest.mark.anyio
framings = pytest.mark.parametrize("framing", [NegotiateStream(), Winsock()], ids=["nns", "winsock"])
SCRIPTED = "scripted/localhost"


def never() -> asyncio.Protocol:
    raise AssertionError("the application got a protocol")


def wait_for(event: threading.Event) -> None:
    assert event.wait(10)


async def talk(run: Serving, target: Target, mechanism: Mechanism) -> None:
    """Show that the server is alive."""
    transport, client = await create_connection(Recorder, target, mechanism)
    transport.write(b"still here")
    await until(lambda: client.data == b"still here")
    transport.close()


@asynccontextmanager
async def raw_server(handle: Callable[..., Any]) -> AsyncIterator[int]:
    """A plain TCP server, for peers that misbehave."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


async def raw_client(port: int, *said: bytes, eof: bool = False) -> bytes:
    """Say something to a server; what it answers until it closes."""
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for data in said:
            writer.write(data)
        if eof:
            writer.write_eof()
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()


@framings
async def test_the_ticket_of_another_account_is_refused_at_both_ends(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "asyncauth")
    async with serving(never, sockauth, framing=framing) as run:
        with pytest.raises((PeerRejected, TargetError), match=OTHERS):
            await create_connection(never, house.target(run.port, OTHERS), alice, framing=framing)
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], TargetError)
    [line] = [record.getMessage() for record in caplog.records if record.name == "asyncauth"]
    assert "\n" not in line
    assert "127.0.0.1:" in line
    assert house.service.keytab.name in line
    assert str(run.refused[0]) in line


@framings
async def test_an_impostor_gets_no_byte(house: House, alice: Negotiate, framing: Framing) -> None:
    """A server with a key, but not that of the SPN."""
    async with serving(never, Negotiate(Keytab(house.other.keytab)), framing=framing) as run:
        with pytest.raises((PeerRejected, MechanismError)):
            await create_connection(never, house.target(run.port), alice, framing=framing)
        await until(lambda: run.refused)


@framings
async def test_too_little_protection_is_refused_at_both_ends(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing
) -> None:
    async with serving(never, sockauth, framing=framing) as run:
        with pytest.raises((PeerRejected, TruncatedStream)):
            await create_connection(
                never, house.target(run.port), alice, framing=framing, require=Protection.SIGN
            )
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], ProtectionError)
    assert "alice@EXAMPLE.TEST" in str(run.refused[0])


async def test_a_server_that_is_not_mutual_is_refused(house: House) -> None:
    """Only a mechanism that says so by itself can be made to do this."""
    lax = ScriptedMechanism(mutual=False)
    async with serving(Recorder, lax, mutual=False) as run:
        with pytest.raises(ProtectionError, match="did not prove that it is"):
            await create_connection(never, house.target(run.port, SCRIPTED), lax)
        _, client = await create_connection(Recorder, house.target(run.port, SCRIPTED), lax, mutual=False)
        client.transport.close()
        await until(lambda: client.lost)


async def test_an_unknown_spn_and_missing_credentials_are_named(
    house: House, alice: Negotiate, sockauth: Negotiate, tmp_path: Path
) -> None:
    async with serving(Echo, sockauth) as run:
        with pytest.raises(TargetError, match=r"nobody/knows\.this"):
            await create_connection(never, house.target(run.port, "nobody/knows.this"), alice)
        nobody = Negotiate(CredentialCache(f"FILE:{tmp_path}/none"))
        with pytest.raises(CredentialError, match="none"):
            await open_connection(house.target(run.port), nobody)
        await until(lambda: len(run.refused) == 2)
        assert {type(error) for error in run.refused} == {PeerRejected}
        await talk(run, house.target(run.port), alice)


async def test_a_server_without_a_key_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="missing"):
        await create_server(never, "127.0.0.1", 0, Negotiate(Keytab(tmp_path / "missing")))


async def test_nobody_listening_is_named(house: House, alice: Negotiate) -> None:
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1 port 1 .*Other/localhost"):
        await create_connection(never, Target("127.0.0.1", 1, OTHERS), alice)


@framings
async def test_garbage_disturbs_nobody(
    house: House, alice: Negotiate, sockauth: Negotiate, framing: Framing
) -> None:
    async with serving(Echo, sockauth, framing=framing) as run:
        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01" + bytes(200),
            b"\xff" * 5000,
            b"",
            b"\x16",
        ):
            await raw_client(run.port, *([garbage] if garbage else []), eof=True)
        await until(lambda: len(run.refused) == 5)
        assert not run.protocols
        assert {type(error) for error in run.refused} <= {
            RemoteProtocolError,
            FrameTooLarge,
            TruncatedStream,
            MechanismError,
        }
        transport, client = await create_connection(Recorder, house.target(run.port), alice, framing=framing)
        transport.write(b"x")
        await until(lambda: client.data)


async def test_a_refusal_is_said_before_the_connection_is_closed(sockauth: Negotiate) -> None:
    """A token that is none: the server's error message arrives, and then the end."""
    async with serving(never, sockauth) as run:
        answer = await raw_client(run.port, b"\x16\x01\x00\x00\x05token")
        assert answer[:5] == b"\x15\x01\x00\x00\x08"
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], MechanismError)


async def test_a_frame_beyond_the_limit_is_refused_unread(sockauth: Negotiate) -> None:
    async with serving(never, sockauth, framing=Winsock()) as run:
        assert await raw_client(run.port, (2**31).to_bytes(4, "little")) == b""
        await until(lambda: run.refused)
    assert isinstance(run.refused[0], FrameTooLarge)
    assert "2147483648 bytes" in str(run.refused[0])


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x14\x01\x00\xff\xff", b"\x15\x01\x00\x00\x00", b""]
)
async def test_a_server_that_speaks_something_else_is_an_error(
    house: House, alice: Negotiate, said: bytes
) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        writer.close()

    async with raw_server(handle) as port:
        with pytest.raises((RemoteProtocolError, PeerRejected)):
            await create_connection(never, house.target(port, TWO_PARTS), alice)


async def test_a_reset_during_the_handshake_is_an_error_of_ours(house: House, alice: Negotiate) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        writer.transport.abort()  # with the token unread, so that it resets

    async with raw_server(handle) as port:
        with pytest.raises(AsyncAuthError, match=TWO_PARTS):
            await create_connection(never, house.target(port, TWO_PARTS), alice)


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
        writer.write(b"\xff" * 20_000_000)
        await asyncio.sleep(0.1)
        [handshake] = run.server._acceptor.gate.guests()
        assert len(handshake.engine._received) <= 262_144  # type: ignore[attr-defined]
        assert writer.transport.get_write_buffer_size() > 1_000_000
        assert not run.protocols
        go_on.set()
        await until(lambda: run.protocols and run.protocols[0].lost)
        assert isinstance(run.protocols[0].lost[0], FrameTooLarge)
        writer.transport.abort()


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


async def test_exceptions_of_the_factory(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    def fail() -> asyncio.Protocol:
        raise ZeroDivisionError("factory")

    with handler_calls() as calls:
        async with serving(fail, sockauth) as run:
            _, client = await create_connection(Recorder, house.target(run.port), alice)
            await until(lambda: client.lost)
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
        assert not any(task.done() for task in waiting)
        silent[0][1].close()
        connected = await asyncio.gather(*waiting)
        for transport, _ in connected:
            transport.close()
        silent[1][1].close()
        await until(lambda: not run.server._acceptor.gate.guests())
    assert len(run.protocols) == 8


async def test_the_deadline_also_runs_while_waiting_for_a_turn(house: House) -> None:
    async with serving(never, ScriptedMechanism(), max_pending=1, handshake_timeout=0.1) as run:
        answers = await asyncio.gather(*(raw_client(run.port, b"\x16") for _ in range(3)))
        assert set(answers) <= {b"", b"reset"}
        await until(lambda: len(run.refused) == 3)
    assert any("waiting for its turn" in str(error) for error in run.refused)
    assert {type(error) for error in run.refused} <= {HandshakeTimeout}


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
    server = await start_server(lambda *_: None, "127.0.0.1", 0, sockauth, start_serving=False)
    assert not server.is_serving()
    assert server.get_loop() is asyncio.get_running_loop()
    forever = asyncio.create_task(server.serve_forever())
    await until(server.is_serving)
    await server.start_serving()
    assert "127.0.0.1" in repr(server)
    reader, writer = await open_connection(house.target(server.sockets[0].getsockname()[1]), alice)
    server.close_clients()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    forever.cancel()
    with pytest.raises(asyncio.CancelledError):
        await forever
    assert not server.is_serving()
    assert not server.sockets


async def test_watching_changes_nothing(house: House, alice: Negotiate, sockauth: Negotiate) -> None:
    """The tests' own instrument."""
    watched = Watched(sockauth)
    async with serving(Echo, watched) as run:
        await talk(run, house.target(run.port), Watched(alice))
        await until(lambda: run.protocols[0].lost)
    assert watched.calls == ["step", "unwrap", "wrap", "unwrap", "wrap"]
