"""The exchange inside another protocol, and what goes on from there, without a realm."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio import create_memory_object_stream
from anyio.abc import UNIXSocketStream
from anyio.streams.stapled import StapledObjectStream

from asyncauth import (
    AuthenticatedStream,
    AuthenticationError,
    AuthorizationError,
    Binding,
    ConnectionInfo,
    LocalProtocolError,
    MechanismError,
    Policy,
    Protection,
    ProtectionError,
    RemoteProtocolError,
)
from asyncauth.asyncio import adopt, adopt_streams
from asyncauth.mechanisms import Kerberos, Negotiate
from asyncauth.sasl import SaslClient, SaslServer
from asyncauth.testing import ScriptedMechanism

SPN = "ldap/localhost"
NAMES = ["GSSAPI", "GSS-SPNEGO"]
MECHANISM = ScriptedMechanism()


def ends(
    name: str = "GSSAPI", mechanism: ScriptedMechanism = MECHANISM, **server: Any
) -> tuple[SaslClient, SaslServer]:
    return SaslClient(mechanism, SPN, name=name), SaslServer(mechanism, name=name, **server)  # type: ignore[arg-type]


def _wait(go: threading.Event) -> None:
    assert go.wait(10)


async def run(client: SaslClient, server: SaslServer) -> int:
    """As an outer protocol does it; the number of the client's messages."""
    answer = await server.challenge(await client.initial())
    count = 1
    while not server.complete:
        answer = await server.challenge(await client.respond(answer))
        count += 1
    assert await client.succeed(answer) is client.connection
    return count


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "count"), [("GSSAPI", 3), ("GSS-SPNEGO", 1)])
async def test_an_exchange(name: str, count: int) -> None:
    client, server = ends(name)
    assert (client.name, server.name, client.info) == (name, name, None)
    assert await run(client, server) == count
    assert client.info is not None
    assert server.info is not None
    assert (str(client.info.target), str(server.info.peer)) == (SPN, "alice@EXAMPLE.TEST")
    assert client.info.protection is server.info.protection is Protection.SEAL


@pytest.mark.anyio
@pytest.mark.parametrize("tokens", [1, 2, 3, 4])
@pytest.mark.parametrize("name", NAMES)
async def test_any_number_of_tokens(name: str, tokens: int) -> None:
    await run(*ends(name, ScriptedMechanism(tokens=tokens)))


@pytest.mark.anyio
async def test_a_server_that_gives_its_last_token_before_its_success() -> None:
    """cyrus-sasl can be told to, and older Active Directory is said to do it."""
    client, server = ends("GSS-SPNEGO")
    token = await server.challenge(await client.initial())
    assert await client.respond(token) == b""
    await client.succeed()


@pytest.mark.anyio
async def test_a_client_that_names_the_mechanism_and_sends_nothing() -> None:
    client, server = ends()
    assert await server.challenge(None) == b""
    await run(client, server)


@pytest.mark.anyio
@pytest.mark.parametrize("name", NAMES)
async def test_a_success_that_comes_too_early(name: str) -> None:
    client, _ = ends(name)
    await client.initial()
    with pytest.raises((RemoteProtocolError, MechanismError)):
        await client.succeed()
    with pytest.raises(LocalProtocolError, match="not complete"):
        _ = client.connection
    with pytest.raises((RemoteProtocolError, MechanismError)):  # and so it stays
        await client.respond(b"")


@pytest.mark.anyio
async def test_calls_after_the_end() -> None:
    client, server = ends()
    await run(client, server)
    for call in (client.respond(b""), client.succeed(), server.challenge(b"")):
        with pytest.raises(LocalProtocolError, match="is complete"):
            await call


@pytest.mark.anyio
async def test_a_step_that_waits_runs_elsewhere() -> None:
    where: list[str] = []
    mechanism = ScriptedMechanism(
        waits=True, while_stepping=lambda: where.append(threading.current_thread().name)
    )
    await run(*ends("GSSAPI", mechanism))
    assert where == ["asyncauth"] * 3


@pytest.mark.anyio
async def test_two_calls_at_once() -> None:
    go = threading.Event()
    client, _ = ends("GSSAPI", ScriptedMechanism(waits=True, while_stepping=lambda: _wait(go)))
    async with anyio.create_task_group() as group:
        group.start_soon(client.initial)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(LocalProtocolError, match="under way"):
            await client.initial()
        go.set()


@pytest.mark.anyio
async def test_a_cancelled_call_ends_the_exchange() -> None:
    go = threading.Event()
    client, _ = ends("GSSAPI", ScriptedMechanism(waits=True, while_stepping=lambda: _wait(go)))
    with anyio.move_on_after(0.05):
        await client.initial()
    go.set()
    with pytest.raises(LocalProtocolError, match="broken off"):
        await client.initial()


@pytest.mark.anyio
async def test_the_application_is_asked() -> None:
    asked: list[ConnectionInfo] = []

    async def authorize(info: ConnectionInfo) -> bool:
        asked.append(info)
        await anyio.lowlevel.checkpoint()
        return len(asked) > 1

    policy = Policy(authorize=authorize)
    with pytest.raises(AuthorizationError):
        await run(*ends(require=policy))
    await run(*ends(require=policy))
    assert asked[0].peer is not None


@pytest.mark.anyio
async def test_less_than_is_required() -> None:
    with pytest.raises(ProtectionError):
        await run(*ends("GSS-SPNEGO", ScriptedMechanism(reaches=Protection.SIGN)))
    with pytest.raises(ProtectionError):
        await run(*ends("GSSAPI", ScriptedMechanism(mutual=False)))


@pytest.mark.anyio
async def test_channel_binding_takes_a_channel() -> None:
    policy = Policy(channel_binding=Binding.REQUIRED)
    with pytest.raises(ProtectionError, match="does not run inside TLS"):
        await run(*ends(require=policy))


@pytest.mark.anyio
async def test_who_comes_in_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        await run(*ends(address=("192.0.2.1", 1234)))
    assert "alice@EXAMPLE.TEST" in caplog.text
    assert "192.0.2.1:1234" in caplog.text


@pytest.mark.parametrize(
    ("mechanism", "name", "expected"),
    [
        (Kerberos(), None, "GSSAPI"),
        (Negotiate(), None, "GSS-SPNEGO"),
        (MECHANISM, "GSSAPI", "GSSAPI"),
    ],
)
def test_what_it_is_called(mechanism: Any, name: Any, expected: str) -> None:
    assert SaslServer(mechanism, name=name).name == expected


@pytest.mark.parametrize(
    ("mechanism", "options", "why"),
    [
        (MECHANISM, {}, "takes name="),
        (Negotiate(), {"name": "GSSAPI"}, "not for the mechanism negotiate"),
        (Kerberos(), {"name": "GSS-SPNEGO"}, "not for the mechanism kerberos"),
        (Negotiate(), {"authzid": "bob"}, "no place"),
        (Kerberos(), {"max_size": 0}, "max_size"),
    ],
)
def test_what_does_not_go_together(mechanism: Any, options: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SaslClient(mechanism, SPN, **options)


# --- what follows ------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_an_anyio_stream_adopts_a_connection() -> None:
    client, server = ends()
    await run(client, server)
    left, right = socket.socketpair()
    ahead = server.connection
    ahead.send_data(b"hello ")
    early = ahead.data_to_send()
    async with (
        AuthenticatedStream.adopt(
            await UNIXSocketStream.from_socket(left), client.connection, received=early[:7]
        ) as ours,
        await UNIXSocketStream.from_socket(right) as raw,
    ):
        await raw.send(early[7:])
        assert ours.info.framing == "sasl"
        assert await ours.receive() == b"hello "
        theirs = AuthenticatedStream.adopt(raw, ahead)
        received = b""
        async with anyio.create_task_group() as group:
            group.start_soon(ours.send, b"x" * 300_000)
            while len(received) < 300_000:
                received += await theirs.receive()
        await theirs.send_eof()
        with pytest.raises(anyio.EndOfStream):  # not marked; the outer protocol knows
            await ours.receive()


@pytest.mark.anyio
async def test_nothing_adopts_an_exchange_that_is_not_complete() -> None:
    client, _ = ends()
    send, receive = create_memory_object_stream[bytes](1)
    inner: Any = StapledObjectStream(send, receive)
    with pytest.raises(LocalProtocolError, match="not done"):
        AuthenticatedStream.adopt(inner, client._connection)
    await inner.send(b"left alone")
    await inner.aclose()


class Collecting(asyncio.Protocol):
    """An application's protocol that changes its transport."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = b""
        self.made = 0
        self.lost: list[Exception | None] = []
        self.done = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made += 1

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.received.endswith(b"."):
            self.done.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)
        self.done.set()


@pytest.mark.asyncio
async def test_an_asyncio_transport_adopts_a_connection() -> None:
    client, server = ends()
    await run(client, server)
    left, right = socket.socketpair()
    loop = asyncio.get_running_loop()
    raw_left, ours = await loop.create_connection(Collecting, sock=left)
    raw_right, theirs = await loop.create_connection(Collecting, sock=right)
    server.connection.send_data(b"early ")
    early = server.connection.data_to_send()
    raw_left.pause_reading()
    transport = adopt(raw_left, ours, client.connection, received=early)
    answering = adopt(raw_right, theirs, server.connection)
    assert ours.received == b""  # not before the next turn
    transport.write(b"x" * 300_000 + b".")
    await theirs.done.wait()
    assert theirs.received == b"x" * 300_000 + b"."
    answering.write(b"answer.")
    await ours.done.wait()
    assert (ours.received, ours.made) == (b"early answer.", 1)
    assert transport.connection_info.framing == "sasl"
    ours.done.clear()
    answering.close()
    await ours.done.wait()
    assert ours.lost == [None]
    transport.close()


@pytest.mark.asyncio
async def test_asyncio_streams_adopt_a_connection() -> None:
    client, server = ends()
    await run(client, server)
    left, right = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=left)
    plain = await asyncio.open_connection(sock=right)
    server.connection.send_data(b"already here\n")
    plain[1].write(server.connection.data_to_send())
    await asyncio.sleep(0.01)  # it lies in the old reader now
    new_reader, new_writer = await adopt_streams(reader, writer, client.connection)
    assert await new_reader.readline() == b"already here\n"
    their_reader, their_writer = await adopt_streams(*plain, server.connection)
    new_writer.write(b"hello\n")
    assert await their_reader.readline() == b"hello\n"
    their_writer.close()
    assert await new_reader.read() == b""
    new_writer.close()
    await writer.wait_closed()


@pytest.mark.asyncio
async def test_what_a_transport_does_not_adopt() -> None:
    left, right = socket.socketpair()
    with right:
        raw, protocol = await asyncio.get_running_loop().create_connection(Collecting, sock=left)
        client, server = ends()
        with pytest.raises(LocalProtocolError, match="not done"):
            adopt(raw, protocol, client._connection)
        await run(client, server)
        raw.close()
        with pytest.raises(LocalProtocolError, match="closing"):
            adopt(raw, protocol, client.connection)


@pytest.mark.anyio
async def test_a_refusal_is_an_authentication_error() -> None:
    client, server = ends("GSSAPI", ScriptedMechanism(fails_at=1))
    answer = await server.challenge(await client.initial())
    with pytest.raises(AuthenticationError):
        await client.respond(answer)
